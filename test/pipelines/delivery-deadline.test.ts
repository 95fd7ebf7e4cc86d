import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  forecast,
  measureRate,
  type StoredInMinute,
  type ZoneLoad,
} from '../../pipelines/delivery/deadline.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const now = Date.parse('2014-08-31T12:00:00Z');

function zone(
  name: string,
  more: Partial<ZoneLoad> & { at?: number; due?: number } = {},
): ZoneLoad {
  const { at = now - hourMs, due = now + 4 * hourMs, ...rest } = more;
  return {
    ...{ week: '2014-W36', zone: name, order: `o-${name}`, backfill: false },
    ...{ listeners: 1000, delivered: 0, failed: 0 },
    publishAt: new Date(at).toISOString(),
    validFrom: new Date(due).toISOString(),
    ...rest,
  };
}

function stored(order: string, minutesAgo: number, lists: number): StoredInMinute {
  return { order, minute: now / minuteMs - minutesAgo, lists };
}

describe('the rate', () => {
  test('is that of the minutes in which work was waiting', () => {
    const zones = [zone('a', { delivered: 600, at: now - 5 * minuteMs })];
    const recent = [5, 4, 3, 2, 1].map((ago) => stored('o-a', ago, 120));
    expect(measureRate(zones, recent, now)).toBe(2);
  });

  test('is not less for an idle time before', () => {
    const zones = [
      zone('done', { listeners: 500, delivered: 500, at: now - 9.5 * minuteMs }),
      zone('open', { delivered: 360, at: now - 3 * minuteMs }),
    ];
    const recent = [
      stored('o-done', 10, 500),
      ...[3, 2, 1].map((ago) => stored('o-open', ago, 120)),
    ];
    expect(measureRate(zones, recent, now)).toBe(2);
  });

  test('is 0 where work waits and nothing comes, and unknown where none waits', () => {
    expect(measureRate([zone('a')], [], now)).toBe(0);
    expect(measureRate([zone('a', { at: now + hourMs })], [], now)).toBeUndefined();
    expect(measureRate([zone('a', { at: now - minuteMs })], [], now)).toBeUndefined();
    expect(measureRate([zone('a', { delivered: 900, failed: 100 })], [], now)).toBeUndefined();
    expect(measureRate([], [], now)).toBeUndefined();
  });

  test('counts what a re-delivery stores, and is open until it is stored', () => {
    const zones = [zone('a', { order: 'second', delivered: 240, at: now - 2 * minuteMs })];
    const recent = [stored('first', 7, 1000), stored('second', 2, 120), stored('second', 1, 120)];
    expect(measureRate(zones, recent, now)).toBe(2);
  });
});

describe('the forecast', () => {
  test('has one zone after the other, each with what comes too late', () => {
    const zones = [
      zone('first', { delivered: 400, at: now - hourMs, due: now + 400_000 }),
      zone('second', { at: now - 1000, due: now + 1_000_000 }),
    ];
    expect(forecast(zones, 1, now)).toEqual([
      {
        ...{ week: '2014-W36', zone: 'first', deadline: now + 400_000, left: 600, failed: 0 },
        ...{ predictedAt: now + 600_000, late: 200, misses: true },
      },
      {
        ...{ week: '2014-W36', zone: 'second', deadline: now + 1_000_000, left: 1000, failed: 0 },
        ...{ predictedAt: now + 1_600_000, late: 600, misses: true },
      },
    ]);
    expect(forecast(zones, 2, now).map(({ misses }) => misses)).toEqual([false, false]);
  });

  test('lets a zone that is not due yet wait for its time', () => {
    const [only] = forecast([zone('a', { at: now + hourMs, due: now + 2 * hourMs })], 1, now);
    expect(only).toMatchObject({ predictedAt: now + hourMs + 1_000_000, late: 0, misses: false });
  });

  test('mixes zones of one publishing instant, whatever their names', () => {
    const both = forecast(
      [
        zone('b', { listeners: 300, due: now + 200_000 }),
        zone('a', { listeners: 100, due: now + 200_000 }),
      ],
      1,
      now,
    );
    expect(both.map(({ zone: name, late, predictedAt }) => [name, late, predictedAt])).toEqual([
      ['a', 50, now + 400_000],
      ['b', 150, now + 400_000],
    ]);
  });

  test('has lists that failed as missed, and no word of zones that have all', () => {
    const zones = [
      zone('done', { delivered: 1000 }),
      zone('failed', { delivered: 950, failed: 50 }),
      zone('over', { due: now - hourMs, delivered: 990 }),
      zone('past', { backfill: true }),
    ];
    expect(forecast(zones, undefined, now)).toEqual([
      expect.objectContaining({ zone: 'over', late: 10, predictedAt: undefined, misses: true }),
      expect.objectContaining({ zone: 'failed', late: 0, failed: 50, misses: true }),
    ]);
  });

  test('never ends where nothing moves', () => {
    expect(forecast([zone('a')], 0, now)).toEqual([
      expect.objectContaining({ predictedAt: Infinity, late: 1000, misses: true }),
    ]);
  });

  test('agrees with a queue that is worked off list by list', () => {
    const loads = fc.array(
      fc.record({
        lists: fc.integer({ min: 1, max: 40 }),
        at: fc.integer({ min: -30, max: 60 }),
        due: fc.integer({ min: 1, max: 120 }),
      }),
      { minLength: 1, maxLength: 6 },
    );
    fc.assert(
      fc.property(loads, (given) => {
        // One publishing instant each, so that nothing is mixed.
        const zones = given.map(({ lists, at, due }, n) =>
          zone(String(n), { listeners: lists, at: now + at * 1000 + n, due: now + due * 1000 }),
        );
        const predicted = new Map(forecast(zones, 1, now).map((one) => [one.zone, one]));
        let free = now;
        const inTurn = [...zones].sort((a, b) => (a.publishAt < b.publishAt ? -1 : 1));
        for (const { zone: name, listeners, publishAt, validFrom } of inTurn) {
          free = Math.max(free, Date.parse(publishAt));
          let late = 0;
          for (let n = 0; n < listeners; n++) {
            free += 1000;
            if (free > Date.parse(validFrom)) late++;
          }
          expect(predicted.get(name)).toMatchObject({ predictedAt: free, late });
        }
      }),
    );
  });
});
