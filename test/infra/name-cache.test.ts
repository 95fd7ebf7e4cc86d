import { expect, test } from '@jest/globals';
import { openNameCache, type NameSource } from '../../infra/name-cache.ts';
import { idKeys } from '../../model/ids.ts';
import { TracksWriter, type StoredTracks } from '../../model/listed-tracks.ts';
import { reasonKinds } from '../../model/reasons.ts';
import { Unavailable } from '../../pipelines/delivery/ports.ts';
import type { TrackName } from '../../pipelines/lists.ts';

const idOf = (kind: 't' | 'a', n: number) => kind + n.toString(16).padStart(15, '0');
const tracks = (...numbers: readonly number[]) => numbers.map((n) => idOf('t', n));

const named = (trackId: string): TrackName => ({
  ...{ trackId, title: `title of ${trackId}`, artists: ['Low'], artistId: idOf('a', 1) },
});

/** Tracks and artists 0 .. are there to be filled in, all are found; remembers what it was asked for. */
function sourceOf(count: number) {
  const asked: string[] = [];
  const source: NameSource = {
    tracks: (ids) => {
      asked.push(...ids);
      return Promise.resolve(new Map(ids.map((id) => [id, named(id)])));
    },
    artists: (ids) => {
      asked.push(...ids);
      return Promise.resolve(new Map(ids.map((id) => [id, `name of ${id}`])));
    },
    async *anyTracks(limit) {
      for (let n = 0; n < Math.min(limit, count); n++) {
        yield await Promise.resolve(named(idOf('t', n)));
      }
    },
    async *anyArtists(limit) {
      for (let n = 0; n < Math.min(limit, count); n++) {
        const id = idOf('a', n);
        yield await Promise.resolve([id, `name of ${id}`] as const);
      }
    },
  };
  return { source, asked };
}

/** A list of tracks, each because of an artist where one is named. */
function listOf(trackIds: readonly string[], artistId?: string): StoredTracks {
  const writer = new TracksWriter();
  const reason = artistId === undefined ? 'popular' : 'moreBy';
  const code = reasonKinds.findIndex(({ name }) => name === reason);
  for (const id of trackIds) {
    writer.track(0, code, idKeys([id]), 0);
    if (artistId !== undefined) writer.key(idKeys([artistId]), 0);
  }
  return writer.finish();
}

test('names are looked up once, until they are an hour old', async () => {
  const { source, asked } = sourceOf(0);
  let now = 0;
  const cache = openNameCache(source, { clock: () => now });
  const list = listOf(tracks(1, 2), idOf('a', 1));
  for (let n = 0; n < 2; n++) {
    expect(await cache.named(list)).toEqual(
      tracks(1, 2).map((id) => ({
        ...named(id),
        reason: `more by name of ${idOf('a', 1)}`,
        source: 'factors',
      })),
    );
  }
  expect(asked).toEqual([...tracks(1, 2), idOf('a', 1)]);
  now = 3_600_000;
  await cache.named(listOf(tracks(1)));
  expect(asked).toEqual([...tracks(1, 2), idOf('a', 1), ...tracks(1)]);
});

test('what was filled in is at hand: half of the cache, as it is stored', async () => {
  const { source, asked } = sourceOf(100);
  const cache = openNameCache(source, { clock: () => 0, size: 20 });
  await cache.fill(new AbortController().signal);
  const listed = await cache.named(listOf(tracks(0, 1, 2, 3, 4, 5, 6, 7, 8, 9), idOf('a', 3)));
  expect(asked).toEqual([]);
  expect(listed.map(({ title }) => title)).toContain(`title of ${idOf('t', 7)}`);
  expect(listed[0]!.reason).toBe(`more by name of ${idOf('a', 3)}`);
  await cache.named(listOf(tracks(10)));
  expect(asked).toEqual(tracks(10));
});

test('a list is named whole, however few names are kept', async () => {
  const { source } = sourceOf(0);
  const cache = openNameCache(source, { clock: () => 0, size: 1 });
  const lists = [tracks(1, 2, 3, 4, 5), tracks(4, 5, 6, 7, 8)];
  const listed = await Promise.all(lists.map((ids) => cache.named(listOf(ids, idOf('a', 2)))));
  expect(listed.map((list) => list.map(({ title }) => title))).toEqual(
    lists.map((ids) => ids.map((id) => `title of ${id}`)),
  );
});

test('a name that is not stored is said to be missing', async () => {
  const { source } = sourceOf(0);
  const cache = openNameCache(
    { ...source, artists: () => Promise.resolve(new Map()) },
    { clock: () => 0 },
  );
  const named = cache.named(listOf(tracks(1), idOf('a', 9)));
  await expect(named).rejects.toThrow(Unavailable);
  await expect(named).rejects.toThrow(
    `expected those of all artists of the list, got none of ${idOf('a', 9)}`,
  );
});

test('filling stops where it is told to', async () => {
  const { source, asked } = sourceOf(100);
  const cache = openNameCache(source, { clock: () => 0 });
  await cache.fill(AbortSignal.abort());
  await cache.named(listOf(tracks(0)));
  expect(asked).toEqual(tracks(0));
});
