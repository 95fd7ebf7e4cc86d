import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  candidateOptions,
  generateCandidates,
  poolCapacity,
} from '../../model/candidates/generate.ts';
import type { Listener } from '../../model/candidates/listener.ts';
import { CandidatePool, numSources, sourceNames } from '../../model/candidates/pool.ts';
import {
  artistsSource,
  factorsSource,
  playlistsSource,
  popularitySource,
  textSource,
} from '../../model/candidates/sources.ts';
import {
  factorRows,
  factorsOf,
  listenerWith,
  neighbourRows,
  offersOf,
  raggedOf,
  sparseRow,
  type Offer,
} from '../support/candidate-worlds.ts';

const numTracks = 8;
const numArtists = 5;
/** For the matches of tracks: whose they are. */
const leadArtists = Int32Array.from({ length: numTracks }, (_, track) => track % numArtists);
const limits = fc.integer({ min: 0, max: numTracks });
const heardTracks = fc.uniqueArray(fc.nat(numTracks - 1), { maxLength: 4 });
const float = Math.fround;

/** The best first, ties by index; what has no score above 0 is not offered. */
function ranked(scores: readonly number[]): number[] {
  return scores
    .map((_, index) => index)
    .filter((index) => scores[index]! > 0)
    .sort((a, b) => scores[b]! - scores[a]! || a - b);
}

const product = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, f) => sum + value * b[f]!, 0);

/** Sums over what was played, and who adds most to each; the first of equals. */
function neighbourSums(
  played: Readonly<Record<number, number>>,
  rows: readonly (readonly (readonly [number, number])[])[],
  size: number,
): { score: number[]; because: number[] } {
  const score = new Array<number>(size).fill(0);
  const because = new Array<number>(size).fill(-1);
  const most = new Array<number>(size).fill(0);
  for (const [row, confidence] of Object.entries(played)) {
    for (const [neighbour, similarity] of rows[Number(row)]!) {
      const part = Math.log1p(confidence) * similarity;
      score[neighbour]! += part;
      if (part > most[neighbour]!) [most[neighbour], because[neighbour]] = [part, Number(row)];
    }
  }
  return { score, because };
}

/** Each artist's tracks in turn: ten of an artist who was played, three of others. */
function tracksOf(
  artists: readonly number[],
  artistTracks: readonly (readonly (readonly [number, number])[])[],
  offer: (artist: number) => Omit<Offer, 'track'>,
  { played, heard, limit }: { played: readonly number[]; heard: readonly number[]; limit: number },
): Offer[] {
  return artists
    .flatMap((artist) =>
      artistTracks[artist]!.map(([track]) => track)
        .filter((track) => !heard.includes(track))
        .slice(0, played.includes(artist) ? 10 : 3)
        .map((track) => ({ track, ...offer(artist) })),
    )
    .slice(0, limit);
}

/** Every track belongs to one artist; each artist's tracks in some order. */
const artistTrackRows = fc
  .tuple(
    fc.array(fc.nat(numArtists - 1), { minLength: numTracks, maxLength: numTracks }),
    fc.shuffledSubarray(
      Array.from({ length: numTracks }, (_, track) => track),
      { minLength: numTracks },
    ),
  )
  .map(([artistOf, order]) =>
    Array.from({ length: numArtists }, (_, artist) =>
      order.filter((track) => artistOf[track] === artist).map((track) => [track, 0] as const),
    ),
  );

describe('factors', () => {
  test('offer what brute force finds: the greatest inner products of tracks that were played', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }).chain((f) => fc.tuple(factorRows(3, f), factorRows(8, f))),
        fc.nat(2),
        fc.uniqueArray(fc.nat(numTracks - 1)),
        heardTracks,
        limits,
        ([users, items], index, played, heard, limit) => {
          const ascending = Int32Array.from(played).sort();
          const source = factorsSource(factorsOf(users), factorsOf(items), ascending);
          const scores = items.map((item, track) =>
            played.includes(track) && !heard.includes(track) ? product(users[index]!, item) : 0,
          );
          expect(offersOf(source, listenerWith({ index }), { numTracks, limit, heard })).toEqual(
            ranked(scores)
              .slice(0, limit)
              .map((track) => ({ track, score: scores[track]!, because: -1 })),
          );
          for (const [track, item] of items.entries()) {
            const known = played.includes(track) ? Math.max(0, product(users[index]!, item)) : 0;
            expect(source.match(track)).toBe(known);
          }
        },
      ),
    );
  });

  test('offer nothing to a listener whose row is zero, or who came after they were learnt', () => {
    const source = factorsSource(factorsOf([[0, 0]]), factorsOf([[1, 1]]), Int32Array.of(0));
    for (const index of [0, 1]) {
      expect(offersOf(source, listenerWith({ index }), { numTracks: 1, limit: 5 })).toEqual([]);
    }
  });
});

