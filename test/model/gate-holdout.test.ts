import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { firstHeldOut, holdoutOptions } from '../../model/gate/holdout.ts';

const cutoffsOf = (count: number) =>
  Array.from({ length: count }, (_, n) =>
    new Date(Date.UTC(2014, 7, 4) + n * 7 * 86_400_000).toISOString(),
  );
const first = (labelled: number[], options: object = {}) =>
  firstHeldOut(cutoffsOf(labelled.length), labelled, holdoutOptions.parse(options));

test('as few of the newest cut-offs are held out as have the listeners that are wanted', () => {
  const labelled = new Array<number>(20).fill(100);
  expect(first(labelled, { listeners: 100 })).toBe(19);
  expect(first(labelled, { listeners: 101 })).toBe(18);
  expect(first(labelled, { listeners: 300 })).toBe(17);
});

test('no more than a share of all listeners is held out, but the newest cut-off always is', () => {
  expect(first(new Array<number>(20).fill(30))).toBe(15);
  expect(first([10, 10, 10])).toBe(2);
  expect(first([1, 1000])).toBe(1);
});

test('cut-offs without labels are held out in passing', () => {
  expect(first([100, 100, 100, 100, 0, 50, 0], { listeners: 50 })).toBe(5);
});

test('nothing judges where there would be nothing to learn from', () => {
  expect(first([])).toBe(0);
  expect(first([500])).toBe(1);
  expect(first([0, 500])).toBe(2);
  expect(first([0, 0])).toBe(2);
});

test('what the champion has learned from does not judge', () => {
  const labelled = new Array<number>(20).fill(30);
  const cutoffs = cutoffsOf(20);
  expect(first(labelled, { notBefore: cutoffs[10] })).toBe(15);
  expect(first(labelled, { notBefore: cutoffs[17] })).toBe(17);
  expect(first(labelled, { notBefore: '2015-01-05T00:00:00.000Z' })).toBe(20);
});

test('what judges is newer than all that is learned from and than all that the champion knows', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(50), { maxLength: 20 }),
      fc.integer({ min: 1, max: 100 }),
      fc.nat(25),
      (labelled, listeners, champion) => {
        const cutoffs = cutoffsOf(labelled.length);
        const notBefore = cutoffsOf(26)[champion]!;
        const from = first(labelled, { listeners, notBefore });
        expect(from).toBeGreaterThanOrEqual(0);
        expect(from).toBeLessThanOrEqual(labelled.length);
        for (const cutoff of cutoffs.slice(from)) expect(cutoff >= notBefore).toBe(true);
        const held = labelled.slice(from).reduce((sum, count) => sum + count, 0);
        // Without any label there is no holdout; with one there is something to learn from too.
        if (from < labelled.length) expect(held).toBeGreaterThan(0);
        if (held > 0) expect(labelled.slice(0, from).some((count) => count > 0)).toBe(true);
      },
    ),
  );
});
