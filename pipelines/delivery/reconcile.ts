import type { FrozenLists } from '../lists.ts';
import { documentId } from './deliver.ts';
import { erasedUser } from './erased.ts';
import { newestByZone } from './orders.ts';
import type {
  Ledger,
  LedgerEntry,
  OrderBook,
  PlacedOrder,
  PlaylistStore,
  StoredRevision,
} from './ports.ts';
import type { LedgerReports } from './proof.ts';

export interface Reconciling {
  readonly orders: OrderBook;
  readonly ledger: Ledger & LedgerReports;
  readonly playlists: PlaylistStore;
  /** The week's lists; without them nobody knows who is in a batch that the ledger does not have. */
  readonly lists?: FrozenLists | undefined;
  /** Lists stored in a week, by the order that stored them. */
  readonly storedByOrder?: (week: string) => Promise<ReadonlyMap<string, number>>;
  /** Only tells what it would do. Default false. */
  readonly dryRun?: boolean;
  /** Entries held so far against what is stored. */
  readonly onProgress?: (checked: number) => void;
}

/** What was found, and mended unless it was a dry run. Batches, unless it says lists. */
export interface ReconcileReport {
  readonly week: string;
  /** Entries that were held against what is stored. */
  readonly checked: number;
  /** Lists of them. */
  readonly checkedLists: number;
  /** Entries that say more than is stored: taken back, and their order opened again. */
  readonly repaired: number;
  /** Lists that were claimed and are not there. */
  readonly lost: number;
  /** Of `repaired`, those of orders that a newer one replaced: nobody is promised these any more. */
  readonly replaced: number;
  /** Batches wholly stored that the ledger did not have, or had as failed: written into it. */
  readonly found: number;
  /** Lists of them. */
  readonly foundLists: number;
  /** Batches of orders that count as complete, neither stored nor in the ledger: opened again. */
  readonly missing: number;
  /** Lists stored by orders that the order book does not know; they stay, and are told only. */
  readonly strange: number;
  readonly dryRun: boolean;
}

/** Whether the ledger said what is true of every batch. */
export function wasTrue({ repaired, found, missing }: ReconcileReport): boolean {
  return repaired + found + missing === 0;
}

/** Entries whose lists are looked up together. */
const entriesAtOnce = 20;
/** Such look-ups that are under way at a time. */
const lookUpsAtOnce = 4;

type Counts = { -readonly [Key in Exclude<keyof ReconcileReport, 'week' | 'dryRun'>]: number };

/**
 * Holds the ledger against the playlists, in both directions, and makes the ledger true:
 *
 * - An entry that says delivered where a list is not stored is taken back and its order opened
 *   again, so that the next sweep delivers it. The newest order of a zone promises its own revision
 *   or a newer one (of a listener who moved, for example); an older order that there is any list.
 * - A batch that is stored as a whole and has no entry gets one, with the times of its lists.
 *
 * Entries are streamed: memory does not grow with the week.
 */
export async function reconcile(reconciling: Reconciling, week: string): Promise<ReconcileReport> {
  const { orders, dryRun = false } = reconciling;
  const ofWeek = await orders.ofWeek(week);
  const newest = newestByZone(ofWeek);
  const counts: Counts = {
    ...{ checked: 0, checkedLists: 0, repaired: 0, lost: 0, replaced: 0, found: 0, foundLists: 0 },
    ...{ missing: 0, strange: 0 },
  };
  for (const order of ofWeek) {
    const isNewest = newest.get(order.zone)?.id === order.id;
    const untrue = await takeBackUntrue(reconciling, order, isNewest, counts);
    if (isNewest) await lookForUnknown(reconciling, order, untrue, counts);
  }
  const known = new Set(ofWeek.map(({ id }) => id));
  for (const [order, stored] of (await reconciling.storedByOrder?.(week)) ?? []) {
    if (!known.has(order)) counts.strange += stored;
  }
  return { week, ...counts, dryRun };
}

