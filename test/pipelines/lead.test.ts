import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  defaultLeadMs,
  measuredRate,
  publishPlan,
  type Load,
} from '../../pipelines/delivery/lead.ts';
import { orderId, planWeek } from '../../pipelines/delivery/orders.ts';
import type { PlacedOrder } from '../../pipelines/delivery/ports.ts';
import { mondayStart } from '../../model/week.ts';
import { frozenListsOf } from '../support/frozen-lists.ts';

const hourMs = 3_600_000;
const week = '2026-W47';
const zoneNames = ['Pacific/Kiritimati', 'Asia/Tokyo', 'Europe/Berlin', 'America/New_York', 'UTC'];

const loads = fc
  .uniqueArray(
    fc.record({
      zone: fc.string({ minLength: 1, maxLength: 3 }),
      listeners: fc.integer({ min: 1, max: 5_000_000 }),
      // Every quarter of an hour of the 26 hours in which a Monday begins.
      monday: fc.integer({ min: 0, max: 26 * 4 }).map((quarter) => quarter * (hourMs / 4)),
    }),
    { selector: ({ zone }) => zone, minLength: 1, maxLength: 30 },
  )
  .map((all): Load[] => all);
const rates = fc.integer({ min: 1, max: 20_000 });

describe('the plan of a week', () => {
  test('is six hours before each Monday until a rate is known', () => {
    const plan = publishPlan([load('a', 10, 7 * hourMs), load('b', 1e6, 9 * hourMs)], undefined);
    expect([...plan]).toEqual(
      expect.arrayContaining([
        ['a', 7 * hourMs - defaultLeadMs],
        ['b', 9 * hourMs - defaultLeadMs],
      ]),
    );
  });

  test('gives a zone twice the time its lists need, and two hours', () => {
    // 360,000 lists at 100 a second are an hour.
    expect(publishPlan([load('a', 360_000, 0)], 100).get('a')).toBe(-4 * hourMs);
    const options = { safety: 3, reserveMs: hourMs };
    expect(publishPlan([load('a', 360_000, 0)], 100, options).get('a')).toBe(-4 * hourMs);
  });

  test('has zones of the same hour share the rate', () => {
    const same = [load('a', 180_000, 0), load('b', 180_000, 0), load('c', 180_000, 0)];
    const plan = publishPlan(same, 100);
    expect(['a', 'b', 'c'].map((zone) => plan.get(zone)! / hourMs)).toEqual([-5, -4, -3]);
  });

  test('has a small zone make way for a large one that is due after it', () => {
    const plan = publishPlan([load('small', 1800, -hourMs), load('large', 1_800_000, 0)], 100);
    expect(plan.get('large')).toBe(-12 * hourMs);
    expect(plan.get('small')).toBe(-12 * hourMs - 36_000);
  });

  test('is never earlier than two days before Monday', () => {
    expect(publishPlan([load('a', 1e9, 0)], 1).get('a')).toBe(-48 * hourMs);
    expect(publishPlan([load('a', 1e9, 0)], 1, { maxLeadMs: hourMs }).get('a')).toBe(-hourMs);
  });

  test('has every list stored the reserve before its Monday, at half the rate and in any order of the zones', () => {
    fc.assert(
      fc.property(loads, rates, fc.integer({ min: 0, max: 5 }), (zones, rate, reserveHours) => {
        const reserveMs = reserveHours * hourMs;
        const plan = publishPlan(zones, rate, { reserveMs, maxLeadMs: Infinity });
        const mirrored = publishPlan([...zones].reverse(), rate, {
          reserveMs,
          maxLeadMs: Infinity,
        });
        expect(new Map([...mirrored].sort())).toEqual(new Map([...plan].sort()));
        // One server, first come first served.
        let free = -Infinity;
        const byTime = [...zones].sort((a, b) => plan.get(a.zone)! - plan.get(b.zone)!);
        for (const { zone, listeners, monday } of byTime) {
          free = Math.max(free, plan.get(zone)!) + (listeners * 2 * 1000) / rate;
          expect(free).toBeLessThanOrEqual(monday - reserveMs + 1e-3);
        }
      }),
    );
  });

  test('could not begin later: at half the rate some zone would not be stored in time', () => {
    fc.assert(
      fc.property(loads, rates, (zones, rate) => {
        const plan = publishPlan(zones, rate, { maxLeadMs: Infinity });
        const first = Math.min(...plan.values());
        const needMs = (from: number) =>
          zones
            .filter(({ monday }) => monday <= from)
            .reduce((sum, { listeners }) => sum + (listeners * 2000) / rate, 0);
        // The zones up to some Monday fill the time from the first one on; each is rounded once.
        const slack = zones.map(({ monday }) => monday - 2 * hourMs - first - needMs(monday));
        expect(Math.min(...slack)).toBeLessThanOrEqual(zones.length);
      }),
    );
  });

  test('is not later at a lower rate', () => {
    fc.assert(
      fc.property(loads, rates, rates, (zones, a, b) => {
        const slow = publishPlan(zones, Math.min(a, b));
        const fast = publishPlan(zones, Math.max(a, b));
        for (const { zone } of zones) {
          expect(slow.get(zone)!).toBeLessThanOrEqual(fast.get(zone)!);
        }
      }),
    );
  });
});

