import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { readConfig } from '../../infra/config.ts';
import { mondayStart } from '../../model/week.ts';
import type { MissingList } from '../../pipelines/delivery/missing.ts';
import { startDelivery, type Delivery } from '../../workers/delivery.ts';
import { archiveOf, frozenListsOf } from '../support/frozen-lists.ts';
import { sharedServers, silentLog } from '../support/servers.ts';

jest.setTimeout(600_000);

const week = '2014-W36';
const jakarta = 'Asia/Jakarta';
const zones = { [jakarta]: 25, 'Europe/Berlin': 12, 'Europe/Paris': 8 };
const lists = frozenListsOf(week, zones);
const hourMs = 3_600_000;
const midnight = mondayStart(week, jakarta);

let servers: Awaited<ReturnType<typeof sharedServers>>;
let home: string;
let now: number;
let delivery: Delivery;

beforeAll(async () => {
  servers = await sharedServers();
}, 600_000);

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'proof-'));
  now = midnight - 2 * hourMs;
  delivery = await startDelivery(options());
});

afterEach(async () => {
  await delivery.remove();
  await delivery.dispose();
  await rm(home, { recursive: true });
});

function options() {
  const namespace = `t${randomUUID().slice(0, 8)}`;
  return {
    config: { ...readConfig({ home }, {}), namespace },
    servers,
    archive: archiveOf(lists),
    log: silentLog,
    clock: () => now,
    batchSize: 5,
  };
}

const ledger = () => delivery.playlists.collection.db.collection('ledger');
const stored = () => delivery.playlists.collection;

async function totalOf(zone?: string) {
  const status = await delivery.status(week);
  const {
    listeners,
    by00,
    by06,
    now: have,
    late,
    missing,
  } = zone === undefined ? status.total : status.zones.find((one) => one.zone === zone)!;
  return { listeners, by00, by06, now: have, late, missing };
}

async function missing(inZones = Object.keys(zones)): Promise<MissingList[]> {
  const found: MissingList[] = [];
  for await (const one of delivery.missing(lists, inZones)) found.push(one);
  return found;
}

/** Delivers all zones at an instant. */
async function deliverAt(at: number): Promise<void> {
  now = at;
  await delivery.deliverWeek(lists, { now: true });
}

describe('the ledger says who had their list when', () => {
  test('by 00:00, by 06:00 and now, in each zone by its own clocks', async () => {
    // 08:00 in Jakarta is 03:00 in Berlin and Paris.
    await deliverAt(midnight + 8 * hourMs);
    expect(await totalOf(jakarta)).toEqual({
      ...{ listeners: 25, by00: 0, by06: 0, now: 25, late: 25, missing: 0 },
    });
    expect(await totalOf('Europe/Berlin')).toEqual({
      ...{ listeners: 12, by00: 0, by06: 12, now: 12, late: 12, missing: 0 },
    });
    expect(await totalOf()).toEqual({
      ...{ listeners: 45, by00: 0, by06: 20, now: 45, late: 45, missing: 0 },
    });
  });

  test('and a later delivery of the same lists takes nothing from who had theirs in time', async () => {
    await deliverAt(midnight - hourMs);
    const before = await totalOf();
    expect(before).toEqual({
      ...{ listeners: 45, by00: 45, by06: 45, now: 45, late: 0, missing: 0 },
    });
    now = midnight + 30 * hourMs;
    await delivery.redeliver(lists, [jakarta]);
    expect(await totalOf()).toEqual(before);
    const status = await delivery.status(week);
    expect(status.zones.map(({ zone, revision }) => [zone, revision])).toEqual([
      [jakarta, 2],
      ['Europe/Berlin', 1],
      ['Europe/Paris', 1],
    ]);
  });
});

