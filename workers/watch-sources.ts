import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Metrics } from '../infra/metrics.ts';
import type { Mongo } from '../infra/mongo.ts';
import { openSourceAlerts } from '../infra/mongo/alerts.ts';
import { openSourceMetrics } from '../infra/source-metrics.ts';
import { openWebhook } from '../infra/webhook.ts';
import type { Log } from '../pipelines/ports.ts';
import { watchSources } from '../pipelines/sources/watch.ts';
import { openSourceStatuses, type SourceOptions } from './source-statuses.ts';

export interface SourceWatching extends SourceOptions {
  readonly mongo: Mongo;
  /** For the webhook. */
  readonly redis: Redis;
  readonly log: Log;
  /** Default: nothing is shown. */
  readonly metrics?: Metrics;
  /** Default 1 minute. */
  readonly watchEveryMs?: number;
}

/**
 * Looks at all sources of data every minute until the signal aborts: stale ones raise an alert (log,
 * webhook), and the metrics show them. What fails is logged, and tried again. Never rejects. For
 * processes that take data in.
 */
export async function watchSourcesEvery(
  options: SourceWatching,
  signal: AbortSignal,
): Promise<void> {
  const { config, clock, log, mongo, redis, metrics, watchEveryMs = 60_000 } = options;
  const statusesOf = openSourceStatuses(options, mongo);
  const alerts = openSourceAlerts(mongo.db);
  const show = metrics === undefined ? undefined : openSourceMetrics(metrics.registry);
  const { namespace } = config;
  const webhook =
    config.webhook === undefined
      ? undefined
      : openWebhook({ ...config.webhook, redis, namespace, clock, log });
  webhook?.startPosting();
  try {
    do {
      try {
        const statuses = await statusesOf();
        show?.(statuses);
        await watchSources({ alerts, webhook, clock, log }, statuses);
      } catch (error) {
        log.error({ error: (error as Error).message }, 'sources of data not looked at');
      }
    } while (await pause(watchEveryMs, true, { signal }).catch(() => false));
  } finally {
    await webhook?.dispose();
  }
}
