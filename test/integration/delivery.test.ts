import { describe, expect, jest, test } from '@jest/globals';
import { calculateObjectSize } from 'bson';
import { openMongo } from '../../infra/mongo.ts';
import { openPlaylists } from '../../infra/mongo/playlists.ts';
import { noPictures } from '../../infra/pictures.ts';
import { idKeys } from '../../model/ids.ts';
import { readTracks, TracksWriter } from '../../model/listed-tracks.ts';
import { reasonKinds } from '../../model/reasons.ts';
import { mondayStart } from '../../model/week.ts';
import { deliverBatch } from '../../pipelines/delivery/deliver.ts';
import { Unavailable } from '../../pipelines/delivery/ports.ts';
import type { BatchMessage, PlaylistDocument, WeeklyList } from '../../pipelines/lists.ts';
import { answering, type Lost } from '../support/answering.ts';
import {
  deliveryStage,
  expectNamed,
  firstBatch,
  storedOf,
  sunday,
  until,
} from '../support/delivery-stage.ts';
import { frozenListsOf } from '../support/frozen-lists.ts';
import { idOf, listFor } from '../support/lists.ts';

jest.setTimeout(600_000);

const week = '2014-W36';
const zones = {
  'America/New_York': 90,
  'Asia/Jakarta': 150,
  'Asia/Kathmandu': 60,
  'Europe/Berlin': 101,
  'Pacific/Kiritimati': 99,
};
const stage = deliveryStage();
const { connected, options, started } = stage;

function wordiestList(): WeeklyList {
  const writer = new TracksWriter();
  const described = reasonKinds.findIndex(({ name }) => name === 'described');
  for (let n = 0; n < 30; n++) {
    writer.track(0, described, idKeys([idOf('t', `${n}`)]), 0);
    writer.word(`melancholic ${n % 12}`);
    writer.key(idKeys([idOf('a', `${n}`)]), 0);
  }
  const { tracks, words } = writer.finish();
  return { user: 'u', tracks, words: [...words!] };
}

function firstTrack(list: PlaylistDocument): string {
  return readTracks(list)[0]!.trackId;
}

describe('a week over five zones', () => {
  test('is stored exactly once for each listener, and a second call publishes nothing', async () => {
    const lists = frozenListsOf(week, zones);
    const given = options(lists);
    const delivery = await started(given);
    const progress: number[] = [];
    const first = await delivery.deliverWeek(lists, {
      now: true,
      onProgress: (done) => progress.push(done),
    });
    expect(first).toMatchObject({
      zones: 5,
      listeners: 500,
      delivered: 500,
      already: 0,
      failed: 0,
    });
    expect(progress.at(-1)).toBe(500);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));

    const stored = await storedOf(delivery);
    expect(stored).toHaveLength(500);
    expect(new Set(stored.map(({ user }) => user)).size).toBe(500);
    for (const document of stored) {
      expect(document._id).toBe(`${document.user}:${week}`);
      expect(document.revision).toBe(1);
      expect(readTracks(document)).toHaveLength(30);
      expect(document.validFrom.getTime()).toBe(mondayStart(week, document.zone));
    }
    await expectNamed(delivery, stored);
    const second = await delivery.deliverWeek(lists, { now: true });
    expect(second).toMatchObject({ delivered: 500, already: 500, listsPerSecond: 0 });
    expect(await storedOf(delivery)).toEqual(stored);
  });

  test('waits for its time in each zone', async () => {
    const lists = frozenListsOf(week, zones);
    const given = options(lists);
    const delivery = await started(given);
    // Six hours before Monday there: come in Kiritimati, New York is 18 hours behind it.
    const summary = await delivery.deliverWeek(lists);
    const dueZones = lists.zones.filter(
      ({ zone }) => mondayStart(week, zone) - 6 * 3.6e6 <= sunday,
    );
    const due = dueZones.reduce((sum, { listeners }) => sum + listeners, 0);
    expect(dueZones.map(({ zone }) => zone)).toEqual([
      'Asia/Jakarta',
      'Asia/Kathmandu',
      'Europe/Berlin',
      'Pacific/Kiritimati',
    ]);
    expect(summary).toMatchObject({ delivered: due, scheduled: 500 - due, scheduledZones: 1 });
    expect(await delivery.status(week)).toMatchObject({
      total: { listeners: 500, due, delivered: due, failed: 0, missing: 0, late: 99 },
    });
    given.setClock(mondayStart(week, 'America/New_York') - 3.6e6);
    expect(await delivery.deliverWeek(lists)).toMatchObject({ delivered: 500, already: due });
    expect((await delivery.status(week)).total).toMatchObject({
      listeners: 500,
      due: 500,
      delivered: 500,
      late: 99,
      failed: 0,
      missing: 0,
    });
  });

  test('is delivered again when MongoDB has lost it, wholly or in part', async () => {
    const lists = frozenListsOf(week, zones);
    const delivery = await started(options(lists));
    await delivery.deliverWeek(lists, { now: true });
    const before = await storedOf(delivery);

    await delivery.playlists.collection.deleteMany({ zone: 'Asia/Jakarta' });
    expect(await delivery.deliverWeek(lists, { now: true })).toMatchObject({
      delivered: 500,
      already: 350,
    });
    await delivery.playlists.collection.deleteOne({ _id: before[0]!._id });
    expect(await delivery.reconcile(week)).toMatchObject({ checked: 12, repaired: 1 });
    expect(await delivery.sweep([], 0)).toMatchObject({ missing: 1 });
    await delivery.deliverWeek(lists, { now: true });
    expect(await storedOf(delivery)).toEqual(before);

    // Names that are lost are found so by nobody but those who look.
    const tracks = delivery.playlists.collection.db.collection('tracks');
    const numTracks = await tracks.countDocuments();
    await tracks.deleteMany({ title: 'Title 7' });
    expect(await delivery.reconcile(week)).toMatchObject({ repaired: 0 });
    expect(await tracks.countDocuments()).toBe(numTracks);

    await delivery.playlists.collection.db.dropDatabase();
    expect(await delivery.deliverWeek(lists, { now: true })).toMatchObject({
      delivered: 500,
      already: 0,
    });
    expect(await storedOf(delivery)).toEqual(before);
  });
});

