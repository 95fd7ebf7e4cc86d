import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  featureNames,
  numFeatures,
  TasteProfile,
  writeFeatures,
  type Popularity,
} from '../../model/candidates/features.ts';
import type { Listener } from '../../model/candidates/listener.ts';
import {
  CandidatePool,
  numSources,
  sourceNames,
  type SourceName,
} from '../../model/candidates/pool.ts';
import type { CandidateSource } from '../../model/candidates/sources.ts';
import { audioColumns, genresPerTrack, type TrackTable } from '../../model/candidates/tracks.ts';
import { FeatureWriter } from '../../model/candidates/feature-writer.ts';
import { alignFeatures } from '../../model/ranker/align.ts';
import { MISSING } from '../../model/ranker/examples.ts';
import { inputLayout } from '../../model/ranker/inputs.ts';
import { numInputs, standardize } from '../../model/ranker/standardize.ts';
import { listenerWith, sparseRow } from '../support/candidate-worlds.ts';

type Feature = (typeof featureNames)[number];

interface TrackRow {
  readonly artist?: number;
  readonly genres?: readonly number[];
  /** By column; what is left out is unknown. */
  readonly audio?: Partial<Record<(typeof audioColumns)[number], number>>;
  readonly popularity?: number;
  readonly releasedDay?: number;
}

function trackTable(rows: readonly TrackRow[], numGenres = 3): TrackTable {
  const genres = new Int32Array(rows.length * genresPerTrack).fill(-1);
  rows.forEach((row, track) => genres.set(row.genres ?? [], track * genresPerTrack));
  return {
    numTracks: rows.length,
    numArtists: 4,
    numWorks: rows.length,
    genreNames: Array.from({ length: numGenres }, (_, genre) => `genre ${genre}`),
    artist: Int32Array.from(rows, ({ artist }) => artist ?? 0),
    work: Int32Array.from(rows, (_, track) => track),
    album: new Int32Array(rows.length).fill(-1),
    genres,
    audio: Float32Array.from(
      rows.flatMap(({ audio = {} }) => audioColumns.map((column) => audio[column] ?? NaN)),
    ),
    cataloguePopularity: Float32Array.from(rows, ({ popularity }) => popularity ?? 0),
    releasedDay: Float32Array.from(rows, ({ releasedDay }) => releasedDay ?? NaN),
  };
}

const known = (tracks: TrackTable, value = 0): Popularity => ({
  trackListeners: new Float32Array(tracks.numTracks).fill(value),
  trackPlaylists: new Float32Array(tracks.numTracks).fill(value),
  placeOfArtist: new Float32Array(tracks.numTracks),
  artistListeners: new Float32Array(tracks.numArtists).fill(value),
  cutoffDay: 16_000,
});

const allAudio = (value: number) =>
  Object.fromEntries(audioColumns.map((column) => [column, value]));

/** A source that offers nothing and matches each track by its index and some more. */
const knowing = (name: SourceName, more: number): CandidateSource => ({
  name,
  match: (track) => more + track,
  collect: () => undefined,
});

/** The rows of the pool, by name. */
function rowsOf(
  pool: CandidatePool,
  listener: Listener,
  tracks: TrackTable,
  popularity: Popularity,
  sources: readonly CandidateSource[] = [],
): Record<Feature, number>[] {
  const into = new Float32Array(pool.size * numFeatures);
  const profile = new TasteProfile(tracks).of(listener);
  writeFeatures(pool, listener, profile, tracks, popularity, sources, into);
  return Array.from(
    { length: pool.size },
    (_, c) =>
      Object.fromEntries(
        featureNames.map((name, f) => [name, into[c * numFeatures + f]!]),
      ) as Record<Feature, number>,
  );
}

function poolOf(tracks: TrackTable, offers: readonly [string, number, number][]): CandidatePool {
  const pool = new CandidatePool(tracks.work, tracks.numWorks, tracks.numTracks);
  pool.begin([]);
  for (const [source, track, score] of offers) {
    pool.offer((sourceNames as readonly string[]).indexOf(source), track, score, -1);
  }
  return pool;
}

