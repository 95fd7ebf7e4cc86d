import type { LookupFunction } from 'node:net';
import type { Config } from '../infra/config.ts';
import { openCrawlBook } from '../infra/crawl/book.ts';
import { crawlLimits, openFetcher, type CrawlLimits } from '../infra/crawl/fetcher.ts';
import { openHosts } from '../infra/crawl/hosts.ts';
import { readers } from '../infra/crawl/readers.ts';
import { openRobots } from '../infra/crawl/robots.ts';
import { openEventLog } from '../infra/event-log.ts';
import { openMongo } from '../infra/mongo.ts';
import type { ServerUrls } from '../infra/servers/index.ts';
import { Mistake } from '../model/mistake.ts';
import type { CrawlFile } from '../pipelines/crawl/sources-file.ts';
import type { Crawling } from '../pipelines/crawl/visit.ts';
import type { EventLog } from '../pipelines/intake/log.ts';
import type { Clock, Log } from '../pipelines/ports.ts';

export interface CrawlOptions {
  readonly config: Config;
  readonly servers: Pick<ServerUrls, 'rabbitmqUrl' | 'redisUrl' | 'mongodbUrl'>;
  readonly file: CrawlFile;
  readonly clock: Clock;
  readonly log: Log;
  /** Default: the log of the configuration. */
  readonly events?: EventLog;
  readonly limits?: Partial<CrawlLimits>;
  /** Looks host names up; for tests. Default: the operating system's. */
  readonly lookup?: LookupFunction;
  /** How long what a killed process held stays held, milliseconds. Default 30,000. */
  readonly leaseMs?: number;
}

export type OpenCrawl = Crawling & {
  readonly mongo: Awaited<ReturnType<typeof openMongo>>;
  dispose(): Promise<void>;
};

/**
 * The crawler with its servers connected.
 *
 * @throws Mistake `CONFIGURATION` where nobody says who crawls; `SERVER_DOWN`, `SERVER_REFUSED`
 */
export async function openCrawl(options: CrawlOptions): Promise<OpenCrawl> {
  const { config, servers, file, clock, log, lookup, leaseMs } = options;
  const contact = contactOf(config);
  const { namespace } = config;
  const mongo = await openMongo({ url: servers.mongodbUrl, database: namespace, log });
  const events = options.events ?? openEventLog(config, servers, log);
  const limits = { ...crawlLimits, ...options.limits };
  try {
    const { db } = mongo;
    return {
      book: await openCrawlBook(db, clock, leaseMs),
      fetcher: openFetcher({
        hosts: openHosts(db, clock, { heldMs: leaseMs ?? limits.timeMs + 10_000 }),
        robots: openRobots(db, clock),
        clock,
        contact,
        delayMs: file.delaySeconds * 1000,
        privateHosts: file.privateHosts,
        limits,
        ...(lookup === undefined ? {} : { lookup }),
      }),
      readers,
      rememberDays: file.rememberDays,
      events,
      clock,
      log,
      mongo,
      async dispose() {
        if (options.events === undefined) await events.dispose();
        await mongo.dispose();
      },
    };
  } catch (error) {
    await mongo.dispose();
    throw error;
  }
}

/**
 * Where whoever is crawled can turn to.
 *
 * @throws Mistake `CONFIGURATION` where nobody says so
 */
export function contactOf({ crawl }: Config): string {
  if (crawl?.contact !== undefined) return crawl.contact;
  throw new Mistake(
    'CONFIGURATION',
    'environment variable CRAWL_CONTACT: expected where whoever is crawled can turn to, such as https://service.example/crawler, got none',
  );
}