describe('who is missing, and why', () => {
  test('is nobody for whom it is due yet, then all who were not ordered, and in the end nobody', async () => {
    now = midnight - 30 * hourMs;
    const early = await missing([jakarta]);
    expect(early).toHaveLength(25);
    expect(new Set(early.map(({ why }) => why))).toEqual(new Set(['not due yet']));
    expect((await delivery.status(week)).why).toEqual([{ why: 'not due yet', lists: 45 }]);
    now = midnight;
    expect(new Set((await missing()).map(({ why }) => why))).toEqual(new Set(['no order']));
    await deliverAt(midnight);
    expect(await missing()).toEqual([]);
    expect((await delivery.status(week)).why).toEqual([]);
  });

  test('names the batch, and what failed with the reason of its dead letter', async () => {
    await deliverAt(midnight - hourMs);
    const order = `${week}:${jakarta}:1`;
    await delivery.ledger.forget(order, [1, 4]);
    const entry = { order, week, zone: jakarta, users: [], lists: 5, late: 0, at: now };
    await delivery.ledger.failed({ ...entry, batch: 4, state: 'failed', reason: 'Error: no' });
    const found = await missing();
    expect(found.map(({ user, batch, why, reason }) => [user, batch, why, reason])).toEqual([
      ...[5, 6, 7, 8, 9].map((n) => [userOf(n), 1, 'published, not stored', undefined]),
      ...[20, 21, 22, 23, 24].map((n) => [userOf(n), 4, 'failed', 'Error: no']),
    ]);
    const status = await delivery.status(week);
    expect(status.why).toEqual([
      { why: 'published, not stored', lists: 5 },
      { why: 'failed', reason: 'Error: no', lists: 5 },
    ]);
    expect(status.total).toMatchObject({ delivered: 35, failed: 5, missing: 5, now: 35 });
  });
});

const userOf = (n: number) => `${jakarta}-${String(n).padStart(6, '0')}`;

describe('the story of a list', () => {
  test('has its orders, batch, times, model, revision and cover', async () => {
    await deliverAt(midnight - hourMs);
    now = midnight + hourMs;
    await delivery.redeliver(lists, [jakarta]);
    const story = await delivery.story(userOf(7), week);
    expect(story).toMatchObject({
      ...{ user: userOf(7), week, zone: jakarta, state: 'stored', onTime: true },
      ...{ model: 'ranker-test', revision: 2, cover: 'generated', missing: undefined },
      dueAt: new Date(midnight).toISOString(),
      storedAt: new Date(now).toISOString(),
    });
    expect(story.orders).toEqual(
      [midnight - hourMs, now].map((at, n) => ({
        ...{ order: `${week}:${jakarta}:${n + 1}`, revision: n + 1, batch: 1 },
        publishedAt: new Date(at).toISOString(),
        deliveredAt: new Date(at).toISOString(),
      })),
    );
  });

  test('says late, lost, missing and not made', async () => {
    await deliverAt(midnight + hourMs);
    expect(await delivery.story(userOf(3), week)).toMatchObject({ state: 'stored', onTime: false });
    await stored().deleteOne({ _id: `${userOf(3)}:${week}` });
    expect(await delivery.story(userOf(3), week)).toMatchObject({ state: 'lost' });
    await ledger().deleteMany({ order: `${week}:${jakarta}:1`, batch: 0 });
    expect(await delivery.story(userOf(3), week)).toMatchObject({
      state: 'missing',
      missing: { batch: 0, why: 'published, not stored' },
    });
    expect(await delivery.story(userOf(4), week)).toMatchObject({ state: 'not in the ledger' });
    expect(await delivery.story('nobody', week)).toMatchObject({ state: 'not made', orders: [] });
  });
});

