import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Db } from 'mongodb';
import { serveMetrics } from '../infra/metrics-server.ts';
import { openMetrics, type Metrics } from '../infra/metrics.ts';
import { openMongo } from '../infra/mongo.ts';
import { openSourceAlerts } from '../infra/mongo/alerts.ts';
import { openRedis } from '../infra/redis.ts';
import { ensureServers } from '../infra/servers/index.ts';
import { openWebhook } from '../infra/webhook.ts';
import type { Webhook } from '../pipelines/delivery/watch.ts';
import type { Log } from '../pipelines/ports.ts';
import { watchSources } from '../pipelines/sources/watch.ts';
import { openSourceStatuses, type SourceOptions } from './source-statuses.ts';

export interface SourceWatching extends SourceOptions {
  readonly db: Db;
  /** Default: nobody is told. */
  readonly webhook?: Webhook | undefined;
  readonly log: Log;
  /** Default: nothing is shown. */
  readonly metrics?: Metrics;
  /** Default 1 minute. */
  readonly watchEveryMs?: number;
}

/**
 * Looks at all sources of data every minute until the signal aborts: stale ones raise an alert (log,
 * webhook), and the metrics show them. What fails is logged, and tried again. Never rejects. For
 * processes that take data in, and for the scheduler, which runs always.
 */
export async function watchSourcesEvery(
  options: SourceWatching,
  signal: AbortSignal,
): Promise<void> {
  const { config, clock, log, db, webhook, metrics, watchEveryMs = 60_000 } = options;
  const statusesOf = openSourceStatuses(options, db);
  const knowsCrawled = config.crawl?.sources !== undefined;
  const watching = { alerts: openSourceAlerts(db), webhook, clock, log, knowsCrawled };
  do {
    try {
      const statuses = await statusesOf(signal);
      if (signal.aborted) return;
      metrics?.showSources(statuses);
      await watchSources(watching, statuses);
    } catch (error) {
      log.error({ error: (error as Error).message }, 'sources of data not looked at');
    }
  } while (await pause(watchEveryMs, true, { signal }).catch(() => false));
}

/** The webhook of the configuration, posting; undefined where there is none. */
export function startWebhook({
  config,
  redis,
  clock,
  log,
}: Pick<SourceWatching, 'config' | 'clock' | 'log'> & { readonly redis: Redis }) {
  if (config.webhook === undefined) return undefined;
  const { namespace } = config;
  const webhook = openWebhook({ ...config.webhook, redis, namespace, clock, log });
  webhook.startPosting();
  return webhook;
}

/**
 * The same beside a process that needs neither MongoDB nor Redis: connects to them, and gives out
 * the metrics where the configuration says so. Nothing where nobody is to be told: neither metrics
 * nor a webhook are configured.
 *
 * @returns ends it
 * @throws Mistake `SERVER_DOWN`, `SERVER_REFUSED`; `CONFIGURATION` where the port cannot be had
 */
export async function startSourceWatch(
  options: Omit<SourceWatching, 'db' | 'webhook' | 'metrics' | 'servers'>,
): Promise<() => Promise<void>> {
  const { config, log } = options;
  if (config.metrics === undefined && config.webhook === undefined) return () => Promise.resolve();
  const servers = await ensureServers(config, log);
  const opened: { dispose(): Promise<void> }[] = [];
  const ending = new AbortController();
  let watching: Promise<void> | undefined;
  const end = async () => {
    ending.abort(new Error('the watch of the sources ends'));
    await watching;
    for (const one of opened.reverse()) await one.dispose();
  };
  try {
    const mongo = await openMongo({ url: servers.mongodbUrl, database: config.namespace, log });
    opened.push(mongo);
    const redis = await openRedis(servers.redisUrl);
    opened.push(redis);
    const webhook = startWebhook({ ...options, redis: redis.client });
    if (webhook !== undefined) opened.push(webhook);
    const metrics = openMetrics();
    if (config.metrics !== undefined) {
      const server = await serveMetrics(metrics.registry, config.metrics);
      opened.push(server);
      log.info({ url: server.url }, 'metrics');
    }
    const connected = { ...options, servers, db: mongo.db, webhook, metrics };
    watching = watchSourcesEvery(connected, ending.signal);
    return end;
  } catch (error) {
    await end();
    throw error;
  }
}
