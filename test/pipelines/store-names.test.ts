import { expect, test } from '@jest/globals';
import { storeNames } from '../../pipelines/delivery/names.ts';
import type { NamesStored, NameStore } from '../../pipelines/delivery/ports.ts';
import type { TrackName } from '../../pipelines/lists.ts';
import { frozenListsOf } from '../support/frozen-lists.ts';

const lists = frozenListsOf('2014-W36', { 'Asia/Jakarta': 4, 'Europe/Berlin': 3 });
const numNames = 7 * 30 + 1;

/** Names in memory; the call with a number fails before it does anything. */
function namesInMemory(failing = Infinity) {
  const names = new Map<string, unknown>();
  const marks = new Map<string, NamesStored>();
  const sizes: number[] = [];
  let calls = 0;
  const put = (some: readonly { trackId?: string; artistId: string }[]) => {
    if (++calls === failing) return Promise.reject(new Error('MongoDB is away'));
    sizes.push(some.length);
    for (const name of some) names.set(name.trackId ?? name.artistId, name);
    return Promise.resolve();
  };
  const store: NameStore = {
    putTracks: put,
    putArtists: put,
    stored: (fingerprint) => Promise.resolve(marks.get(fingerprint)),
    markStored(fingerprint, stored) {
      marks.set(fingerprint, stored);
      return Promise.resolve();
    },
  };
  return { store, names, marks, sizes };
}

test('all names of the lists are stored, in chunks, with progress, and once for the same lists', async () => {
  const { store, names, marks, sizes } = namesInMemory();
  const progress: number[] = [];
  const storing = { names: store, chunk: 100, onProgress: (n: number) => progress.push(n) };
  expect(await storeNames(lists, storing)).toBe(numNames);
  expect(names.size).toBe(numNames);
  expect(sizes).toEqual([100, 100, 10, 1]);
  expect(progress).toEqual([100, 200, 210, 211]);
  expect(marks.get(lists.fingerprint)).toEqual({ tracks: 210, artists: 1, isWhole: true });
  expect(await storeNames(lists, storing)).toBe(0);
  expect(sizes).toHaveLength(4);
  expect(await storeNames(lists, { ...storing, again: true })).toBe(numNames);
});

test('a call after one that failed goes on where that stopped', async () => {
  for (const failing of [1, 2, 3, 4]) {
    const { store, names, sizes } = namesInMemory(failing);
    const storing = { names: store, chunk: 100 };
    await expect(storeNames(lists, storing)).rejects.toThrow('MongoDB is away');
    const before = Math.min(210, (failing - 1) * 100);
    expect(names.size).toBe(before);
    expect(await storeNames(lists, storing)).toBe(numNames - before);
    expect(names.size).toBe(numNames);
    expect(sizes).toEqual([100, 100, 10, 1]);
  }
});

test('a call that is aborted stops after its chunk', async () => {
  const { store, names } = namesInMemory();
  const controller = new AbortController();
  const storing = { names: store, chunk: 50, signal: controller.signal };
  const stop = () => controller.abort(new Error('closing'));
  await expect(storeNames(lists, { ...storing, onProgress: stop })).rejects.toThrow('closing');
  expect(names.size).toBe(50);
});

test('of an id that comes twice in a chunk the last name is stored, and both count', async () => {
  const { store, names, marks } = namesInMemory();
  const name = (title: string): TrackName => ({
    ...{ trackId: 't000000000000000', title, artists: ['x'], artistId: 'a000000000000000' },
  });
  const twice = {
    fingerprint: 'f',
    // eslint-disable-next-line @typescript-eslint/require-await
    async *trackNames() {
      yield name('old');
      yield name('new');
    },
    // eslint-disable-next-line @typescript-eslint/require-await
    async *artistNames() {
      yield* [];
    },
  };
  expect(await storeNames(twice, { names: store })).toBe(2);
  expect(names.get('t000000000000000')).toEqual(name('new'));
  expect(marks.get('f')).toEqual({ tracks: 2, artists: 0, isWhole: true });
});