describe('an order', () => {
  const few = { 'Asia/Jakarta': 60, 'Europe/Berlin': 20 };

  test('that is applied twice counts once', async () => {
    const lists = frozenListsOf(week, few);
    const delivery = await started(options(lists));
    await delivery.deliverWeek(lists, { now: true });
    const before = await storedOf(delivery);
    const [jakarta] = await delivery.orders.ofWeek(week);
    const message = await firstBatch(jakarta!, lists);
    await delivery.rabbit.publish(message);
    await delivery.rabbit.publish(message);
    await until(async () => (await delivery.rabbit.backlog()) === 0);
    const { playlists, ledger } = delivery;
    expect(
      await deliverBatch(message, { playlists, ledger, pictures: noPictures, clock: () => sunday }),
    ).toBe('already');
    expect((await delivery.status(week)).total).toMatchObject({ delivered: 80, listeners: 80 });
    expect(await storedOf(delivery)).toEqual(before);
  });

  test('of a re-delivery raises the revision of its zones, with the same tracks', async () => {
    const lists = frozenListsOf(week, few);
    const given = options(lists);
    const delivery = await started(given);
    await delivery.deliverWeek(lists, { now: true });
    const before = await storedOf(delivery);
    given.setClock(sunday + 2 * 24 * 3.6e6);
    expect(await delivery.redeliver(lists, ['Asia/Jakarta'])).toMatchObject({ delivered: 60 });
    const after = await storedOf(delivery);
    expect(after.map(({ _id, tracks }) => ({ _id, tracks }))).toEqual(
      before.map(({ _id, tracks }) => ({ _id, tracks })),
    );
    expect(new Set(after.map(({ zone, revision }) => `${zone} ${revision}`))).toEqual(
      new Set(['Asia/Jakarta 2', 'Europe/Berlin 1']),
    );
    // They had theirs on time, so the new one is not late.
    expect((await delivery.status(week)).total).toMatchObject({ delivered: 80, late: 0 });
  });

  test('that is older never overwrites a newer one', async () => {
    const lists = frozenListsOf(week, few);
    const delivery = await started(options(lists));
    const { playlists, ledger, rabbit } = delivery;
    await delivery.deliverWeek(lists, { now: true });
    const [first] = await delivery.orders.ofWeek(week);
    const old = await firstBatch(first!, lists);
    await delivery.redeliver(lists, ['Asia/Jakarta']);
    const before = await storedOf(delivery);
    await ledger.forget(first!.id, [0]);
    await deliverBatch(old, { playlists, ledger, pictures: noPictures, clock: () => sunday });
    await rabbit.publish(old);
    expect(await storedOf(delivery)).toEqual(before);
    expect(before[0]!.revision).toBe(2);
  });

  test('for lists made anew goes before all orders of the old ones, in every zone', async () => {
    const old = frozenListsOf(week, few, 'a');
    const given = options(old);
    const delivery = await started(given);
    await delivery.deliverWeek(old, { now: true });
    await delivery.redeliver(old, ['Asia/Jakarta']);
    const recomputed = frozenListsOf(week, few, 'b');
    given.archive.put(recomputed);
    await delivery.deliverWeek(recomputed, { now: true });
    const stored = await storedOf(delivery);
    expect(stored).toHaveLength(80);
    expect(stored.every((list) => firstTrack(list) === idOf('t', `b-${list.user}-0`))).toBe(true);
    expect(stored.every(({ revision }) => revision === 3)).toBe(true);
  });

  test('of a week that is over is a backfill: nobody is late', async () => {
    const lists = frozenListsOf(week, few);
    const delivery = await started(options(lists, Date.parse('2026-01-01T00:00:00Z')));
    await delivery.deliverWeek(lists);
    const { total, zones: byZone } = await delivery.status(week);
    expect(total).toMatchObject({ due: 80, delivered: 80, late: 0 });
    expect(byZone.every(({ backfill }) => backfill)).toBe(true);
  });
});

