import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { mondayStart, previousWeek, weekCutoffUtc } from '../../model/week.ts';
import type { ZoneRules } from '../../pipelines/delivery/orders.ts';
import { publishOrder } from '../../pipelines/delivery/publish.ts';
import type { Delivery } from '../../workers/delivery.ts';
import { calendarStage, listsOfPeople, type CalendarStage } from '../support/calendar-stage.ts';

jest.setTimeout(600_000);

const hourMs = 3_600_000;
const week = '2026-W14';
const before = previousWeek(week);
/** Of the weekend before, 06:00 UTC. */
const saturdayOf = (of: string) => weekCutoffUtc(of) - 42 * hourMs;

let stage: CalendarStage;

beforeEach(async () => {
  stage = await calendarStage(saturdayOf(week));
}, 600_000);

afterEach(() => stage.clear());

async function until(check: () => Promise<boolean>): Promise<void> {
  while (!(await check())) await pause(20);
}

const storedOf = (delivery: Delivery, of = week) =>
  delivery.playlists.collection.find({ week: of }).sort({ _id: 1 }).toArray();

describe('the API shows a list from the first instant of its Monday on', () => {
  test.each([
    // Clocks go forward on the Sunday before, at this very midnight, or not at all.
    [
      '2026-W14',
      [
        'Europe/Berlin',
        'Asia/Beirut',
        'Antarctica/Troll',
        'Asia/Kathmandu',
        'Pacific/Kiritimati',
        'Etc/GMT+12',
      ],
    ],
    ['2021-W12', ['Asia/Tehran', 'Asia/Jakarta']],
    // Back, on the Sunday before.
    ['2026-W44', ['Europe/Berlin', 'Asia/Beirut', 'America/New_York']],
    ['2026-W15', ['Australia/Lord_Howe', 'Pacific/Chatham', 'America/Santiago']],
    // Midnight comes twice.
    ['2001-W39', ['Asia/Jerusalem']],
  ])('in %s in %j', async (of, zones) => {
    const people = Object.fromEntries(zones.map((zone) => [`in ${zone}`, zone]));
    const delivery = await stage.start();
    for (const made of [previousWeek(of), of]) {
      stage.setClock(saturdayOf(made));
      const lists = listsOfPeople(made, people);
      stage.archive.put(lists);
      await delivery.deliverWeek(lists, { now: true });
    }
    for (const zone of [...zones].sort((a, b) => mondayStart(of, a) - mondayStart(of, b))) {
      const monday = mondayStart(of, zone);
      stage.setClock(monday - 1);
      expect([zone, await stage.shown(`in ${zone}`)]).toEqual([zone, previousWeek(of)]);
      stage.setClock(monday);
      expect([zone, await stage.shown(`in ${zone}`)]).toEqual([zone, of]);
      // Where midnight comes again, and a day later, it is still there.
      for (const laterMs of [hourMs, 24 * hourMs]) {
        stage.setClock(monday + laterMs);
        expect([zone, await stage.shown(`in ${zone}`)]).toEqual([zone, of]);
      }
    }
  });
});

test('whoever moves, from wherever to wherever, has one list of each week, and always one', async () => {
  const zones = [
    'Pacific/Kiritimati',
    'Pacific/Apia',
    'Asia/Tokyo',
    'Asia/Kathmandu',
    'Europe/Berlin',
    'America/New_York',
    'Pacific/Pago_Pago',
    'Etc/GMT+12',
  ];
  const moves = zones.flatMap((from) =>
    zones.map((to) => ({ user: `${from} to ${to}`, from, to })),
  );
  const delivery = await stage.start();
  for (const [made, side] of [
    [before, 'from'],
    [week, 'to'],
  ] as const) {
    const lists = listsOfPeople(
      made,
      Object.fromEntries(moves.map((move) => [move.user, move[side]])),
    );
    stage.archive.put(lists);
    stage.setClock(saturdayOf(made));
    expect(await delivery.deliverWeek(lists, { now: true })).toMatchObject({
      delivered: 64,
      failed: 0,
    });
  }
  const all = await delivery.playlists.collection.find().toArray();
  expect(new Set(all.map(({ user, week: of }) => `${user} ${of}`)).size).toBe(128);
  expect(all).toHaveLength(128);
  for (const { user, from, to } of moves) {
    const [first, second] = [mondayStart(before, from), mondayStart(week, to)];
    const seen: (string | undefined)[] = [];
    for (const at of [first - 1, first, first + 100 * hourMs, second - 1, second]) {
      stage.setClock(at);
      seen.push(await stage.shown(user));
    }
    expect([user, ...seen]).toEqual([user, undefined, before, before, before, week]);
  }
});

