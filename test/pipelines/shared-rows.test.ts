import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openDuckdb } from '../../infra/duckdb.ts';
import type { Sql } from '../../pipelines/ports.ts';
import { readAscendingRows, readRows } from '../../pipelines/shared-rows.ts';

let sql: Sql;
beforeAll(async () => {
  sql = await openDuckdb({ threads: 2 });
});
afterAll(() => sql.dispose());

type Triple = [row: number, item: number, value: number];

async function table(triples: readonly Triple[]): Promise<void> {
  await sql.run('CREATE OR REPLACE TEMP TABLE triples (row INTEGER, item INTEGER, value FLOAT)');
  await sql.append('triples', triples);
}

const rows = async (
  query: string,
  order: 'items' | 'given',
  more: { numRows?: number; numItems?: number; hasValues?: boolean } = {},
) => readRows(sql, { query, order, numRows: 4, numItems: 10, ...more });

test('rows by items are ascending, each item once, whatever the order of the query', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(3), fc.nat(9), fc.constant(0)), { maxLength: 60 }),
      async (triples) => {
        await table(triples);
        const { start, indices } = await rows('SELECT row, item FROM triples', 'items');
        const read = Array.from({ length: 4 }, (_, r) => [
          ...indices.subarray(start[r], start[r + 1]),
        ]);
        const expected = Array.from({ length: 4 }, (_, r) => {
          const items = triples.filter(([row]) => row === r).map(([, item]) => item);
          return [...new Set(items)].sort((a, b) => a - b);
        });
        expect(read).toEqual(expected);
      },
    ),
    { numRuns: 25 },
  );
});

test('values stay with their items, and the given order is kept where it is asked for', async () => {
  await table([
    [2, 7, 0.5],
    [0, 3, 0.25],
    [2, 1, 2],
    [2, 4, 1],
  ]);
  const query = 'SELECT row, item, value FROM triples';
  const sorted = await rows(query, 'items', { hasValues: true });
  expect([...sorted.start]).toEqual([0, 1, 1, 4, 4]);
  expect([...sorted.indices]).toEqual([3, 1, 4, 7]);
  expect([...sorted.values]).toEqual([0.25, 2, 1, 0.5]);
  const given = await rows(`${query} ORDER BY row, value DESC`, 'given', { hasValues: true });
  expect([...given.indices]).toEqual([3, 1, 4, 7]);
  expect([...given.values]).toEqual([0.25, 2, 1, 0.5]);
  const byValue = await rows(`${query} ORDER BY value`, 'given', { hasValues: true });
  expect([...byValue.indices]).toEqual([3, 7, 4, 1]);
});

test('more rows than a chunk holds are read, into memory that threads share', async () => {
  const query =
    'SELECT CAST(range // 7 AS INTEGER) AS row, CAST(range % 7 AS INTEGER) AS item FROM range(70000)';
  const { start, indices } = await rows(query, 'items', { numRows: 10_000 });
  expect(start[10_000]).toBe(70_000);
  expect(indices.every((item, n) => item === n % 7)).toBe(true);
  expect(Object.prototype.toString.call(indices.buffer)).toBe('[object SharedArrayBuffer]');
});

test('nothing is nothing', async () => {
  await table([]);
  const { start, indices } = await rows('SELECT row, item FROM triples', 'items');
  expect([...start]).toEqual([0, 0, 0, 0, 0]);
  expect(indices).toHaveLength(0);
});

test.each([
  ['a row', 'SELECT 4 AS row, 1 AS item', 'expected a row of 0 or more and below 4, got 4'],
  ['an item', 'SELECT 1 AS row, 10 AS item', 'expected an item of 0 or more and below 10, got 10'],
])('%s out of range is refused', async (_, query, message) => {
  await expect(rows(query, 'items')).rejects.toThrow(message);
});

test('rows that come in their order are read once, of several queries together', async () => {
  const asked = { numRows: 5, numItems: 10, hasValues: true };
  await table([
    [1, 7, 0.5],
    [1, 3, 0.25],
    [3, 9, 1],
  ]);
  const half = (from: number) =>
    `SELECT row, item, value FROM triples WHERE row BETWEEN ${from} AND ${from + 1} ORDER BY row, value DESC`;
  const { start, indices, values } = await readAscendingRows(sql, {
    ...asked,
    queries: [half(0), half(2)],
    capacity: 100,
  });
  expect([...start]).toEqual([0, 0, 2, 2, 3, 3]);
  expect([...indices]).toEqual([7, 3, 9]);
  expect([...values]).toEqual([0.5, 0.25, 1]);

  const backwards = { ...asked, queries: [half(2), half(0)], capacity: 100 };
  await expect(readAscendingRows(sql, backwards)).rejects.toThrow(
    'expected ascending rows, got 1 after 3',
  );
  const narrow = { ...asked, queries: [half(0)], capacity: 1 };
  await expect(readAscendingRows(sql, narrow)).rejects.toThrow('expected at most 1 items');
});