describe('the measured rate', () => {
  test('is that of the lists after the first batch, over the time in which they were stored', () => {
    expect(measuredRate([stored('a', 0, 100_000, 10_050)])).toBe(100);
  });

  test('takes orders that were under way together as one', () => {
    const orders = [stored('a', 0, 100_000, 5050), stored('b', 20_000, 90_000, 5000)];
    expect(measuredRate(orders)).toBe(100);
  });

  test('is not decided by one bad week of four, nor by small zones', () => {
    const good = [1, 2, 3].map((n) => stored(`good${n}`, n * 1e6, n * 1e6 + 100_000, 10_050));
    const bad = stored('bad', 9e6, 9e6 + 5_000_000, 3050);
    const small = Array.from({ length: 200 }, (_, n) =>
      stored(`small${n}`, 2e7 + n * 1e5, 2e7 + n * 1e5 + 50_000, 60),
    );
    expect(measuredRate([...good, bad, ...small])).toBe(100);
    // Half of all that was stored was stored so slowly: then it is.
    expect(measuredRate([...good.slice(0, 1), stored('bad', 9e6, 9e6 + 5e6, 10_050)])).toBe(2);
  });

  test('is unknown without a thousand lists, and while nothing is stored or the clock stands still', () => {
    const open: PlacedOrder = { ...stored('open', 0, 1, 1e6), stored: undefined };
    expect(measuredRate([])).toBeUndefined();
    expect(measuredRate([open])).toBeUndefined();
    expect(measuredRate([stored('a', 0, 10_000, 999)])).toBeUndefined();
    expect(measuredRate([stored('a', 5, 5, 1e6)])).toBeUndefined();
  });

  test('does not depend on the order of the orders, and no order can raise it above the best stretch', () => {
    const spans = fc.array(
      fc.record({
        from: fc.integer({ min: 0, max: 1e6 }),
        ms: fc.integer({ min: 1, max: 1e5 }),
        lists: fc.integer({ min: 1, max: 1e5 }),
      }),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(spans, fc.array(fc.integer(), { minLength: 20, maxLength: 20 }), (all, keys) => {
        const orders = all.map(({ from, ms, lists }, i) => stored(`z${i}`, from, from + ms, lists));
        const shuffled = orders
          .map((order, i) => ({ order, key: keys[i]! }))
          .sort((a, b) => a.key - b.key)
          .map(({ order }) => order);
        const rate = measuredRate(orders);
        expect(measuredRate(shuffled)).toBe(rate);
        const lists = all.reduce((sum, span) => sum + span.lists, 0);
        if (rate !== undefined) expect(rate).toBeLessThanOrEqual(lists * 1000);
      }),
    );
  });
});

describe('the plan from the book', () => {
  const lists = frozenListsOf(week, Object.fromEntries(zoneNames.map((zone) => [zone, 360_000])));

  test('is learnt from eight weeks before, and not from the week itself or older ones', async () => {
    const at = (of: string, rate: number) => stored('UTC', 0, 1_000_000, rate * 1000 + 50, of);
    const asked: string[] = [];
    const plan = (...orders: PlacedOrder[]) =>
      planWeek(
        {
          ofWeek(wanted) {
            asked.push(wanted);
            return Promise.resolve(orders.filter((order) => order.week === wanted));
          },
        },
        lists,
        {},
      );
    const known = await plan(at('2026-W39', 100), at('2026-W38', 1), at(week, 1));
    expect(asked).toEqual([46, 45, 44, 43, 42, 41, 40, 39].map((number) => `2026-W${number}`));
    expect(known).toEqual(await plan(at('2026-W46', 100)));
    // 2 hours for New York alone; Berlin and UTC are two and one hour before.
    expect(known.get('America/New_York')).toBe(mondayStart(week, 'America/New_York') - 4 * hourMs);
    expect(known.get('UTC')).toBe(mondayStart(week, 'UTC') - 4 * hourMs);
    expect(known.get('Europe/Berlin')).toBe(mondayStart(week, 'UTC') - 6 * hourMs);
    const unknown = await plan(at('2026-W38', 100));
    expect(unknown.get('UTC')).toBe(mondayStart(week, 'UTC') - defaultLeadMs);
  });

  test('is a fixed lead where one is given', async () => {
    const book = { ofWeek: () => Promise.resolve([stored('UTC', 0, 1000, 1e6)]) };
    const plan = await planWeek(book, lists, { leadMs: hourMs });
    for (const zone of zoneNames) expect(plan.get(zone)).toBe(mondayStart(week, zone) - hourMs);
  });
});

function load(zone: string, listeners: number, monday: number): Load {
  return { zone, listeners, monday };
}

function stored(zone: string, from: number, to: number, lists: number, of = week): PlacedOrder {
  return {
    id: orderId(of, zone, 1),
    week: of,
    zone,
    batchSize: 50,
    stored: { from, to, lists },
  } as PlacedOrder;
}
