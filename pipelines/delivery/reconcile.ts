import { documentId } from './deliver.ts';
import { newestByZone } from './orders.ts';
import type { Ledger, LedgerEntry, OrderBook, PlacedOrder, PlaylistStore } from './ports.ts';

export interface Reconciling {
  readonly orders: OrderBook;
  readonly ledger: Ledger;
  readonly playlists: PlaylistStore;
}

/** Entries whose lists are looked up together. */
const entriesAtOnce = 20;

/**
 * Holds the ledger against the playlists: an entry that says delivered where a list is not stored
 * is taken back and its order opened again, so that the next sweep delivers it.
 *
 * Only the newest order of each zone is looked at; what it replaced is no longer promised.
 *
 * @returns batches looked at, and batches taken back
 */
export async function reconcile(
  reconciling: Reconciling,
  week: string,
): Promise<{ checked: number; repaired: number }> {
  const { orders, ledger } = reconciling;
  const report = { checked: 0, repaired: 0 };
  for (const order of newestByZone(await orders.ofWeek(week)).values()) {
    const untrue: number[] = [];
    let held: LedgerEntry[] = [];
    for await (const entry of ledger.entries(order.id)) {
      report.checked++;
      held.push(entry);
      if (held.length < entriesAtOnce) continue;
      untrue.push(...(await untrueBatches(reconciling, order, held)));
      held = [];
    }
    untrue.push(...(await untrueBatches(reconciling, order, held)));
    if (untrue.length === 0) continue;
    await ledger.forget(order.id, untrue);
    await orders.reopened(order.id);
    report.repaired += untrue.length;
  }
  return report;
}

async function untrueBatches(
  { playlists }: Reconciling,
  order: PlacedOrder,
  entries: readonly LedgerEntry[],
): Promise<number[]> {
  if (entries.length === 0) return [];
  const ids = entries.flatMap(({ users }) => users.map((user) => documentId(user, order.week)));
  const stored = await playlists.revisions(ids);
  const isThere = (user: string) =>
    (stored.get(documentId(user, order.week))?.revision ?? 0) >= order.revision;
  return entries.filter(({ users }) => !users.every(isThere)).map(({ batch }) => batch);
}
