import { grouped } from './grouped.ts';
import type { ZoneStatus } from './status.ts';

/**
 * Whether each zone has its lists before its Monday, at the present rate.
 *
 * The work is a queue: what is published first is stored first, at one rate for all. Zones that are
 * published at one instant are mixed in it, so each of them has its last list when the last of them
 * has. The rate is measured only while work was waiting: an idle hour says nothing of how fast the
 * workers are.
 */

/** What the forecast needs to know of a zone. */
export type ZoneLoad = { readonly week: string } & Pick<
  ZoneStatus,
  'zone' | 'listeners' | 'delivered' | 'failed' | 'backfill' | 'order' | 'publishAt' | 'validFrom'
>;

/** Lists stored in a minute since 1970, by order. */
export interface StoredInMinute {
  readonly order: string;
  readonly minute: number;
  readonly lists: number;
}

export interface ZoneForecast {
  readonly week: string;
  readonly zone: string;
  /** Monday 00:00 there: milliseconds since 1970. */
  readonly deadline: number;
  /** Lists that are neither stored nor failed. */
  readonly left: number;
  /** Lists in the dead-letter queue: they do not come by themselves. */
  readonly failed: number;
  /**
   * When the last of `left` is stored: milliseconds since 1970, `Infinity` where nothing moves.
   * Undefined where the rate is unknown.
   */
  readonly predictedAt: number | undefined;
  /** Of `left`, lists that come after the deadline; where the rate is unknown, those that have. */
  readonly late: number;
  /** Whether `late` or `failed` is above 0. */
  readonly misses: boolean;
}

const minuteMs = 60_000;
/** The rate is that of the last minutes. */
export const rateWindowMs = 10 * minuteMs;
/** So long must work have waited before the rate means something. */
const leastBusyMs = 2 * minuteMs;

/**
 * Lists stored per second over the last ten minutes, of those minutes alone at whose beginning work
 * was waiting. 0 where work waited and nothing came.
 *
 * @param recent - of the window, all orders; later ones are passed over
 * @param until - the end of the window: now, or when the last work ended
 * @returns undefined where work waited for less than two minutes
 */
export function measureRate(
  zones: readonly ZoneLoad[],
  recent: readonly StoredInMinute[],
  until: number,
): number | undefined {
  const minutes = grouped(recent, ({ minute }) => minute);
  /** Stored since the beginning of the minute that is looked at, by order. */
  const since = new Map<string, number>();
  let [busyMs, lists] = [0, 0];
  const first = Math.ceil((until - rateWindowMs) / minuteMs);
  for (let minute = Math.floor(until / minuteMs); minute >= first; minute--) {
    const begin = minute * minuteMs;
    const stored = minutes.get(minute) ?? [];
    for (const { order, lists: more } of stored) since.set(order, (since.get(order) ?? 0) + more);
    if (!zones.some((zone) => wasWaiting(zone, begin, since))) continue;
    busyMs += Math.min(minuteMs, until - begin);
    lists += stored.reduce((sum, { lists: more }) => sum + more, 0);
  }
  return busyMs < leastBusyMs ? undefined : lists / (busyMs / 1000);
}

function wasWaiting(
  { listeners, delivered, failed, order, publishAt }: ZoneLoad,
  at: number,
  since: ReadonlyMap<string, number>,
): boolean {
  if (order === undefined || Date.parse(publishAt) > at) return false;
  return listeners - failed - (delivered - (since.get(order) ?? 0)) > 0;
}

/**
 * When each zone that has lists left, or failed, will have the last of them. Backfills take their
 * time of the queue and have no deadline.
 *
 * @param listsPerSecond - 0 or more; undefined where nobody knows
 * @returns by deadline, then by zone
 */
export function forecast(
  zones: readonly ZoneLoad[],
  listsPerSecond: number | undefined,
  now: number,
): ZoneForecast[] {
  const open = zones
    .map((zone) => ({ zone, left: Math.max(0, zone.listeners - zone.delivered - zone.failed) }))
    .filter(({ zone, left }) => left + zone.failed > 0);
  const byTime = grouped(open, ({ zone }) => Date.parse(zone.publishAt));
  const forecasts: ZoneForecast[] = [];
  let free = now;
  for (const publishAt of [...byTime.keys()].sort((a, b) => a - b)) {
    const together = byTime.get(publishAt)!;
    const begin = Math.max(free, publishAt);
    const end = endOf(
      begin,
      together.reduce((sum, { left }) => sum + left, 0),
      listsPerSecond,
    );
    if (end !== undefined) free = end;
    for (const { zone, left } of together) {
      if (zone.backfill) continue;
      const deadline = Date.parse(zone.validFrom);
      const late =
        end === undefined ? (deadline <= now ? left : 0) : lateOf(left, begin, end, deadline);
      forecasts.push({
        ...{ week: zone.week, zone: zone.zone, deadline, left, failed: zone.failed, late },
        predictedAt: left === 0 ? now : end,
        misses: late + zone.failed > 0,
      });
    }
  }
  return forecasts.sort((a, b) => a.deadline - b.deadline || (a.zone < b.zone ? -1 : 1));
}

function endOf(begin: number, left: number, listsPerSecond: number | undefined) {
  if (left === 0) return begin;
  return listsPerSecond === undefined ? undefined : begin + (left / listsPerSecond) * 1000;
}

/** Of lists that are stored evenly from `begin` to `end`, those after the deadline. */
function lateOf(left: number, begin: number, end: number, deadline: number): number {
  if (deadline >= end) return 0;
  if (deadline <= begin || end === Infinity) return left;
  return Math.min(left, Math.ceil((left * (end - deadline)) / (end - begin)));
}
