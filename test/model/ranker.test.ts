import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { loadTensorflow } from '../../infra/tensorflow.ts';
import { decodeRanker, encodeRanker, rankerVersion } from '../../model/ranker/encode.ts';
import { MISSING, type Examples } from '../../model/ranker/examples.ts';
import { memberSeeds } from '../../model/ranker/members.ts';
import { groupedNdcg } from '../../model/ranker/ndcg.ts';
import type { Tensorflow } from '../../model/ranker/network.ts';
import { rankerOptions, type Ranker } from '../../model/ranker/ranker.ts';
import { score, Scorer } from '../../model/ranker/score.ts';
import { numInputs, standardize } from '../../model/ranker/standardize.ts';
import { trainRanker } from '../../model/ranker/train.ts';
import { plantedExamples } from '../support/planted-examples.ts';

const planted = plantedExamples({ numGroups: 300, groupRows: 50, numFeatures: 10, seed: 1 });
const unseen = plantedExamples({ numGroups: 200, groupRows: 50, numFeatures: 10, seed: 2 });

/** The same rows; played is what is highest in `f2`. */
const easy: Examples = { ...planted, labels: new Uint8Array(planted.labels.length) };
for (let first = 0; first < easy.labels.length; first += 50) {
  let best = first;
  for (let row = first; row < first + 50; row++) {
    if (easy.features[row * 10 + 2]! > easy.features[best * 10 + 2]!) best = row;
  }
  easy.labels[best] = 1;
}

let tf: Tensorflow;
let ranker: Ranker;
let tensorsBefore: number;
let tensorsAfter: number;

beforeAll(async () => {
  tf = await loadTensorflow();
  tensorsBefore = tf.memory().numTensors;
  ranker = trainRanker(tf, planted, { epochs: 20, refit: false });
  tensorsAfter = tf.memory().numTensors;
}, 300_000);

const ndcg = (scores: Float32Array, { labels, groups }: Examples): number =>
  groupedNdcg(scores, labels, groups, 30);

/** Column of a feature, as scores. */
function column({ features, numFeatures }: Examples, feature: number, sign: number): Float32Array {
  return Float32Array.from(
    { length: features.length / numFeatures },
    (_, row) => sign * features[row * numFeatures + feature]!,
  );
}

describe('training', () => {
  test('finds a planted taste that no feature shows alone', () => {
    const learned = ndcg(score(tf, ranker, unseen), unseen);
    const alone = unseen.featureNames.flatMap((_, feature) =>
      [1, -1].map((sign) => ndcg(column(unseen, feature, sign), unseen)),
    );
    const constant = ndcg(new Float32Array(unseen.labels.length), unseen);
    expect(Math.max(...alone)).toBeGreaterThan(constant);
    expect(learned).toBeGreaterThan(1.25 * Math.max(...alone));
    expect(learned).toBeGreaterThan(1.8 * constant);
  });

  test('reports how it did on the weeks that it held back', () => {
    const { metrics } = ranker;
    // 45 of 300 groups, less those of a cut-off that the slice would have split.
    expect(metrics.heldBackGroups).toBe(40);
    expect(metrics.trainingGroups).toBe(260);
    expect(metrics.lastLoss).toBeLessThan(metrics.firstLoss);
    expect(metrics.heldBackLoss).toBeLessThan(metrics.priorHeldBackLoss);
    expect(metrics['ndcg@30']).toBeGreaterThan(metrics['ndcg@30/bestFeature']);
    expect(metrics['ndcg@30/bestFeature']).toBeGreaterThan(metrics['ndcg@30/constant']);
    expect(metrics.priorHeldBackLoss).toBeCloseTo(Math.log(50), 5);
    const fitted = planted.labels.slice(0, planted.groups[260]) as Uint8Array;
    expect(ranker.trainedOn).toBe(fitted.filter((label) => label === 1).length);
  });

  test('does not read the held-back weeks before the refit', () => {
    const short = { epochs: 2, learningRate: 0.05, hidden: [4], seed: 5 };
    const other = { ...easy, features: easy.features.slice() };
    for (let at = easy.groups[260]! * 10; at < other.features.length; at++)
      other.features[at]! *= 2;
    const [a, b] = [easy, other].map((examples) =>
      trainRanker(tf, examples, { ...short, refit: false }),
    );
    expect(a!.metrics.epochs).toBe(2);
    expect(b!.weights).toEqual(a!.weights);
    expect(b!.standardization).toEqual(a!.standardization);
    expect(trainRanker(tf, other, short).weights).not.toEqual(trainRanker(tf, easy, short).weights);
  });

  test('trains on all groups once it knows for how long', () => {
    const again = trainRanker(tf, easy, { epochs: 2, learningRate: 0.05, hidden: [] });
    expect(again.trainedOn).toBe(300);
    expect(again.metrics.trainingGroups).toBe(260);
    expect(again.metrics['ndcg@30']).toBeGreaterThan(0.7);
  });

  test('gives the same bytes in two processes', async () => {
    const run = async (): Promise<string> =>
      (
        await promisify(execFile)(process.execPath, [
          '--import',
          'tsx',
          resolve(import.meta.dirname, '../support/train-ranker.ts'),
        ])
      ).stdout;
    const [first, second] = await Promise.all([run(), run()]);
    expect(first).toMatch(/^ranker-[0-9a-f]{12} [1-9]\d+\n$/);
    expect(second).toBe(first);
  }, 300_000);

  test('leaves no tensor behind', () => {
    expect(tensorsAfter).toBe(tensorsBefore);
  });
});

