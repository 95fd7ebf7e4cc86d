import { expect, test } from '@jest/globals';
import { articleFeatures, featureNames } from '../../model/candidates/features.ts';
import { textSource } from '../../model/candidates/sources.ts';
import { MISSING, type Examples } from '../../model/ranker/examples.ts';
import { rankerOptions } from '../../model/ranker/ranker.ts';
import { rankerTraining, withoutSilent } from '../../pipelines/ranker.ts';
import { listenerWith, offersOf, raggedOf } from '../support/candidate-worlds.ts';

/** Five artists with two tracks each, 2a and 2a + 1; the last has none. */
const artistTracks = raggedOf([
  ...Array.from({ length: 5 }, (_, a): [number, number][] => [
    [2 * a, 0],
    [2 * a + 1, 0],
  ]),
  [],
]);
const artistOf = Int32Array.from({ length: 10 }, (_, track) => track >> 1);
/** Who plays artist 0 is told of artist 1. */
const neighbours = raggedOf([[[1, 0.5]], [], [], [], [], []]);
const listener = listenerWith({ artists: { 0: 1 } });
const ask = { numTracks: 10, limit: 12 };

const offersWith = (trends?: readonly number[]) =>
  offersOf(
    textSource(neighbours, artistTracks, 6, artistOf, trends && Float32Array.from(trends)),
    listener,
    ask,
  );

test('without trends the source offers what it offered before there were any', () => {
  expect(offersWith().map(({ track, because }) => [track, because])).toEqual([
    [2, 0],
    [3, 0],
  ]);
  expect(offersWith([0, 0, 0, 0, 0, 0])).toEqual(offersWith());
});

test('the artist most in trend comes behind the neighbours, and is evidence itself', () => {
  // A sixth of twelve offers; the artist without tracks is in trend in vain.
  const offers = offersWith([0, 0, 2, 5, 0, 9]);
  expect(offers.map(({ track, because }) => [track, because])).toEqual([
    [2, 0],
    [3, 0],
    [6, 3],
    [7, 3],
  ]);
  expect(offers.at(-1)!.score).toBe(0);
});

test('among artists in trend likeness to what is played decides', () => {
  const offers = offersOf(
    textSource(
      raggedOf([[[4, 6]], [], [], [], [], []]),
      artistTracks,
      6,
      artistOf,
      Float32Array.of(0, 0, 0, 3, 2.5, 0),
    ),
    listener,
    { ...ask, limit: 6 },
  );
  // Artist 4 is offered as a neighbour already; the one place that is left is artist 3's.
  expect(offers.map(({ track, because }) => [track, because])).toEqual([
    [8, 0],
    [9, 0],
    [6, 3],
  ]);
});

/** Two rows; the features of articles are what is given. */
function examplesWith(trend: number, sentiment: number): Examples {
  const row = featureNames.map((name, n) =>
    name === 'artist trend'
      ? trend
      : name === 'artist sentiment'
        ? sentiment
        : n % 7 === 3
          ? MISSING
          : n,
  );
  return {
    featureNames,
    numFeatures: featureNames.length,
    features: Float32Array.from([...row, ...row.map((value, n) => (n < 29 ? value : 0))]),
    labels: Uint8Array.of(1, 0),
    groups: Int32Array.of(0, 2),
  };
}

const how = rankerOptions.parse(rankerTraining);

test('a ranker without articles is trained as if there were no such features', () => {
  const less = withoutSilent(examplesWith(0, 0), how);
  const kept = featureNames.filter((name) => !articleFeatures.includes(name));
  expect(less.examples.featureNames).toEqual(kept);
  expect(kept).toEqual(featureNames.slice(0, -2));
  expect(less.examples.features).toHaveLength(2 * kept.length);
  expect(Array.from(less.examples.features.subarray(kept.length))).toEqual(
    Array.from(examplesWith(0, 0).features.subarray(featureNames.length, -2)),
  );
  expect(Object.keys(less.how.prior)).not.toContain('artist trend');
  expect(JSON.stringify(less.how)).toBe(
    JSON.stringify({
      ...how,
      prior: Object.fromEntries(
        Object.entries(how.prior).filter(([name]) => name !== 'artist trend'),
      ),
    }),
  );
});

test('what says something in one example is seen', () => {
  expect(withoutSilent(examplesWith(1, 0), how).examples.featureNames).toEqual(
    featureNames.filter((name) => name !== 'artist sentiment'),
  );
  const all = examplesWith(1, -0.5);
  expect(withoutSilent(all, how)).toEqual({ examples: all, how });
});
