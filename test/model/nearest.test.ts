import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fromTriples } from '../../model/interactions.ts';
import { createRandom } from '../../model/random.ts';
import { nearest, nearestBatch, normalizeRows, TopK } from '../../model/nearest.ts';

/** The oracle: sort everything. */
function bruteForce(scores: number[], k: number): { indices: number[]; scores: number[] } {
  const order = scores
    .map((score, index) => ({ score, index }))
    .filter(({ score }) => !Number.isNaN(score))
    .sort((a, b) => (a.score === b.score ? a.index - b.index : a.score < b.score ? 1 : -1))
    .slice(0, k);
  return { indices: order.map(({ index }) => index), scores: order.map(({ score }) => score) };
}

function vectorsOf(count: number, dim: number, key: string): Float32Array {
  const { uniform } = createRandom(1, key);
  return Float32Array.from({ length: count * dim }, () => uniform() * 2 - 1);
}

const fewScores = fc.array(
  fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom(-Infinity, Infinity, NaN)),
  { maxLength: 40 },
);

describe('TopK', () => {
  test('keeps what sorting everything would, whatever the order of pushing', () => {
    fc.assert(
      fc.property(fewScores, fc.nat(12), fc.nat(), (scores, k, seed) => {
        const heap = new TopK(k);
        const order = createRandom(seed).shuffle(scores.map((_, index) => index));
        for (const index of order) heap.push(index, scores[index]!);
        const { indices, scores: kept } = heap.sorted();
        expect({ indices: [...indices], scores: [...kept] }).toEqual(bruteForce(scores, k));
      }),
    );
  });

  test('can be sorted twice, pushed to again, and cleared', () => {
    const heap = new TopK(3);
    for (const [index, score] of [5, 1, 4, 2, 3].entries()) heap.push(index, score);
    expect([...heap.sorted().indices]).toEqual([0, 2, 4]);
    expect([...heap.sorted().scores]).toEqual([5, 4, 3]);
    expect(heap.threshold).toBe(3);
    heap.push(9, 4.5);
    expect([...heap.sorted().indices]).toEqual([0, 9, 2]);
    heap.clear();
    expect(heap.size).toBe(0);
    expect(heap.threshold).toBe(-Infinity);
    heap.push(7, -1);
    expect([...heap.sorted().indices]).toEqual([7]);
  });

  test('refuses a k that is no count', () => {
    expect(() => new TopK(-1)).toThrow('got -1');
    expect(() => new TopK(1.5)).toThrow('got 1.5');
  });
});

describe('nearest', () => {
  const dim = 7;
  const vectors = vectorsOf(60, dim, 'vectors');
  const query = vectorsOf(1, dim, 'query');

  function dots(q: Float32Array, of = vectors): number[] {
    return Array.from({ length: of.length / dim }, (_, v) => {
      let sum = 0;
      for (let j = 0; j < dim; j++) sum += q[j]! * of[v * dim + j]!;
      return sum;
    });
  }

  test('finds by dot product what sorting all of them does', () => {
    const { indices, scores } = nearest(query, vectors, { k: 10 });
    expect({ indices: [...indices], scores: [...scores] }).toEqual(bruteForce(dots(query), 10));
  });

  test('by cosine finds the query itself first, with 1, however long it is', () => {
    const stretched = vectors.map((value, i) => value * (1 + Math.floor(i / dim)));
    for (const own of [0, 13, 59]) {
      const best = nearest(stretched.slice(own * dim, (own + 1) * dim), vectors, {
        k: 3,
        metric: 'cosine',
      });
      expect(best.indices[0]).toBe(own);
      expect(best.scores[0]).toBeCloseTo(1, 12);
      expect(best.scores[1]).toBeLessThan(1);
    }
  });

  test('a zero vector has cosine 0 to everything', () => {
    const withZero = Float32Array.of(1, 0, 0, 0, -1, 0);
    const best = nearest(Float32Array.of(2, 0), withZero, { k: 3, metric: 'cosine' });
    expect([...best.indices]).toEqual([0, 1, 2]);
    expect([...best.scores]).toEqual([1, 0, -1]);
    const none = nearest(Float32Array.of(0, 0), withZero, { k: 3, metric: 'cosine' });
    expect([...none.scores].map(Math.abs)).toEqual([0, 0, 0]);
  });

  test('equal scores come by index', () => {
    const same = new Float32Array(20).fill(1);
    expect([...nearest(Float32Array.of(1), same, { k: 4 }).indices]).toEqual([0, 1, 2, 3]);
  });

  test('finds only what is allowed, and fewer than k where fewer are', () => {
    const allowed = new Uint8Array(60);
    allowed[5] = allowed[50] = 1;
    const { indices } = nearest(query, vectors, { k: 10, allowed });
    expect([...indices].sort((a, b) => a - b)).toEqual([5, 50]);
  });

  test('a batch of any size gives the bytes of single queries, without what each excludes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 9 }),
        fc.integer({ min: 0, max: 70 }),
        fc.constantFrom<'dot' | 'cosine'>('dot', 'cosine'),
        fc.array(fc.tuple(fc.nat(8), fc.nat(59)), { maxLength: 200 }),
        (numQueries, k, metric, excluded) => {
          const queries = vectorsOf(numQueries, dim, 'queries');
          const pairs = excluded.filter(([q]) => q < numQueries);
          const exclude = fromTriples(
            pairs.map(([q]) => q),
            pairs.map(([, v]) => v),
            undefined,
            numQueries,
            60,
          );
          const batch = nearestBatch(queries, vectors, dim, { k, metric, exclude });
          for (let q = 0; q < numQueries; q++) {
            const allowed = new Uint8Array(60).fill(1);
            for (const [of, v] of pairs) if (of === q) allowed[v] = 0;
            const single = nearest(queries.slice(q * dim, (q + 1) * dim), vectors, {
              k,
              metric,
              allowed,
            });
            const count = batch.counts[q]!;
            expect(batch.indices.slice(q * k, q * k + count)).toEqual(single.indices);
            expect(batch.scores.slice(q * k, q * k + count)).toEqual(single.scores);
            expect(batch.indices.slice(q * k + count, (q + 1) * k).every((v) => v === -1)).toBe(
              true,
            );
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  test('refuses sizes that do not fit', () => {
    expect(() => nearest(query, vectors.subarray(1), { k: 1 })).toThrow('multiple of dim = 7');
    expect(() => nearest(query, vectors, { k: 1, allowed: new Uint8Array(3) })).toThrow(
      'expected allowed of 60, got 3',
    );
    const exclude = fromTriples([], [], [], 2, 60);
    expect(() => nearestBatch(query, vectors, dim, { k: 1, exclude })).toThrow(
      'expected exclude of 1 x 60, got 2 x 60',
    );
  });
});

describe('normalizeRows', () => {
  test('gives every row the length 1 and leaves zero rows', () => {
    const rows = normalizeRows(Float32Array.of(3, 4, 0, 0, -5, 0), 2);
    expect([...rows]).toEqual([Math.fround(0.6), Math.fround(0.8), 0, 0, -1, 0]);
  });
});