describe('members', () => {
  const options = { epochs: 2, hidden: [6, 4], learningRate: 0.02, l2: 0, seed: 9 };

  test('score the mean of what each would score alone', () => {
    const together = trainRanker(tf, easy, { ...options, members: 3 });
    const seeds = memberSeeds({ seed: 9, members: 3 });
    expect(new Set(seeds).size).toBe(3);
    const alone = seeds.map((seed) => trainRanker(tf, easy, { ...options, seed }));
    expect(alone.every(({ trainedOn }) => trainedOn > 0)).toBe(true);
    const scores = alone.map((one) => score(tf, one, unseen));
    const mean = scores[0]!.map((_, row) => scores.reduce((sum, of) => sum + of[row]!, 0) / 3);
    const found = score(tf, decodeRanker(encodeRanker(together)), unseen);
    for (let row = 0; row < 2_000; row++) expect(found[row]).toBeCloseTo(mean[row]!, 4);
    expect(new Set(found).size).toBeGreaterThan(1_000);
  });

  test('are one where nothing is said, as in files from before there were several', () => {
    const one = trainRanker(tf, easy, options);
    expect(trainRanker(tf, easy, { ...options, members: 1 }).weights).toEqual(one.weights);
    expect(Object.keys(one.options)).not.toContain('members');
    expect(encodeRanker(decodeRanker(encodeRanker(one)))).toEqual(encodeRanker(one));
  });

  test('that learn nothing are the prior', () => {
    const few = { ...options, minGroups: 1_000, prior: { f3: 1 } };
    const together = trainRanker(tf, easy, { ...few, members: 2 });
    expect(together.trainedOn).toBe(0);
    expect(score(tf, together, unseen)).toEqual(score(tf, trainRanker(tf, easy, few), unseen));
  });
});

describe('the prior', () => {
  const prior = { f2: 2, f0: -0.5 };
  const unlabelled = { ...planted, labels: new Uint8Array(planted.labels.length) };

  test('is what there is without labels: a linear score of the standardized features', () => {
    const fallback = trainRanker(tf, unlabelled, { prior });
    expect(fallback.trainedOn).toBe(0);
    expect(fallback.metrics.epochs).toBe(0);
    const { mean, scale } = fallback.standardization;
    const scores = score(tf, fallback, unseen);
    for (const row of [0, 17, 9_999]) {
      const z = (feature: number): number =>
        (unseen.features[row * 10 + feature]! - mean[feature]!) / scale[feature]!;
      expect(scores[row]).toBeCloseTo(2 * z(2) - 0.5 * z(0), 4);
    }
  });

  test('stays as it is where the labels are noise', () => {
    const noise = planted.labels.map((_, row) => (row % 50 === 13 ? 1 : 0));
    const fallback = trainRanker(tf, { ...planted, labels: noise }, { epochs: 10 });
    expect(fallback.trainedOn).toBe(0);
    expect(new Set(score(tf, fallback, unseen)).size).toBe(1);
  });

  test('holds with no rows at all', () => {
    const empty = {
      ...planted,
      features: new Float32Array(0),
      labels: new Uint8Array(0),
      groups: Int32Array.of(0),
      cutoffs: new Int32Array(0),
    };
    const fallback = trainRanker(tf, empty, { prior: { f3: 1 } });
    const scores = score(tf, fallback, unseen);
    expect(scores[5]).toBeCloseTo(unseen.features[53]!, 5);
  });

  test('on an unknown feature is refused', () => {
    expect(() => trainRanker(tf, planted, { prior: { tempo: 1 } })).toThrow(
      'prior: expected one of [f0, f1,',
    );
  });
});

