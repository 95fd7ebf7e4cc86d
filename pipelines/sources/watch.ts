import type { AlertBook, KeptAlert, Webhook } from '../delivery/watch.ts';
import type { Clock, Log } from '../ports.ts';
import type { SourceStatus } from './status.ts';

/** What an alert says of a source of data. */
export interface SourceAlert extends Pick<
  SourceStatus,
  'kind' | 'newest' | 'ageSeconds' | 'lag' | 'parked' | 'lastError' | 'staleAfterHours'
> {
  readonly source: string;
}

/**
 * Raises an alert for each source that is stale, and resolves it when it is no longer. Of several
 * processes that look at the same time one raises; each change is logged by it and told to the
 * webhook (`source.raised`, `source.resolved`), again and again until the webhook has taken it.
 * Alerts of sources that are not there any more are resolved; those of what is crawled are left to
 * processes that know what is crawled.
 */
export async function watchSources(
  watching: {
    readonly alerts: AlertBook<SourceAlert>;
    readonly webhook?: Webhook | undefined;
    readonly clock: Clock;
    readonly log: Log;
    /** Whether the statuses have all that is crawled; else they have nothing of it. */
    readonly knowsCrawled: boolean;
  },
  statuses: readonly SourceStatus[],
): Promise<void> {
  const { alerts, webhook, clock, log, knowsCrawled } = watching;
  const now = clock();
  const raised = await alerts.raised();
  const known = new Set(raised.map(({ alert }) => alert.source));
  for (const status of statuses) {
    if (!status.isStale || known.has(status.name)) continue;
    const alert = alertOf(status);
    if (await alerts.raise(alert, now)) log.error({ ...alert }, 'a source of data is stale');
  }
  for (const { alert: before } of raised) {
    if (before.kind === 'crawl' && !knowsCrawled) continue;
    const status = statuses.find(({ name }) => name === before.source);
    if (status?.isStale === true) continue;
    const alert = status === undefined ? before : alertOf(status);
    if (await alerts.resolve(alert, now)) {
      log.info({ source: before.source }, 'a source of data is stale no longer');
    }
  }
  if (webhook === undefined) return;
  for (const kept of await alerts.untold()) {
    await webhook.send(eventOf(kept));
    await alerts.told(kept);
  }
}

/** Told again, an event has the same id. */
function eventOf({ alert, times, state, at }: KeptAlert<SourceAlert>) {
  return {
    id: `source-${state}-${alert.source}_${times}`,
    type: `source.${state}`,
    at,
    data: { ...alert },
  };
}

function alertOf(status: SourceStatus): SourceAlert {
  const { name, kind, newest, ageSeconds, lag, parked, lastError, staleAfterHours } = status;
  return { source: name, kind, newest, ageSeconds, lag, parked, lastError, staleAfterHours };
}