/** @returns the batches */
async function takeBackUntrue(
  { orders, ledger, playlists, dryRun = false, onProgress }: Reconciling,
  order: PlacedOrder,
  isNewest: boolean,
  counts: Counts,
): Promise<readonly number[]> {
  const untrue: number[] = [];
  const least = isNewest ? order.revision : 1;
  const lookUp = async (entries: readonly LedgerEntry[]) => {
    const stored = await playlists.revisions(
      entries.flatMap(({ users }) => users.map((user) => documentId(user, order.week))),
    );
    for (const { batch, users } of entries) {
      const lost = users.filter((user) => !isThere(stored, user, order.week, least)).length;
      if (lost > 0) untrue.push(batch);
      counts.lost += lost;
      counts.checkedLists += users.length;
    }
    counts.checked += entries.length;
    onProgress?.(counts.checked);
  };
  const underWay = new Set<Promise<void>>();
  try {
    let held: LedgerEntry[] = [];
    const begin = () => {
      const entries = held;
      held = [];
      const work = lookUp(entries).finally(() => underWay.delete(work));
      // A rejection before it is waited for must not count as unhandled.
      work.catch(() => undefined);
      underWay.add(work);
    };
    for await (const entry of ledger.entries(order.id)) {
      held.push(entry);
      if (held.length < entriesAtOnce) continue;
      begin();
      if (underWay.size >= lookUpsAtOnce) await Promise.race(underWay);
    }
    if (held.length > 0) begin();
    await Promise.all(underWay);
  } finally {
    await Promise.allSettled(underWay);
  }
  if (untrue.length === 0) return untrue;
  counts.repaired += untrue.length;
  if (!isNewest) counts.replaced += untrue.length;
  if (dryRun) return untrue;
  // Opened first: one that is killed in between leaves an entry to be found again, not a hole.
  if (isNewest) await orders.reopened(order.id);
  for (let from = 0; from < untrue.length; from += 1000) {
    await ledger.forget(order.id, untrue.slice(from, from + 1000));
  }
  return untrue;
}

/** What the ledger does not have of an order: written where it is stored, else ordered anew. */
async function lookForUnknown(
  reconciling: Reconciling,
  order: PlacedOrder,
  untrue: readonly number[],
  counts: Counts,
): Promise<void> {
  const { orders, ledger, lists, dryRun = false } = reconciling;
  const known = new Set([...(await ledger.deliveredBatches(order.id)), ...untrue]);
  let unknown = order.batches - known.size;
  if (unknown <= 0) return;
  if (lists?.fingerprint === order.lists) {
    const found = await writeStored(reconciling, lists, order, known, counts);
    unknown -= found;
  }
  // Of an order that is open its batches may be on their way.
  if (unknown <= 0 || order.completedAt === undefined) return;
  counts.missing += unknown;
  if (!dryRun) await orders.reopened(order.id);
}

/**
 * The lists of an order are read only where batches are unknown, and no further than the last.
 *
 * @returns how many batches were stored
 */
async function writeStored(
  { ledger, playlists, dryRun = false }: Reconciling,
  lists: FrozenLists,
  order: PlacedOrder,
  known: ReadonlySet<number>,
  counts: Counts,
): Promise<number> {
  let left = order.batches - known.size;
  let found = 0;
  const consider = async (batch: number, all: readonly string[]) => {
    if (known.has(batch)) return;
    left--;
    const users = all.filter((user) => user !== erasedUser);
    const stored = await playlists.revisions(users.map((user) => documentId(user, order.week)));
    if (!users.every((user) => isThere(stored, user, order.week, order.revision))) return;
    found++;
    counts.foundLists += users.length;
    if (!dryRun) await ledger.delivered(entryOf(order, batch, users, all.length, stored));
  };
  let batch = 0;
  let users: string[] = [];
  for await (const { user } of lists.read(order.zone)) {
    if (users.push(user) < order.batchSize) continue;
    await consider(batch++, users);
    users = [];
    if (left === 0) break;
  }
  if (users.length > 0) await consider(batch, users);
  counts.found += found;
  return found;
}

/** The entry as the worker would have written it, from what is stored. */
function entryOf(
  order: PlacedOrder,
  batch: number,
  users: readonly string[],
  lists: number,
  stored: ReadonlyMap<string, StoredRevision>,
): LedgerEntry {
  const { id, week, zone, backfill, revision, validFrom } = order;
  const ids = users.map((user) => documentId(user, week));
  const times = ids.map((listId) => stored.get(listId)!.storedAt);
  const mayBeLate = !backfill && revision === 1;
  return {
    ...{ order: id, batch, week, zone, users, lists },
    state: 'delivered',
    late: mayBeLate ? times.filter((at) => at > Date.parse(validFrom)).length : 0,
    // Of a batch of erased listeners alone nothing is stored.
    at: times.length === 0 ? Date.parse(validFrom) : Math.max(...times),
  };
}

function isThere(
  stored: ReadonlyMap<string, StoredRevision>,
  user: string,
  week: string,
  least: number,
): boolean {
  return (stored.get(documentId(user, week))?.revision ?? 0) >= least;
}
