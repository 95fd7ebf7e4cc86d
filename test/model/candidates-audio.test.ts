import { expect, test } from '@jest/globals';
import {
  generateCandidates,
  candidateOptions,
  poolCapacity,
} from '../../model/candidates/generate.ts';
import { CandidatePool, numSources, sourceNames } from '../../model/candidates/pool.ts';
import { soundVectors } from '../../model/candidates/sounds.ts';
import { audioSource } from '../../model/candidates/sources.ts';
import { speakingSource } from '../../model/candidates/evidence.ts';
import { nearest } from '../../model/nearest.ts';
import { reasonFor, reasonKinds, reasonText } from '../../model/reasons.ts';
import { listenerWith, raggedOf } from '../support/candidate-worlds.ts';

const NONE = NaN;

test('sounds are standardized by measure; what is unknown is the mean, what does not vary is nothing', () => {
  const { numRows, numFactors, values } = soundVectors([
    { measures: [[1, 3, NONE]] },
    { measures: [[5, 5, 5]] },
    { measures: [[NONE, 10, 20]] },
  ]);
  expect([numRows, numFactors]).toEqual([3, 2]);
  expect([...values]).toEqual([-1, 0, 1, -1, 0, 1]);
  expect([...soundVectors([{ measures: [[1, 3]], weight: 0.5 }]).values]).toEqual([-0.5, 0.5]);
  expect(soundVectors([{ measures: [[NONE, NONE]] }])).toMatchObject({ numRows: 2, numFactors: 0 });
  expect(soundVectors([])).toMatchObject({ numRows: 0, numFactors: 0 });
});

test('a quality on two scales is compared by its place on each, and of both the first counts', () => {
  const lufs = [-8, -12, NONE, NONE, NONE];
  const decibels = [-30, NONE, -3, -5, NONE];
  const { values } = soundVectors([{ measures: [lufs, decibels] }]);
  const [mean, deviation] = [-38 / 3, Math.sqrt((17.3333 ** 2 + 9.6667 ** 2 + 7.6667 ** 2) / 3)];
  const expected = [1, -1, (-3 - mean) / deviation, (-5 - mean) / deviation, 0];
  expected.forEach((value, track) => expect(values[track]).toBeCloseTo(value, 3));
  // A scale on which all are alike leaves the word to the next.
  const alike = soundVectors([
    {
      measures: [
        [4, 4, NONE],
        [1, 3, NONE],
      ],
    },
  ]);
  expect([...alike.values]).toEqual([-1, 1, 0]);
});

/**
 * Sixty tracks of three sounds, twenty each: ten that are played, ten that nobody has played. A
 * sound is a place with some spread.
 */
const perSound = 20;
const numTracks = 3 * perSound;
const soundOf = (track: number) => Math.floor(track / perSound);
const isCold = (track: number) => track % perSound >= perSound / 2;
const places = [
  [-1, 0.2, 0.8],
  [1, 1, -1],
  [0.1, -1, 0],
];
const columns = [0, 1, 2].map((c) =>
  Array.from(
    { length: numTracks },
    (_, track) => places[soundOf(track)]![c]! + 0.2 * Math.sin(track * (c + 1)),
  ),
);

function coldNeighbours() {
  const { values: vectors } = soundVectors(columns.map((column) => ({ measures: [column] })));
  const allowed = Uint8Array.from({ length: numTracks }, (_, track) => (isCold(track) ? 1 : 0));
  return raggedOf(
    Array.from({ length: numTracks }, (_, track) => {
      if (isCold(track)) return [];
      const query = vectors.subarray(track * 3, track * 3 + 3);
      const { indices, scores } = nearest(query, vectors, { k: 15, metric: 'cosine', allowed });
      return [...indices].flatMap((index, n): [number, number][] =>
        scores[n]! > 0.3 ? [[index, scores[n]!]] : [],
      );
    }),
  );
}

test('tracks without listens reach the listener whose taste is their sound, and nobody else', () => {
  const source = audioSource(coldNeighbours(), numTracks);
  const options = candidateOptions.parse({ atLeast: 30 });
  const work = Int32Array.from({ length: numTracks }, (_, track) => track);
  for (const sound of [0, 1, 2]) {
    const pool = new CandidatePool(work, numTracks, poolCapacity(options));
    const heard = [0, 1, 2, 3].map((n) => sound * perSound + n);
    const listener = listenerWith({ tracks: Object.fromEntries(heard.map((track) => [track, 2])) });
    generateCandidates(pool, listener, heard, [source], new Int32Array(0), options);
    const found = [...pool.track.subarray(0, pool.size)];
    const expected = Array.from({ length: 10 }, (_, n) => sound * perSound + 10 + n);
    expect(found.sort((a, b) => a - b)).toEqual(expected);
    for (let c = 0; c < pool.size; c++) {
      const speaking = speakingSource(pool, c);
      expect(sourceNames[speaking]).toBe('audio');
      expect(heard).toContain(pool.because[c * numSources + speaking]);
    }
  }
});

test('a listener whose music has no known sound is offered nothing by it', () => {
  const source = audioSource(raggedOf(Array.from({ length: numTracks }, () => [])), numTracks);
  const pool = new CandidatePool(new Int32Array(numTracks), 1, 100);
  pool.begin([]);
  source.collect(listenerWith({ tracks: { 1: 3 } }), pool, 40);
  expect(pool.size).toBe(0);
  expect(source.match(12)).toBe(0);
});

test('the reason names what a track sounds like; codes from before say what they said', () => {
  const { code, references } = reasonFor({
    ...{ source: 'audio', artist: 1, artistPlayed: false, because: 7, becauseArtist: 2 },
  });
  expect(references).toEqual([7]);
  expect(reasonText({ code }, ['Teardrop by Massive Attack'])).toBe(
    'sounds like Teardrop by Massive Attack',
  );
  expect(reasonKinds.map(({ name }) => name).slice(0, 12)).toEqual([
    ...['playedTrack', 'playedArtist', 'playlisted', 'described', 'knownFor', 'writtenAbout'],
    ...['moreBy', 'fansPlay', 'popularIn', 'popular', 'alikeListeners', 'muchWritten'],
  ]);
});

test('options from before there was sound mean what they meant, and it can be turned off', () => {
  const { quotas } = candidateOptions.parse({});
  expect(quotas).toEqual({ factors: 80, playlists: 80, text: 60, popularity: 80, artists: 120 });
  const off = candidateOptions.parse({ quotas: { ...quotas, audio: 0 } });
  const pool = new CandidatePool(
    Int32Array.from({ length: numTracks }, (_, track) => track),
    numTracks,
    poolCapacity(off),
  );
  const source = audioSource(coldNeighbours(), numTracks);
  generateCandidates(
    pool,
    listenerWith({ tracks: { 1: 2 } }),
    [],
    [source],
    new Int32Array(0),
    off,
  );
  expect(pool.size).toBe(0);
});
