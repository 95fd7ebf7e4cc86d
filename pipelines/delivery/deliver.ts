import { setMaxListeners } from 'node:events';
import { coverKey } from './cover.ts';
import { livingLists } from './erased.ts';
import {
  Unavailable,
  type CoversAhead,
  type Ledger,
  type Pictures,
  type PlaylistStore,
  type StoredRevision,
} from './ports.ts';
import type { BatchMessage, PlaylistDocument } from '../lists.ts';
import type { Clock } from '../ports.ts';

export interface Delivering {
  readonly playlists: PlaylistStore;
  readonly ledger: Ledger;
  readonly pictures: Pictures;
  /** Default: covers are made on first request only. */
  readonly covers?: CoversAhead;
  readonly clock: Clock;
  /** How long a batch waits for its pictures at most. Default 2,000 ms. */
  readonly picturesMs?: number;
}

/**
 * Delivers one batch: covers, playlists, ledger. The caller acknowledges the message when this
 * resolves, never before.
 *
 * Idempotent by (order, batch). A list that is stored with a newer revision stays. The entry in
 * the ledger is written after MongoDB has acknowledged each list as added, or it was read back, so
 * that it cannot say more than is true.
 *
 * @returns `already` where the ledger had the batch and nothing was written
 * @throws Unavailable where a list is not there after it was written
 */
export async function deliverBatch(
  message: BatchMessage,
  { playlists, ledger, pictures, covers, clock, picturesMs = 2000 }: Delivering,
): Promise<'delivered' | 'already'> {
  const { order, batch } = message;
  const entry = await ledger.find(order.id, batch);
  if (entry?.state === 'delivered') return 'already';

  const lists = livingLists(message);
  const ids = lists.map(({ user }) => documentId(user, order.week));
  const now = clock();
  const mayBeLate = !order.backfill && now > Date.parse(order.validFrom);
  const before = mayBeLate ? await playlists.revisions(ids) : noRevisions;

  const signal = AbortSignal.timeout(picturesMs);
  setMaxListeners(0, signal); // every list of the batch listens, more than once
  const hashes = await Promise.all(lists.map(({ user }) => pictures.newest(user, signal)));
  const documents = lists.map((list, i) => document(message, list, hashes[i], new Date(now)));
  const unproven = await playlists.upsert(documents);

  const stored = unproven.length > 0 ? await playlists.revisions(unproven) : noRevisions;
  const absent = unproven.filter((id) => !holds(stored.get(id), message));
  if (absent.length > 0) {
    throw new Unavailable(
      `batch ${batch} of ${order.id}: ${absent.length} of ${ids.length} lists are not there after the write, first ${absent[0]}`,
    );
  }
  await ledger.delivered({
    order: order.id,
    batch,
    week: order.week,
    zone: order.zone,
    state: 'delivered',
    users: lists.map(({ user }) => user),
    // Those of erased listeners count, so that the sum is that of the order.
    lists: message.lists.length,
    late: mayBeLate ? ids.filter((id) => isLate(before.get(id), message)).length : 0,
    at: now,
  });
  // Who looks at lists of a week that is over is rare enough to wait for a cover.
  if (!order.backfill) {
    await covers?.ask(lists.map(({ user }, i) => coverKey(user, order.week, hashes[i])));
  }
  return 'delivered';
}

const noRevisions: ReadonlyMap<string, StoredRevision> = new Map();

/** `user:week` */
export function documentId(user: string, week: string): string {
  return `${user}:${week}`;
}

function document(
  { order, model }: BatchMessage,
  { user, tracks, words }: BatchMessage['lists'][number],
  picture: string | undefined,
  storedAt: Date,
): PlaylistDocument {
  return {
    _id: documentId(user, order.week),
    v: 2,
    user,
    week: order.week,
    zone: order.zone,
    validFrom: new Date(order.validFrom),
    tracks,
    ...(words === undefined || words.length === 0 ? {} : { words }),
    model,
    revision: order.revision,
    order: order.id,
    ...(picture === undefined ? {} : { picture }),
    storedAt,
  };
}

function holds(stored: StoredRevision | undefined, { order }: BatchMessage): boolean {
  if (stored === undefined) return false;
  return stored.order === order.id || stored.revision > order.revision;
}

/**
 * A list is late when its listener had none of that week before Monday 00:00. What is found before
 * the write is of an earlier order (then this is not their first) or of a first try at this one.
 */
function isLate(before: StoredRevision | undefined, { order }: BatchMessage): boolean {
  if (before === undefined) return true;
  return (
    before.order === order.id &&
    order.revision === 1 &&
    before.storedAt > Date.parse(order.validFrom)
  );
}
