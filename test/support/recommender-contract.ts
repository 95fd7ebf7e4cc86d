import { describe, expect, test } from '@jest/globals';
import { fromTriples, type Interactions } from '../../model/interactions.ts';
import { createRandom } from '../../model/random.ts';
import type {
  Algorithm,
  FittedModel,
  Means,
  ModelArray,
} from '../../model/recommend/recommender.ts';

/** Listeners with tastes: each of three groups has mostly items of its own third. */
export function plantedTastes(
  numListeners: number,
  numItems: number,
  perListener: number,
  seed: number,
): Interactions {
  const { uniform, int } = createRandom(seed, 'planted tastes');
  const rows: number[] = [];
  const cols: number[] = [];
  const third = Math.floor(numItems / 3);
  for (let listener = 0; listener < numListeners; listener++) {
    for (let n = 0; n < perListener; n++) {
      const group = uniform() < 0.9 ? listener % 3 : int(3);
      rows.push(listener);
      cols.push(group * third + int(third));
    }
  }
  const summed = fromTriples(rows, cols, undefined, numListeners, numItems);
  return { ...summed, values: summed.values.map(() => 1) };
}

/** What every algorithm promises; `recommender.ts` says why. */
export function describeRecommender(
  algorithm: Algorithm,
  options: Readonly<Record<string, unknown>> = {},
  means: Means = { seed: 1 },
): void {
  const train = plantedTastes(60, 45, 8, 1);
  const numItems = train.numCols;
  const parsed = algorithm.options.parse(options);
  const fit = async () => algorithm.fit(train, parsed, means);
  const scoresOf = async (fitted: FittedModel, histories: Interactions) => {
    const recommender = await algorithm.open(fitted, means);
    try {
      const scores = new Float32Array(histories.numRows * numItems).fill(NaN);
      await recommender.score(histories, scores);
      return scores;
    } finally {
      recommender.dispose?.();
      recommender.dispose?.();
    }
  };
  const histories = (rows: number[][]): Interactions =>
    fromTriples(
      rows.flatMap((items, row) => items.map(() => row)),
      rows.flat(),
      undefined,
      rows.length,
      numItems,
    );

  describe(`${algorithm.name} keeps the contract of recommenders`, () => {
    test('the same data, options and seed give the same bytes', async () => {
      const [first, second] = [await fit(), await fit()];
      expect(bytesOf(second)).toEqual(bytesOf(first));
      expect(await scoresOf(second, train)).toEqual(await scoresOf(first, train));
    });

    test('all scores are finite numbers, for listeners of whom nothing is known too', async () => {
      const scores = await scoresOf(await fit(), histories([[], [0, 1, 2], [numItems - 1]]));
      expect(scores.every((score) => Number.isFinite(score))).toBe(true);
    });

    test('scores do not depend on who else is in the batch', async () => {
      const fitted = await fit();
      const together = await scoresOf(fitted, histories([[3, 7, 20], [], [1]]));
      const alone = await scoresOf(fitted, histories([[3, 7, 20]]));
      expect(together.subarray(0, numItems)).toEqual(alone);
      expect(await scoresOf(fitted, histories([]))).toHaveLength(0);
    });

    test('a fitted model is a plain value: it survives JSON and shared memory', async () => {
      const fitted = await fit();
      const { arrays, ...rest } = fitted;
      const shared: Record<string, ModelArray> = {};
      for (const [name, array] of Object.entries(arrays)) shared[name] = overSharedMemory(array);
      const moved = { ...(JSON.parse(JSON.stringify(rest)) as typeof rest), arrays: shared };
      expect(moved.options).toEqual(fitted.options);
      expect(await scoresOf(moved, train)).toEqual(await scoresOf(fitted, train));
    });

    test('histories of another catalogue, or scores of another size, are refused', async () => {
      const recommender = await algorithm.open(await fit(), means);
      const score = async (items: Interactions, scores: Float32Array) =>
        recommender.score(items, scores);
      const other = fromTriples([0], [0], undefined, 1, numItems + 1);
      await expect(score(other, new Float32Array(numItems + 1))).rejects.toThrow(
        `${algorithm.name}: expected histories of ${numItems} items, got ${numItems + 1}`,
      );
      await expect(score(histories([[0]]), new Float32Array(numItems - 1))).rejects.toThrow(
        `${algorithm.name}: expected scores of 1 x ${numItems}, got ${numItems - 1}`,
      );
      recommender.dispose?.();
    });

    test('nothing to learn from is refused', async () => {
      const empty = fromTriples([], [], undefined, 3, numItems);
      await expect((async () => algorithm.fit(empty, parsed, means))()).rejects.toThrow(
        `${algorithm.name}: expected interactions to learn from, got an empty matrix of 3 listeners`,
      );
    });

    test('a catalogue of one item is scored', async () => {
      const one = fromTriples([0, 1], [0, 0], undefined, 2, 1);
      const recommender = await algorithm.open(await algorithm.fit(one, parsed, means), means);
      const scores = new Float32Array(2).fill(NaN);
      await recommender.score(one, scores);
      expect(scores.every((score) => Number.isFinite(score))).toBe(true);
      recommender.dispose?.();
    });
  });
}

function bytesOf({ name, numItems, options, arrays }: FittedModel) {
  const buffers = Object.entries(arrays).map(([key, array]) => [
    key,
    Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('hex'),
  ]);
  return { name, numItems, options, buffers };
}

function overSharedMemory(array: ModelArray): ModelArray {
  const buffer = new SharedArrayBuffer(array.byteLength);
  new Uint8Array(buffer).set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  const Kind = array.constructor as new (buffer: SharedArrayBuffer) => ModelArray;
  return new Kind(buffer);
}
