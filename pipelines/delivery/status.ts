import { areaOf } from '../../model/regions.ts';
import type { FrozenLists } from '../lists.ts';
import { isBackfill, newestByZone, publishTime } from './orders.ts';
import type { Ledger, OrderBook, OrderCount, PlacedOrder } from './ports.ts';

/** Counts of listeners. `due` = `delivered` + `failed` + `missing` once all of a zone is due. */
export interface StatusCounts {
  /** Who have a list of that week. */
  listeners: number;
  /** Whose list should have been published by now. */
  due: number;
  /** Whose list is stored, by the newest order of the zone. */
  delivered: number;
  /** Who first got theirs after Monday 00:00 there. Part of `delivered`; never in a backfill. */
  late: number;
  /** Whose batch ended in the dead-letter queue. */
  failed: number;
  /** Due, and neither delivered nor failed. */
  missing: number;
}

export interface ZoneStatus extends StatusCounts {
  readonly zone: string;
  readonly region: string;
  /** Of the newest order; 0 where none was placed yet. */
  readonly revision: number;
  readonly backfill: boolean;
}

export interface WeekStatus {
  readonly week: string;
  readonly total: StatusCounts;
  /** By area, in name order. */
  readonly regions: readonly ({ readonly region: string } & StatusCounts)[];
  /** By zone, in name order. */
  readonly zones: readonly ZoneStatus[];
}

/**
 * How far the delivery of a week is.
 *
 * @param lists - the week's lists, undefined where the archive has none; zones that were made but
 *   never ordered count as due from their time on
 */
export async function weekStatus(
  { orders, ledger }: { readonly orders: OrderBook; readonly ledger: Ledger },
  week: string,
  lists: FrozenLists | undefined,
  now: number,
): Promise<WeekStatus> {
  const ofWeek = await orders.ofWeek(week);
  const counts = await ledger.counts(week);
  const newest = newestByZone(ofWeek);
  const names = new Set([...newest.keys(), ...(lists?.zones ?? []).map(({ zone }) => zone)]);
  const zones = [...names].sort().map((zone): ZoneStatus => {
    const order = newest.get(zone);
    const listeners =
      order?.listeners ?? lists?.zones.find((entry) => entry.zone === zone)?.listeners ?? 0;
    return zoneStatus({ week, zone, listeners, order, ofWeek, counts, now });
  });
  return {
    week,
    total: sum(zones),
    regions: [...new Set(zones.map(({ region }) => region))]
      .sort()
      .map((region) => ({ region, ...sum(zones.filter((zone) => zone.region === region)) })),
    zones,
  };
}

function zoneStatus(known: {
  week: string;
  zone: string;
  listeners: number;
  order: PlacedOrder | undefined;
  ofWeek: readonly PlacedOrder[];
  counts: ReadonlyMap<string, OrderCount>;
  now: number;
}): ZoneStatus {
  const { week, zone, listeners, order, ofWeek, counts, now } = known;
  const isDue = (order?.publishAt ?? publishTime(week, zone)) <= now;
  const { delivered = 0, failed = 0 } = (order && counts.get(order.id)) ?? {};
  const due = isDue ? listeners : 0;
  // A first list comes once, so no listener is late in two orders.
  const late = ofWeek
    .filter((placed) => placed.zone === zone)
    .reduce((lists, placed) => lists + (counts.get(placed.id)?.late ?? 0), 0);
  return {
    zone,
    region: areaOf(zone),
    revision: order?.revision ?? 0,
    backfill: order?.backfill ?? isBackfill(week, zone, now),
    listeners,
    due,
    delivered,
    late,
    failed,
    missing: Math.max(0, due - delivered - failed),
  };
}

function sum(rows: readonly StatusCounts[]): StatusCounts {
  const total = { listeners: 0, due: 0, delivered: 0, late: 0, failed: 0, missing: 0 };
  for (const row of rows) {
    for (const key of Object.keys(total) as (keyof StatusCounts)[]) total[key] += row[key];
  }
  return total;
}
