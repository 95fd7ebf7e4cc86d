import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { neighboursOf, neighboursOfItem, type NeighbourOptions } from '../../model/cooccurrence.ts';
import { fromTriples, rowOf, type Interactions } from '../../model/interactions.ts';

const numBaskets = 9;
const numItems = 12;

const baskets = fc
  .array(fc.tuple(fc.nat(numBaskets - 1), fc.nat(numItems - 1), fc.integer({ min: 1, max: 4 })), {
    maxLength: 60,
  })
  .map((triples) => make(triples));

function make(triples: [number, number, number][]): Interactions {
  return fromTriples(
    triples.map(([basket]) => basket),
    triples.map(([, item]) => item),
    triples.map(([, , value]) => value),
    numBaskets,
    numItems,
  );
}

/** Playlists as lists of items. */
function playlists(lists: number[][], size: number): Interactions {
  return fromTriples(
    lists.flatMap((list, row) => list.map(() => row)),
    lists.flat(),
    undefined,
    lists.length,
    size,
  );
}

/** The oracle: every pair of columns, by the definition. */
function bruteForce(of: Interactions, options: NeighbourOptions): [number, number][][] {
  const columns = Array.from({ length: of.numCols }, (_, item) =>
    Array.from({ length: of.numRows }, (_, row) => {
      const { indices, values } = rowOf(of, row);
      const at = indices.indexOf(item);
      return at < 0 ? 0 : values[at]!;
    }),
  );
  const size = (column: number[]) => column.filter((value) => value !== 0).length;
  const norm = (column: number[]) => Math.sqrt(column.reduce((sum, value) => sum + value ** 2, 0));
  return columns.map((mine, i) =>
    columns
      .map((other, j): [number, number] => {
        const count = mine.filter((value, row) => value !== 0 && other[row] !== 0).length;
        if (i === j || count < options.minCount) return [j, 0];
        const product = mine.reduce((sum, value, row) => sum + value * other[row]!, 0);
        const raw =
          options.measure === 'cosine'
            ? product / (norm(mine) * norm(other))
            : Math.log((count * of.numRows) / (size(mine) * size(other)));
        return [j, raw * (count / (count + options.shrinkage))];
      })
      .filter(([, similarity]) => similarity > 0)
      .sort(([j, a], [l, b]) => b - a || j - l)
      .slice(0, options.k),
  );
}

describe('neighboursOf', () => {
  test('finds, orders and weighs as going through all pairs does', () => {
    const anyOptions = fc.record({
      k: fc.integer({ min: 1, max: 12 }),
      measure: fc.constantFrom<'cosine' | 'ppmi'>('cosine', 'ppmi'),
      shrinkage: fc.constantFrom(0, 1, 5),
      minCount: fc.integer({ min: 1, max: 3 }),
    });
    fc.assert(
      fc.property(baskets, anyOptions, (of, options) => {
        const found = neighboursOf(of, options);
        expect(found.indptr.length).toBe(numItems + 1);
        for (const [item, expected] of bruteForce(of, options).entries()) {
          const { indices, similarities } = neighboursOfItem(found, item);
          expect([...indices]).toEqual(expected.map(([other]) => other));
          expect([...similarities]).toEqual(expected.map(([, value]) => Math.fround(value)));
        }
      }),
      { numRuns: 200 },
    );
  });

  test('by hand: cosine, PPMI, and what shrinkage does to a pair seen once', () => {
    const of = playlists([[0, 1], [0, 1, 2], [0, 3], [2]], 4);
    const cosine = neighboursOfItem(neighboursOf(of), 0);
    expect([...cosine.indices]).toEqual([1, 3, 2]);
    expect(cosine.similarities[0]).toBeCloseTo(2 / Math.sqrt(3 * 2), 6);
    expect(cosine.similarities[1]).toBeCloseTo(1 / Math.sqrt(3 * 1), 6);
    expect(cosine.similarities[2]).toBeCloseTo(1 / Math.sqrt(3 * 2), 6);

    const ppmi = neighboursOfItem(neighboursOf(of, { measure: 'ppmi' }), 0);
    // Items 0 and 2 are together less often than by chance: 1 x 4 < 3 x 2.
    expect([...ppmi.indices]).toEqual([1, 3]);
    expect(ppmi.similarities[0]).toBeCloseTo(Math.log((2 * 4) / (3 * 2)), 6);

    const shrunk = neighboursOfItem(neighboursOf(of, { shrinkage: 2 }), 0);
    expect(shrunk.similarities[0]).toBeCloseTo((2 / Math.sqrt(6)) * (2 / 4), 6);
    expect(shrunk.similarities[1]).toBeCloseTo((1 / Math.sqrt(3)) * (1 / 3), 6);
  });

  test('shrinkage puts the pair with more evidence before the rare one', () => {
    // 0 and 1 share three playlists out of four; 0 and 9 only ever met once, and 9 is nowhere else.
    const of = playlists([[0, 1], [0, 1], [0, 1], [0, 9], [1], [1], [1], [1], [1], [1], [1]], 10);
    const first = (shrinkage: number) =>
      neighboursOfItem(neighboursOf(of, { shrinkage }), 0).indices[0];
    expect(first(0)).toBe(9);
    expect(first(3)).toBe(1);
  });

  test('equal similarities come by index', () => {
    const of = playlists([[7, 3, 5, 1]], 8);
    expect([...neighboursOfItem(neighboursOf(of, { k: 2 }), 5).indices]).toEqual([1, 3]);
    expect([...neighboursOfItem(neighboursOf(of, { k: 2 }), 1).indices]).toEqual([3, 5]);
  });

  test('two groups of playlists have no neighbours across', () => {
    const of = playlists(
      [
        [0, 1, 2],
        [1, 2, 0],
        [3, 4],
        [4, 5, 3],
      ],
      7,
    );
    const found = neighboursOf(of);
    for (let item = 0; item < 6; item++) {
      const { indices } = neighboursOfItem(found, item);
      expect([...indices].every((other) => other < 3 === item < 3)).toBe(true);
      expect(indices.length).toBe(2);
    }
    expect(neighboursOfItem(found, 6).indices.length).toBe(0);
  });

  test('an empty input gives empty neighbours', () => {
    const found = neighboursOf(playlists([[], []], 3));
    expect([...found.indptr]).toEqual([0, 0, 0, 0]);
    expect(found.indices.length).toBe(0);
  });

  test('refuses wrong options by name and an unknown item', () => {
    const of = playlists([[0, 1]], 2);
    expect(() => neighboursOf(of, { k: 0 })).toThrow('k');
    expect(() => neighboursOf(of, { shrinkage: -1 })).toThrow('shrinkage');
    expect(() => neighboursOfItem(neighboursOf(of), 2)).toThrow('below 2, got 2');
  });
});
