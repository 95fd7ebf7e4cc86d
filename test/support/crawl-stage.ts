import { randomUUID } from 'node:crypto';
import { openMongo, type Mongo } from '../../infra/mongo.ts';
import { readConfig, type Config } from '../../infra/config.ts';
import type { CrawlLimits } from '../../infra/crawl/fetcher.ts';
import type { ServerUrls } from '../../infra/servers/index.ts';
import type { ArticleRow, SourceState } from '../../pipelines/crawl/ports.ts';
import { parseSources } from '../../pipelines/crawl/sources-file.ts';
import type { EventLog } from '../../pipelines/intake/log.ts';
import { crawlOnce, type CrawlReport } from '../../workers/crawl.ts';
import type { CrawlOptions } from '../../workers/open-crawl.ts';
import { sharedServers, silentLog } from './servers.ts';

/** A crawler of its own namespace, with a clock that a test moves and a log that it can read. */
export interface CrawlStage {
  readonly config: Config;
  readonly servers: ServerUrls;
  readonly mongo: Mongo;
  /** What the log was given, in order. */
  readonly taken: ArticleRow[];
  /** Moves the clock on, milliseconds. */
  pass(ms: number): void;
  now(): number;
  /** Visits what is due of these sources. */
  crawl(file: object, options?: Partial<CrawlOptions>): Promise<CrawlReport>;
  options(file: object, options?: Partial<CrawlOptions>): CrawlOptions;
  states(): Promise<Map<string, SourceState>>;
  /** How reading each page ended. */
  outcomes(): Promise<Map<string, string | null>>;
  dispose(): Promise<void>;
}

export const hourMs = 3_600_000;
const impatient: Partial<CrawlLimits> = {
  timeMs: 6000,
  maxPageBytes: 200_000,
  maxFeedBytes: 1_000_000,
};

/** The log as an array. */
export function collecting(rows: ArticleRow[]): EventLog {
  return {
    append({ body }) {
      for (const line of new TextDecoder().decode(body).trimEnd().split('\n')) {
        rows.push(JSON.parse(line) as ArticleRow);
      }
      return Promise.resolve();
    },
    dispose: () => Promise.resolve(),
  };
}

export async function openCrawlStage(): Promise<CrawlStage> {
  const servers = await sharedServers();
  const namespace = `t${randomUUID().slice(0, 8)}`;
  const config = {
    ...readConfig({ home: servers.home }, {}),
    namespace,
    crawl: { sources: undefined, contact: 'https://service.example/crawler' },
  };
  const mongo = await openMongo({ url: servers.mongodbUrl, database: namespace });
  const taken: ArticleRow[] = [];
  const began = Date.now();
  let passedMs = Date.UTC(2026, 10, 16) - began;
  const clock = () => Date.now() + passedMs;
  const stage: CrawlStage = {
    config,
    servers,
    mongo,
    taken,
    pass: (ms) => void (passedMs += ms),
    now: clock,
    options: (file, options = {}) => ({
      ...{ config, servers, clock, log: silentLog, events: collecting(taken), limits: impatient },
      file: parseSources(JSON.stringify({ delaySeconds: 0, ...file }), 'crawl.json'),
      ...options,
    }),
    crawl: (file, options) => crawlOnce(stage.options(file, options), new AbortController().signal),
    async states() {
      const { openCrawlBook } = await import('../../infra/crawl/book.ts');
      const states = await (await openCrawlBook(mongo.db, clock)).states();
      return new Map(states.map((state) => [state.name, state]));
    },
    async outcomes() {
      const pages = await mongo.db
        .collection<{ _id: string; outcome?: string }>('crawl_pages')
        .find()
        .toArray();
      return new Map(pages.map(({ _id, outcome }) => [_id, outcome ?? null]));
    },
    async dispose() {
      await mongo.db.dropDatabase();
      await mongo.dispose();
    },
  };
  return stage;
}