describe('a feature left out', () => {
  test('changes nothing, neither in training nor in scoring, decoded too', () => {
    const half = plantedExamples({ numGroups: 60, groupRows: 50, numFeatures: 10, seed: 3 });
    const scrambled = half.features.map((value, at) =>
      at % 10 === 2 ? (at % 7 === 0 ? MISSING : 9 - value) : value,
    );
    const options = { without: ['f2'], prior: { f2: 2, f0: 1 }, epochs: 3 };
    const plain = trainRanker(tf, half, options);
    const other = trainRanker(tf, { ...half, features: scrambled }, options);
    const decoded = decodeRanker(encodeRanker(other));
    const expected = score(tf, plain, half);
    expect(new Set(expected).size).toBeGreaterThan(1000);
    expect(score(tf, decoded, { ...half, features: scrambled })).toEqual(expected);
    expect(score(tf, trainRanker(tf, half, { ...options, without: [] }), half)).not.toEqual(
      expected,
    );
  });

  test('that is unknown is refused', () => {
    expect(() => trainRanker(tf, planted, { without: ['tempo'] })).toThrow(
      'without: expected one of [f0, f1,',
    );
  });
});

describe('features', () => {
  test('may be constant or missing; missing is the mean and a mark', () => {
    const examples = { ...planted, features: planted.features.slice() };
    for (let row = 0; row < examples.labels.length; row++) {
      examples.features[row * 10 + 8] = 1e6;
      // Known for what was not played only: the mark alone tells.
      if (examples.labels[row] === 1 && row % 3 > 0) examples.features[row * 10 + 9] = MISSING;
    }
    const marked = trainRanker(tf, examples, { epochs: 10, hidden: [4] });
    expect(marked.standardization.indicators).toEqual([9]);
    expect(marked.standardization.scale[8]).toBe(1);
    expect(marked.standardization.mean[8]).toBe(1e6);
    const scores = score(tf, marked, examples);
    expect(scores.every(Number.isFinite)).toBe(true);
    expect(ndcg(scores, examples)).toBeGreaterThan(0.7);
  });

  test.each([NaN, Infinity, -Infinity])('of %p are refused with their name and row', (value) => {
    const features = unseen.features.slice(0, 50);
    features[23] = value;
    expect(() => score(tf, ranker, { featureNames: unseen.featureNames, features })).toThrow(
      `features: expected "f3" of row 2 to be finite, got ${value}`,
    );
  });

  test('with other names are refused', () => {
    const featureNames = unseen.featureNames.with(4, 'tempo');
    expect(() => score(tf, ranker, { ...unseen, featureNames })).toThrow(
      'ranker: expected feature 4 of 10 to be "f4", got "tempo" of 10; train it again',
    );
  });

  test.each<[string, Partial<Examples>, string]>([
    ['names', { numFeatures: 9 }, 'expected 9 feature names, got 10'],
    ['labels', { labels: new Uint8Array(3) }, 'expected 15000 labels, got 3'],
    ['groups', { groups: Int32Array.of(0, 50) }, 'expected groups to go from 0 to 15000'],
    ['order', { groups: Int32Array.of(0, 90, 50, 15_000) }, 'expected groups to ascend, got 90'],
    ['cutoffs', { cutoffs: Int32Array.of(1) }, 'expected 300 cutoffs, got 1'],
  ])('whose %s do not fit are refused', (_, change, message) => {
    expect(() => trainRanker(tf, { ...planted, ...change })).toThrow(message);
  });
});