describe('reconcile', () => {
  /** What a listener can see; not when it was stored. */
  const lines = async () =>
    (await stored().find().sort({ _id: 1 }).toArray()).map(({ storedAt: _, ...list }) => list);

  test('finds nothing where all is true, and says so', async () => {
    await deliverAt(midnight - hourMs);
    expect(await delivery.reconcile(week)).toEqual({
      ...{ week, checked: 10, checkedLists: 45, repaired: 0, lost: 0, replaced: 0 },
      ...{ found: 0, foundLists: 0, missing: 0, strange: 0, dryRun: false },
    });
  });

  test('takes back what was deleted, after a dry run that changed nothing', async () => {
    await deliverAt(midnight - hourMs);
    const before = await lines();
    const entries = await ledger().find().sort({ _id: 1 }).toArray();
    await stored().deleteMany({ _id: { $in: [`${userOf(0)}:${week}`, `${userOf(11)}:${week}`] } });
    const found = { repaired: 2, lost: 2, replaced: 0, found: 0, missing: 0 };
    expect(await delivery.reconcile(week, { dryRun: true })).toMatchObject(found);
    expect(await ledger().find().sort({ _id: 1 }).toArray()).toEqual(entries);
    expect(await delivery.reconcile(week)).toMatchObject(found);
    expect(await totalOf(jakarta)).toMatchObject({ now: 15, missing: 10 });
    now = midnight + hourMs;
    await delivery.deliverWeek(lists);
    expect(await lines()).toEqual(before);
    // The two had none on Monday at 00:00; the eight beside them in their batches had.
    expect(await totalOf(jakarta)).toMatchObject({ by00: 23, now: 25, late: 2, missing: 0 });
    expect(await delivery.reconcile(week)).toMatchObject({ repaired: 0, found: 0 });
  });

  test('writes down what is stored and was deleted from the ledger, as it was', async () => {
    await deliverAt(midnight + hourMs);
    const entries = await ledger().find().sort({ _id: 1 }).toArray();
    await ledger().deleteMany({ batch: { $gte: 1 } });
    now = midnight + 40 * hourMs;
    expect(await delivery.reconcile(week, { dryRun: true })).toMatchObject({ found: 7 });
    expect(await delivery.reconcile(week)).toMatchObject({ found: 7, foundLists: 30, missing: 0 });
    expect(await ledger().find().sort({ _id: 1 }).toArray()).toEqual(entries);
  });

  test('opens a complete order again whose lists and entries are both gone', async () => {
    await deliverAt(midnight - hourMs);
    const before = await lines();
    for (const order of await delivery.orders.ofWeek(week)) {
      await delivery.orders.completed(order.id, now);
    }
    await stored().deleteMany({ zone: 'Europe/Berlin' });
    await ledger().deleteMany({ zone: 'Europe/Berlin' });
    await stored().deleteOne({ _id: `${userOf(2)}:${week}` });
    expect(await delivery.sweep([week], 0)).toMatchObject({ missing: 0 });
    expect(await delivery.reconcile(week)).toMatchObject({ repaired: 1, missing: 3, found: 0 });
    expect(await delivery.sweep([week], 0)).toMatchObject({ missing: 2 });
    await delivery.deliverWeek(lists);
    expect(await lines()).toEqual(before);
    expect(await totalOf()).toMatchObject({ now: 45, missing: 0 });
  });

  test('takes back the entries of replaced orders too, of lists that are not there', async () => {
    await deliverAt(midnight - hourMs);
    await delivery.redeliver(lists, [jakarta]);
    await stored().deleteOne({ _id: `${userOf(2)}:${week}` });
    expect(await delivery.reconcile(week)).toMatchObject({ repaired: 2, replaced: 1, lost: 2 });
    expect(await totalOf(jakarta)).toMatchObject({ now: 20 });
  });

  test('leaves a listener alone who has moved, and tells of lists that nobody ordered', async () => {
    await deliverAt(midnight - hourMs);
    const list = await stored().findOne({ _id: `${userOf(1)}:${week}` });
    // As a newer order of another zone left it.
    await stored().updateOne(
      { _id: list!._id },
      { $set: { zone: 'Europe/Paris', revision: 2, order: `${week}:Europe/Paris:2` } },
    );
    expect(await delivery.reconcile(week)).toMatchObject({ repaired: 0, found: 0, strange: 1 });
  });
});