describe('what is stored of a list', () => {
  test('is at most 1.5 KB for the longest names of listeners and zones, and 0.8 KB as a rule', async () => {
    const longest = 'America/Argentina/ComodRivadavia';
    expect(
      Math.max(...Intl.supportedValuesOf('timeZone').map((zone) => zone.length)),
    ).toBeLessThanOrEqual(longest.length);
    const delivery = await connected(options(frozenListsOf(week, {})));
    const { playlists, ledger } = delivery;
    const sizeOf = async (user: string, zone: string, list: WeeklyList) => {
      const [order] = await delivery.place(frozenListsOf(week, { [zone]: 1 }));
      const message: BatchMessage = {
        ...(await firstBatch(order!, frozenListsOf(week, { [zone]: 1 }))),
        lists: [{ ...list, user }],
      };
      const pictures = { newest: () => Promise.resolve('ab'.repeat(16)) };
      await ledger.forget(order!.id, [0]);
      await deliverBatch(message, { playlists, ledger, pictures, clock: () => sunday });
      const stored = await playlists.collection.findOne({ _id: `${user}:${week}` });
      expect(stored).toMatchObject({ v: 2, user, zone, picture: 'ab'.repeat(16) });
      return calculateObjectSize(stored!);
    };
    expect(await sizeOf('listener-000123', 'Europe/Berlin', listFor('x'))).toBeLessThan(900);
    // A hash for a name, and 30 reasons of the longest kind, of 12 terms.
    expect(await sizeOf('0123456789abcdef'.repeat(4), longest, wordiestList())).toBeLessThanOrEqual(
      1536,
    );
  });

  test('as version 1, in words, is replaced by a re-delivery', async () => {
    const few = { 'Asia/Jakarta': 20 };
    const lists = frozenListsOf(week, few);
    const delivery = await started(options(lists));
    await delivery.deliverWeek(lists, { now: true });
    const before = await storedOf(delivery);
    for (const { _id, ...list } of before) {
      const old = { ...list, v: 1, tracks: [{ title: 'Title 0' }], cover: 'c'.repeat(64) };
      await delivery.playlists.collection.replaceOne({ _id }, old as never);
    }
    expect(await delivery.deliverWeek(lists, { now: true })).toMatchObject({ already: 20 });
    await delivery.redeliver(lists, ['Asia/Jakarta']);
    const replaced = before.map((list) => ({
      ...list,
      revision: 2,
      order: `${week}:Asia/Jakarta:2`,
    }));
    expect(await storedOf(delivery)).toEqual(replaced);
  });
});

describe('a write', () => {
  const few = { 'Asia/Jakarta': 5 };

  async function batch() {
    const lists = frozenListsOf(week, few);
    const delivery = await connected(options(lists));
    const [order] = await delivery.place(lists);
    return { delivery, message: await firstBatch(order!, lists) };
  }

  test('that adds all is proven by the answer; of what was there before what is stored is read', async () => {
    const { delivery, message } = await batch();
    const { playlists, ledger } = delivery;
    await deliverBatch(message, { playlists, ledger, pictures: noPictures, clock: () => sunday });
    const documents = await storedOf(delivery);
    const ids = documents.map(({ _id }) => _id);
    expect(await playlists.upsert(documents)).toEqual(ids);
    await playlists.collection.deleteMany({ _id: { $in: ids.slice(0, 2) } });
    expect(await playlists.upsert(documents)).toEqual(ids.slice(2));
    expect(await playlists.upsert([])).toEqual([]);
    await playlists.collection.deleteMany({});
    expect(await playlists.upsert(documents)).toEqual([]);
    expect(await storedOf(delivery)).toEqual(documents);
  });

  test.each<[what: string, lost: Lost, isNoticed: boolean]>([
    ['that stores nothing, and counts nothing', { n: 0 }, true],
    ['that loses one, and counts the others', { n: 4, drop: 1 }, true],
    ['that counts them all, of which it has them all', { n: 5, drop: 0 }, false],
    [
      'that fails for one with its error, and counts all, as the stand-in does',
      { n: 5, drop: 1, errors: true },
      true,
    ],
    [
      'that fails for one with its error, and counts the others, as MongoDB does',
      { n: 4, drop: 1, errors: true },
      true,
    ],
  ])('%s is noticed where a list is lost', async (_what, lost, isNoticed) => {
    const { delivery, message } = await batch();
    const { ledger } = delivery;
    const door = await answering(stage.servers.mongodbUrl, lost);
    const mongo = await openMongo({
      url: door.url,
      database: delivery.playlists.collection.dbName,
    });
    try {
      const playlists = await openPlaylists(mongo.db);
      const delivering = { playlists, ledger, pictures: noPictures, clock: () => sunday };
      const delivered = deliverBatch(message, delivering);
      if (isNoticed) {
        await expect(delivered).rejects.toThrow(Unavailable);
        expect(await ledger.find(message.order.id, 0)).toBeUndefined();
      } else {
        expect(await delivered).toBe('delivered');
      }
      expect(door.changed()).toBe(1);
    } finally {
      await mongo.dispose();
      await door.close();
    }
  });
});
