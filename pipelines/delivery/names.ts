import type { FrozenLists } from '../lists.ts';
import type { NameStore } from './ports.ts';

export interface StoringNames {
  readonly names: NameStore;
  /** Called after each chunk: names stored so far, those of earlier calls included. */
  readonly onProgress?: (names: number) => void;
  readonly signal?: AbortSignal | undefined;
  /** Names that are written together. Default 1,000. */
  readonly chunk?: number;
  /** Whether to store them though they are marked as stored: after MongoDB lost some. */
  readonly again?: boolean;
}

/**
 * Stores what the tracks and artists of a week's lists are called, which must be done before the
 * first of the lists can be read. Done once for the same lists; a call after one that was killed
 * goes on where that stopped; two at once do no harm.
 *
 * @returns names stored by this call
 */
export async function storeNames(
  lists: Pick<FrozenLists, 'fingerprint' | 'trackNames' | 'artistNames'>,
  { names, onProgress, signal, chunk = 1000, again = false }: StoringNames,
): Promise<number> {
  const { fingerprint } = lists;
  const before = again ? undefined : await names.stored(fingerprint);
  if (before?.isWhole === true) return 0;
  const done = { tracks: before?.tracks ?? 0, artists: before?.artists ?? 0 };
  const begun = done.tracks + done.artists;
  const mark = async (kind: 'tracks' | 'artists', count: number) => {
    done[kind] += count;
    await names.markStored(fingerprint, { ...done, isWhole: false });
    onProgress?.(done.tracks + done.artists);
    signal?.throwIfAborted();
  };
  for await (const some of chunksOf(lists.trackNames(), done.tracks, chunk)) {
    await names.putTracks(lastOfEach(some, ({ trackId }) => trackId));
    await mark('tracks', some.length);
  }
  for await (const some of chunksOf(lists.artistNames(), done.artists, chunk)) {
    await names.putArtists(lastOfEach(some, ({ artistId }) => artistId));
    await mark('artists', some.length);
  }
  await names.markStored(fingerprint, { ...done, isWhole: true });
  return done.tracks + done.artists - begun;
}

async function* chunksOf<Item>(
  items: AsyncIterable<Item>,
  skip: number,
  size: number,
): AsyncIterable<Item[]> {
  let held: Item[] = [];
  let seen = 0;
  for await (const item of items) {
    if (seen++ < skip) continue;
    held.push(item);
    if (held.length < size) continue;
    yield held;
    held = [];
  }
  if (held.length > 0) yield held;
}

function lastOfEach<Item>(items: readonly Item[], idOf: (item: Item) => string): Item[] {
  return [...new Map(items.map((item) => [idOf(item), item])).values()];
}