describe('a zone whose rules change after its lists were ordered', () => {
  // Parliament has moved the clocks of Jakarta back by an hour, those of Lima forward.
  const shifts: Record<string, number> = { 'Asia/Jakarta': hourMs, 'America/Lima': -hourMs };
  const people = {
    ...{ ana: 'Asia/Jakarta', ayu: 'Asia/Jakarta', budi: 'Asia/Jakarta', citra: 'Asia/Jakarta' },
    ...{ luz: 'America/Lima', mara: 'America/Lima', ute: 'Europe/Berlin' },
  };
  const oldRules: ZoneRules = { version: '2026a', mondayStart };
  const newRules: ZoneRules = {
    version: '2026b',
    mondayStart: (of, zone) => mondayStart(of, zone) + (of === week ? (shifts[zone] ?? 0) : 0),
  };
  const lists = listsOfPeople(week, people);
  const monday = (zone: string) => newRules.mondayStart(week, zone);

  async function weekBefore(delivery: Delivery): Promise<void> {
    stage.setClock(saturdayOf(before));
    const made = listsOfPeople(before, people);
    stage.archive.put(made);
    await delivery.deliverWeek(made, { now: true });
    stage.archive.put(lists);
    stage.setClock(saturdayOf(week));
  }

  async function corrected(delivery: Delivery): Promise<void> {
    await until(async () =>
      (await storedOf(delivery)).every(
        ({ zone, validFrom }) => validFrom.getTime() === monday(zone),
      ),
    );
  }

  /** Everybody has the list before until their new Monday, and this one from then on. */
  async function expectMondays(): Promise<void> {
    const byMonday = Object.entries(people).sort(([, a], [, b]) => monday(a) - monday(b));
    for (const [user, zone] of byMonday) {
      stage.setClock(monday(zone) - 1);
      expect([user, await stage.shown(user)]).toEqual([user, before]);
      stage.setClock(monday(zone));
      expect([user, await stage.shown(user)]).toEqual([user, week]);
    }
  }

  test('has the new Monday in what is stored, before either has come, and nobody is without a list', async () => {
    const old = await stage.start({ zoneRules: oldRules });
    await weekBefore(old);
    await old.deliverWeek(lists, { now: true });
    await old.dispose();
    // What is cached says when the next list begins, and must not keep to it.
    for (const user of Object.keys(people)) expect(await stage.shown(user)).toBe(before);

    const fresh = await stage.start({ zoneRules: newRules });
    expect(await fresh.sweep([before, week])).toMatchObject({ placed: 2 });
    await corrected(fresh);
    const stored = await storedOf(fresh);
    expect(stored.map(({ user, revision }) => [user, revision])).toEqual(
      Object.entries(people).map(([user, zone]) => [user, zone in shifts ? 2 : 1]),
    );
    expect(await fresh.sweep([before, week])).toMatchObject({ placed: 0 });
    await expectMondays();
    expect((await fresh.status(week)).total).toMatchObject({
      ...{ listeners: 7, delivered: 7, late: 0, missing: 0 },
    });
  });

  test('is left alone by a process that knows older rules only', async () => {
    const fresh = await stage.start({ zoneRules: newRules });
    await weekBefore(fresh);
    await fresh.deliverWeek(lists, { now: true });
    const old = await stage.watch({ zoneRules: oldRules });
    expect(await old.sweep([before, week])).toMatchObject({ placed: 0 });
    expect((await old.place(lists)).map(({ revision }) => revision)).toEqual([1, 1, 1]);
    await expectMondays();
  });

  test('is published by its new Monday where it was only ordered, and the old order never is', async () => {
    const old = await stage.watch({ zoneRules: oldRules });
    stage.archive.put(lists);
    const placed = await old.place(lists);
    const fresh = await stage.watch({ zoneRules: newRules });
    await fresh.sweep([week]);
    const ofWeek = await fresh.orders.ofWeek(week);
    expect(ofWeek.map(({ zone, revision, publishAt }) => [zone, revision, publishAt])).toEqual([
      ['America/Lima', 1, mondayStart(week, 'America/Lima') - 6 * hourMs],
      ['America/Lima', 2, monday('America/Lima') - 6 * hourMs],
      ['Asia/Jakarta', 1, mondayStart(week, 'Asia/Jakarta') - 6 * hourMs],
      ['Asia/Jakarta', 2, monday('Asia/Jakarta') - 6 * hourMs],
      ['Europe/Berlin', 1, monday('Europe/Berlin') - 6 * hourMs],
    ]);
    stage.setClock(monday('America/Lima') - hourMs);
    // The old orders come up too.
    for (const order of placed) await fresh.calendar.schedule(order);
    fresh.startPublishing();
    await fresh.startDelivering();
    await fresh.sweep([week]);
    await until(async () => (await storedOf(fresh)).length === 7);
    await corrected(fresh);
    const replaced = await Promise.all(
      ['America/Lima', 'Asia/Jakarta'].map((zone) => fresh.orders.find(`${week}:${zone}:1`)),
    );
    expect(replaced.map((order) => order?.publishedAt)).toEqual([undefined, undefined]);
  });

  test('has the new Monday when its batches with the old one are still in the queue, and arrive last', async () => {
    const old = await stage.watch({ zoneRules: oldRules });
    stage.archive.put(lists);
    stage.setClock(mondayStart(week, 'Asia/Jakarta') - 3 * hourMs);
    await old.place(lists);
    old.startPublishing();
    const isOut = async (id: string) => (await old.orders.find(id))?.publishedAt !== undefined;
    await until(() => isOut(`${week}:Asia/Jakarta:1`));
    const fresh = await stage.start({ zoneRules: newRules });
    await fresh.sweep([week]);
    await until(
      async () => (await storedOf(fresh)).filter(({ revision }) => revision === 2).length >= 4,
    );
    // And once more, as if the broker had held them back till now.
    const first = (await fresh.orders.find(`${week}:Asia/Jakarta:1`))!;
    await until(async () => (await fresh.ledger.deliveredBatches(first.id)).length === 2);
    await fresh.ledger.forget(first.id, [0, 1]);
    const { orders, ledger, rabbit: publisher } = fresh;
    await publishOrder({ orders, ledger, publisher, clock: stage.options.clock }, first, lists);
    await until(async () => (await fresh.ledger.deliveredBatches(first.id)).length === 2);
    const stored = (await storedOf(fresh)).filter(({ zone }) => zone === 'Asia/Jakarta');
    expect(stored.map(({ user, validFrom }) => [user, validFrom.getTime()])).toEqual(
      ['ana', 'ayu', 'budi', 'citra'].map((user) => [user, monday('Asia/Jakarta')]),
    );
  });

  test('does not lose what is shown already: a Monday that has begun is not taken back', async () => {
    const old = await stage.start({ zoneRules: oldRules });
    await weekBefore(old);
    await old.deliverWeek(lists, { now: true });
    stage.setClock(mondayStart(week, 'Asia/Jakarta'));
    expect(await stage.shown('ana')).toBe(week);
    const fresh = await stage.start({ zoneRules: newRules });
    // Lima, whose Monday is to come, is corrected.
    expect(await fresh.sweep([before, week])).toMatchObject({ placed: 1 });
    expect(await stage.shown('ana')).toBe(week);
  });
});

