import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { coverKey, parseCoverKey } from '../../pipelines/delivery/cover.ts';
import {
  byUrgency,
  isBackfill,
  isUpToDate,
  newestByZone,
  nextRevision,
  orderId,
  placeOrder,
  publishTime,
} from '../../pipelines/delivery/orders.ts';
import type { OrderBook, PlacedOrder } from '../../pipelines/delivery/ports.ts';
import { batchesOf } from '../../pipelines/delivery/publish.ts';
import { batchMessage, type BatchMessage } from '../../pipelines/lists.ts';
import { frozenListsOf } from '../support/frozen-lists.ts';

const hourMs = 3_600_000;
const sixHours = 6 * hourMs;

describe('lists are published six hours before Monday 00:00', () => {
  test.each([
    // zone, week, Monday 00:00 there as an instant
    ['Pacific/Kiritimati', '2014-W36', '2014-08-31T10:00:00Z'], // UTC+14
    ['Etc/GMT+12', '2014-W36', '2014-09-01T12:00:00Z'], // UTC-12
    ['Asia/Kathmandu', '2014-W36', '2014-08-31T18:15:00Z'], // UTC+5:45
    ['Asia/Kolkata', '2014-W36', '2014-08-31T18:30:00Z'], // UTC+5:30
    ['Europe/Berlin', '2014-W13', '2014-03-23T23:00:00Z'], // winter time
    ['Europe/Berlin', '2014-W14', '2014-03-30T22:00:00Z'], // the Monday after the spring change
    ['Europe/Berlin', '2014-W44', '2014-10-26T23:00:00Z'], // the Monday after the autumn change
    ['America/New_York', '2014-W45', '2014-11-03T05:00:00Z'],
  ])('in %s in %s', (zone, week, monday) => {
    expect(publishTime(week, zone, sixHours)).toBe(Date.parse(monday) - sixHours);
  });

  test('and a week is a backfill from the instant the next one begins there', () => {
    const next = Date.parse('2014-09-07T22:00:00Z');
    expect(isBackfill('2014-W36', 'Europe/Berlin', next - 1)).toBe(false);
    expect(isBackfill('2014-W36', 'Europe/Berlin', next)).toBe(true);
  });
});

describe('an order', () => {
  test('is placed once for the same lists, and again for a re-delivery or other lists', async () => {
    const book = bookInMemory();
    const lists = frozenListsOf('2014-W36', { 'Asia/Jakarta': 120, 'Europe/Berlin': 1 });
    const first = await placeOrder(book, lists, 'Asia/Jakarta', 0, { batchSize: 50 });
    expect(first).toMatchObject({
      id: '2014-W36:Asia/Jakarta:1',
      validFrom: '2014-08-31T17:00:00.000Z',
      listeners: 120,
      batches: 3,
      publishAt: Date.parse('2014-08-31T11:00:00Z'),
      backfill: false,
    });
    expect(await placeOrder(book, lists, 'Asia/Jakarta', 5)).toEqual(first);
    const again = await placeOrder(book, lists, 'Asia/Jakarta', 7, { again: true });
    expect(again).toMatchObject({ revision: 2, publishAt: 7 });
    const other = frozenListsOf('2014-W36', { 'Europe/Berlin': 1 }, 'b');
    expect(await placeOrder(book, other, 'Europe/Berlin', 8)).toMatchObject({ revision: 3 });
  });

  test('that another process placed at the same time is taken over', async () => {
    const book = bookInMemory();
    const lists = frozenListsOf('2014-W36', { 'Asia/Jakarta': 1 });
    const both = await Promise.all([
      placeOrder(book, lists, 'Asia/Jakarta', 0),
      placeOrder(book, lists, 'Asia/Jakarta', 0),
    ]);
    expect(both.map(({ id }) => id)).toEqual([
      '2014-W36:Asia/Jakarta:1',
      '2014-W36:Asia/Jakarta:1',
    ]);
  });

  test('has a revision above all that its lists must replace', () => {
    const orders = fc.array(
      fc.record({
        zone: fc.constantFrom('a', 'b'),
        lists: fc.constantFrom('x', 'y'),
        revision: fc.integer({ min: 1, max: 9 }),
      }),
    );
    fc.assert(
      fc.property(
        orders,
        fc.constantFrom('a', 'b'),
        fc.constantFrom('x', 'y'),
        (placed, zone, lists) => {
          const revision = nextRevision(placed, zone, lists);
          for (const order of placed) {
            if (order.zone === zone || order.lists !== lists)
              expect(revision).toBeGreaterThan(order.revision);
          }
          if (placed.length === 0) expect(revision).toBe(1);
        },
      ),
    );
  });
});