test('a row holds what a hand computes', () => {
  const tracks = trackTable([
    { artist: 1, genres: [0, 1], audio: allAudio(0.25) },
    { artist: 2, genres: [1], audio: allAudio(0.75) },
    {
      artist: 1,
      genres: [0, 2],
      audio: allAudio(0.5),
      popularity: 40,
      releasedDay: 16_000 - 7 * 365.25,
    },
    { artist: 3 },
  ]);
  const popularity: Popularity = {
    trackListeners: Float32Array.of(0, 0, 7, 0),
    trackPlaylists: Float32Array.of(0, 0, 3, 0),
    artistListeners: Float32Array.of(0, 15, 0, 0),
    placeOfArtist: Float32Array.of(1, 1, 3, 0),
    artistTrend: Float32Array.of(0, 3, 0, 0),
    artistSentiment: Float32Array.of(0, -0.25, 0, 0),
    cutoffDay: 16_000,
  };
  const listener = listenerWith({ tracks: { 0: 3, 1: 1 }, artists: { 1: 3, 2: 1 } });
  const pool = poolOf(tracks, [
    ['text', 3, 1],
    ['text', 2, 3],
    ['factors', 2, 1],
  ]);
  // They know tracks that they did not offer, too.
  const sources = [knowing('text', 3), knowing('artists', 1)];
  const row = rowsOf(pool, listener, tracks, popularity, sources)[1]!;
  const expected: Record<Feature, number> = {
    'factors score': Math.log(2),
    'playlists score': 0,
    'text score': Math.log(4),
    'popularity score': 0,
    'artists score': 0,
    'audio score': 0,
    'factors rank': 1,
    'playlists rank': 0,
    'text rank': 1 / Math.log2(3),
    'popularity rank': 0,
    'artists rank': 0,
    'audio rank': 0,
    'factors match': 0,
    'playlists match': 0,
    'text match': Math.log(6), // 3 + track 2
    'popularity match': 0,
    'artists match': Math.log(4), // 1 + track 2
    'audio match': 0,
    sources: 2,
    'track listeners': Math.log(8),
    'artist listeners': Math.log(16),
    'track playlists': Math.log(4),
    'catalogue popularity': 0.4,
    'place of artist': 0.5, // third
    'artist plays': Math.log(4),
    'artist share': 0.75,
    // The profile is (3, 4, 0) / 5, the track (1, 0, 1) / sqrt(2).
    'genre match': 0.6 / Math.SQRT2,
    // The mean is (3 x 0.25 + 0.75) / 4 = 0.375.
    'audio distance': 0.125,
    age: Math.log(8),
    'listener plays': Math.log(5),
    'listener artists': Math.log(3),
    'listener repeats': 2,
    'artist trend': Math.log(4),
    'artist sentiment': -0.25,
  };
  for (const name of featureNames)
    expect([name, row[name]]).toEqual([name, expect.closeTo(expected[name], 5)]);
});

test('what the catalogue does not know of a track is missing, not zero', () => {
  const tracks = trackTable([{ genres: [0], audio: allAudio(0.5), releasedDay: 15_000 }, {}]);
  const listener = listenerWith({ tracks: { 0: 1 }, artists: { 0: 1 } });
  const [unknown, itself] = rowsOf(
    poolOf(tracks, [
      ['text', 1, 1],
      ['text', 0, 1],
    ]),
    listener,
    tracks,
    known(tracks),
  );
  for (const name of ['genre match', 'audio distance', 'age'] as const) {
    expect([name, unknown![name]]).toEqual([name, MISSING]);
    expect(itself![name]).not.toBe(MISSING);
  }
  expect(itself!['genre match']).toBeCloseTo(1, 6);
  expect(itself!['audio distance']).toBe(0);
});