describe('scoring', () => {
  test('does not depend on the size of the batch', () => {
    const whole = score(tf, ranker, unseen);
    expect(score(tf, ranker, unseen, { batchRows: 999 })).toEqual(whole);
  });

  test('of no rows gives no scores', () => {
    const none = { featureNames: unseen.featureNames, features: new Float32Array(0) };
    expect(score(tf, ranker, none)).toHaveLength(0);
  });

  test('leaves no tensor behind', () => {
    const before = tf.memory().numTensors;
    score(tf, ranker, unseen, { batchRows: 999 });
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('a scorer at hand', () => {
  test('scores some rows at a time as all are scored, and leaves no tensor behind', () => {
    const before = tf.memory().numTensors;
    const scorer = new Scorer(tf, ranker, unseen.featureNames);
    const { width } = scorer.layout;
    expect(width).toBe(numInputs(ranker.standardization) + 1);
    const found: number[] = [];
    for (let first = 0; first < unseen.labels.length; first += 1500) {
      const rows = Math.min(1500, unseen.labels.length - first);
      const inputs = scorer.inputs(rows).fill(1);
      standardize(ranker.standardization, unseen.features, first, rows, inputs, width);
      found.push(...scorer.score(rows));
    }
    expect(found).toEqual([...score(tf, ranker, unseen)]);
    expect(scorer.score(0)).toHaveLength(0);
    scorer.dispose();
    scorer.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test('keeps what was written as its inputs grow', () => {
    const scorer = new Scorer(tf, ranker, unseen.featureNames);
    scorer.inputs(1).set([7, 8, 9]);
    expect([...scorer.inputs(100).subarray(0, 3)]).toEqual([7, 8, 9]);
    scorer.dispose();
  });

  test('is refused where most of its features are gone', () => {
    expect(() => new Scorer(tf, ranker, ['f1'], 'ranker-1')).toThrow(
      'ranker-1: expected at least half of its 10 features, got 1 of them among [f1]',
    );
  });
});

describe('the file of a ranker', () => {
  test('holds all of it: decoded, it scores the same to the bit', () => {
    const bytes = encodeRanker(ranker);
    const decoded = decodeRanker(bytes);
    expect(decoded).toEqual(ranker);
    expect(score(tf, decoded, unseen)).toEqual(score(tf, ranker, unseen));
    expect(encodeRanker(decoded)).toEqual(bytes);
    expect(rankerVersion(bytes)).toMatch(/^ranker-[0-9a-f]{12}$/);
  });

  test('may lie anywhere in a larger buffer', () => {
    const bytes = encodeRanker(ranker);
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    expect(decodeRanker(shifted.subarray(3))).toEqual(ranker);
  });

  const cut = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, bytes.length - 100);
  const set = (at: number, value: number) => (bytes: Uint8Array) => bytes.with(at, value);
  test.each<[string, (bytes: Uint8Array) => Uint8Array, string]>([
    ['empty', () => new Uint8Array(0), 'm.mmrk: expected "MMRK" as its first bytes, got ""'],
    ['another kind', set(0, 65), 'm.mmrk: expected "MMRK" as its first bytes, got "AMRK"'],
    ['of a newer format', set(4, 2), 'm.mmrk: expected format version 1, got 2'],
    ['only a beginning', (bytes) => bytes.subarray(0, 20), 'm.mmrk: expected 44 bytes or more'],
    ['cut off', cut, '(cut off or damaged)'],
    ['damaged in a weight', (bytes) => bytes.with(-1000, bytes.at(-1000)! ^ 1), 'damaged'],
    ['damaged in its checksum', (bytes) => bytes.with(-1, bytes.at(-1)! ^ 1), 'damaged'],
  ])('is refused when it is %s', (_, damage, message) => {
    const damaged = damage(encodeRanker(ranker));
    expect(() => decodeRanker(damaged, 'm.mmrk')).toThrow(
      expect.objectContaining({
        code: 'ARTIFACT_CORRUPT',
        message: expect.stringContaining(message),
      }),
    );
  });
});

describe('NDCG', () => {
  const labels = Uint8Array.of(0, 1, 0, 1);
  const groups = Int32Array.of(0, 4);

  test('is the one computed by hand', () => {
    // Ranks of the positives: 1 and 3 of 4.
    const scores = Float32Array.of(2, 3, 0, 1);
    const ideal = 1 + 1 / Math.log2(3);
    expect(groupedNdcg(scores, labels, groups, 30)).toBeCloseTo((1 + 1 / 2) / ideal, 12);
    expect(groupedNdcg(scores, labels, groups, 1)).toBe(1);
  });

  test('takes ties at their expectation, whatever the order of the rows', () => {
    const all = 1 + 1 / Math.log2(3) + 1 / 2 + 1 / Math.log2(5);
    const expected = all / 2 / (1 + 1 / Math.log2(3));
    for (const mixed of [labels, Uint8Array.of(1, 1, 0, 0), Uint8Array.of(0, 0, 1, 1)]) {
      expect(groupedNdcg(new Float32Array(4), mixed, groups, 30)).toBeCloseTo(expected, 12);
    }
  });

  test('leaves groups without a positive out', () => {
    const scores = Float32Array.of(4, 3, 2, 1);
    expect(groupedNdcg(scores, Uint8Array.of(1, 0, 0, 0), Int32Array.of(0, 2, 4), 30)).toBe(1);
    expect(groupedNdcg(scores, new Uint8Array(4), groups, 30)).toBe(0);
  });
});

test('options say what they expect', () => {
  expect(rankerOptions.parse({})).toMatchObject({ hidden: [32, 16], seed: 1, prior: {} });
  expect(() => rankerOptions.parse({ learningRate: 0 })).toThrow('learningRate');
  expect(() => rankerOptions.parse({ layers: [1] })).toThrow('layers');
});
