import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { maxId, matrixOf, recencyOf } from '../../model/evaluation/lightgcn.ts';
import { rowOf } from '../../model/interactions.ts';
import type { Mistake } from '../../model/mistake.ts';
import { parseLightgcn } from '../support/lightgcn.ts';

function rowsOf(text: string): Record<number, number[]> {
  const parsed = parseLightgcn(text, 'train.txt');
  const matrix = matrixOf(parsed, parsed.numUsers, parsed.numItems);
  const rows: Record<number, number[]> = {};
  for (let user = 0; user < matrix.numRows; user++) {
    const items = [...rowOf(matrix, user).indices];
    if (items.length > 0) rows[user] = items;
  }
  return rows;
}

describe('the LightGCN format', () => {
  test('is a user and items in each line', () => {
    expect(rowsOf('0 3 1\n2 0\n')).toEqual({ 0: [1, 3], 2: [0] });
  });

  test.each([
    ['no end of the last line', '0 3 1\n2 0'],
    ['ends of lines as on Windows', '0 3 1\r\n2 0\r\n'],
    ['tabs, many blanks and blanks at the end', ' 0\t3   1 \n2 0 \n'],
    ['blank lines', '\n0 3 1\n\n\n2 0\n\n'],
    ['a byte order mark', '\uFEFF0 3 1\n2 0\n'],
    ['a user on two lines', '0 3\n2 0\n0 1\n'],
    ['pairs that come again', '0 3 1 3\n2 0 0\n0 1\n'],
    ['a user without items', '0 3 1\n1\n2 0\n'],
    ['leading zeros', '00 03 1\n2 0\n'],
  ])('may have %s', (_, text) => {
    expect(rowsOf(text)).toEqual({ 0: [1, 3], 2: [0] });
  });

  test('all values are 1, also of pairs that come again', () => {
    const parsed = parseLightgcn('0 3 3 3\n', 'train.txt');
    expect(parsed.items).toHaveLength(3);
    expect([...matrixOf(parsed, 1, 4).values]).toEqual([1]);
  });

  test('the later in a line, the more recent a pair is; of one that comes again the last counts', () => {
    const parsed = parseLightgcn('0 3 1\n1 5\n0 2 3\n', 'train.txt');
    const recency = recencyOf(parsed);
    expect([...recency]).toEqual(
      [1 / 8, 3 / 8, 1 / 2, 5 / 8, 7 / 8].map((place) => Math.fround(Math.exp(place - 1))),
    );
    const { indices, values } = matrixOf(parsed, 2, 6, recency);
    expect([...indices]).toEqual([1, 2, 3, 5]);
    expect([...values]).toEqual([recency[1], recency[3], recency[4], recency[2]]);
  });

  test('users without items count among the users', () => {
    expect(parseLightgcn('0 3\n5\n', 'train.txt')).toMatchObject({ numUsers: 6, numItems: 4 });
  });

  test('what was written is read', () => {
    const pairs = fc.array(fc.tuple(fc.nat(50), fc.nat(50)), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(pairs, (written) => {
        const expected: Record<number, Set<number>> = {};
        for (const [user, item] of written) (expected[user] ??= new Set()).add(item);
        const text = written.map(([user, item]) => `${user} ${item}\n`).join('');
        const read = rowsOf(text);
        expect(Object.keys(read)).toEqual(Object.keys(expected));
        for (const [user, items] of Object.entries(expected)) {
          expect(read[Number(user)]).toEqual([...items].sort((a, b) => a - b));
        }
      }),
      { numRuns: 50 },
    );
  });

  test.each([
    [
      'a name',
      '0 1\n1 tom\n',
      'train.txt, line 2: expected item as a whole number of 0..99999999, got "tom"',
    ],
    [
      'a header',
      'user items\n',
      'train.txt, line 1: expected user as a whole number of 0..99999999, got "user"',
    ],
    [
      'a negative item',
      '0 -3\n',
      'line 1: expected item as a whole number of 0..99999999, got "-3"',
    ],
    [
      'a negative user',
      '\n-1 3\n',
      'line 2: expected user as a whole number of 0..99999999, got "-1"',
    ],
    ['a fraction', '0 1.5\n', 'got "1.5"'],
    ['an exponent', '0 1e3\n', 'got "1e3"'],
    ['NaN', '0 NaN\n', 'got "NaN"'],
    ['commas', '0,1,2\n', 'got "0,1,2"'],
    ['an id beyond the range', `0 ${maxId + 1}\n`, 'got "100000000"'],
    ['an id beyond all numbers', `0 ${'9'.repeat(60)}\n`, `got "${'9'.repeat(40)}…"`],
  ])('%s is refused, with file and line', (_, text, message) => {
    expect(() => parseLightgcn(text, 'train.txt')).toThrow(message);
    expect(codeOf(text)).toBe('SOURCE_INVALID');
  });

  test.each([
    ['an empty file', '', 'got 0 lines without items'],
    ['blank lines alone', '\n \n', 'got 2 lines without items'],
    ['users alone', '0\n1\n', 'got 2 lines without items'],
  ])('%s is refused', (_, text, message) => {
    expect(() => parseLightgcn(text, 'train.txt')).toThrow(
      `train.txt: expected lines of a user and items, such as "0 17 4", ${message}`,
    );
    expect(codeOf(text)).toBe('SOURCE_EMPTY');
  });

  test('ids beyond the sizes asked for are refused', () => {
    const parsed = parseLightgcn('0 3\n', 'train.txt');
    expect(() => matrixOf(parsed, 1, 3)).toThrow('below 3, got 3');
  });
});

function codeOf(text: string): string | undefined {
  try {
    parseLightgcn(text, 'train.txt');
    return undefined;
  } catch (error) {
    return (error as Mistake).code;
  }
}
