import { mondaySix } from '../../model/morning.ts';
import type { PlacedOrder } from './ports.ts';

/**
 * What the ledger proves: how many listeners of a zone had their list of a week when.
 *
 * It is computed from entries of batches, never from a look at the lists. An entry knows when its
 * batch was stored, and how many of its lists came late (`late`: their listener had none of that
 * week before Monday 00:00). So a batch that is delivered again on Monday noon makes nobody late who
 * had their list already.
 */

/** Part of the ledger of a week: sums over the entries of one order and quarter of an hour. */
export interface Tally {
  readonly order: string;
  readonly state: 'delivered' | 'failed';
  /** When the quarter began: milliseconds since 1970, a multiple of 900,000. */
  readonly quarter: number;
  readonly lists: number;
  readonly late: number;
}

/** An entry without its listeners. */
export interface BatchRecord {
  readonly order: string;
  readonly batch: number;
  readonly state: 'delivered' | 'failed';
  readonly lists: number;
  readonly late: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly reason?: string | undefined;
}

/** What the ledger can be asked about more than one batch. */
export interface LedgerReports {
  /** Sums of a week. Every zone's 00:00 and 06:00 since 1972 begins a quarter of an hour. */
  tally(week: string): Promise<Tally[]>;
  /** All entries of some orders, by order and batch. */
  records(orders: readonly string[]): AsyncIterable<BatchRecord>;
  /** What failed in a week, by order and reason. */
  failures(week: string): Promise<{ order: string; reason: string; lists: number }[]>;
  /** Lists stored from `since` to `until`, both included, by order and minute since 1970. */
  recent(since: number, until: number): Promise<{ order: string; minute: number; lists: number }[]>;
  /** When the newest entry `delivered` was written; undefined in an empty ledger. */
  newestAt(): Promise<number | undefined>;
  /** The entries `delivered` that hold a listener's list, of some orders. */
  recordsOf(user: string, orders: readonly string[]): Promise<BatchRecord[]>;
}

/** Listeners of a zone. `by00` <= `by06` <= `now`. */
export interface Had {
  /** Who had their list before Monday 00:00 there. 0 in a backfill. */
  readonly by00: number;
  /** Who had their list before Monday 06:00 there. 0 in a backfill. */
  readonly by06: number;
  /** Who have one now, of whatever revision. */
  readonly now: number;
}

/**
 * Whether batches of two orders hold the same listeners: the same lists, cut in the same way. Then
 * whoever is in batch 3 of the one is in batch 3 of the other.
 */
export function isCutAlike(a: PlacedOrder, b: PlacedOrder): boolean {
  return a.zone === b.zone && a.lists === b.lists && a.batchSize === b.batchSize;
}

/** Who had their list in a zone that has a single order. */
export function hadOfOrder(order: PlacedOrder, tallies: readonly Tally[]): Had {
  const six = mondaySix(order.week, order.zone);
  let [by00, by06, now] = [0, 0, 0];
  for (const { state, quarter, lists, late } of tallies) {
    if (state !== 'delivered') continue;
    now += lists;
    if (order.backfill) continue;
    by00 += lists - late;
    by06 += quarter < six ? lists : lists - late;
  }
  return { by00, by06, now };
}

/**
 * Who had their list in a zone that was ordered more than once: by batch, in whichever order it
 * came first.
 *
 * Of orders for other lists, or cut otherwise, nothing is known but how many came late; these are
 * taken off, so that the answer is too small rather than too large. Who has one of those lists and
 * waits for the new one is not counted in `now`.
 *
 * @param orders - of the zone, the newest last
 * @param records - their entries
 */
export function hadOfOrders(orders: readonly PlacedOrder[], records: readonly BatchRecord[]): Had {
  const newest = orders.at(-1)!;
  const six = mondaySix(newest.week, newest.zone);
  const byId = new Map(orders.map((order) => [order.id, order]));
  const batches = new Map<number, { lists: number; late: number; at: number }>();
  let [lateElsewhere, lateAfterSix] = [0, 0];
  for (const { order: id, batch, state, lists, late, at } of records) {
    const order = byId.get(id);
    if (order === undefined || state !== 'delivered') continue;
    if (!isCutAlike(order, newest)) {
      lateElsewhere += late;
      if (at >= six) lateAfterSix += late;
      continue;
    }
    const known = batches.get(batch) ?? { lists, late: 0, at: Infinity };
    known.late += late;
    if (!order.backfill) known.at = Math.min(known.at, at);
    batches.set(batch, known);
  }
  let [by00, by06, now] = [0, 0, 0];
  for (const { lists, late, at } of batches.values()) {
    now += lists;
    if (at === Infinity) continue;
    const onTime = Math.max(0, lists - late);
    by00 += onTime;
    by06 += at < six ? lists : onTime;
  }
  return {
    by00: Math.max(0, by00 - lateElsewhere),
    by06: Math.max(0, by06 - lateAfterSix),
    now,
  };
}
