import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fromTriples, type Interactions } from '../../model/interactions.ts';
import { algorithms, defaultAlgorithm } from '../../model/recommend/algorithms.ts';
import { als } from '../../model/recommend/als.ts';
import { cosine } from '../../model/recommend/cosine.ts';
import { graphFilter } from '../../model/recommend/graph-filter.ts';
import { popularity } from '../../model/recommend/popularity.ts';
import { modelArray, type Algorithm } from '../../model/recommend/recommender.ts';
import { describeRecommender, plantedTastes } from '../support/recommender-contract.ts';

describeRecommender(popularity);
describeRecommender(cosine, { k: 10 });
describeRecommender(graphFilter);
describeRecommender(als, { factors: 8 });

async function scoresOf(
  algorithm: Algorithm,
  options: Readonly<Record<string, unknown>>,
  train: Interactions,
  histories = train,
): Promise<number[][]> {
  const means = { seed: 0 };
  const fitted = await algorithm.fit(train, algorithm.options.parse(options), means);
  const recommender = await algorithm.open(fitted, means);
  const scores = new Float32Array(histories.numRows * train.numCols);
  await recommender.score(histories, scores);
  return Array.from({ length: histories.numRows }, (_, row) =>
    Array.from(scores.subarray(row * train.numCols, (row + 1) * train.numCols)),
  );
}

/** [numRows x numCols] of 0 and 1. */
function dense({ numRows, numCols, indptr, indices }: Interactions): number[][] {
  return Array.from({ length: numRows }, (_, row) => {
    const own = new Set(indices.subarray(indptr[row], indptr[row + 1]));
    return Array.from({ length: numCols }, (_, col) => (own.has(col) ? 1 : 0));
  });
}

const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);

describe('popularity', () => {
  test('counts listeners, for everybody alike', async () => {
    const train = fromTriples([0, 0, 1, 2, 2], [0, 2, 2, 2, 1], undefined, 3, 4);
    const scores = await scoresOf(popularity, {}, train);
    expect(scores).toEqual([
      [1, 1, 3, 0],
      [1, 1, 3, 0],
      [1, 1, 3, 0],
    ]);
  });
});

describe('cosine neighbours', () => {
  test('score by the cosines of the dense columns, where all neighbours are kept', async () => {
    const train = plantedTastes(30, 15, 5, 3);
    const rows = dense(train);
    const cos = (i: number, j: number) => {
      const shared = sum(rows.map((row) => row[i]! * row[j]!));
      const norms = [i, j].map((col) => Math.sqrt(sum(rows.map((row) => row[col]!))));
      return shared === 0 ? 0 : shared / (norms[0]! * norms[1]!);
    };
    const scores = await scoresOf(cosine, { k: 15 }, train);
    for (const [row, own] of scores.entries()) {
      for (const [j, score] of own.entries()) {
        expect(score).toBeCloseTo(sum(rows[row]!.map((has, i) => has * cos(i, j))), 5);
      }
    }
  });

  test('an item counts among its own k, and of those alike the larger index is kept', async () => {
    // Items 1, 2, 3 stand to item 0 alike.
    const train = fromTriples([0, 0, 0, 0], [0, 1, 2, 3], undefined, 1, 4);
    const history = fromTriples([0], [0], undefined, 1, 4);
    expect(await scoresOf(cosine, { k: 3 }, train, history)).toEqual([[1, 0, 1, 1]]);
    expect(await scoresOf(cosine, { k: 2 }, train, history)).toEqual([[1, 0, 0, 1]]);
  });

  test('shrinkage keeps back what was seen together once', async () => {
    const train = fromTriples([0, 0, 1, 1, 2, 2], [0, 1, 0, 1, 2, 3], undefined, 3, 4);
    const scores = await scoresOf(cosine, { shrinkage: 1 }, train);
    expect(scores[0]![1]).toBeCloseTo(1 + 2 / 3, 6);
    expect(scores[2]![3]).toBeCloseTo(1 + 1 / 2, 6);
  });
});

