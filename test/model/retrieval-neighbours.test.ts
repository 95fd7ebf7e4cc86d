import { beforeAll, describe, expect, test } from '@jest/globals';
import { loadKernels } from '../../infra/kernels.ts';
import { openThreads } from '../../infra/threads.ts';
import type { Factors } from '../../model/candidates/listener.ts';
import { nearestBatch } from '../../model/nearest.ts';
import { createRandom } from '../../model/random.ts';
import { neighboursByCosine, type NeighbourSearch } from '../../model/retrieval/neighbours.ts';
import { identity } from '../../model/retrieval/packed-items.ts';
import type { RetrievalMeans } from '../../model/retrieval/plan.ts';

const numFactors = 9;
const numRows = 4000;
let means: RetrievalMeans;
let vectors: Factors;

beforeAll(async () => {
  means = { kernels: await loadKernels() };
  vectors = planted();
});

/** Rows around forty directions, with much noise; every hundredth row is zero. */
function planted(): Factors {
  const random = createRandom(1, 'planted sounds');
  const signed = () => 2 * random.uniform() - 1;
  const directions = Array.from({ length: 40 }, () => Array.from({ length: numFactors }, signed));
  const values = new Float32Array(numRows * numFactors);
  for (let row = 0; row < numRows; row++) {
    const direction = directions[random.int(40)]!;
    for (let f = 0; f < numFactors; f++) {
      values[row * numFactors + f] = row % 100 === 7 ? 0 : direction[f]! + 0.4 * signed();
    }
  }
  return { numRows, numFactors, values };
}

const some = (): NeighbourSearch => ({
  of: identity(numRows).filter((row) => row % 3 === 0),
  among: identity(numRows).filter((row) => row % 2 === 0 && row % 100 !== 7),
  ...{ numNeighbours: 20, minSimilarity: 0.3 },
});

async function found(
  search: NeighbourSearch,
  own: RetrievalMeans = means,
): Promise<[number, number, number][]> {
  const all: [number, number, number][] = [];
  for await (const { found } of neighboursByCosine(vectors, search, own)) all.push(...found);
  return all.sort(([a, , x], [b, , y]) => a - b || y - x);
}

/** As `neighboursByCosine` says it, by comparing each with each in double precision. */
function expected({ of, among, numNeighbours, minSimilarity }: NeighbourSearch): string[] {
  const allowed = new Uint8Array(numRows);
  for (const row of among) allowed[row] = 1;
  const queries = new Float32Array(of.length * numFactors);
  of.forEach((row, n) =>
    queries.set(vectors.values.subarray(row * numFactors, (row + 1) * numFactors), n * numFactors),
  );
  const k = numNeighbours + 1;
  const best = nearestBatch(queries, vectors.values, numFactors, { k, metric: 'cosine', allowed });
  return Array.from(of).flatMap((row, n) =>
    Array.from(best.indices.subarray(n * k, n * k + best.counts[n]!), (other, at) => ({
      other,
      similarity: best.scores[n * k + at]!,
    }))
      .filter(({ other, similarity }) => other !== row && similarity > minSimilarity)
      .slice(0, numNeighbours)
      .map(({ other }) => `${row} ${other}`),
  );
}

const pairs = (rows: readonly (readonly [number, number, number])[]) =>
  rows.map(([row, other]) => `${row} ${other}`);

test('where rows are few the neighbours are those of comparing each with each', async () => {
  const all = await found(some());
  expect(pairs(all).sort()).toEqual(expected(some()).sort());
  expect(all.length).toBeGreaterThan(20_000);
});

describe('where rows are many', () => {
  const many = (): NeighbourSearch => ({
    ...some(),
    retrieval: { recall: 0.95, groupSize: 64, exactItems: 0, exactProducts: 0 },
  });

  test('nine tenths and more of the nearest are found, and nothing that is not asked for', async () => {
    const all = await found(many());
    const { of, among, numNeighbours, minSimilarity } = many();
    const nearest = new Set(expected(many()));
    const hits = pairs(all).filter((pair) => nearest.has(pair)).length;
    expect(hits / nearest.size).toBeGreaterThan(0.9);
    // Else it were the same search as above.
    expect(hits).toBeLessThan(nearest.size);
    const counts = new Map<number, number>();
    const [asked, allowed] = [new Set(of), new Set(among)];
    for (const [row, other, similarity] of all) {
      expect(row !== other && asked.has(row) && allowed.has(other)).toBe(true);
      expect(similarity > minSimilarity && similarity <= 1).toBe(true);
      counts.set(row, (counts.get(row) ?? 0) + 1);
    }
    expect(Math.max(...counts.values())).toBe(numNeighbours);
  });

  test('threads find the same', async () => {
    const threads = openThreads({ size: 2 });
    try {
      expect(await found(many(), { ...means, threads })).toEqual(await found(many()));
    } finally {
      await threads.dispose();
    }
  });
});

test('a row that is zero has no neighbours, and nobody has any among none', async () => {
  expect(await found({ ...some(), of: Int32Array.of(7, 107) })).toEqual([]);
  expect(await found({ ...some(), among: new Int32Array(0) })).toEqual([]);
  expect(await found({ ...some(), of: new Int32Array(0) })).toEqual([]);
});
