import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { sentimentOf } from '../../model/text/sentiment.ts';
import { wordsOf } from '../../model/text/tokens.ts';
import { weeklyTrend } from '../../model/text/trend.ts';

const say = (sentence: string): number => sentimentOf(wordsOf(sentence));

test('an artist with its usual share of the articles is in no trend, however many there are', () => {
  const usual = { thisWeek: 10, before: 80, allThisWeek: 100, allBefore: 800 };
  expect(weeklyTrend(usual, 3).trend).toBeLessThan(0.2);
  // Ten times the articles of all: a new feed.
  const more = { thisWeek: 100, before: 80, allThisWeek: 1000, allBefore: 800 };
  expect(weeklyTrend(more, 3).trend).toBeLessThan(0.5);
});

test('the trend is the signed root of the deviance', () => {
  // (4.5 + 0.5) / (80 + 20) x 100 = 5 expected, 20 found.
  const { expected, trend } = weeklyTrend(
    { thisWeek: 20, before: 4.5, allThisWeek: 100, allBefore: 80 },
    3,
  );
  expect(expected).toBeCloseTo(5, 12);
  expect(trend).toBeCloseTo(Math.sqrt(2 * (20 * Math.log(4) - 15)), 12);
});

test('below the least count, and below what is usual, there is no trend', () => {
  const rare = { thisWeek: 2, before: 0, allThisWeek: 500, allBefore: 4000 };
  expect(weeklyTrend(rare, 3).trend).toBe(0);
  expect(weeklyTrend(rare, 2).trend).toBeGreaterThan(0);
  const less = { thisWeek: 5, before: 80, allThisWeek: 100, allBefore: 800 };
  expect(weeklyTrend(less, 3).trend).toBe(0);
});

test('more articles never make less of a trend, and a busier past never more', () => {
  const counts = fc.record({
    thisWeek: fc.nat(50),
    before: fc.nat(100),
    allThisWeek: fc.integer({ min: 100, max: 500 }),
    allBefore: fc.integer({ min: 100, max: 2000 }),
  });
  fc.assert(
    fc.property(counts, (one) => {
      const { trend } = weeklyTrend(one, 3);
      expect(trend).toBeGreaterThanOrEqual(0);
      const more = weeklyTrend({ ...one, thisWeek: one.thisWeek + 1 }, 3).trend;
      expect(more).toBeGreaterThanOrEqual(trend);
      const busier = weeklyTrend({ ...one, before: one.before + 1 }, 3).trend;
      expect(busier).toBeLessThanOrEqual(trend);
    }),
  );
});

test('praise is above 0, blame below, and a negation turns its own clause only', () => {
  expect(say('A wonderful, brilliant album.')).toBeGreaterThan(0.5);
  expect(say('A terrible and boring album.')).toBeLessThan(-0.5);
  expect(say('It is not good.')).toBeLessThan(0);
  expect(say('It is not long, but the songs are wonderful.')).toBeGreaterThan(0);
  expect(say('The band recorded twelve songs.')).toBe(0);
});

test('names of genres and songs judge nothing', () => {
  expect(say('Death metal and dark love songs.')).toBe(0);
  expect(say('')).toBe(0);
});
