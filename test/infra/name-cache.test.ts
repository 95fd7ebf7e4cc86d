import { expect, test } from '@jest/globals';
import { openNameCache, type NameSource } from '../../infra/name-cache.ts';
import type { TrackName } from '../../pipelines/lists.ts';

const named = (trackId: string): TrackName => ({
  ...{ trackId, title: `title of ${trackId}`, artists: ['Low'], artistId: 'a1' },
});

/** Tracks `t0` .. and artists `a0` ..; remembers what it was asked for. */
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
      for (let n = 0; n < Math.min(limit, count); n++) yield await Promise.resolve(named(`t${n}`));
    },
    async *anyArtists(limit) {
      for (let n = 0; n < Math.min(limit, count); n++) {
        yield await Promise.resolve([`a${n}`, `name of a${n}`] as const);
      }
    },
  };
  return { source, asked };
}

test('names are looked up once, until they are an hour old', async () => {
  const { source, asked } = sourceOf(0);
  let now = 0;
  const cache = openNameCache(source, { clock: () => now });
  for (let n = 0; n < 2; n++) await cache.named({ tracks: ['t1', 't2'], artists: ['a1'] });
  expect(asked).toEqual(['t1', 't2', 'a1']);
  now = 3_600_000;
  await cache.named({ tracks: ['t1'], artists: [] });
  expect(asked).toEqual(['t1', 't2', 'a1', 't1']);
});

test('what was filled in is at hand: half of the cache, as it is stored', async () => {
  const { source, asked } = sourceOf(100);
  const cache = openNameCache(source, { clock: () => 0, size: 20 });
  await cache.fill(new AbortController().signal);
  const tracks = Array.from({ length: 10 }, (_, n) => `t${n}`);
  const names = await cache.named({ tracks, artists: ['a3'] });
  expect(asked).toEqual([]);
  expect(names.track('t7')).toEqual(named('t7'));
  expect(names.artist('a3')).toBe('name of a3');
  await cache.named({ tracks: ['t10'], artists: [] });
  expect(asked).toEqual(['t10']);
});

test('filling stops where it is told to', async () => {
  const { source, asked } = sourceOf(100);
  const cache = openNameCache(source, { clock: () => 0 });
  await cache.fill(AbortSignal.abort());
  await cache.named({ tracks: ['t0'], artists: [] });
  expect(asked).toEqual(['t0']);
});
