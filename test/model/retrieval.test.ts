import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { loadKernels } from '../../infra/kernels.ts';
import type { Factors } from '../../model/candidates/listener.ts';
import { nearestBatch } from '../../model/nearest.ts';
import { identity } from '../../model/retrieval/packed-items.ts';
import { planRetrieval, type RetrievalOptions } from '../../model/retrieval/plan.ts';
import { Retriever, type Retrieved } from '../../model/retrieval/retriever.ts';

let kernels: WebAssembly.Module;
beforeAll(async () => {
  kernels = await loadKernels();
});

function factorsOf(rows: readonly (readonly number[])[], numFactors = rows[0]!.length): Factors {
  return { numRows: rows.length, numFactors, values: Float32Array.from(rows.flat()) };
}

/** Plans and asks for everyone. */
async function findAll(
  queries: Factors,
  items: Factors,
  k: number,
  rows = identity(items.numRows),
  options: RetrievalOptions = {},
): Promise<Retrieved> {
  const plan = await planRetrieval(
    queries,
    items,
    rows,
    { k: Math.max(k, 1), ...options },
    { kernels },
  );
  return new Retriever(plan, queries, items, kernels).find(identity(queries.numRows), k);
}

const row = (found: Retrieved, n: number, k: number) => ({
  indices: Array.from(found.indices.subarray(n * k, n * k + found.counts[n]!)),
  scores: Array.from(found.scores.subarray(n * k, n * k + found.counts[n]!)),
});

const anySizes = fc.record({
  numQueries: fc.integer({ min: 1, max: 9 }),
  numItems: fc.integer({ min: 1, max: 700 }),
  numFactors: fc.constantFrom(1, 3, 8, 13, 32, 70),
  k: fc.integer({ min: 1, max: 260 }),
  /** Few levels make many ties. */
  levels: fc.constantFrom(1, 3, 1000),
  /** Powers of ten between the shortest and the longest item. */
  skew: fc.constantFrom(0, 2, 30),
  seed: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
});

/** Numbers of -levels..levels, by a generator that is good enough to make tests of. */
function numbersOf(seed: number, levels: number): () => number {
  let state = seed;
  return () => {
    state = Math.imul(state ^ (state >>> 15), state | 1) + 0x9e3779b9;
    return (((state ^ (state >>> 14)) >>> 0) % (2 * levels + 1)) - levels;
  };
}

describe('where the pool is all items, what is found', () => {
  test('is what exact scoring finds, to the last bit, whatever the sizes, ties and lengths', async () => {
    await fc.assert(
      fc.asyncProperty(anySizes, async ({ numQueries, numItems, numFactors, k, ...how }) => {
        const next = numbersOf(how.seed, how.levels);
        const draw = (numRows: number, skew: number): Factors => {
          const values = new Float32Array(numRows * numFactors);
          for (let r = 0; r < numRows; r++) {
            const length = 10 ** (skew * (r / numRows - 0.5));
            for (let f = 0; f < numFactors; f++) values[r * numFactors + f] = length * next();
          }
          return { numRows, numFactors, values };
        };
        const queries = draw(numQueries, how.skew);
        const items = draw(numItems, how.skew);
        const found = await findAll(queries, items, k);
        const exact = nearestBatch(queries.values, items.values, numFactors, { k });
        for (let q = 0; q < numQueries; q++) {
          const isZero = queries.values
            .subarray(q * numFactors, (q + 1) * numFactors)
            .every((value) => value === 0);
          const count = isZero ? 0 : exact.counts[q]!;
          expect(row(found, q, k)).toEqual({
            indices: Array.from(exact.indices.subarray(q * k, q * k + count)),
            scores: Array.from(exact.scores.subarray(q * k, q * k + count), Math.fround),
          });
        }
      }),
      { numRuns: 60 },
    );
  });

  test('is best first, of equals the smaller row first', async () => {
    const items = factorsOf([[1, 0], [2, 0], [1, 5], [2, -5], [1, 0]]); // prettier-ignore
    const found = await findAll(factorsOf([[1, 0]]), items, 4);
    expect(row(found, 0, 4)).toEqual({ indices: [1, 3, 0, 2], scores: [2, 2, 1, 1] });
  });

  test('has negative products too, the least negative first', async () => {
    const items = factorsOf([[-3], [-1], [-2]]);
    expect(row(await findAll(factorsOf([[2]]), items, 2), 0, 2)).toEqual({
      indices: [1, 2],
      scores: [-2, -4],
    });
  });

  test('tells apart what is the same in 16 bits', async () => {
    const rows = Array.from({ length: 3000 }, (_, n) => [1 + n * 2 ** -20, 0.5]);
    const found = await findAll(factorsOf([[1, 1]]), factorsOf(rows), 3);
    expect(row(found, 0, 3).indices).toEqual([2999, 2998, 2997]);
  });

  test('ends where the items end, and then holds -1 and 0', async () => {
    const found = await findAll(factorsOf([[1]]), factorsOf([[4], [5]]), 4);
    expect(Array.from(found.indices)).toEqual([1, 0, -1, -1]);
    expect(Array.from(found.scores)).toEqual([5, 4, 0, 0]);
    expect(Array.from(found.counts)).toEqual([2]);
  });

  test('is of the rows that may be found', async () => {
    const items = factorsOf([[5], [4], [3], [2]]);
    const found = await findAll(factorsOf([[1]]), items, 3, Int32Array.of(1, 3));
    expect(row(found, 0, 3).indices).toEqual([1, 3]);
    const none = await findAll(factorsOf([[1]]), items, 3, new Int32Array(0));
    expect(row(none, 0, 3).indices).toEqual([]);
  });

  test('is nothing for a listener of zero factors, and for k of 0', async () => {
    const items = factorsOf([[5, 1]]);
    const found = await findAll(factorsOf([[0, 0], [1, 1], [0, 0]]), items, 2); // prettier-ignore
    expect(Array.from(found.counts)).toEqual([0, 1, 0]);
    expect(Array.from(found.indices)).toEqual([-1, -1, 0, -1, -1, -1]);
    expect((await findAll(factorsOf([[1, 1]]), items, 0)).indices).toHaveLength(0);
    expect(Array.from((await findAll(factorsOf([[0, 0]]), items, 1)).counts)).toEqual([0]);
  });
});

