import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { loadKernels } from '../../infra/kernels.ts';
import { openThreads } from '../../infra/threads.ts';
import { fromTriples, rowOf, type Interactions } from '../../model/interactions.ts';
import { BlockedMatrix, type InverseMeans } from '../../model/inverse-fast.ts';
import { PackedMatrix, type SymmetricMatrix } from '../../model/inverse.ts';
import { Mistake } from '../../model/mistake.ts';
import { createRandom } from '../../model/random.ts';
import { ease } from '../../model/recommend/ease.ts';
import type { Means } from '../../model/recommend/recommender.ts';
import { describeRecommender, plantedTastes } from '../support/recommender-contract.ts';

let kernels: WebAssembly.Module;
beforeAll(async () => {
  kernels = await loadKernels();
});

/** The means are read when the tests run. */
const onKernels: Means = {
  seed: 1,
  get kernels() {
    return kernels;
  },
};
const means = { readable: { seed: 1 }, kernels: onKernels };
const ways = ['readable', 'kernels'] as const;

describeRecommender(ease, { regularization: 5 });
describeRecommender({ ...ease }, { regularization: 5 }, onKernels);

/** What each item of the history says of each other: [numItems x numItems]. */
async function weightsOf(
  train: Interactions,
  regularization: number,
  way: (typeof ways)[number] = 'readable',
): Promise<number[][]> {
  const items = Array.from({ length: train.numCols }, (_, item) => item);
  const single = fromTriples(items, items, undefined, train.numCols, train.numCols);
  return scoresOf(train, regularization, single, way);
}

async function scoresOf(
  train: Interactions,
  regularization: number,
  histories = train,
  way: (typeof ways)[number] = 'readable',
): Promise<number[][]> {
  const fitted = await ease.fit(train, ease.options.parse({ regularization }), means[way]);
  const recommender = await ease.open(fitted, means[way]);
  const scores = new Float32Array(histories.numRows * train.numCols);
  await recommender.score(histories, scores);
  return Array.from({ length: histories.numRows }, (_, row) =>
    Array.from(scores.subarray(row * train.numCols, (row + 1) * train.numCols)),
  );
}

/** By Gaussian elimination with pivoting. */
function solved(matrix: number[][], right: number[]): number[] {
  const rows = matrix.map((row, i) => [...row, right[i]!]);
  const size = rows.length;
  for (let k = 0; k < size; k++) {
    const best = rows.reduce(
      (found, row, i) => (i > k && Math.abs(row[k]!) > Math.abs(rows[found]![k]!) ? i : found),
      k,
    );
    [rows[k], rows[best]] = [rows[best]!, rows[k]!];
    for (const [i, row] of rows.entries()) {
      if (i === k) continue;
      const factor = row[k]! / rows[k]![k]!;
      for (let j = k; j <= size; j++) row[j]! -= factor * rows[k]![j]!;
    }
  }
  return rows.map((row, i) => row[size]! / row[i]!);
}

