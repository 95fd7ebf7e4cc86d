import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  checkInteractions,
  fromTriples,
  rowOf,
  transpose,
  type Interactions,
} from '../../model/interactions.ts';

const numRows = 6;
const numCols = 5;

/** Triples with whole values, so that sums are exact in any order. */
const triples = fc.array(
  fc.tuple(fc.nat(numRows - 1), fc.nat(numCols - 1), fc.integer({ min: -9, max: 9 })),
  { maxLength: 60 },
);

function make(list: [number, number, number][], rows = numRows, cols = numCols): Interactions {
  return fromTriples(
    list.map(([row]) => row),
    list.map(([, col]) => col),
    list.map(([, , value]) => value),
    rows,
    cols,
  );
}

function dense(interactions: Interactions): number[][] {
  return Array.from({ length: interactions.numRows }, (_, row) => {
    const cells = new Array<number>(interactions.numCols).fill(0);
    const { indices, values } = rowOf(interactions, row);
    indices.forEach((col, i) => (cells[col] = values[i]!));
    return cells;
  });
}

describe('fromTriples', () => {
  test('sorts columns within rows and sums what comes twice', () => {
    const interactions = fromTriples([2, 0, 2, 0, 2], [1, 3, 0, 3, 1], [1, 2, 3, 4, 0.5], 3, 4);
    expect([...interactions.indptr]).toEqual([0, 1, 1, 3]);
    expect([...interactions.indices]).toEqual([3, 0, 1]);
    expect([...interactions.values]).toEqual([6, 3, 1.5]);
  });

  test('agrees with a dense matrix for any triples, and passes its own check', () => {
    fc.assert(
      fc.property(triples, (list) => {
        const expected = Array.from({ length: numRows }, () => new Array<number>(numCols).fill(0));
        for (const [row, col, value] of list) expected[row]![col]! += value;
        const interactions = checkInteractions(make(list));
        expect(dense(interactions)).toEqual(expected);
        expect(interactions.indices.length).toBe(new Set(list.map(([r, c]) => `${r} ${c}`)).size);
      }),
    );
  });

  test('counts 1 for each triple where no values are given, and takes typed arrays', () => {
    const interactions = fromTriples(
      Float64Array.of(1, 1, 0),
      Int32Array.of(0, 0, 1),
      undefined,
      2,
      2,
    );
    expect(dense(interactions)).toEqual([
      [0, 1],
      [2, 0],
    ]);
  });

  test('makes empty matrices', () => {
    expect(dense(fromTriples([], [], [], 2, 3))).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ]);
    expect([...fromTriples([], [], [], 0, 0).indptr]).toEqual([0]);
  });

  test('says which triple is wrong, and how', () => {
    expect(() => fromTriples([0, 3], [0, 0], [1, 1], 3, 2)).toThrow(
      'interactions: expected rows[1] to be an integer of 0 or more and below 3, got 3',
    );
    expect(() => fromTriples([0], [-1], [1], 3, 2)).toThrow('expected cols[0]');
    expect(() => fromTriples([0.5], [0], [1], 3, 2)).toThrow('got 0.5');
    expect(() => fromTriples([NaN], [0], [1], 3, 2)).toThrow('got NaN');
    expect(() => fromTriples([0], [0], [Infinity], 3, 2)).toThrow('values[0] to be finite');
    expect(() => fromTriples([0, 1], [0], [1], 3, 2)).toThrow('of one length, got 2, 1 and 1');
    expect(() => fromTriples([], [], [], -1, 2)).toThrow('expected numRows');
    expect(() => fromTriples([], [], [], 1, 2.5)).toThrow('expected numCols');
  });
});

describe('transpose', () => {
  test('exchanges rows and columns, and twice gives the same bytes', () => {
    fc.assert(
      fc.property(triples, (list) => {
        const interactions = make(list);
        const turned = checkInteractions(transpose(interactions));
        expect(turned).toEqual(
          make(
            list.map(([r, c, v]) => [c, r, v]),
            numCols,
            numRows,
          ),
        );
        expect(transpose(turned)).toEqual(interactions);
      }),
    );
  });
});

describe('rowOf', () => {
  test('gives views of a row, empty where the row is', () => {
    const interactions = fromTriples([1, 1], [2, 0], [7, 8], 3, 3);
    expect([...rowOf(interactions, 0).indices]).toEqual([]);
    expect([...rowOf(interactions, 1).indices]).toEqual([0, 2]);
    expect([...rowOf(interactions, 1).values]).toEqual([8, 7]);
    expect(rowOf(interactions, 1).values.buffer).toBe(interactions.values.buffer);
    expect(() => rowOf(interactions, 3)).toThrow('below 3, got 3');
  });
});

describe('checkInteractions', () => {
  const good = fromTriples([0, 0, 1], [0, 2, 1], [1, 2, 3], 2, 3);

  test.each<[string, Partial<Interactions>, string]>([
    ['too short an indptr', { indptr: Uint32Array.of(0, 3) }, 'expected indptr of 3 for 2 rows'],
    ['an indptr not from 0', { indptr: Uint32Array.of(1, 2, 3) }, 'indptr[0] to be 0, got 1'],
    ['a falling indptr', { indptr: Uint32Array.of(0, 4, 3) }, 'never to fall, got 4 then 3'],
    ['missing values', { values: Float32Array.of(1) }, 'expected 3 indices and values'],
    ['a column out of range', { numCols: 2 }, 'below 2, got 2 in row 0'],
    ['columns out of order', { indices: Int32Array.of(2, 0, 1) }, 'got 2 then 0 in row 0'],
    ['a column twice', { indices: Int32Array.of(0, 0, 1) }, 'got 0 then 0 in row 0'],
    ['a value NaN', { values: Float32Array.of(1, NaN, 1) }, 'got NaN in row 0, column 2'],
    [
      'a plain array',
      { indices: [0, 2, 1] as unknown as Int32Array },
      'indices to be a typed array',
    ],
  ])('refuses %s', (_, wrong, message) => {
    expect(() => checkInteractions({ ...good, ...wrong })).toThrow(message);
  });
});
