import { expect, test } from '@jest/globals';
import { loadTensorflow } from '../../infra/tensorflow.ts';
import { fromTriples, rowOf } from '../../model/interactions.ts';
import { autoencoder } from '../../model/recommend/autoencoder.ts';
import { blend } from '../../model/recommend/blend.ts';
import { describeRecommender, plantedTastes } from '../support/recommender-contract.ts';

const means = { seed: 1, loadTensorflow };
const small = { hidden: 8, epochs: 20, batchListeners: 16 };

describeRecommender(autoencoder, small, means);

async function scoresOf(train = plantedTastes(90, 60, 12, 3), options: object = {}) {
  const fitted = await autoencoder.fit(
    train,
    autoencoder.options.parse({ ...small, ...options }),
    means,
  );
  const recommender = await autoencoder.open(fitted, means);
  const scores = new Float32Array(train.numRows * train.numCols);
  await recommender.score(train, scores);
  return { train, fitted, scores };
}

test('tastes that are planted are found: unheard items of the own third score higher', async () => {
  const { train, scores } = await scoresOf();
  const third = train.numCols / 3;
  let right = 0;
  for (let listener = 0; listener < train.numRows; listener++) {
    const heard = new Set(rowOf(train, listener).indices);
    const mean = (group: number): number => {
      let [sum, count] = [0, 0];
      for (let item = group * third; item < (group + 1) * third; item++) {
        if (heard.has(item)) continue;
        sum += scores[listener * train.numCols + item]!;
        count++;
      }
      return sum / count;
    };
    const [own, next] = [mean(listener % 3), mean((listener + 1) % 3)];
    if (own > next) right++;
  }
  expect(right / train.numRows).toBeGreaterThan(0.95);
});

test('the likeliest item outside the history scores 1, and none more', async () => {
  const { train, scores } = await scoresOf();
  for (let listener = 0; listener < train.numRows; listener++) {
    const heard = new Set(rowOf(train, listener).indices);
    const own = scores.subarray(listener * train.numCols, (listener + 1) * train.numCols);
    expect(Math.max(...own)).toBe(1);
    expect(Math.max(...own.filter((_, item) => !heard.has(item)))).toBe(1);
  }
});

test('items of too few listeners are left out and score 0; where all are, none is', async () => {
  const rows = [0, 0, 1, 1, 2, 2, 2];
  const items = [0, 1, 0, 1, 0, 1, 2];
  const train = fromTriples(rows, items, undefined, 3, 4);
  const { scores, fitted } = await scoresOf(train, { minListeners: 2 });
  expect([...(fitted.arrays['items'] as Int32Array)]).toEqual([0, 1]);
  expect(scores.filter((_, n) => n % 4 >= 2)).toEqual(new Float32Array(6));
  const all = await scoresOf(train, { minListeners: 9 });
  expect(all.fitted.arrays['items']).toHaveLength(4);
});

test('learns with TensorFlow.js only, and leaves no tensor behind', async () => {
  const train = plantedTastes(20, 30, 5, 1);
  const options = autoencoder.options.parse(small);
  await expect(async () => autoencoder.fit(train, options, { seed: 1 })).rejects.toThrow(
    'autoencoder: expected TensorFlow.js to learn with, got none',
  );
  const tf = await loadTensorflow();
  const before = tf.memory().numTensors;
  await autoencoder.fit(train, options, means);
  expect(tf.memory().numTensors).toBe(before);
});

test('in the blend it counts by its weight, the mean of several', async () => {
  const train = plantedTastes(60, 45, 8, 2);
  const blended = async (more: object) => {
    const options = blend.options.parse({ factors: 8, models: 1, alsWeight: 0, ...more });
    const fitted = await blend.fit(train, options, means);
    const recommender = await blend.open(fitted, means);
    const scores = new Float32Array(train.numRows * train.numCols);
    await recommender.score(train, scores);
    return { scores, names: Object.keys(fitted.arrays) };
  };
  const without = await blended({});
  const one = await blended({ autoencoderWeight: 0.5, autoencoders: 1 });
  const two = await blended({ autoencoderWeight: 0.5, autoencoders: 2 });
  expect(without.names.some((name) => name.startsWith('autoencoder'))).toBe(false);
  expect(two.names).toContain('autoencoder-1/decoder');
  // What the weight adds is standardized: of each listener mean 0, deviation 0.5.
  const added = one.scores.map((score, n) => score - without.scores[n]!);
  for (let listener = 0; listener < train.numRows; listener++) {
    const own = [...added.subarray(listener * 45, (listener + 1) * 45)];
    const mean = own.reduce((sum, value) => sum + value, 0) / 45;
    const deviation = Math.sqrt(own.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 45);
    expect(mean).toBeCloseTo(0, 4);
    expect(deviation).toBeCloseTo(0.5, 4);
  }
  expect(two.scores).not.toEqual(one.scores);
}, 300_000);