describe('artists', () => {
  test('offer the tracks of the artists with the greatest inner products', () => {
    fc.assert(
      fc.property(
        factorRows(2, 3),
        factorRows(numArtists, 3),
        artistTrackRows,
        sparseRow(numArtists),
        heardTracks,
        limits,
        (users, items, artistTracks, artists, heard, limit) => {
          const source = artistsSource(
            factorsOf(users),
            factorsOf(items),
            raggedOf(artistTracks),
            leadArtists,
          );
          const scores = items.map((item, artist) =>
            artistTracks[artist]!.length === 0 ? 0 : product(users[1]!, item),
          );
          // Only so many artists are looked at as tracks are asked for.
          const best = ranked(scores).slice(0, limit);
          const found = offersOf(source, listenerWith({ index: 1, artists }), {
            numTracks,
            limit,
            heard,
          });
          expect(found).toEqual(
            tracksOf(best, artistTracks, (artist) => ({ score: scores[artist]!, because: -1 }), {
              played: Object.keys(artists).map(Number),
              heard,
              limit,
            }),
          );
          for (const [track, artist] of leadArtists.entries()) {
            expect(source.match(track)).toBe(Math.max(0, scores[artist]!));
          }
        },
      ),
    );
  });

  test('offer three tracks of an artist who is new, ten of one whom the listener plays', () => {
    const tracks = (from: number) =>
      Array.from({ length: 12 }, (_, n) => [from + n, 0] as [number, number]);
    const source = artistsSource(
      factorsOf([[1]]),
      factorsOf([[2], [1]]),
      raggedOf([tracks(0), tracks(12)]),
      Int32Array.from({ length: 24 }, (_, track) => (track < 12 ? 0 : 1)),
    );
    const found = offersOf(source, listenerWith({ artists: { 1: 1 } }), {
      numTracks: 24,
      limit: 24,
      heard: [0, 12],
    });
    expect(found.map(({ track }) => track)).toEqual([
      1, 2, 3, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,
    ]);
  });
});

describe('playlists', () => {
  test('offer what brute force finds: the sums of log(1 + confidence) x similarity', () => {
    fc.assert(
      fc.property(
        neighbourRows(numTracks, numTracks),
        fc.array(sparseRow(numTracks), { minLength: 1, maxLength: 3 }),
        heardTracks,
        limits,
        (rows, listeners, heard, limit) => {
          const source = playlistsSource(raggedOf(rows), numTracks); // one for all, as in a run
          for (const tracks of listeners) {
            const { score, because } = neighbourSums(tracks, rows, numTracks);
            const admitted = score.map((value, track) => (heard.includes(track) ? 0 : value));
            const listener = listenerWith({ tracks });
            expect(offersOf(source, listener, { numTracks, limit, heard })).toEqual(
              ranked(admitted)
                .slice(0, limit)
                .map((track) => ({
                  track,
                  score: float(score[track]!),
                  because: because[track]!,
                })),
            );
            score.forEach((value, track) => expect(source.match(track)).toBe(value));
          }
        },
      ),
    );
  });

  test('a neighbour that adds nothing takes no place from one that does', () => {
    const rows = [[[2, 0] as const, [3, 1] as const], [[2, 0] as const], [[2, 0] as const], []];
    const source = playlistsSource(raggedOf(rows), 4);
    const listener = listenerWith({ tracks: { 0: 1, 1: 1, 2: 1 } });
    const found = offersOf(source, listener, { numTracks: 4, limit: 2 });
    expect(found.map(({ track }) => track)).toEqual([3]);
  });
});

describe('text', () => {
  test('offers the tracks of the artists that are written of as those whom the listener plays', () => {
    fc.assert(
      fc.property(
        neighbourRows(numArtists, numArtists),
        artistTrackRows,
        fc.array(sparseRow(numArtists), { minLength: 1, maxLength: 3 }),
        heardTracks,
        limits,
        (rows, artistTracks, listeners, heard, limit) => {
          const source = textSource(
            raggedOf(rows),
            raggedOf(artistTracks),
            numArtists,
            leadArtists,
          );
          for (const artists of listeners) {
            const { score, because } = neighbourSums(artists, rows, numArtists);
            const offer = (artist: number) => ({
              score: float(score[artist]!),
              because: because[artist]!,
            });
            const found = offersOf(source, listenerWith({ artists }), { numTracks, limit, heard });
            expect(found).toEqual(
              tracksOf(ranked(score).slice(0, limit), artistTracks, offer, {
                played: Object.keys(artists).map(Number),
                heard,
                limit,
              }),
            );
            for (const [track, artist] of leadArtists.entries()) {
              expect(source.match(track)).toBe(score[artist]);
            }
          }
        },
      ),
    );
  });
});

