import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  compareFigures,
  differencesOf,
  pairedBootstrap,
  type BootstrapOptions,
} from '../../model/evaluation/bootstrap.ts';
import { createRandom } from '../../model/random.ts';

/** Differences of mean `shift`, uniform around it by `spread`. */
function planted(count: number, shift: number, spread: number, seed: number): Float64Array {
  const { uniform } = createRandom(seed, 'planted differences');
  return Float64Array.from({ length: count }, () => shift + spread * (2 * uniform() - 1));
}

describe('the paired bootstrap', () => {
  test('of equal models holds 0 about as often as its level says', () => {
    let held = 0;
    for (let seed = 0; seed < 200; seed++) {
      const { low, high } = pairedBootstrap(planted(80, 0, 1, seed), { seed, resamples: 300 });
      if (low <= 0 && 0 <= high) held++;
    }
    expect(held).toBeGreaterThanOrEqual(180);
    expect(held).toBeLessThan(200);
  });

  test('finds a planted difference, and which way it goes', () => {
    for (let seed = 0; seed < 20; seed++) {
      const better = pairedBootstrap(planted(200, 0.2, 1, seed), { seed, resamples: 500 });
      expect(better.low).toBeGreaterThan(0);
      expect(better.shareNotAbove).toBeLessThan(0.025);
      const worse = pairedBootstrap(planted(200, -0.2, 1, seed), { seed, resamples: 500 });
      expect(worse.high).toBeLessThan(0);
      expect(worse.shareNotAbove).toBeGreaterThan(0.975);
    }
  });

  test('has the width that the normal approximation gives', () => {
    const differences = planted(1000, 0, 1, 7);
    const { low, high } = pairedBootstrap(differences, { seed: 1, resamples: 4000 });
    // A uniform of half-width 1 has variance 1/3.
    const expected = (2 * 1.96 * Math.sqrt(1 / 3)) / Math.sqrt(1000);
    expect(Math.abs(high - low - expected) / expected).toBeLessThan(0.06);
  });

  test('is wider at a higher level, and holds the mean', () => {
    const differences = planted(60, 0.1, 1, 3);
    const at = (level: number) => pairedBootstrap(differences, { seed: 5, level });
    const [narrow, wide] = [at(0.5), at(0.99)];
    expect(wide.low).toBeLessThan(narrow.low);
    expect(narrow.low).toBeLessThan(narrow.mean);
    expect(narrow.mean).toBeLessThan(narrow.high);
    expect(narrow.high).toBeLessThan(wide.high);
  });

  test('draws a listener with all its differences: copies of them make nothing surer', () => {
    const once = planted(50, 0.05, 1, 11);
    const copies = Float64Array.from({ length: 500 }, (_, i) => once[i % 50]!);
    const clusters = copies.map((_, i) => i % 50);
    const single = pairedBootstrap(once, { seed: 2 });
    const clustered = pairedBootstrap(copies, { seed: 2, clusters });
    expect(clustered.low).toBeCloseTo(single.low, 12);
    expect(clustered.high).toBeCloseTo(single.high, 12);
    expect(clustered).toMatchObject({ count: 500, listeners: 50 });
    const naive = pairedBootstrap(copies, { seed: 2 });
    expect(naive.high - naive.low).toBeLessThan((single.high - single.low) / 2);
  });

  test('weighs listeners by how many differences they have', () => {
    const { mean } = pairedBootstrap([1, 1, 1, 5], { seed: 0, clusters: [4, 4, 4, 9] });
    expect(mean).toBe(2);
  });

  test('gives the same bytes for the same seed, others for another', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 2, maxLength: 30 }),
        fc.nat(),
        (differences, seed) => {
          const options = { seed, resamples: 50 };
          const again = pairedBootstrap(differences, options);
          expect(pairedBootstrap(differences, options)).toEqual(again);
          expect(again.low).toBeLessThanOrEqual(again.high);
        },
      ),
      { numRuns: 50 },
    );
    const differences = planted(40, 0, 1, 1);
    expect(pairedBootstrap(differences, { seed: 1 }).low).not.toBe(
      pairedBootstrap(differences, { seed: 2 }).low,
    );
  });

  test('leaves out listeners with nothing to find', () => {
    const all = pairedBootstrap([0.5, -0.25, 0.125], { seed: 1 });
    expect(pairedBootstrap([0.5, NaN, -0.25, 0.125, NaN], { seed: 1 })).toEqual(all);
    expect(all).toMatchObject({ mean: 0.125, count: 3, listeners: 3 });
  });

  test('of nobody says nothing, so that nothing is above 0', () => {
    for (const differences of [[], [NaN, NaN]]) {
      const { mean, low, high, count } = pairedBootstrap(differences, { seed: 1 });
      expect([mean, low, high, count]).toEqual([NaN, NaN, NaN, 0]);
    }
  });

  test('of one listener, or of differences all alike, has no width', () => {
    for (const differences of [[0.25], [0.25, 0.25, 0.25]]) {
      expect(pairedBootstrap(differences, { seed: 1 })).toMatchObject({ low: 0.25, high: 0.25 });
    }
  });

  test.each<[what: string, options: BootstrapOptions, message: string]>([
    ['no draws', { seed: 1, resamples: 0 }, 'expected resamples of 1 or more, got 0'],
    ['a level of 1', { seed: 1, level: 1 }, 'expected a level above 0 and below 1, got 1'],
    ['too few clusters', { seed: 1, clusters: [1] }, 'a listener for each of 2 differences, got 1'],
  ])('refuses %s', (_, options, message) => {
    expect(() => pairedBootstrap([1, 2], options)).toThrow(message);
  });
});

describe('comparing the figures of two models', () => {
  test('takes the figures that both have, listener by listener', () => {
    const compared = compareFigures(
      { 'ndcg@20': [0.5, 0.75], 'recall@20': [1, 1], 'mrr@20': [1, 0] },
      { 'ndcg@20': [0.25, 0.25], 'recall@20': [0, NaN] },
      { seed: 1, resamples: 10 },
    );
    expect(Object.keys(compared)).toEqual(['ndcg@20', 'recall@20']);
    expect(compared['ndcg@20']).toMatchObject({ mean: 0.375, count: 2 });
    expect(compared['recall@20']).toMatchObject({ mean: 1, count: 1 });
  });

  test('refuses figures of different listeners', () => {
    expect(() => differencesOf([1, 2], [1], 'ndcg@20')).toThrow(
      'expected ndcg@20 of the same listeners, got 2 and 1',
    );
  });
});
