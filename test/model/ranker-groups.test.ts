import { expect, test } from '@jest/globals';
import { firstHeldBack } from '../../model/ranker/groups.ts';

/** One row for each group, a group for each cut-off named. */
function groupsAt(...cutoffs: number[]) {
  return {
    features: new Float32Array(cutoffs.length),
    labels: new Float32Array(cutoffs.length),
    groups: Int32Array.from({ length: cutoffs.length + 1 }, (_, group) => group),
    cutoffs: Int32Array.from(cutoffs),
  };
}

test('what is held back begins with a whole cut-off', () => {
  expect(firstHeldBack(groupsAt(0, 0, 1, 1, 1, 2, 2, 2, 2, 3), 0.4)).toBe(9);
  expect(firstHeldBack(groupsAt(0, 0, 0, 0, 1, 1, 1, 2, 2, 2), 0.6)).toBe(4);
});

test('where the share is less than the last cut-off, that cut-off is held back', () => {
  expect(firstHeldBack(groupsAt(0, 0, 0, 0, 1, 1, 1, 1, 1, 1), 0.3)).toBe(4);
});

test('nothing is held back of a single cut-off, or for a share of 0', () => {
  expect(firstHeldBack(groupsAt(5, 5, 5, 5), 0.5)).toBe(4);
  expect(firstHeldBack(groupsAt(0, 1, 2, 3), 0)).toBe(4);
});