describe('what cannot be', () => {
  const items = factorsOf([[1, 2], [3, 4]]); // prettier-ignore
  const rows = Int32Array.of(0, 1);

  test('is refused with its place', async () => {
    const plan = (queries: Factors, of = items, which = rows, options = {}) =>
      planRetrieval(queries, of, which, options, { kernels });
    const queries = factorsOf([[1, 1]]);
    await expect(
      plan(
        factorsOf([
          [1, 1],
          [1, NaN],
        ]),
      ),
    ).rejects.toThrow(
      // prettier-ignore
      'listeners: expected finite factors, got NaN in row 1, factor 1',
    );
    await expect(
      plan(
        queries,
        factorsOf([
          [Infinity, 1],
          [1, 1],
        ]),
      ),
    ).rejects.toThrow(
      // prettier-ignore
      'items: expected finite factors, got Infinity in row 0, factor 0',
    );
    await expect(plan(factorsOf([[1]]))).rejects.toThrow('expected items of 1 factors, got 2');
    await expect(plan(queries, items, Int32Array.of(1, 1))).rejects.toThrow(
      'expected ascending rows of 2 items, got 1 after 1',
    );
    await expect(plan(queries, items, Int32Array.of(2))).rejects.toThrow('got 2 after -1');
    await expect(plan(queries, items, rows, { k: 0 })).rejects.toThrow('got 0');
    await expect(plan(queries, items, rows, { recall: 1.1 })).rejects.toThrow('got 1.1');
    await expect(plan({ ...queries, numRows: 2 })).rejects.toThrow('expected factors of 2 x 2');
  });

  test('is refused of a listener who came after the plan', async () => {
    const plan = await planRetrieval(factorsOf([[1, 1]]), items, rows, {}, { kernels });
    const queries = factorsOf([[1, 1], [1, NaN]]); // prettier-ignore
    const retriever = new Retriever(plan, queries, items, kernels);
    expect(() => retriever.find(Int32Array.of(1), 1)).toThrow('got NaN in row 1, factor 1');
    expect(() => retriever.find(Int32Array.of(2), 1)).toThrow('expected a row below 2, got 2');
    expect(() => retriever.find(Int32Array.of(0), -1)).toThrow('got -1');
    expect(() => new Retriever(plan, factorsOf([[1]]), items, kernels)).toThrow(
      'expected listeners of 2 factors, got 1',
    );
  });
});
