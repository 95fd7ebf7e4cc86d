import { beforeAll, describe, expect, test } from '@jest/globals';
import { loadKernels } from '../../infra/kernels.ts';
import type { Factors, Listener, Ragged } from '../../model/candidates/listener.ts';
import { CandidatePool, numSources, sourceNames } from '../../model/candidates/pool.ts';
import {
  retrievedArtistsSource,
  retrievedTracksSource,
  type Retrieving,
} from '../../model/candidates/retrieved.ts';
import {
  artistsSource,
  factorsSource,
  type CandidateSource,
} from '../../model/candidates/sources.ts';
import { planRetrieval } from '../../model/retrieval/plan.ts';
import { plantedFactors } from '../support/planted-factors.ts';

const numListeners = 60;
const numTracks = 900;
const numArtists = 300;
const limit = 80;

let kernels: WebAssembly.Module;
beforeAll(async () => {
  kernels = await loadKernels();
});

const planted = plantedFactors({ numListeners, numItems: numTracks, numFactors: 16, numTastes: 6 });
// The last listener is unknown, every seventh track was not played.
planted.listeners.values.fill(0, (numListeners - 1) * 16);
const played = Int32Array.from({ length: numTracks }, (_, n) => n).filter((n) => n % 7 !== 0);
const artistOf = Int32Array.from({ length: numTracks }, (_, n) => n % numArtists);
const artistFactors: Factors = {
  numRows: numArtists,
  numFactors: 16,
  values: planted.items.values.slice(0, numArtists * 16),
};
/** Three tracks an artist; every fifth has none. */
const artistTracks: Ragged = (() => {
  const start = new Int32Array(numArtists + 1);
  const indices: number[] = [];
  for (let artist = 0; artist < numArtists; artist++) {
    if (artist % 5 !== 0) indices.push(artist, artist + numArtists, artist + 2 * numArtists);
    start[artist + 1] = indices.length;
  }
  return {
    start,
    indices: Int32Array.from(indices),
    values: new Float32Array(indices.length),
  };
})();
const withTracks = Int32Array.from({ length: numArtists }, (_, n) => n).filter((n) => n % 5 !== 0);

async function retrieving(items: Factors, rows: Int32Array, k: number): Promise<Retrieving> {
  const { listeners } = planted;
  const plan = await planRetrieval(listeners, items, rows, { k }, { kernels });
  return { plan, listeners, items, rows, kernels };
}

function listener(index: number, artists: readonly number[] = []): Listener {
  return {
    index,
    tracks: new Int32Array(0),
    trackConfidence: new Float32Array(0),
    artists: Int32Array.from(artists),
    artistConfidence: new Float32Array(artists.length).fill(1),
    zonePlace: -1,
    countryPlace: -1,
  };
}

const works = Int32Array.from({ length: numTracks }, (_, n) => n);

function offered(source: CandidateSource, of: Listener, excluded: readonly number[] = []) {
  const pool = new CandidatePool(works, numTracks, 400);
  pool.begin(excluded);
  source.collect(of, pool, limit);
  const column = sourceNames.indexOf(source.name);
  return {
    tracks: [...pool.track.subarray(0, pool.size)],
    ranks: Array.from({ length: pool.size }, (_, c) => pool.rank[c * numSources + column]),
    scores: Array.from({ length: pool.size }, (_, c) => pool.score[c * numSources + column]!),
    matches: Array.from({ length: numTracks }, (_, track) => source.match(track)),
  };
}

function expectAlike(got: ReturnType<typeof offered>, exact: ReturnType<typeof offered>) {
  expect(got.tracks).toEqual(exact.tracks);
  expect(got.ranks).toEqual(exact.ranks);
  for (const [n, score] of exact.scores.entries()) expect(got.scores[n]).toBeCloseTo(score, 5);
  for (const [n, match] of exact.matches.entries()) expect(got.matches[n]).toBeCloseTo(match, 5);
}

describe('retrieved by groups, where the pool is everything', () => {
  test('tracks are offered as if all had been scored for each listener', async () => {
    const { listeners, items } = planted;
    const exact = factorsSource(listeners, items, played);
    const source = retrievedTracksSource(await retrieving(items, played, 200));
    const all = Array.from({ length: numListeners }, (_, index) => listener(index));
    source.prepare!(all);
    for (const one of all) expectAlike(offered(source, one), offered(exact, one));
    expect(offered(source, all.at(-1)!).tracks).toEqual([]);
  });

  test('artists too, with their best-known tracks', async () => {
    const exact = artistsSource(planted.listeners, artistFactors, artistTracks, artistOf);
    const source = retrievedArtistsSource(
      await retrieving(artistFactors, withTracks, 120),
      artistTracks,
      artistOf,
    );
    const all = Array.from({ length: numListeners }, (_, index) => listener(index, [1, 2, 3]));
    source.prepare!(all);
    for (const one of all) expectAlike(offered(source, one), offered(exact, one));
  });

  test('who has heard all of the best is offered the next', async () => {
    const { listeners, items } = planted;
    const exact = factorsSource(listeners, items, played);
    const source = retrievedTracksSource(await retrieving(items, played, 20));
    const one = listener(3);
    source.prepare!([one]);
    const best = offered(exact, one).tracks;
    const got = offered(source, one, best);
    expect(got.tracks).toHaveLength(limit);
    expect(got.tracks).toEqual(offered(exact, one, best).tracks);
  });

  test('a listener who was not prepared for, or has no row, is served all the same', async () => {
    const source = retrievedTracksSource(await retrieving(planted.items, played, 200));
    const exact = factorsSource(planted.listeners, planted.items, played);
    source.prepare!([listener(1), listener(2)]);
    expectAlike(offered(source, listener(9)), offered(exact, listener(9)));
    const nobody = offered(source, listener(numListeners + 5));
    expect(nobody.tracks).toEqual([]);
    expect(nobody.matches.every((match) => match === 0)).toBe(true);
  });
});