test('what is not known of the listener is missing too', () => {
  const tracks = trackTable([{}, { genres: [0], audio: allAudio(0.5), releasedDay: 15_000 }]);
  const [row] = rowsOf(
    poolOf(tracks, [['text', 1, 1]]),
    listenerWith({ tracks: { 0: 1 }, artists: { 0: 1 } }),
    tracks,
    known(tracks),
  );
  expect(row!['genre match']).toBe(MISSING);
  expect(row!['audio distance']).toBe(MISSING);
  expect(row!.age).toBeCloseTo(Math.log1p(1000 / 365.25), 5);
});

test('a track of which some audio is unknown does not hide the rest of a profile', () => {
  const tracks = trackTable([
    { audio: { energy: 0.25, valence: 0.5 } },
    { audio: { ...allAudio(0.75), valence: 1 } },
    { audio: { energy: 0.5 } },
  ]);
  const profile = new TasteProfile(tracks).of(
    listenerWith({ tracks: { 0: 1, 1: 1 }, artists: { 0: 2 } }),
  );
  expect(profile.audio[audioColumns.indexOf('energy')]).toBe(0.5);
  expect(profile.audio[audioColumns.indexOf('valence')]).toBe(0.75);
  expect(profile.audio[audioColumns.indexOf('tempo')]).toBe(0.75);
  expect(profile.audioDistance(2)).toBe(0); // energy is all that is known of it
  expect(profile.audioDistance(0)).toBe(0.25);
});

test('a track that is released after the cut-off is new, not missing', () => {
  const tracks = trackTable([{ releasedDay: 17_000 }]);
  const [row] = rowsOf(poolOf(tracks, [['text', 0, 1]]), listenerWith({}), tracks, known(tracks));
  expect(row!.age).toBe(0);
});

test('rows are written from where they are asked for, and nothing beside them', () => {
  const tracks = trackTable([{}, {}]);
  const pool = poolOf(tracks, [['text', 1, 1]]);
  const listener = listenerWith({});
  const into = new Float32Array(3 * numFeatures).fill(7);
  const profile = new TasteProfile(tracks).of(listener);
  writeFeatures(pool, listener, profile, tracks, known(tracks), [], into, 1);
  const sevens = new Array<number>(numFeatures).fill(7);
  expect([...into.subarray(0, numFeatures)]).toEqual(sevens);
  expect([...into.subarray(2 * numFeatures)]).toEqual(sevens);
  expect([...into.subarray(numFeatures, 2 * numFeatures)]).not.toContain(7);
});

test('the profile of one listener leaves nothing in that of the next', () => {
  const tracks = trackTable([{ genres: [0], audio: allAudio(0.5) }, { genres: [2] }]);
  const profile = new TasteProfile(tracks).of(
    listenerWith({ tracks: { 0: 2 }, artists: { 0: 2 } }),
  );
  profile.of(listenerWith({ tracks: { 1: 2 }, artists: { 0: 2, 1: 1 } }));
  expect([...profile.genres]).toEqual([0, 0, 1]);
  expect([...profile.audio].every(Number.isNaN)).toBe(true);
  expect(profile).toMatchObject({ plays: 2, artists: 2, tracks: 1 });
});

const unit = fc.integer({ min: 0, max: 10 }).map((n) => n / 10);
const anyTrack: fc.Arbitrary<TrackRow> = fc.record(
  {
    artist: fc.nat(3),
    genres: fc.uniqueArray(fc.nat(2), { maxLength: 3 }),
    audio: fc.dictionary(fc.constantFrom(...audioColumns), unit),
    popularity: fc.nat(100),
    releasedDay: fc.integer({ min: -20_000, max: 20_000 }),
  },
  { requiredKeys: [] },
);
const anyOffers = fc.array(
  fc.tuple(fc.constantFrom(...sourceNames), fc.nat(5), fc.nat(1_000_000)),
  { maxLength: 10 },
);