describe('the batches of an order', () => {
  test('hold each list once, in order, none over the size', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 20 }),
        async (listeners, batchSize) => {
          const lists = frozenListsOf('2014-W36', { UTC: listeners });
          const order = await placeOrder(bookInMemory(), lists, 'UTC', 0, { batchSize });
          const batches: BatchMessage[] = [];
          for await (const batch of batchesOf(order, lists)) batches.push(batch);
          expect(batches.map(({ batch }) => batch)).toEqual(batches.map((_, i) => i));
          expect(batches).toHaveLength(order.batches);
          expect(batches.every((batch) => batch.lists.length <= batchSize)).toBe(true);
          const users = batches.flatMap((batch) => batch.lists.map(({ user }) => user));
          expect(users).toHaveLength(listeners);
          expect(users).toEqual([...new Set(users)].sort());
        },
      ),
      { numRuns: 20 },
    );
  });

  test('are valid messages', async () => {
    const lists = frozenListsOf('2014-W36', { UTC: 2 });
    const order = await placeOrder(bookInMemory(), lists, 'UTC', 0);
    for await (const batch of batchesOf(order, lists)) {
      expect(batchMessage.parse(batch)).toEqual(batch);
      expect(batch).toMatchObject({ v: 2, model: lists.model, batches: 1 });
    }
  });
});

describe('the key of a cover', () => {
  const picture = 'ab'.repeat(16);

  test('depends on the picture and the week, not on whose it is', () => {
    expect(coverKey('anna', '2014-W36', picture)).toBe(`p-${picture}-2014-W36`);
    expect(coverKey('ben', '2014-W36', picture)).toBe(coverKey('anna', '2014-W36', picture));
  });

  test('depends on listener and week where there is no picture', () => {
    const keys = ['anna', 'ben'].flatMap((user) =>
      ['2014-W36', '2014-W37'].map((week) => coverKey(user, week, undefined)),
    );
    expect(new Set(keys).size).toBe(4);
    expect(coverKey('anna', '2014-W36', undefined)).toBe(keys[0]);
  });

  test('gives its parts again, and nothing else is a key', () => {
    expect(parseCoverKey(`p-${picture}-2014-W36`)).toEqual({
      picture,
      seed: picture,
      week: '2014-W36',
    });
    expect(parseCoverKey(coverKey('anna', '2014-W36', undefined))?.picture).toBeUndefined();
    for (const text of ['', '../secret', `p-${picture}-2014-W36/..`, `x-${picture}-2014-W36`]) {
      expect(parseCoverKey(text)).toBeUndefined();
    }
  });
});

/** Only what placing needs. */
function bookInMemory(): OrderBook {
  const placed = new Map<string, PlacedOrder>();
  return {
    place(order) {
      const isNew = !placed.has(order.id);
      if (isNew) placed.set(order.id, order);
      return Promise.resolve(isNew);
    },
    ofWeek: (week) => Promise.resolve([...placed.values()].filter((order) => order.week === week)),
  } as OrderBook;
}

test('the newest order of a zone has the highest revision', () => {
  const order = (zone: string, revision: number) =>
    ({ id: orderId('2014-W36', zone, revision), zone, revision }) as PlacedOrder;
  const newest = newestByZone([order('a', 2), order('a', 10), order('b', 1), order('a', 9)]);
  expect([...newest.values()].map(({ id }) => id)).toEqual(['2014-W36:a:10', '2014-W36:b:1']);
});

describe('the order of work', () => {
  test('is by Monday, those to come before those that are past', () => {
    const order = (zone: string, hours: number) =>
      ({ id: zone, zone, validFrom: new Date(hours * hourMs).toISOString() }) as PlacedOrder;
    const orders = [order('past', 2), order('next', 6), order('later', 9), order('longPast', 1)];
    const zonesAt = (hours: number) => byUrgency(orders, hours * hourMs).map(({ zone }) => zone);
    expect(zonesAt(5)).toEqual(['next', 'later', 'longPast', 'past']);
    // A Monday that begins now has begun.
    expect(zonesAt(6)).toEqual(['later', 'longPast', 'past', 'next']);
  });
});

describe('the Monday that an order promises', () => {
  const lists = frozenListsOf('2026-W47', { UTC: 1 });
  const monday = Date.parse('2026-11-16T00:00:00Z');
  const rules = (version: string, shiftMs: number) => ({
    version,
    mondayStart: () => monday + shiftMs,
  });
  const order = {
    ...{ week: '2026-W47', zone: 'UTC', lists: lists.fingerprint, tzdata: '2026a' },
    ...{ validFrom: new Date(monday).toISOString(), publishedAt: monday - 1 },
  } as PlacedOrder;

  test.each([
    // version, shift in hours, now in hours after the Monday promised
    ['2026b', 1, -0.001, false],
    ['2026b', -1, -0.001, false],
    ['2027a', -1, -2, false],
    ['2026b', 0, -2, true],
    ['2026a', 1, -2, true],
    ['2025c', 1, -2, true],
    ['2026b', 1, 0, true],
  ])(
    'with rules %s that move it by %d h, %d h after it, stays: %j',
    (version, shift, at, stays) => {
      const zoneRules = rules(version, shift * hourMs);
      expect(isUpToDate(order, lists, monday + at * hourMs, { zoneRules })).toBe(stays);
    },
  );

  test('is corrected even after it has begun where nothing was published', () => {
    const open = { ...order, publishedAt: undefined };
    expect(isUpToDate(open, lists, monday + 1, { zoneRules: rules('2026b', hourMs) })).toBe(false);
  });

  test('of an order that notes no version is as old as can be', () => {
    const old: PlacedOrder = { ...order, tzdata: undefined };
    expect(isUpToDate(old, lists, 0, { zoneRules: rules('2026b', hourMs) })).toBe(false);
    expect(isUpToDate(old, lists, 0, { zoneRules: rules('2026b', 0) })).toBe(true);
  });
});
