import type { ListArchive } from '../lists.ts';
import type { Clock, Log } from '../ports.ts';
import { forecast, measureRate, rateWindowMs, type ZoneForecast } from './deadline.ts';
import { rateBefore } from './lead.ts';
import type { Ledger, OrderBook } from './ports.ts';
import type { LedgerReports } from './proof.ts';
import { weekStatus, type WeekStatus } from './status.ts';

/** What an alert says of a zone. Instants are ISO 8601, UTC. */
export interface DeadlineAlert {
  readonly week: string;
  readonly zone: string;
  /** Monday 00:00 there. */
  readonly deadline: string;
  /** When the last list is stored at the present rate; null where never, or where nobody knows. */
  readonly predictedAt: string | null;
  /** Lists that come after the deadline at that rate. */
  readonly late: number;
  /** Lists in the dead-letter queue. */
  readonly failed: number;
  /** Lists that are neither stored nor failed. */
  readonly left: number;
  /** Null where nobody knows. */
  readonly listsPerSecond: number | null;
}

/** An alert as it is kept: one for each thing that it can be about, such as a zone of a week. */
export interface KeptAlert<Alert = DeadlineAlert> {
  readonly alert: Alert;
  /** How often it was raised: again only after it was resolved. */
  readonly times: number;
  readonly state: 'raised' | 'resolved';
  /** When it came into that state: milliseconds since 1970. */
  readonly at: number;
}

export interface AlertBook<Alert = DeadlineAlert> {
  /** False where it is raised already. */
  raise(alert: Alert, at: number): Promise<boolean>;
  /** False where it is not raised. `alert` is what is so now. */
  resolve(alert: Alert, at: number): Promise<boolean>;
  raised(): Promise<KeptAlert<Alert>[]>;
  /** Alerts whose state was not told yet. */
  untold(): Promise<KeptAlert<Alert>[]>;
  /** Notes that this state was told. */
  told(kept: KeptAlert<Alert>): Promise<void>;
}

/** Tells a client's server; an event that is sent again has the same id. */
export interface Webhook {
  send(event: {
    readonly id: string;
    readonly type: string;
    readonly at: number;
    readonly data: Readonly<Record<string, unknown>>;
  }): Promise<void>;
}

export interface Watching {
  readonly orders: OrderBook;
  readonly ledger: Ledger & LedgerReports;
  readonly archive: ListArchive;
  readonly clock: Clock;
}

/** How some weeks stand against their deadlines. */
export interface Outlook {
  readonly statuses: readonly WeekStatus[];
  /** Of all of these weeks, by deadline: they wait in one queue. */
  readonly forecasts: readonly ZoneForecast[];
  /** Undefined where nobody knows. */
  readonly listsPerSecond: number | undefined;
}

/**
 * The status and the forecast of some weeks.
 *
 * The rate is that of the last ten minutes in which work was waiting; where it waited for less than
 * two minutes, `lastRate`; without that the one of the weeks before, as their orders noted it.
 *
 * @param weeks - ascending
 * @param lastRate - what an earlier look gave
 */
export async function outlook(
  { orders, ledger, archive, clock }: Watching,
  weeks: readonly string[],
  lastRate?: number,
): Promise<Outlook> {
  const now = clock();
  const recent = await ledger.recent(now - rateWindowMs, now);
  const statuses: WeekStatus[] = [];
  for (const week of weeks) {
    statuses.push(await weekStatus({ orders, ledger }, week, await archive.find(week), now));
  }
  const zones = statuses.flatMap(({ week, zones: own }) => own.map((zone) => ({ week, ...zone })));
  const listsPerSecond =
    measureRate(zones, recent, now) ?? lastRate ?? (await rateBefore(orders, weeks.at(-1)!));
  return { statuses, forecasts: forecast(zones, listsPerSecond, now), listsPerSecond };
}

/** An alert is resolved when the zone is so far from its deadline again: it does not flicker. */
const marginMs = 10 * 60_000;

/**
 * Looks at the deadlines once: raises an alert for each zone that will miss its Monday at the
 * present rate, or has lists in the dead-letter queue, and resolves it when that is no longer true.
 * Of several processes that look at the same time one raises; each change is logged by it and told
 * to the webhook, again and again until the webhook has taken it.
 */
export async function watchDeadlines(
  watching: Watching & {
    readonly alerts: AlertBook;
    readonly webhook?: Webhook | undefined;
    readonly log: Log;
  },
  weeks: readonly string[],
  lastRate?: number,
): Promise<Outlook> {
  const { alerts, webhook, log, clock } = watching;
  const seen = await outlook(watching, weeks, lastRate);
  const now = clock();
  const byZone = new Map(seen.forecasts.map((one) => [keyOf(one), one]));
  const raised = await alerts.raised();
  const known = new Set(raised.map(({ alert }) => keyOf(alert)));
  for (const one of seen.forecasts) {
    if (!one.misses || known.has(keyOf(one))) continue;
    const alert = alertOf(one, seen.listsPerSecond);
    if (await alerts.raise(alert, now)) log.error({ ...alert }, 'a zone will miss its Monday');
  }
  for (const { alert: before } of raised) {
    const one = byZone.get(keyOf(before));
    if (!isOver(one)) continue;
    const { week, zone, deadline } = before;
    const alert = one === undefined ? done(before) : alertOf(one, seen.listsPerSecond);
    if (await alerts.resolve(alert, now)) {
      log.info({ week, zone, deadline }, 'a zone misses its Monday no longer');
    }
  }
  if (webhook === undefined) return seen;
  for (const kept of await alerts.untold()) {
    await webhook.send(eventOf(kept));
    await alerts.told(kept);
  }
  return seen;
}

/** Told again, an event has the same id. */
export function eventOf({ alert, times, state, at }: KeptAlert): Parameters<Webhook['send']>[0] {
  return {
    id: `deadline-${state}-${alert.week}_${alert.zone}_${times}`,
    type: `deadline.${state}`,
    at,
    data: { ...alert },
  };
}

/** @param one - undefined where all is stored, or the week is looked at no more */
function isOver(one: ZoneForecast | undefined): boolean {
  if (one === undefined) return true;
  if (one.misses || one.predictedAt === undefined) return false;
  return one.left === 0 || one.predictedAt + marginMs <= one.deadline;
}

function alertOf(one: ZoneForecast, listsPerSecond: number | undefined): DeadlineAlert {
  const { week, zone, deadline, predictedAt, late, failed, left } = one;
  return {
    ...{ week, zone, late, failed, left },
    deadline: new Date(deadline).toISOString(),
    predictedAt: dateOf(predictedAt),
    listsPerSecond: listsPerSecond ?? null,
  };
}

/** A date holds no more (ECMA-262, 21.4.1.1). */
const latestDate = 8.64e15;

/** ISO 8601; null for never and for nobody knows. */
export function dateOf(at: number | undefined): string | null {
  return at === undefined || at > latestDate ? null : new Date(at).toISOString();
}

function done(alert: DeadlineAlert): DeadlineAlert {
  return { ...alert, predictedAt: null, late: 0, failed: 0, left: 0 };
}

function keyOf({ week, zone }: { readonly week: string; readonly zone: string }): string {
  return `${week}:${zone}`;
}
