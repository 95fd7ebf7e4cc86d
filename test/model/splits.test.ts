import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { periodOf, temporalSplit, weeklyCutoffs } from '../../model/splits.ts';
import { weekCutoffUtc, weekOf } from '../../model/week.ts';

const dayMs = 24 * 60 * 60 * 1000;
const instant = fc.integer({ min: Date.UTC(2010, 0, 1), max: Date.UTC(2014, 11, 31) });
/** Few different values, so that times meet cut-offs exactly. */
const coarse = fc.array(
  fc.integer({ min: -5, max: 40 }).map((n) => n * dayMs),
  { maxLength: 60 },
);

describe('temporalSplit', () => {
  test('puts the cut-off itself into the test and the end of the horizon into later', () => {
    const { train, test: tested, later } = temporalSplit([9, 10, 14, 15, 0, 10], 10, 5);
    expect([...train]).toEqual([0, 4]);
    expect([...tested]).toEqual([1, 2, 5]);
    expect([...later]).toEqual([3]);
  });

  test('partitions its input, and all training precedes all testing', () => {
    fc.assert(
      fc.property(
        coarse,
        fc.integer({ min: 0, max: 30 }),
        fc.integer({ min: 1, max: 9 }),
        (times, at, days) => {
          const cutoff = at * dayMs;
          const split = temporalSplit(times, cutoff, days * dayMs);
          const all = [...split.train, ...split.test, ...split.later];
          expect(all.sort((a, b) => a - b)).toEqual(times.map((_, i) => i));
          expect([...split.train].every((i) => times[i]! < cutoff)).toBe(true);
          expect([...split.later].every((i) => times[i]! >= cutoff + days * dayMs)).toBe(true);
          for (const i of split.test) {
            expect(times[i]!).toBeGreaterThanOrEqual(cutoff);
            expect(times[i]!).toBeLessThan(cutoff + days * dayMs);
          }
        },
      ),
    );
  });

  test('tests one week unless told otherwise, and takes no events at all', () => {
    expect([...temporalSplit([0, 7 * dayMs - 1, 7 * dayMs], 0).test]).toEqual([0, 1]);
    expect(temporalSplit([], 0).train.length).toBe(0);
  });

  test('refuses what is no time and no horizon', () => {
    expect(() => temporalSplit([1, NaN], 0)).toThrow('expected times[1], got NaN');
    expect(() => temporalSplit([1], 0, 0)).toThrow('horizon above 0 ms, got 0');
    expect(() => temporalSplit([1], NaN)).toThrow('got NaN');
  });
});

describe('weeklyCutoffs', () => {
  test('are the Mondays 00:00 UTC between two instants, the first included, the last not', () => {
    const days = (cutoffs: Float64Array) =>
      [...cutoffs].map((ms) => new Date(ms).toISOString().replace('T00:00:00.000Z', ''));
    const [from, to] = [Date.UTC(2014, 7, 4), Date.UTC(2014, 7, 25)];
    expect(days(weeklyCutoffs(from, to))).toEqual(['2014-08-04', '2014-08-11', '2014-08-18']);
    expect(days(weeklyCutoffs(from + 1, to + 1))).toEqual([
      '2014-08-11',
      '2014-08-18',
      '2014-08-25',
    ]);
    expect(days(weeklyCutoffs(to, from))).toEqual([]);
    expect(() => weeklyCutoffs(0, Infinity)).toThrow('got 0 and Infinity');
  });

  test('are the cut-offs of their weeks, all of them', () => {
    fc.assert(
      fc.property(instant, fc.integer({ min: 1, max: 400 }), (from, days) => {
        const to = from + days * dayMs;
        const cutoffs = [...weeklyCutoffs(from, to)];
        for (const cutoff of cutoffs) {
          expect(cutoff).toBe(weekCutoffUtc(weekOf(cutoff, 'UTC')));
          expect(cutoff >= from && cutoff < to).toBe(true);
        }
        expect(Math.abs(cutoffs.length - days / 7)).toBeLessThan(1);
      }),
    );
  });
});

describe('periodOf', () => {
  test('agrees with counting the cut-offs that are not after the event', () => {
    fc.assert(
      fc.property(
        coarse,
        fc.uniqueArray(fc.integer({ min: 0, max: 30 }), { maxLength: 8 }),
        (times, at) => {
          const cutoffs = at.sort((a, b) => a - b).map((day) => day * dayMs);
          expect([...periodOf(times, cutoffs)]).toEqual(
            times.map((time) => cutoffs.filter((cutoff) => cutoff <= time).length),
          );
        },
      ),
    );
  });

  test('rolls: at each cut-off, the periods before it are known and its own is the test', () => {
    fc.assert(
      fc.property(fc.array(instant, { maxLength: 50 }), (times) => {
        const cutoffs = weeklyCutoffs(Date.UTC(2012, 0, 1), Date.UTC(2012, 5, 1));
        const periods = periodOf(times, cutoffs);
        for (const [i, cutoff] of cutoffs.entries()) {
          const split = temporalSplit(times, cutoff);
          const inPeriods = (wanted: (period: number) => boolean) =>
            times.flatMap((_, event) => (wanted(periods[event]!) ? [event] : []));
          expect([...split.train]).toEqual(inPeriods((period) => period <= i));
          if (i + 1 < cutoffs.length) {
            expect([...split.test]).toEqual(inPeriods((period) => period === i + 1));
          }
        }
      }),
      { numRuns: 20 },
    );
  });

  test('refuses cut-offs that do not ascend', () => {
    expect(() => periodOf([1], [5, 5])).toThrow('ascending cut-offs, got 5 at 1 after 5');
  });
});
