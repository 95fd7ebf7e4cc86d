/**
 * A process that delivers a week, to be killed: its argument is JSON with namespace, home, servers,
 * week and zones. Prints `delivered/total` as it goes.
 */
import { readConfig } from '../../infra/config.ts';
import { startDelivery } from '../../workers/delivery.ts';
import { archiveOf, frozenListsOf } from './frozen-lists.ts';
import { silentLog } from './servers.ts';

interface Task {
  namespace: string;
  home: string;
  servers: Parameters<typeof startDelivery>[0]['servers'];
  week: string;
  zones: Record<string, number>;
}

async function deliver({ namespace, home, servers, week, zones }: Task): Promise<void> {
  const lists = frozenListsOf(week, zones);
  const delivery = await startDelivery({
    config: { ...readConfig({ home }, {}), namespace },
    servers,
    archive: archiveOf(lists),
    clock: () => Date.now(),
    log: silentLog,
    batchSize: 5,
  });
  await delivery.deliverWeek(lists, {
    now: true,
    onProgress: (done, total) => process.stdout.write(`${done}/${total}\n`),
  });
  await delivery.dispose();
}

void deliver(JSON.parse(process.argv[2]!) as Task);