describe('the graph filter', () => {
  test('is its formula, for any exponents', async () => {
    const exponent = fc.double({ min: -1, max: 2, noNaN: true });
    await fc.assert(
      fc.asyncProperty(
        fc.nat(1000),
        exponent,
        exponent,
        exponent,
        async (seed, source, target, listener) => {
          const train = plantedTastes(8, 9, 3, seed);
          const rows = dense(train);
          const degree = (i: number) => sum(rows.map((row) => row[i]!));
          const between = (i: number, j: number) =>
            sum(rows.map((row) => row[i]! * row[j]! * sum(row) ** -listener));
          const scores = await scoresOf(graphFilter, { source, target, listener }, train);
          for (const [row, own] of scores.entries()) {
            for (const [j, score] of own.entries()) {
              const sums = rows[row]!.map((has, i) =>
                has === 0 ? 0 : degree(i) ** -source * between(i, j),
              );
              const expected = degree(j) === 0 ? 0 : degree(j) ** -target * sum(sums);
              expect(score).toBeCloseTo(expected, 4);
            }
          }
        },
      ),
      { numRuns: 20 },
    );
  });

  test('with exponents of GF-CF is symmetric in history and target', async () => {
    const train = plantedTastes(20, 12, 4, 5);
    const single = fromTriples(
      Array.from({ length: 12 }, (_, i) => i),
      Array.from({ length: 12 }, (_, i) => i),
      undefined,
      12,
      12,
    );
    const scores = await scoresOf(graphFilter, { source: 0.5, target: 0.5 }, train, single);
    for (let i = 0; i < 12; i++) {
      for (let j = 0; j < i; j++) expect(scores[i]![j]).toBeCloseTo(scores[j]![i]!, 6);
    }
  });

  test('passes nothing on from items that nobody has', async () => {
    const train = fromTriples([0, 0], [0, 1], undefined, 1, 3);
    const history = fromTriples([0], [2], undefined, 1, 3);
    expect(await scoresOf(graphFilter, {}, train, history)).toEqual([[0, 0, 0]]);
  });
});

describe('the list of algorithms', () => {
  test('names each as it names itself, and holds the one that the product uses', () => {
    for (const [name, algorithm] of algorithms) expect(algorithm.name).toBe(name);
    expect(algorithms.has(defaultAlgorithm)).toBe(true);
    expect([...algorithms.keys()]).toEqual(
      expect.arrayContaining(['popularity', 'cosine', 'graph-filter']),
    );
  });

  test('every value of every search space is one that its options take', () => {
    for (const { options, tuning } of algorithms.values()) {
      for (const [name, values] of Object.entries(tuning?.space ?? {})) {
        for (const value of values) {
          expect(options.safeParse({ [name]: value })).toMatchObject({ success: true });
        }
      }
    }
  });

  test.each([popularity, cosine, graphFilter])(
    '$name refuses an option it does not have',
    (one) => {
      expect((one as Algorithm).options.safeParse({ frobnicate: 1 }).success).toBe(false);
    },
  );
});

describe('an array of a fitted model', () => {
  const fitted = { name: 'cosine', numItems: 2, options: {}, arrays: { ids: new Int32Array(2) } };

  test('comes back as it is', () => {
    expect(modelArray(fitted, 'ids', 'Int32Array', 2)).toBe(fitted.arrays.ids);
  });

  test.each([
    ['is missing', 'other', 'Int32Array', undefined, 'expected other, Int32Array, got nothing'],
    ['is of another kind', 'ids', 'Uint32Array', undefined, 'Uint32Array, got Int32Array of 2'],
    ['is of another length', 'ids', 'Int32Array', 3, 'Int32Array of 3, got Int32Array of 2'],
  ] as const)('that %s is refused', (_, name, kind, length, message) => {
    expect(() => modelArray(fitted, name, kind, length)).toThrow(message);
  });
});
