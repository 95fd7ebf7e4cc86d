import { areaOf } from '../../model/regions.ts';
import { mondayStart } from '../../model/week.ts';
import type { FrozenLists } from '../lists.ts';
import { grouped } from './grouped.ts';
import { isBackfill, newestByZone, publishTime } from './orders.ts';
import type { Ledger, OrderBook, OrderCount, PlacedOrder } from './ports.ts';
import {
  hadOfOrder,
  hadOfOrders,
  type BatchRecord,
  type Had,
  type LedgerReports,
  type Tally,
} from './proof.ts';

/**
 * Counts of listeners. `due` = `delivered` + `failed` + `missing` once all of a zone is due.
 * `by00` <= `by06` <= `now`; `now` is above `delivered` while a re-delivery is under way.
 */
export interface StatusCounts {
  /** Who have a list of that week. */
  listeners: number;
  /** Whose list should have been published by now. */
  due: number;
  /** Whose list is stored, by the newest order of the zone. */
  delivered: number;
  /** Who had theirs before Monday 00:00 there, so far; 0 in a backfill. */
  by00: number;
  /** Who had theirs before Monday 06:00 there, so far; 0 in a backfill. */
  by06: number;
  /** Who have one now, of whatever revision. */
  now: number;
  /** Who first got theirs after Monday 00:00 there. Part of `delivered`; never in a backfill. */
  late: number;
  /** Whose batch ended in the dead-letter queue. */
  failed: number;
  /** Due, and neither delivered nor failed. */
  missing: number;
}

/** Why a list is not stored by the newest order of its zone. */
export const whyNotKinds = [
  'not due yet',
  'no order',
  'not published',
  'published, not stored',
  'failed',
] as const;

export interface WhyNot {
  readonly why: (typeof whyNotKinds)[number];
  /** Of what failed: the dead letter's. */
  readonly reason?: string;
  readonly lists: number;
}

export interface ZoneStatus extends StatusCounts {
  readonly zone: string;
  readonly region: string;
  /** Of the newest order; 0 where none was placed yet. */
  readonly revision: number;
  readonly backfill: boolean;
  /** The newest order; undefined where none was placed yet. */
  readonly order: string | undefined;
  /** When its lists are due at the queue (ISO 8601). */
  readonly publishAt: string;
  /** Monday 00:00 there (ISO 8601). */
  readonly validFrom: string;
  /** Why those lists are not stored that are not; empty where all are. */
  readonly why: readonly WhyNot[];
}

export interface WeekStatus {
  readonly week: string;
  readonly total: StatusCounts;
  /** By area, in name order. */
  readonly regions: readonly ({ readonly region: string } & StatusCounts)[];
  /** By zone, in name order. */
  readonly zones: readonly ZoneStatus[];
  /** All of the zones' reasons, in the order of `whyNotKinds`, then by number of lists. */
  readonly why: readonly WhyNot[];
  /** Listeners of the week for whom no list was made, by reason, in all zones. */
  readonly notMade: Readonly<Record<string, number>>;
}

/**
 * How far the delivery of a week is.
 *
 * @param lists - the week's lists, undefined where the archive has none; zones that were made but
 *   never ordered count as due from their time on
 * @param notMade - listeners who got no list, by reason
 */
export async function weekStatus(
  { orders, ledger }: { readonly orders: OrderBook; readonly ledger: Ledger & LedgerReports },
  week: string,
  lists: FrozenLists | undefined,
  now: number,
  notMade: Readonly<Record<string, number>> = {},
): Promise<WeekStatus> {
  const [ofWeek, tallies, failures] = await Promise.all([
    orders.ofWeek(week),
    ledger.tally(week),
    ledger.failures(week),
  ]);
  const byZone = grouped(ofWeek, (order) => order.zone);
  const talliesOf = grouped(tallies, (tally) => tally.order);
  const failuresOf = grouped(failures, (failure) => failure.order);
  // Who was ordered more than once is told apart by batch.
  const again = [...byZone.values()].filter((ofZone) => ofZone.length > 1).flat();
  const recordsOf = new Map<string, BatchRecord[]>();
  if (again.length > 0) {
    for await (const record of ledger.records(again.map(({ id }) => id))) {
      const known = recordsOf.get(record.order);
      if (known === undefined) recordsOf.set(record.order, [record]);
      else known.push(record);
    }
  }
  const made = new Map((lists?.zones ?? []).map(({ zone, listeners }) => [zone, listeners]));
  const newest = newestByZone(ofWeek);
  const zones = [...new Set([...newest.keys(), ...made.keys()])].sort().map((zone): ZoneStatus => {
    const order = newest.get(zone);
    const ofZone = byZone.get(zone) ?? [];
    return zoneStatus({
      ...{ week, zone, order, now },
      listeners: order?.listeners ?? made.get(zone) ?? 0,
      count: countOf(order === undefined ? [] : (talliesOf.get(order.id) ?? [])),
      // A first list comes once, so no listener is late in two orders.
      late: countOf(ofZone.flatMap(({ id }) => talliesOf.get(id) ?? [])).late,
      had: hadOf(ofZone, talliesOf, recordsOf),
      failures: (order && failuresOf.get(order.id)) ?? [],
    });
  });
  return { week, ...summary(zones), notMade };
}

