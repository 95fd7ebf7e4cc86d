import { importFolder } from '../infra/import-folder.ts';
import { openLake } from '../infra/lake.ts';
import { frozenLists } from '../infra/list-archive.ts';
import { openWorkQueue } from '../infra/rabbit/work-queue.ts';
import { gateLine } from '../pipelines/gate-report.ts';
import { foldCutoffs } from '../pipelines/funnel.ts';
import type { FrozenLists } from '../pipelines/lists.ts';
import type { DeliveryOptions } from './delivery.ts';
import { mainLake, type Home } from './home.ts';
import { makeWeek } from './make-week.ts';
import { openRegistry } from './registry.ts';

/** Makes the lists of a week for the scheduler, from what the lake holds by then. */
export async function runWeekOf(
  { config, servers, home, clock, log, metrics }: DeliveryOptions & { readonly home: Home },
  week: string,
  data: string | undefined,
  signal: AbortSignal,
): Promise<FrozenLists> {
  if (data !== undefined) await importFolder(data, config.home, { log, signal });
  const models = await openRegistry(config, clock, servers.mongodbUrl);
  try {
    const { lists, gate, isPromoted, funnels } = await makeWeek(
      {
        home,
        folder: config.home,
        lake: openLake(config.home),
        models,
        lakeName: mainLake,
        clock,
        signal,
        queue: openWorkQueue({ url: servers.rabbitmqUrl, namespace: config.namespace, log }),
        onFinish: () => undefined,
      },
      { week, asked: {}, recompute: false },
    );
    for (const { label, funnel } of foldCutoffs(funnels)) {
      const { rowsIn, rowsOut, dropped, seconds, reused } = funnel;
      if (!reused) metrics?.stage(funnel.stage, seconds);
      log.info({ week, stage: label, rowsIn, rowsOut, dropped, seconds, reused }, 'stage finished');
    }
    const { challenger, champion, lists: model } = gate;
    log.info({ week, challenger, champion, model, isPromoted }, gateLine(gate, isPromoted));
    return await frozenLists(lists);
  } finally {
    await models.dispose();
  }
}