test('whatever is known or not, a feature is finite or missing', () => {
  fc.assert(
    fc.property(
      fc.array(anyTrack, { minLength: 6, maxLength: 6 }),
      fc.oneof(fc.constant({}), sparseRow(6)),
      fc.oneof(fc.constant({}), sparseRow(4)),
      anyOffers,
      fc.nat(1_000_000),
      (rows, played, artists, offers, popular) => {
        const tracks = trackTable(rows);
        const listener = listenerWith({ tracks: played, artists });
        const found = rowsOf(poolOf(tracks, offers), listener, tracks, known(tracks, popular));
        for (const features of found) {
          const odd = Object.entries(features).filter(([, value]) => !Number.isFinite(value));
          expect(odd).toEqual([]);
          for (const name of ['genre match', 'audio distance'] as const) {
            if (features[name] === MISSING) continue;
            expect(features[name]).toBeGreaterThanOrEqual(0);
            expect(features[name]).toBeLessThanOrEqual(1.000001);
          }
        }
        expect(featureNames).toHaveLength(3 * numSources + 16);
      },
    ),
  );
});

/** Of a ranker of some of today's features and of one that is gone. */
const anyRanker = fc
  .record({
    order: fc.shuffledSubarray([...featureNames], { minLength: 20 }),
    indicators: fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }),
    numbers: fc.array(fc.integer({ min: -5, max: 20 }), { minLength: 40, maxLength: 40 }),
    blind: fc.boolean(),
  })
  .map(({ order, indicators, numbers, blind }) => {
    const wanted = ['gone since', ...order];
    const asked = ['gone since', 'genre match', 'audio distance', 'age'];
    const scale = Float32Array.from(wanted, (_, n) => (Math.abs(numbers[n]!) + 1) / 7);
    if (blind) scale[2] = Infinity;
    return {
      featureNames: wanted,
      standardization: {
        mean: Float32Array.from(wanted, (_, n) => numbers[n]! / 3),
        scale,
        indicators: [...wanted.keys()].filter((n) => indicators[n]! && asked.includes(wanted[n]!)),
      },
    };
  });

test('written as inputs at once they are what rows, aligned and standardized, are, listener after listener', () => {
  const anyListener = fc.record({
    played: fc.oneof(fc.constant({}), sparseRow(6)),
    artists: fc.oneof(fc.constant({}), sparseRow(4)),
    offers: anyOffers,
    sources: fc.subarray([...sourceNames]),
  });
  fc.assert(
    fc.property(
      fc.array(anyTrack, { minLength: 6, maxLength: 6 }),
      fc.array(anyListener, { minLength: 1, maxLength: 3 }),
      anyRanker,
      (rows, listeners, ranker) => {
        const tracks = trackTable(rows);
        const popularity = known(tracks, 5);
        const layout = inputLayout(ranker, featureNames);
        const writer = new FeatureWriter(tracks, popularity, layout);
        const profile = new TasteProfile(tracks);
        expect(layout.width).toBe(numInputs(ranker.standardization) + 1);
        for (const { played, artists, offers, sources } of listeners) {
          const pool = poolOf(tracks, offers);
          const listener = listenerWith({ tracks: played, artists });
          const asked = sources.map((name, n) => knowing(name, n - 1));
          profile.of(listener);
          const features = new Float32Array(pool.size * numFeatures);
          writeFeatures(pool, listener, profile, tracks, popularity, asked, features);
          const aligned = alignFeatures(ranker, { featureNames, features });
          const expected = new Float32Array((pool.size + 2) * layout.width).fill(1);
          const inRows = expected.subarray(layout.width);
          const { standardization } = ranker;
          standardize(standardization, aligned.features, 0, pool.size, inRows, layout.width);
          const inputs = new Float32Array(expected.length).fill(1);
          writer.write(pool, listener, profile, asked, inputs, 1);
          expect(inputs).toEqual(expected);
        }
      },
    ),
  );
});
