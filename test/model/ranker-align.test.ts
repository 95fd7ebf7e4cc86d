import { createHash } from 'node:crypto';
import { beforeAll, expect, test } from '@jest/globals';
import { loadTensorflow } from '../../infra/tensorflow.ts';
import { alignFeatures } from '../../model/ranker/align.ts';
import { decodeRanker, encodeRanker, rankerVersion } from '../../model/ranker/encode.ts';
import { MISSING } from '../../model/ranker/examples.ts';
import type { Tensorflow } from '../../model/ranker/network.ts';
import { score } from '../../model/ranker/score.ts';

/**
 * The file of a linear ranker of two features as it was written in the first format, built here by
 * hand: whatever the format becomes, models that were kept must be readable, or be refused clearly.
 */
function fileOfFormat(version: number): Uint8Array {
  const header = JSON.stringify({
    featureNames: ['age', 'artist plays'],
    options: {
      ...{ hidden: [], epochs: 40, patience: 5, batchGroups: 32, negatives: 60, l2: 5, seed: 1 },
      ...{ learningRate: 0.003, dropout: 0, holdout: 0.15, minGroups: 40, refit: true },
      prior: { 'artist plays': 0.8 },
    },
    indicators: [0],
    trainedOn: 7,
    metrics: {
      ...{ trainingGroups: 5, heldBackGroups: 2, epochs: 3, firstLoss: 4, lastLoss: 3 },
      ...{ priorHeldBackLoss: 5, heldBackLoss: 4, 'ndcg@30': 0.2, 'ndcg@30/prior': 0.1 },
      ...{ 'ndcg@30/constant': 0.05, 'ndcg@30/bestFeature': 0.15, bestFeature: 'artist plays' },
    },
  });
  // mean, scale, then the linear weights of both features and of the indicator of the first.
  const values = Float32Array.of(2, 1, 4, 0.5, -1, 3, 0.25);
  const prefix = Buffer.alloc(12);
  prefix.write('MMRK', 'latin1');
  prefix.writeUInt32LE(version, 4);
  prefix.writeUInt32LE(Buffer.byteLength(header), 8);
  const weights = Buffer.alloc(4 * values.length);
  values.forEach((value, n) => weights.writeFloatLE(value, 4 * n));
  const content = Buffer.concat([prefix, Buffer.from(header), weights]);
  return Buffer.concat([content, createHash('sha256').update(content).digest()]);
}

const featureNames = ['artist plays', 'genre match', 'age'];
let tf: Tensorflow;

beforeAll(async () => {
  tf = await loadTensorflow();
});

test('a file of the first format is read, and scores as it did', () => {
  const ranker = decodeRanker(fileOfFormat(1), 'kept.mmrk');
  expect(ranker.trainedOn).toBe(7);
  const rows = Float32Array.of(2, 1, 6, 2, MISSING, 1);
  const scores = score(tf, ranker, { featureNames: ranker.featureNames, features: rows });
  // -1 * (age - 2) / 4 + 3 * (plays - 1) / 0.5, and 0.25 where the age is missing.
  expect([...scores]).toEqual([0, 5, 0.25]);
  expect(rankerVersion(fileOfFormat(1))).toMatch(/^ranker-[0-9a-f]{12}$/);
  expect(decodeRanker(encodeRanker(ranker))).toEqual(ranker);
});

test.each([0, 2, 3])('a file of format %i is refused, saying which it is', (version) => {
  expect(() => decodeRanker(fileOfFormat(version), 'kept.mmrk')).toThrow(
    expect.objectContaining({
      code: 'ARTIFACT_CORRUPT',
      message: `kept.mmrk: expected format version 1, got ${version}`,
    }),
  );
});

test('features are found by name, in whatever order and with whatever beside them', () => {
  const ranker = decodeRanker(fileOfFormat(1));
  const features = Float32Array.of(1, 0.5, 2, 2, MISSING, 6);
  const aligned = alignFeatures(ranker, { featureNames, features });
  expect(aligned.featureNames).toEqual(['age', 'artist plays']);
  expect([...aligned.features]).toEqual([2, 1, 6, 2]);
  expect([...score(tf, ranker, aligned)]).toEqual([0, 5]);
});

test('a feature that is not there any more counts as missing', () => {
  const ranker = decodeRanker(fileOfFormat(1));
  const features = Float32Array.of(1, 9, 2, 9);
  const aligned = alignFeatures(ranker, { featureNames: ['artist plays', 'tempo'], features });
  expect([...aligned.features]).toEqual([MISSING, 1, MISSING, 2].map(Math.fround));
  expect([...score(tf, ranker, aligned)]).toEqual([0.25, 6.25]);
});

test('rows that are as the ranker wants them are given back, not copied', () => {
  const ranker = decodeRanker(fileOfFormat(1));
  const rows = { featureNames: ['age', 'artist plays'], features: Float32Array.of(1, 2) };
  expect(alignFeatures(ranker, rows)).toBe(rows);
});

test('a ranker that knows fewer than half of its features is refused by name', () => {
  const ranker = { featureNames: ['a', 'b', 'c'] };
  const rows = { featureNames: ['c', 'x'], features: new Float32Array(0) };
  expect(() => alignFeatures(ranker, rows, 'ranker-0123')).toThrow(
    expect.objectContaining({
      code: 'ARTIFACT_CORRUPT',
      message: 'ranker-0123: expected at least half of its 3 features, got 1 of them among [c, x]',
    }),
  );
});