/** The status of some of its zones alone. @param zones - as `resolveRegion` gives them */
export function statusOf(status: WeekStatus, zones: readonly string[]): WeekStatus {
  const wanted = new Set(zones);
  return { ...status, ...summary(status.zones.filter(({ zone }) => wanted.has(zone))) };
}

function hadOf(
  ofZone: readonly PlacedOrder[],
  talliesOf: ReadonlyMap<string, readonly Tally[]>,
  recordsOf: ReadonlyMap<string, readonly BatchRecord[]>,
): Had {
  const [only, ...others] = ofZone;
  if (only === undefined) return { by00: 0, by06: 0, now: 0 };
  if (others.length === 0) return hadOfOrder(only, talliesOf.get(only.id) ?? []);
  return hadOfOrders(
    ofZone,
    ofZone.flatMap(({ id }) => recordsOf.get(id) ?? []),
  );
}

function countOf(tallies: readonly Tally[]): OrderCount {
  const count = { delivered: 0, failed: 0, late: 0 };
  for (const { state, lists, late } of tallies) {
    count[state] += lists;
    count.late += late;
  }
  return count;
}

function zoneStatus(known: {
  week: string;
  zone: string;
  listeners: number;
  order: PlacedOrder | undefined;
  count: OrderCount;
  late: number;
  had: Had;
  failures: readonly { reason: string; lists: number }[];
  now: number;
}): ZoneStatus {
  const { week, zone, listeners, order, count, late, had, failures, now } = known;
  const publishAt = order?.publishAt ?? publishTime(week, zone);
  const isDue = publishAt <= now;
  const { delivered, failed } = count;
  const due = isDue ? listeners : 0;
  const left = Math.max(0, listeners - delivered - failed);
  const why: WhyNot[] = failures.map(({ reason, lists }) => ({ why: 'failed', reason, lists }));
  if (left > 0) why.push({ why: whyNot(order, isDue), lists: left });
  return {
    zone,
    region: areaOf(zone),
    revision: order?.revision ?? 0,
    backfill: order?.backfill ?? isBackfill(week, zone, now),
    order: order?.id,
    publishAt: new Date(publishAt).toISOString(),
    validFrom: order?.validFrom ?? new Date(mondayStart(week, zone)).toISOString(),
    listeners,
    due,
    delivered,
    ...had,
    late,
    failed,
    missing: Math.max(0, due - delivered - failed),
    why: whyTogether(why),
  };
}

/** Why a batch is not in the ledger. */
export function whyNot(
  order: PlacedOrder | undefined,
  isDue: boolean,
): Exclude<WhyNot['why'], 'failed'> {
  if (!isDue) return 'not due yet';
  if (order === undefined) return 'no order';
  return order.publishedAt === undefined ? 'not published' : 'published, not stored';
}

function summary(zones: readonly ZoneStatus[]): Omit<WeekStatus, 'week' | 'notMade'> {
  const byRegion = grouped(zones, ({ region }) => region);
  return {
    total: sum(zones),
    regions: [...byRegion.keys()]
      .sort()
      .map((region) => ({ region, ...sum(byRegion.get(region)!) })),
    zones,
    why: whyTogether(zones.flatMap(({ why }) => why)),
  };
}

function sum(rows: readonly StatusCounts[]): StatusCounts {
  const total: StatusCounts = {
    ...{ listeners: 0, due: 0, delivered: 0, by00: 0, by06: 0, now: 0 },
    ...{ late: 0, failed: 0, missing: 0 },
  };
  for (const row of rows) {
    for (const key of Object.keys(total) as (keyof StatusCounts)[]) total[key] += row[key];
  }
  return total;
}

function whyTogether(all: readonly WhyNot[]): WhyNot[] {
  const groups = grouped(all, ({ why, reason }) => JSON.stringify([why, reason]));
  return [...groups.values()]
    .map((group) => ({ ...group[0]!, lists: group.reduce((lists, one) => lists + one.lists, 0) }))
    .sort(
      (a, b) =>
        whyNotKinds.indexOf(a.why) - whyNotKinds.indexOf(b.why) ||
        b.lists - a.lists ||
        ((a.reason ?? '') < (b.reason ?? '') ? -1 : 1),
    );
}
