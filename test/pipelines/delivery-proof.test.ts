import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { mondaySix } from '../../model/morning.ts';
import { mondayStart } from '../../model/week.ts';
import type { PlacedOrder } from '../../pipelines/delivery/ports.ts';
import {
  hadOfOrder,
  hadOfOrders,
  type BatchRecord,
  type Tally,
} from '../../pipelines/delivery/proof.ts';

const hourMs = 3_600_000;
const quarterMs = 900_000;
const week = '2014-W36';
const zone = 'Asia/Kathmandu';
const midnight = mondayStart(week, zone);

function order(revision: number, more: Partial<PlacedOrder> = {}): PlacedOrder {
  return {
    ...{ id: `o${revision}`, week, zone, revision, lists: 'x', backfill: false },
    validFrom: new Date(midnight).toISOString(),
    ...{ listeners: 100, batchSize: 10, batches: 10, publishAt: midnight - 6 * hourMs },
    ...{ publishedAt: undefined, completedAt: undefined },
    ...more,
  };
}

function record(revision: number, batch: number, at: number, late = 0): BatchRecord {
  return { order: `o${revision}`, batch, state: 'delivered', lists: 10, late, at };
}

function tallied(records: readonly BatchRecord[]): Tally[] {
  return records.map(({ order: id, state, lists, late, at }) => ({
    ...{ order: id, state, lists, late, quarter: Math.floor(at / quarterMs) * quarterMs },
  }));
}

describe('Monday 06:00 by the clocks of a zone', () => {
  test.each([
    ['Europe/Berlin', '2014-W36', '2014-09-01T04:00:00Z'],
    ['Asia/Kathmandu', '2014-W36', '2014-09-01T00:15:00Z'], // UTC+5:45
    ['Pacific/Kiritimati', '2014-W36', '2014-08-31T16:00:00Z'], // UTC+14
    ['America/Sao_Paulo', '2014-W43', '2014-10-20T08:00:00Z'],
  ])('in %s in %s', (inZone, ofWeek, at) => {
    expect(mondaySix(ofWeek, inZone)).toBe(Date.parse(at));
  });

  test.each([
    ['Africa/Sao_Tome', '2018-W01', 5], // from UTC to UTC+1 at 01:00 of Monday 2018-01-01
    ['Antarctica/Vostok', '2023-W51', 8], // from UTC+7 to UTC+5 at 02:00 of Monday 2023-12-18
  ])(
    'in %s in %s, where the clocks change in between, is %d hours after 00:00',
    (inZone, ofWeek, hours) => {
      expect(mondaySix(ofWeek, inZone) - mondayStart(ofWeek, inZone)).toBe(hours * hourMs);
    },
  );
});

describe('of an order, by batch', () => {
  test('what was stored by 00:00, by 06:00 and later is told apart', () => {
    const records = [
      record(1, 0, midnight - hourMs),
      record(1, 1, midnight + hourMs, 10),
      record(1, 2, midnight + 6 * hourMs - 1, 10),
      record(1, 3, midnight + 6 * hourMs, 10),
    ];
    const expected = { by00: 10, by06: 30, now: 40 };
    expect(hadOfOrder(order(1), tallied(records))).toEqual(expected);
    expect(hadOfOrders([order(1)], records)).toEqual(expected);
  });

  test('a batch that is delivered again at noon for one lost list makes late that one alone', () => {
    const records = [record(1, 0, midnight + 12 * hourMs, 1)];
    expect(hadOfOrder(order(1), tallied(records))).toEqual({ by00: 9, by06: 9, now: 10 });
  });

  test('what failed was had by nobody', () => {
    const failed = { ...record(1, 0, midnight - hourMs), state: 'failed' as const };
    expect(hadOfOrder(order(1), tallied([failed]))).toEqual({ by00: 0, by06: 0, now: 0 });
  });

  test('a backfill was had by nobody in time', () => {
    const late = [record(1, 0, midnight + 400 * hourMs)];
    expect(hadOfOrder(order(1, { backfill: true }), tallied(late))).toEqual({
      ...{ by00: 0, by06: 0, now: 10 },
    });
  });
});

describe('of orders for one zone', () => {
  test('who had the list before it was delivered again had it then', () => {
    const orders = [order(1), order(2)];
    const before = [record(1, 0, midnight - hourMs), record(1, 1, midnight + hourMs, 10)];
    expect(hadOfOrders(orders, before)).toEqual({ by00: 10, by06: 20, now: 20 });
    // The second order reaches one of them and one who had none.
    const after = [
      ...before,
      record(2, 0, midnight + 9 * hourMs),
      record(2, 2, midnight + 9 * hourMs, 10),
    ];
    expect(hadOfOrders(orders, after)).toEqual({ by00: 10, by06: 20, now: 30 });
  });

  test('of other lists only the late ones are known, and taken off', () => {
    const orders = [order(1, { lists: 'y' }), order(2)];
    const records = [
      record(1, 0, midnight - hourMs),
      record(1, 1, midnight + hourMs, 10),
      record(2, 0, midnight + 2 * hourMs),
      record(2, 1, midnight + 2 * hourMs),
    ];
    expect(hadOfOrders(orders, records)).toEqual({ by00: 10, by06: 20, now: 20 });
  });

  test('by00 <= by06 <= now, and one order alone gives what the sums give', () => {
    const entry = fc.record({
      revision: fc.integer({ min: 1, max: 3 }),
      batch: fc.integer({ min: 0, max: 9 }),
      hours: fc.integer({ min: -12, max: 30 }),
      onTime: fc.integer({ min: 0, max: 10 }),
    });
    const entries = fc.uniqueArray(entry, {
      selector: ({ revision, batch }) => `${revision}:${batch}`,
    });
    fc.assert(
      fc.property(entries, (all) => {
        const records = all.map(({ revision, batch, hours, onTime }) =>
          record(revision, batch, midnight + hours * hourMs, hours < 0 ? 0 : 10 - onTime),
        );
        const { by00, by06, now } = hadOfOrders([order(1), order(2), order(3)], records);
        expect(by00).toBeLessThanOrEqual(by06);
        expect(by06).toBeLessThanOrEqual(now);
        expect(now).toBe(new Set(records.map(({ batch }) => batch)).size * 10);
        const first = records.filter((one) => one.order === 'o1');
        expect(hadOfOrders([order(1)], first)).toEqual(hadOfOrder(order(1), tallied(first)));
      }),
    );
  });
});