test('lists are published as early as the weeks before ask for', async () => {
  const delivery = await stage.start({ clock: goingFrom(saturdayOf(before)), batchSize: 50 });
  const people = Object.fromEntries(
    Array.from({ length: 1500 }, (_, i) => [`user-${i}`, 'Asia/Jakarta']),
  );
  await delivery.deliverWeek(listsOfPeople(before, people), { now: true });
  const [{ stored } = {}] = await delivery.orders.ofWeek(before);
  expect(stored?.lists).toBe(1500);
  const rate = (1450 * 1000) / (stored!.to - stored!.from);
  expect(rate).toBeGreaterThan(0);

  const millions = (millionsOf: number) => ({ listeners: millionsOf * 1e6 });
  const large = {
    ...listsOfPeople(week, {}),
    zones: [
      { zone: 'Asia/Bangkok', ...millions(3) },
      { zone: 'Asia/Jakarta', ...millions(2) },
      { zone: 'Europe/Berlin', ...millions(0.5) },
    ],
  };
  const watching = await stage.watch();
  const placed = new Map(
    (await watching.place(large)).map(({ zone, publishAt }) => [zone, publishAt]),
  );
  const needMs = (count: number) => (count * 2 * 1000) / rate;
  const berlin = mondayStart(week, 'Europe/Berlin') - 2 * hourMs - needMs(0.5e6);
  const jakarta = Math.min(mondayStart(week, 'Asia/Jakarta') - 2 * hourMs, berlin) - needMs(2e6);
  const earliest = mondayStart(week, 'Asia/Jakarta') - 48 * hourMs;
  const expected = { berlin, jakarta, bangkok: jakarta - needMs(3e6) };
  for (const [zone, at] of [
    ['Europe/Berlin', expected.berlin],
    ['Asia/Jakarta', expected.jakarta],
    ['Asia/Bangkok', expected.bangkok],
  ] as const) {
    const difference = placed.get(zone)! - Math.max(at, zone === 'Europe/Berlin' ? at : earliest);
    expect(Math.abs(difference)).toBeLessThan(10);
  }
});

/** A clock that goes, from then on. */
function goingFrom(then: number): () => number {
  const offset = then - Date.now();
  return () => Date.now() + offset;
}
