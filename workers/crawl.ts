import { setTimeout as pause } from 'node:timers/promises';
import pLimit from 'p-limit';
import { openCrawlSchedule } from '../infra/crawl/schedule.ts';
import { serveMetrics, type MetricsServer } from '../infra/metrics-server.ts';
import type { Metrics } from '../infra/metrics.ts';
import { openRedis } from '../infra/redis.ts';
import { stateOf } from '../pipelines/crawl/course.ts';
import { forgetRemoved } from '../pipelines/crawl/forget.ts';
import { noCounts, type SourceState, type VisitCounts } from '../pipelines/crawl/ports.ts';
import type { CrawlSource } from '../pipelines/crawl/sources-file.ts';
import { dueAtOf, visitSource } from '../pipelines/crawl/visit.ts';
import { openCrawl, type CrawlOptions, type OpenCrawl } from './open-crawl.ts';
import { startWebhook, watchSourcesEvery } from './watch-sources.ts';

/** Sources that are visited at a time; of each host only one request goes on. */
const concurrency = 8;
/** How long another process may visit a source before this one gives up waiting. */
const patienceMs = 600_000;

/** A source that another process visits is looked at again so soon. */
const againMs = 10_000;

/** What `npx mondaymix crawl --once` did. */
export interface CrawlReport extends VisitCounts {
  readonly sources: number;
  readonly parked: number;
}

/**
 * Visits all that is due, until nothing is, and ends. Killed at any point, the next run goes on from
 * there.
 */
export async function crawlOnce(options: CrawlOptions, signal: AbortSignal): Promise<CrawlReport> {
  const crawl = await openCrawl(options);
  try {
    const limit = pLimit(concurrency);
    const { sources } = options.file;
    const before = await statesOf(crawl, sources);
    await Promise.all(
      sources.map((source) => limit(() => visitWhileDue(crawl, source, signal, patienceMs))),
    );
    await forgetRemoved(crawl, namesOf(options));
    const after = await statesOf(crawl, sources);
    const counts = Object.fromEntries(
      (Object.keys(noCounts) as (keyof VisitCounts)[]).map((what) => [
        what,
        sum(after, what) - sum(before, what),
      ]),
    ) as Record<keyof VisitCounts, number>;
    const parked = after.filter((state) => state.parked !== null).length;
    return { sources: sources.length, parked, ...counts };
  } finally {
    await crawl.dispose();
  }
}

/**
 * `npx mondaymix crawl`: every source at its interval, until the signal aborts. All that it must
 * remember is in MongoDB, so it may be stopped or killed at any time, and several may run: of each
 * source one visit goes on, and of each host one request.
 */
export async function runCrawl(
  options: CrawlOptions & {
    readonly metrics?: Metrics;
    /** How often the sources are looked at. Default 1 minute. */
    readonly watchEveryMs?: number;
    /** How often what is due is looked for, whatever Redis says. Default 5 minutes. */
    readonly sweepEveryMs?: number;
  },
  signal: AbortSignal,
): Promise<void> {
  const { config, servers, file, clock, log } = options;
  const crawl = await openCrawl(options);
  const redis = await openRedis(servers.redisUrl).catch(async (error: unknown) => {
    await crawl.dispose();
    throw error;
  });
  const { namespace } = config;
  const schedule = openCrawlSchedule({ redis: redis.client, namespace, clock, log });
  const ending = new AbortController();
  const stopped = AbortSignal.any([signal, ending.signal]);
  const byName = new Map(file.sources.map((source) => [source.name, source]));
  const { metrics, sweepEveryMs = 300_000 } = options;
  const webhook = startWebhook({ ...options, redis: redis.client });
  const watching = watchSourcesEvery({ ...options, db: crawl.mongo.db, webhook }, stopped);
  const findDue = async () => {
    for (const source of file.sources) {
      const state = stateOf(await crawl.book.state(source.name), source);
      if (dueAtOf(state) <= clock()) await schedule.at(source.name, clock());
    }
    await forgetRemoved(crawl, namesOf(options));
  };
  let metricsServer: MetricsServer | undefined;
  try {
    if (metrics !== undefined && config.metrics !== undefined) {
      metricsServer = await serveMetrics(metrics.registry, config.metrics);
      log.info({ url: metricsServer.url }, 'metrics');
    }
    await schedule.every(file.sources);
    schedule.visitWith(async (name) => {
      const source = byName.get(name);
      if (source === undefined) return;
      await visitWhileDue(crawl, source, stopped, 0);
      const dueAt = dueAtOf(stateOf(await crawl.book.state(name), source));
      const regularMs = source.everyMinutes * 60_000;
      // What is still due is visited by another process.
      const soonest = clock() + againMs;
      if (dueAt < clock() + regularMs) await schedule.at(name, Math.max(dueAt, soonest));
    }, concurrency);
    log.info({ sources: file.sources.length }, 'crawling');
    do {
      await findDue().catch((error: Error) =>
        log.error({ error: error.message }, 'what is due was not found, it will be tried again'),
      );
    } while (await pause(sweepEveryMs, true, { signal }).catch(() => false));
    log.info({}, 'stopping');
  } finally {
    ending.abort(new Error('the crawler is closing'));
    await watching;
    await webhook?.dispose();
    await metricsServer?.dispose();
    await schedule.dispose();
    await crawl.dispose();
    await redis.dispose();
  }
}

function namesOf({ file }: CrawlOptions): ReadonlySet<string> {
  return new Set(file.sources.map(({ name }) => name));
}

/** Visits a source until it is not due; nothing where another process visits it for that long. */
async function visitWhileDue(
  crawl: OpenCrawl,
  source: CrawlSource,
  signal: AbortSignal,
  waitMs: number,
): Promise<void> {
  const { name } = source;
  await crawl.book.alone(
    `source:${name}`,
    waitMs,
    async (held) => {
      while ((await visitSource(crawl, source, held)) !== undefined) held.throwIfAborted();
    },
    signal,
  );
}

async function statesOf(crawl: OpenCrawl, sources: readonly CrawlSource[]): Promise<SourceState[]> {
  return Promise.all(
    sources.map(async (source) => stateOf(await crawl.book.state(source.name), source)),
  );
}

function sum(states: readonly SourceState[], what: keyof VisitCounts): number {
  return states.reduce((total, { counts }) => total + counts[what], 0);
}
