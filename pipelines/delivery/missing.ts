import type { FrozenLists } from '../lists.ts';
import type { Ledger, OrderBook, PlacedOrder } from './ports.ts';
import { erasedUser } from './erased.ts';
import { publishTime } from './orders.ts';
import { isCutAlike, type BatchRecord, type LedgerReports } from './proof.ts';
import { whyNot, type WhyNot } from './status.ts';

/** A listener whose list of the week is not stored, and why. */
export interface MissingList {
  readonly user: string;
  readonly week: string;
  readonly zone: string;
  /** The newest order of the zone; undefined where none was placed. */
  readonly order: string | undefined;
  /** 0-based. */
  readonly batch: number | undefined;
  readonly why: WhyNot['why'];
  /** Of what failed: the dead letter's. */
  readonly reason?: string;
}

/**
 * Whoever has no list of the week as the ledger knows it, by zone and user. The lists of a zone are
 * read only where some are missing there, and no further than the last of them.
 *
 * @param zones - whose listeners are meant
 */
export async function* missingLists(
  { orders, ledger }: { readonly orders: OrderBook; readonly ledger: Ledger & LedgerReports },
  lists: FrozenLists,
  zones: readonly string[],
  now: number,
): AsyncIterable<MissingList> {
  const ofWeek = await orders.ofWeek(lists.week);
  for (const zone of [...zones].sort()) {
    const placed = ofWeek.filter(
      (order) => order.zone === zone && order.lists === lists.fingerprint,
    );
    const order = placed.at(-1);
    if (order === undefined) yield* unordered(lists, zone, now);
    else yield* ofOrder(ledger, lists, order, placed, now);
  }
}

async function* unordered(
  lists: FrozenLists,
  zone: string,
  now: number,
): AsyncIterable<MissingList> {
  const why = whyNot(undefined, publishTime(lists.week, zone) <= now);
  for await (const { user } of lists.read(zone)) {
    if (user === erasedUser) continue;
    yield { user, week: lists.week, zone, order: undefined, batch: undefined, why };
  }
}

async function* ofOrder(
  ledger: LedgerReports,
  lists: FrozenLists,
  order: PlacedOrder,
  placed: readonly PlacedOrder[],
  now: number,
): AsyncIterable<MissingList> {
  const alike = placed.filter((other) => isCutAlike(other, order)).map(({ id }) => id);
  const stored = new Set<number>();
  const failed = new Map<number, BatchRecord>();
  for await (const record of ledger.records(order.week, alike)) {
    if (record.state === 'delivered') stored.add(record.batch);
    else if (record.order === order.id) failed.set(record.batch, record);
  }
  let left = order.batches - stored.size;
  if (left <= 0) return;
  const why = whyNot(order, order.publishAt <= now);
  let index = 0;
  for await (const { user } of lists.read(order.zone)) {
    const batch = Math.floor(index / order.batchSize);
    const isLastOfBatch = ++index % order.batchSize === 0;
    if (stored.has(batch)) continue;
    const failure = failed.get(batch);
    if (user !== erasedUser) {
      yield {
        ...{ user, week: order.week, zone: order.zone, order: order.id, batch },
        ...(failure === undefined
          ? { why }
          : { why: 'failed', reason: failure.reason ?? 'unknown' }),
      };
    }
    if (isLastOfBatch && --left === 0) return;
  }
}
