import type { Config } from '../infra/config.ts';
import { openMetrics } from '../infra/metrics.ts';
import { createLog, logForPeople } from '../infra/log.ts';
import { ensureServers, withoutPassword } from '../infra/servers/index.ts';
import { Mistake } from '../model/mistake.ts';
import type { FrozenLists, ListArchive } from '../pipelines/lists.ts';
import type { DeliveryOptions } from './delivery.ts';
import { openHome, type Home } from './home.ts';

/**
 * What every command that has to do with the delivery starts from: a home, servers, a log.
 *
 * @param service - name of a service that runs until it is stopped: it logs; a command tells
 */
export async function deliveryOptions(
  config: Config,
  service?: string,
): Promise<DeliveryOptions & { readonly home: Home }> {
  const log =
    service === undefined
      ? logForPeople(config.logLevel)
      : createLog(config.logLevel, { worker: service });
  const home = openHome(config);
  const servers = await ensureServers(config, log);
  if (service !== undefined) {
    const { rabbitmqUrl, redisUrl, mongodbUrl, mongodbInMemory } = servers;
    const [rabbitmq, redis, mongodb] = [rabbitmqUrl, redisUrl, mongodbUrl].map(withoutPassword);
    log.info({ home: config.home, rabbitmq, redis, mongodb, mongodbInMemory }, 'servers found');
  }
  return {
    ...(service === undefined ? {} : { metrics: openMetrics() }),
    config,
    servers,
    archive: home.archive,
    clock: () => Date.now(),
    log,
    home,
  };
}

/**
 * The lists of a week, the newest week by default.
 *
 * @throws Mistake `UNKNOWN_WEEK` naming the weeks that there are
 */
export async function listsOf(
  archive: ListArchive,
  week: string | undefined,
): Promise<FrozenLists> {
  const wanted = week ?? (await archive.weeks()).at(-1);
  const lists = wanted === undefined ? undefined : await archive.find(wanted);
  if (lists !== undefined) return lists;
  const made = await archive.weeks();
  if (wanted !== undefined && made.includes(wanted)) {
    throw new Mistake(
      'UNKNOWN_WEEK',
      `week ${wanted}: expected its lists, got none: they are being made again; npx mondaymix weekly --week ${wanted} goes on with it`,
    );
  }
  throw new Mistake(
    'UNKNOWN_WEEK',
    made.length === 0
      ? `${wanted === undefined ? '' : `week ${wanted}: `}expected a week that was made, got none so far; npx mondaymix weekly makes one`
      : `week ${wanted}: expected a week that was made; the newest are ${made.slice(-8).join(', ')}`,
  );
}