describe.each(ways)('EASE in closed form, %s', (way) => {
  test('of two items, by hand', async () => {
    // X'X + I = [4 2; 2 3], its inverse [3 -2; -2 4] / 8.
    const train = fromTriples([0, 0, 1, 1, 2], [0, 1, 0, 1, 0], undefined, 3, 2);
    const [first, second] = await weightsOf(train, 1, way);
    expect(first).toEqual([0, 0.5]);
    expect(second![0]).toBeCloseTo(2 / 3, 7);
    expect(second![1]).toBe(0);
  });

  test('of three items, by hand', async () => {
    // X'X + I = [3 2 1; 2 4 2; 1 2 3], its inverse [8 -4 0; -4 8 -4; 0 -4 8] / 16.
    const train = fromTriples([0, 0, 1, 1, 2, 2, 2], [0, 1, 1, 2, 0, 1, 2], undefined, 3, 3);
    const weights = await weightsOf(train, 1, way);
    expect(weights.flat().map((weight) => Number(weight.toFixed(6)) + 0)).toEqual(
      [
        [0, 0.5, 0],
        [0.5, 0, 0.5],
        [0, 0.5, 0],
      ].flat(),
    );
  });

  test('each column is the ridge regression of an item on all others, values counting', async () => {
    const numItems = 9;
    await fc.assert(
      fc.asyncProperty(
        fc.nat(1000),
        fc.double({ min: 0.1, max: 100, noNaN: true }),
        async (seed, regularization) => {
          const { uniform } = createRandom(seed, 'values');
          const planted = plantedTastes(14, numItems, 4, seed);
          const train = { ...planted, values: planted.values.map(() => 0.5 + uniform()) };
          const dense = Array.from({ length: train.numRows }, (_, row) => {
            const values = new Array<number>(numItems).fill(0);
            const own = rowOf(train, row);
            own.indices.forEach((item, at) => (values[item] = own.values[at]!));
            return values;
          });
          const shared = (i: number, j: number) =>
            dense.reduce((sum, row) => sum + row[i]! * row[j]!, 0);
          const weights = await weightsOf(train, regularization, way);
          for (let item = 0; item < numItems; item++) {
            const others = [...Array(numItems).keys()].filter((other) => other !== item);
            const expected = solved(
              others.map((i) => others.map((j) => shared(i, j) + (i === j ? regularization : 0))),
              others.map((i) => shared(i, item)),
            );
            expect(weights[item]![item]).toBe(0);
            for (const [at, other] of others.entries()) {
              expect(weights[other]![item]).toBeCloseTo(expected[at]!, 5);
            }
          }
        },
      ),
      { numRuns: 20 },
    );
  });

  test('a history scores the sum of its items, of a listener who was not trained on too', async () => {
    const train = plantedTastes(60, 45, 8, 4);
    const weights = await weightsOf(train, 20, way);
    const [scores] = await scoresOf(
      train,
      20,
      fromTriples([0, 0, 0], [1, 17, 40], [1, 2, 1], 1, 45),
      way,
    );
    for (let j = 0; j < 45; j++) {
      expect(scores![j]).toBeCloseTo(weights[1]![j]! + 2 * weights[17]![j]! + weights[40]![j]!, 5);
    }
  });

  test('finds the planted partner of each item, more popular ones notwithstanding', async () => {
    // Who has one of 2m, 2m + 1 has the other; items 0 and 1 everybody has.
    const { int } = createRandom(7, 'partners');
    const rows: number[] = [];
    const cols: number[] = [];
    for (let listener = 0; listener < 200; listener++) {
      const pairs = new Set([0, 1 + int(19), 1 + int(19), 1 + int(19)]);
      for (const pair of pairs) {
        rows.push(listener, listener);
        cols.push(2 * pair, 2 * pair + 1);
      }
    }
    const weights = await weightsOf(fromTriples(rows, cols, undefined, 200, 40), 1, way);
    for (const [item, own] of weights.entries()) {
      expect(own.indexOf(Math.max(...own))).toBe(item ^ 1);
    }
  });

  test('a listener who has everything, and one with what nobody had, get finite scores', async () => {
    const train = fromTriples([0, 0, 1, 1], [0, 2, 2, 4], undefined, 2, 6);
    const histories = fromTriples([0, 0, 0, 0, 0, 0, 1], [0, 1, 2, 3, 4, 5, 3], undefined, 2, 6);
    const [everything, unknown] = await scoresOf(train, 1, histories, way);
    expect(everything!.every(Number.isFinite)).toBe(true);
    expect([1, 3, 5].map((item) => everything![item])).toEqual([0, 0, 0]);
    expect(unknown).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test('counts that hide the regularization are refused, not inverted', async () => {
    const train = fromTriples([0, 0, 1, 1], [0, 1, 0, 1], [1e9, 1e9, 1e9, 1e9], 2, 2);
    await expect(weightsOf(train, 1e-3, way)).rejects.toThrow(
      'ease: expected a regularization that double precision can tell beside what the items share, got 0.001',
    );
  });
});

describe('bad input', () => {
  test('more items than its matrices fit for are refused in one line, before any work', async () => {
    const items = Array.from({ length: 20_001 }, (_, item) => item);
    const train = fromTriples(new Int32Array(items.length), items, undefined, 1, 50_000);
    const fit = async () => ease.fit(train, ease.options.parse({}), onKernels);
    await expect(fit()).rejects.toThrow(Mistake);
    await expect(fit()).rejects.toThrow(
      '--model ease: expected at most 20,000 items with a listener, got 20,001, ' +
        'whose matrices would take 3.2 GB; als and graph-filter take any number',
    );
  });

  test('only items that somebody has count: a sparse catalogue of any size is learned', async () => {
    const train = fromTriples([0, 0, 1, 1, 2], [7, 99_998, 7, 99_998, 7], undefined, 3, 100_000);
    const [scores] = await scoresOf(train, 1, fromTriples([0], [7], undefined, 1, 100_000));
    expect(scores![99_998]).toBe(0.5);
    expect(scores!.filter((score) => score !== 0)).toHaveLength(1);
  });

  test.each([0, -1, NaN, Infinity])('a value of %d is refused', async (value) => {
    const train = { ...plantedTastes(5, 9, 3, 1) };
    const values = train.values.map((one, at) => (at === 2 ? value : one));
    await expect(weightsOf({ ...train, values }, 1)).rejects.toThrow(
      `ease: expected finite values above 0, got ${value}`,
    );
  });

  test.each([0, -1, NaN, Infinity, '5'])(
    'a regularization of %s is no option',
    (regularization) => {
      expect(ease.options.safeParse({ regularization }).success).toBe(false);
    },
  );

  test('a run that was stopped does not go on', async () => {
    const stopped = { seed: 1, signal: AbortSignal.abort(new Error('stopped')) };
    const train = plantedTastes(5, 9, 3, 1);
    const options = ease.options.parse({});
    await expect((async () => ease.fit(train, options, stopped))()).rejects.toThrow('stopped');
    const fast = { ...stopped, kernels };
    await expect((async () => ease.fit(train, options, fast))()).rejects.toThrow('stopped');
  });
});

describe('the inverse', () => {
  const threads = openThreads({ size: 2 });
  afterAll(() => threads.dispose());

  /** A Gramian of random vectors with something on the diagonal: [size x size]. */
  function positiveDefinite(size: number): Float64Array {
    const { uniform } = createRandom(size, 'inverse');
    const vectors = Float64Array.from({ length: 12 * size }, () => uniform() - 0.5);
    return Float64Array.from({ length: size * size }, (_, at) => {
      const [i, j] = [Math.floor(at / size), at % size];
      let sum = i === j ? 0.5 : 0;
      for (let n = 0; n < 12; n++) sum += vectors[12 * i + n]! * vectors[12 * j + n]!;
      return sum;
    });
  }

  async function inverted(matrix: SymmetricMatrix): Promise<Float64Array> {
    const { size } = matrix;
    const cells = positiveDefinite(size);
    try {
      for (let i = 0; i < size; i++) {
        for (let j = 0; j <= i; j++) matrix.add(i, j, cells[i * size + j]!);
      }
      expect(await matrix.invert(0.5)).toBe(true);
      return Float64Array.from({ length: size * size }, (_, at) => {
        const [i, j] = [Math.floor(at / size), at % size];
        return matrix.inverse(Math.max(i, j), Math.min(i, j));
      });
    } finally {
      matrix.close();
    }
  }

  const blocked = (size: number, more: InverseMeans = {}) => new BlockedMatrix(size, kernels, more);

  // Below, at and above what a block holds, and several blocks.
  test.each([1, 2, 63, 64, 65, 128, 200])('times the matrix is 1, of size %d', async (size) => {
    const found = await inverted(blocked(size));
    const cells = positiveDefinite(size);
    let worst = 0;
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        let sum = 0;
        for (let k = 0; k < size; k++) sum += cells[i * size + k]! * found[k * size + j]!;
        worst = Math.max(worst, Math.abs(sum - (i === j ? 1 : 0)));
      }
    }
    expect(worst).toBeLessThan(1e-10);
  });

  test.each([1, 64, 150])('is that of the readable one, of size %d', async (size) => {
    const fast = await inverted(blocked(size));
    const readable = await inverted(new PackedMatrix(size));
    const apart = fast.map((cell, at) => Math.abs(cell - readable[at]!));
    expect(Math.max(...apart)).toBeLessThan(1e-10);
  });

  test('is the same to the byte on threads, one size after the other in their memory', async () => {
    for (const size of [200, 130, 300]) {
      const alone = await inverted(blocked(size));
      expect(await inverted(blocked(size, { threads, threadsFrom: 0 }))).toEqual(alone);
    }
  });

  test.each([10, 100])('is not given where a pivot, here the %dth, is below 0', async (at) => {
    for (const matrix of [blocked(150), new PackedMatrix(150)]) {
      for (let i = 0; i < 150; i++) matrix.add(i, i, i === at ? -1 : 1);
      expect(await matrix.invert(1)).toBe(false);
      matrix.close();
    }
  });
});
