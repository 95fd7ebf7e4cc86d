import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { groupsShown } from '../../model/ranker/shown.ts';

test('all are shown where there are not more than can be held', () => {
  expect(groupsShown([2, 0, 1], 3)).toEqual([[0, 1], [], [0]]);
  expect(groupsShown([1, 2], Infinity)).toEqual([[0], [0, 1]]);
  expect(groupsShown([], 5)).toEqual([]);
});

test('of each cut-off as many as of every other, at equal distances; small ones whole', () => {
  expect(groupsShown([10, 2, 10], 8)).toEqual([
    [0, 3, 6],
    [0, 1],
    [0, 3, 6],
  ]);
});

test('what does not come out even goes to the newest', () => {
  expect(groupsShown([9, 9, 9], 5).map(({ length }) => length)).toEqual([1, 2, 2]);
});

test('as many as can be held are shown, each once, and no cut-off has two more than another that had more to show', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50), { maxLength: 8 }), fc.nat(120), (counts, most) => {
      const shown = groupsShown(counts, most);
      const total = counts.reduce((sum, count) => sum + count, 0);
      expect(shown.flat()).toHaveLength(Math.min(total, most));
      shown.forEach((positions, n) => {
        expect([...new Set(positions)].sort((a, b) => a - b)).toEqual(positions);
        expect(positions.every((at) => at >= 0 && at < counts[n]!)).toBe(true);
        for (const other of shown) {
          if (positions.length < counts[n]!) {
            expect(other.length).toBeLessThanOrEqual(positions.length + 1);
          }
        }
      });
    }),
  );
});
