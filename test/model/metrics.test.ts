import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  clicks,
  coverage,
  exposureOf,
  gini,
  hitAt,
  meanOf,
  ndcgAt,
  novelty,
  precisionAt,
  recallAt,
  reciprocalRank,
  rPrecision,
} from '../../model/metrics.ts';

/** Hits at places 2 and 5; item 8 is never found. */
const ranked = [4, 1, 7, 9, 3, 6];
const relevant = new Set([1, 3, 8]);

const items = fc.nat(30);
const rankedLists = fc.uniqueArray(items, { maxLength: 25 });
const relevantSets = fc
  .uniqueArray(items, { minLength: 1, maxLength: 12 })
  .map((of) => new Set(of));

describe('one list, by hand', () => {
  test('recall divides by all that is relevant', () => {
    expect(recallAt(1, ranked, relevant)).toBe(0);
    expect(recallAt(2, ranked, relevant)).toBe(1 / 3);
    expect(recallAt(5, ranked, relevant)).toBe(2 / 3);
    expect(recallAt(100, ranked, relevant)).toBe(2 / 3);
  });

  test('precision divides by k, even beyond the end of the list', () => {
    expect(precisionAt(2, ranked, relevant)).toBe(1 / 2);
    expect(precisionAt(5, ranked, relevant)).toBe(2 / 5);
    expect(precisionAt(10, ranked, relevant)).toBe(2 / 10);
  });

  test('NDCG discounts by log2(place + 1) and cuts the ideal list at min(k, relevant)', () => {
    const gain = 1 / Math.log2(3) + 1 / Math.log2(6);
    const idealOfThree = 1 + 1 / Math.log2(3) + 1 / 2;
    expect(ndcgAt(5, ranked, relevant)).toBeCloseTo(gain / idealOfThree, 12);
    expect(ndcgAt(2, ranked, relevant)).toBeCloseTo(1 / Math.log2(3) / (1 + 1 / Math.log2(3)), 12);
    expect(ndcgAt(5, ranked, relevant)).toBeCloseTo(0.4776, 4);
    expect(ndcgAt(3, [1, 3, 8], relevant)).toBe(1);
  });

  test('reciprocal rank, hit and R-precision', () => {
    expect(reciprocalRank(ranked, relevant)).toBe(1 / 2);
    expect(reciprocalRank([4, 7], relevant)).toBe(0);
    expect(hitAt(1, ranked, relevant)).toBe(0);
    expect(hitAt(2, ranked, relevant)).toBe(1);
    expect(rPrecision(ranked, relevant)).toBe(1 / 3);
    expect(rPrecision([1, 3], relevant)).toBe(2 / 3);
  });

  test('clicks count pages of ten before the first hit, 51 where 500 hold none', () => {
    const at = (place: number) => Array.from({ length: 600 }, (_, i) => (i + 1 === place ? 1 : -1));
    expect([1, 10, 11, 20, 500].map((place) => clicks(at(place), relevant))).toEqual([
      0, 0, 1, 1, 49,
    ]);
    expect(clicks(at(501), relevant)).toBe(51);
    expect(clicks([], relevant)).toBe(51);
  });

  test('an item that comes twice is one hit', () => {
    expect(recallAt(4, [1, 1, 1, 3], relevant)).toBe(2 / 3);
    expect(ndcgAt(2, [1, 1], new Set([1]))).toBe(1);
  });

  test('a user with nothing relevant has no value', () => {
    const none = new Set<number>();
    const values = [
      recallAt(5, ranked, none),
      precisionAt(5, ranked, none),
      hitAt(5, ranked, none),
      ndcgAt(5, ranked, none),
      reciprocalRank(ranked, none),
      rPrecision(ranked, none),
      clicks(ranked, none),
    ];
    expect(values).toEqual(values.map(() => NaN));
    expect(meanOf([NaN, 1, 0, NaN])).toBe(0.5);
    expect(meanOf([NaN])).toBeNaN();
    expect(meanOf([])).toBeNaN();
  });

  test('a k that is no count is refused', () => {
    expect(() => recallAt(-1, ranked, relevant)).toThrow('got -1');
    expect(() => ndcgAt(2.5, ranked, relevant)).toThrow('got 2.5');
  });
});