describe('popularity', () => {
  /** Place 0 is the world, 1 a country, 2 a zone. */
  const places = raggedOf(
    [
      [0, 1, 2, 3, 4, 5, 6, 7],
      [7, 6, 5, 4],
      [3, 7],
    ].map((tracks) => tracks.map((track) => [track, 1] as const)),
  );
  const source = popularitySource(places, 0);
  const offered = (where: Partial<Listener>, limit: number, heard: number[] = []) =>
    offersOf(source, listenerWith(where), { numTracks, limit, heard });

  test('is that of the zone for half, of the country up to three quarters, then of the world', () => {
    const found = offered({ zonePlace: 2, countryPlace: 1 }, 4);
    expect(found.map(({ track, because }) => [track, because])).toEqual([
      [3, 2],
      [7, 2],
      [6, 1],
      [0, 0],
    ]);
  });

  test('scores by the place: 1 for the first, then 1 / (1 + log2(rank))', () => {
    const found = offered({}, 4);
    expect(found.map(({ score }) => score)).toEqual([
      1,
      0.5,
      float(1 / (1 + Math.log2(3))),
      float(1 / 3),
    ]);
  });

  test('matches by the place in the world, wherever the listener lives', () => {
    offered({ zonePlace: 2 }, 1);
    expect([0, 1, 3].map((track) => source.match(track))).toEqual([1, 0.5, 1 / 3]);
    expect(popularitySource(places, -1).match(0)).toBe(0);
  });

  test('of what the country has left over where the zone knows little, and never a heard work', () => {
    const found = offered({ zonePlace: 2, countryPlace: 1 }, 8, [3, 0]);
    expect(found.map(({ track }) => track)).toEqual([7, 6, 5, 4, 1, 2]);
  });

  test('is the world alone for a listener without a place, and nothing where nobody listened', () => {
    expect(offered({}, 3).map(({ track }) => track)).toEqual([0, 1, 2]);
    const silent = popularitySource(raggedOf([]), -1);
    expect(offersOf(silent, listenerWith({}), { numTracks, limit: 3 })).toEqual([]);
  });
});

describe('together', () => {
  const size = 400;
  const noOne = factorsOf(Array.from({ length: 1 }, () => [0, 0]));
  const tracks = factorsOf(Array.from({ length: size }, (_, t) => [1, t]));
  const all = Int32Array.from({ length: size }, (_, track) => track);
  const sources = [factorsSource(noOne, tracks, all), popularitySource(raggedOf([]), -1)];

  function generated(options: ReturnType<typeof candidateOptions.parse>, excluded: number[]) {
    const pool = new CandidatePool(all, size, poolCapacity(options));
    generateCandidates(pool, listenerWith({}), excluded, sources, all, options);
    return pool;
  }

  test('a listener of whom nothing is known gets popular tracks, as many as the ranker must see', () => {
    const options = candidateOptions.parse({});
    const pool = generated(options, [0, 2]);
    expect(pool.size).toBe(240);
    expect([...pool.track.subarray(0, 4)]).toEqual([1, 3, 4, 5]);
    const popularity = sourceNames.indexOf('popularity');
    expect(pool.offeredBy(sourceNames.indexOf('factors'))).toBe(0);
    expect(pool.offeredBy(popularity)).toBe(240);
    expect(pool.score[popularity]).toBe(0);
    expect(pool.because[popularity]).toBe(-1);
  });

  test('a catalogue that is too small gives all it has', () => {
    expect(generated(candidateOptions.parse({ atLeast: 1000 }), [7]).size).toBe(size - 1);
  });

  test('a source with a quota of 0 is off, and the pool holds what all quotas ask', () => {
    const quotas = { factors: 0, playlists: 0, text: 0, popularity: 0, artists: 0 };
    const options = candidateOptions.parse({ quotas, atLeast: 30 });
    const zero = { ...listenerWith({}), index: 0 };
    const active = factorsSource(factorsOf([[1, 1]]), tracks, all);
    const pool = new CandidatePool(all, size, poolCapacity(options));
    generateCandidates(pool, zero, [], [active], all, options);
    expect(pool.size).toBe(30);
    expect(pool.offeredBy(sourceNames.indexOf('factors'))).toBe(0);
    const asked = { ...quotas, factors: 300, artists: 200 };
    expect(poolCapacity({ quotas: asked, atLeast: 240 })).toBeGreaterThanOrEqual(500);
  });

  test('tracks that a source has offered are not offered again by the fallback', () => {
    const options = candidateOptions.parse({ atLeast: 100 });
    const active = factorsSource(factorsOf([[0, 1]]), tracks, all);
    const pool = new CandidatePool(all, size, poolCapacity(options));
    generateCandidates(pool, listenerWith({}), [], [active], all, options);
    const found = [...pool.track.subarray(0, pool.size)];
    expect(found).toHaveLength(100);
    expect(new Set(found).size).toBe(100);
    expect(found.slice(0, 80)).toEqual(Array.from({ length: 80 }, (_, n) => size - 1 - n));
    const bySource = Array.from({ length: numSources }, (_, s) => pool.offeredBy(s));
    expect(bySource.reduce((sum, count) => sum + count, 0)).toBe(100);
  });
});
