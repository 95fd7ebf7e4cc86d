import type { Db } from 'mongodb';
import type { Config } from '../infra/config.ts';
import { openCrawlBook } from '../infra/crawl/book.ts';
import { readCrawlFile } from '../infra/crawl/file.ts';
import { openLogReader } from '../infra/event-log.ts';
import { openLakeSources } from '../infra/lake-sources.ts';
import { readLogLag } from '../infra/log-lag.ts';
import type { ServerUrls } from '../infra/servers/index.ts';
import { stateOf } from '../pipelines/crawl/course.ts';
import type { CrawlBook } from '../pipelines/crawl/ports.ts';
import { logSource } from '../pipelines/intake/log.ts';
import type { Clock } from '../pipelines/ports.ts';
import { sourceStatuses, type LogLag, type SourceStatus } from '../pipelines/sources/status.ts';
import { openHome } from './home.ts';

export interface SourceOptions {
  readonly config: Config;
  readonly servers: Pick<ServerUrls, 'rabbitmqUrl' | 'mongodbUrl'>;
  readonly clock: Clock;
}

/** For each question to a server, milliseconds. */
const patienceMs = 15_000;

/**
 * How every source of data is, each time that what it returns is called. What the log has that the
 * lake has not is unknown where its broker does not answer in time, or the signal aborts.
 */
export function openSourceStatuses(
  { config, servers, clock }: SourceOptions,
  db: Db,
): (signal?: AbortSignal) => Promise<SourceStatus[]> {
  const lakeSources = openLakeSources(config.home);
  const home = openHome(config);
  let book: CrawlBook | undefined;
  return async (signal) => {
    const sql = await home.openSql();
    try {
      const { sources: lake, articles, logs } = await lakeSources(sql);
      const path = config.crawl?.sources;
      const crawled = path === undefined ? [] : (await readCrawlFile(path)).sources;
      if (crawled.length > 0) book ??= await openCrawlBook(db, clock);
      const states = await Promise.all(crawled.map(async ({ name }) => book?.state(name)));
      return sourceStatuses(
        {
          ...{ lake, articles, logName: logSource },
          ...(await lagOf({ config, servers, clock }, logs, signal)),
          crawled: crawled.map((source, n) => ({ source, state: stateOf(states[n], source) })),
          staleAfterHours: config.staleAfterHours ?? {},
        },
        clock(),
      );
    } finally {
      sql.dispose();
    }
  };
}

async function lagOf(
  { config, servers, clock }: SourceOptions,
  logs: Readonly<Record<string, number>>,
  stopped: AbortSignal | undefined,
): Promise<{ lag: LogLag | null; lagError: string | null }> {
  const reader = openLogReader(config, servers);
  try {
    const late = AbortSignal.timeout(patienceMs);
    const signal = stopped === undefined ? late : AbortSignal.any([late, stopped]);
    return { lag: await readLogLag(reader, logs[reader.name], clock(), signal), lagError: null };
  } catch (error) {
    return { lag: null, lagError: (error as Error).message };
  } finally {
    await reader.dispose();
  }
}