describe('laws', () => {
  test('all shares lie in 0..1, and recall and hit never fall as k grows', () => {
    fc.assert(
      fc.property(rankedLists, relevantSets, fc.integer({ min: 1, max: 30 }), (list, of, k) => {
        for (const metric of [recallAt, precisionAt, ndcgAt, hitAt]) {
          expect(metric(k, list, of)).toBeGreaterThanOrEqual(0);
          expect(metric(k, list, of)).toBeLessThanOrEqual(1);
        }
        expect(recallAt(k + 1, list, of)).toBeGreaterThanOrEqual(recallAt(k, list, of));
        expect(hitAt(k + 1, list, of)).toBeGreaterThanOrEqual(hitAt(k, list, of));
      }),
    );
  });

  test('recall x |relevant| = precision x k', () => {
    fc.assert(
      fc.property(rankedLists, relevantSets, fc.integer({ min: 1, max: 30 }), (list, of, k) => {
        expect(recallAt(k, list, of) * of.size).toBeCloseTo(precisionAt(k, list, of) * k, 10);
      }),
    );
  });

  test('a list that begins with all that is relevant is perfect', () => {
    fc.assert(
      fc.property(rankedLists, relevantSets, fc.integer({ min: 1, max: 30 }), (list, of, k) => {
        const perfect = [...of, ...list.filter((item) => !of.has(item))];
        expect(ndcgAt(k, perfect, of)).toBeCloseTo(1, 12);
        expect(rPrecision(perfect, of)).toBe(1);
        expect(reciprocalRank(perfect, of)).toBe(1);
        expect(clicks(perfect, of)).toBe(0);
      }),
    );
  });

  test('moving a hit up never lowers NDCG, reciprocal rank, or the clicks saved', () => {
    fc.assert(
      fc.property(rankedLists, relevantSets, fc.nat(), (list, of, at) => {
        const place = at % Math.max(1, list.length - 1);
        const [upper, lower] = [list[place], list[place + 1]];
        fc.pre(lower !== undefined && of.has(lower) && !of.has(upper!));
        const better = list.with(place, lower).with(place + 1, upper!);
        expect(ndcgAt(30, better, of)).toBeGreaterThan(ndcgAt(30, list, of));
        expect(reciprocalRank(better, of)).toBeGreaterThanOrEqual(reciprocalRank(list, of));
        expect(clicks(better, of)).toBeLessThanOrEqual(clicks(list, of));
      }),
    );
  });
});

describe('many lists', () => {
  const lists = [
    [0, 1],
    [0, 2],
    [0, 1],
  ];

  test('exposure, coverage and Gini, by hand', () => {
    const exposure = exposureOf(lists, 5);
    expect([...exposure]).toEqual([3, 2, 1, 0, 0]);
    expect(coverage(exposure)).toBe(3 / 5);
    // ascending 0 0 1 2 3: (-4*0 - 2*0 + 0*1 + 2*2 + 4*3) / (5 * 6)
    expect(gini(exposure)).toBeCloseTo(16 / 30, 12);
  });

  test('Gini is 0 where all are shown alike, (n - 1) / n where one has all, and knows no order or scale', () => {
    expect(gini([4, 4, 4])).toBe(0);
    expect(gini([0, 0, 9, 0])).toBe(3 / 4);
    expect(gini([0, 0])).toBeNaN();
    fc.assert(
      fc.property(fc.array(fc.nat(20), { minLength: 1 }), (exposure) => {
        fc.pre(exposure.some((count) => count > 0));
        const value = gini(exposure);
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThan(1);
        expect(gini(exposure.toReversed().map((count) => count * 4))).toBeCloseTo(value, 12);
      }),
    );
  });

  test('novelty is the mean self-information in bits', () => {
    const listenersOf = [7, 3, 0];
    expect(novelty([0], listenersOf, 7)).toBe(0);
    expect(novelty([1], listenersOf, 7)).toBe(1);
    expect(novelty([2], listenersOf, 7)).toBe(3);
    expect(novelty([0, 1, 2], listenersOf, 7)).toBeCloseTo(4 / 3, 12);
    expect(novelty([], listenersOf, 7)).toBeNaN();
  });

  test('an item outside the catalogue is refused', () => {
    expect(() => exposureOf([[5]], 5)).toThrow('below 5, got 5');
  });
});
