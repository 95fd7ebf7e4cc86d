import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { calibrationError, calibrationOf } from '../../model/evaluation/calibration.ts';
import { createRandom } from '../../model/random.ts';

/** Groups of equal size, in each of which one row is drawn as played with these chances. */
function drawn(chances: readonly number[], numGroups: number) {
  const random = createRandom(1, 'calibration');
  const size = chances.length;
  const labels = new Uint8Array(size * numGroups);
  for (let group = 0; group < numGroups; group++) {
    let left = random.uniform();
    const row = chances.findIndex((chance) => (left -= chance) < 0);
    labels[group * size + row] = 1;
  }
  const groups = Int32Array.from({ length: numGroups + 1 }, (_, g) => g * size);
  return { labels, groups };
}

const chances = Array.from({ length: 10 }, (_, n) => (n + 1) / 55);

describe('Calibration', () => {
  test('of log odds that plays are drawn from lies on the diagonal', () => {
    const numGroups = 20_000;
    const { labels, groups } = drawn(chances, numGroups);
    const scores = Float64Array.from(labels, (_, row) => 7 + Math.log(chances[row % 10]!));
    const bins = calibrationOf(scores, labels, groups);
    expect(bins.map(({ bin, candidates }) => [bin, candidates])).toEqual(
      chances.map((_, n) => [n + 1, numGroups]),
    );
    for (const [n, { predicted, played, low, high }] of bins.entries()) {
      expect(predicted).toBeCloseTo(chances[n]!, 12);
      expect(Math.abs(played - predicted)).toBeLessThan(4 * (high - played));
      expect(played - low).toBeCloseTo(high - played, 12);
    }
    expect(calibrationError(bins)).toBeLessThan(0.002);
  });

  test('of scores that promise too much bends below the diagonal at the top', () => {
    const { labels, groups } = drawn(chances, 2_000);
    const scores = Float64Array.from(labels, (_, row) => 3 * Math.log(chances[row % 10]!));
    const bins = calibrationOf(scores, labels, groups);
    expect(bins[9]!.played).toBeLessThan(bins[9]!.predicted - 0.1);
    expect(bins[0]!.played).toBeGreaterThan(bins[0]!.predicted);
    expect(calibrationError(bins)).toBeGreaterThan(0.04);
  });

  test('shares the plays of a group out, and leaves groups without a play out', () => {
    const bins = calibrationOf([0, 0, 0, 0, 9, 1], [1, 1, 0, 0, 0, 0], [0, 4, 6], 2);
    expect(bins).toEqual([
      { bin: 1, candidates: 2, predicted: 0.25, played: 0.5, low: 0.5, high: 0.5 },
      { bin: 2, candidates: 2, predicted: 0.25, played: 0, low: 0, high: 0 },
    ]);
    expect(calibrationError(bins)).toBe(0.25);
  });

  test('of nothing is nothing', () => {
    expect(calibrationOf([], [], [0])).toEqual([]);
    expect(calibrationOf([1, 2], [0, 0], [0, 2])).toEqual([]);
    expect(calibrationError([])).toBe(0);
  });

  test('keeps the sum of predictions and of plays, whatever the scores', () => {
    const group = fc.array(fc.tuple(fc.double({ min: -50, max: 50, noNaN: true }), fc.boolean()), {
      minLength: 1,
      maxLength: 30,
    });
    fc.assert(
      fc.property(
        fc.array(group, { maxLength: 8 }),
        fc.integer({ min: 1, max: 12 }),
        (all, bins) => {
          const rows = all.flat();
          const groups = [0];
          for (const { length } of all) groups.push(groups.at(-1)! + length);
          const found = calibrationOf(
            rows.map(([score]) => score),
            rows.map(([, played]) => Number(played)),
            groups,
            bins,
          );
          const withPlays = all.filter((some) => some.some(([, played]) => played)).length;
          const sum = (of: 'predicted' | 'played') =>
            found.reduce((total, bin) => total + bin.candidates * bin[of], 0);
          expect(sum('predicted')).toBeCloseTo(withPlays, 9);
          expect(sum('played')).toBeCloseTo(withPlays, 9);
          const predicted = found.map((bin) => bin.predicted);
          for (const [n, value] of predicted.entries()) {
            expect(value).toBeGreaterThanOrEqual((predicted[n - 1] ?? 0) - 1e-12);
          }
        },
      ),
    );
  });
});
