import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import amqp, { type ConfirmChannel } from 'amqplib';
import { calculateObjectSize } from 'bson';
import { readConfig } from '../../infra/config.ts';
import { openMongo } from '../../infra/mongo.ts';
import { openPlaylists } from '../../infra/mongo/playlists.ts';
import { noPictures } from '../../infra/pictures.ts';
import { Unroutable } from '../../infra/rabbit/publish.ts';
import { idKeys } from '../../model/ids.ts';
import { readTracks, TracksWriter } from '../../model/listed-tracks.ts';
import type { Mistake } from '../../model/mistake.ts';
import { reasonKinds } from '../../model/reasons.ts';
import { mondayStart } from '../../model/week.ts';
import { deliverBatch } from '../../pipelines/delivery/deliver.ts';
import { Unavailable, type PlacedOrder } from '../../pipelines/delivery/ports.ts';
import { batchesOf } from '../../pipelines/delivery/publish.ts';
import { idsOf } from '../../pipelines/listed.ts';
import type {
  BatchMessage,
  FrozenLists,
  PlaylistDocument,
  WeeklyList,
} from '../../pipelines/lists.ts';
import { openDelivery, startDelivery, type Delivery } from '../../workers/delivery.ts';
import { runScheduler, weekToMake } from '../../workers/scheduler.ts';
import { answering, type Lost } from '../support/answering.ts';
import { archiveOf, frozenListsOf } from '../support/frozen-lists.ts';
import { idOf, listFor } from '../support/lists.ts';
import { openDoor } from '../faults/door.ts';
import { sharedServers, silentLog } from '../support/servers.ts';

jest.setTimeout(600_000);

const week = '2014-W36';
const zones = {
  'America/New_York': 90,
  'Asia/Jakarta': 150,
  'Asia/Kathmandu': 60,
  'Europe/Berlin': 101,
  'Pacific/Kiritimati': 99,
};
/** Sunday evening in UTC: Monday has begun in Kiritimati (UTC+14) alone. */
const sunday = Date.parse('2014-08-31T16:00:00Z');

let servers: Awaited<ReturnType<typeof sharedServers>>;
let home: string;
const opened: Delivery[] = [];

beforeAll(async () => {
  servers = await sharedServers();
  home = await mkdtemp(join(tmpdir(), 'delivery-'));
}, 600_000);

afterEach(async () => {
  for (const delivery of opened.splice(0)) {
    await delivery.remove();
    await delivery.dispose();
  }
});

afterAll(() => rm(home, { recursive: true, force: true }));

/** A namespace of its own. */
function options(lists: FrozenLists, now = sunday) {
  const namespace = `t${randomUUID().slice(0, 8)}`;
  const archive = archiveOf(lists);
  const config = { ...readConfig({ home }, {}), namespace };
  let at = now;
  return {
    config,
    servers,
    archive,
    log: silentLog,
    batchSize: 50,
    clock: () => at,
    setClock: (to: number) => {
      at = to;
    },
  };
}

/** Started, and removed with all its data at the end of the test. */
async function started(given: ReturnType<typeof options>): Promise<Delivery> {
  const delivery = await startDelivery(given);
  opened.push(delivery);
  return delivery;
}

async function connected(given: ReturnType<typeof options>): Promise<Delivery> {
  const delivery = await openDelivery(given);
  opened.push(delivery);
  return delivery;
}

async function storedOf(delivery: Delivery) {
  return delivery.playlists.collection.find().sort({ _id: 1 }).toArray();
}

/** Every name that the lists refer to is stored. */
async function expectNamed(delivery: Delivery, stored: readonly PlaylistDocument[]): Promise<void> {
  expect(stored.length).toBeGreaterThan(0);
  const ids = stored.map((list) => idsOf(list));
  for (const kind of ['tracks', 'artists'] as const) {
    const wanted = new Set(ids.flatMap((of) => of[kind]));
    expect(new Set((await delivery.names[kind]([...wanted])).keys())).toEqual(wanted);
  }
}

async function firstBatch(order: PlacedOrder, lists: FrozenLists): Promise<BatchMessage> {
  for await (const message of batchesOf(order, lists)) return message;
  throw new Error(`no lists in ${order.zone}`);
}

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

/** Resolves when the check gives true; the test's own time limit ends it otherwise. */
async function until(check: () => Promise<boolean>): Promise<void> {
  while (!(await check())) await pause(50);
}

/** A plain connection to RabbitMQ, past our own code. */
async function onChannel<T>(use: (channel: ConfirmChannel) => Promise<T>): Promise<T> {
  const connection = await amqp.connect(servers.rabbitmqUrl);
  try {
    return await use(await connection.createConfirmChannel());
  } finally {
    await connection.close();
  }
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
    const door = await answering(servers.mongodbUrl, lost);
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

describe('a message', () => {
  const few = { 'Asia/Jakarta': 60 };

  test('that is no batch ends in the dead-letter queue with its reason, and shows as failed', async () => {
    const lists = frozenListsOf(week, few);
    const delivery = await connected(options(lists, mondayStart(week, 'Asia/Jakarta')));
    const { topology } = delivery.rabbit;
    const [order] = await delivery.place(lists);
    await delivery.startDelivering();
    const headers = { order: order!.id, batch: 1, week, zone: order!.zone, lists: 10 };
    await onChannel(async (channel) => {
      const { exchange, routingKey } = topology;
      channel.publish(exchange, routingKey, Buffer.from('{"v":1,"order":{}}'), { headers });
      channel.publish(exchange, routingKey, Buffer.from('not BSON'));
      await channel.waitForConfirms();
    });
    await until(async () => (await delivery.status(week)).total.failed === 10);
    expect((await delivery.status(week)).total).toMatchObject({ failed: 10, missing: 50 });
    await onChannel(async (channel) => {
      await until(async () => (await channel.checkQueue(topology.deadQueue)).messageCount === 2);
      const reasons: string[] = [];
      for (let message = await channel.get(topology.deadQueue); message !== false;) {
        reasons.push(String(message.properties.headers!['x-reason']));
        message = await channel.get(topology.deadQueue);
      }
      expect(reasons.sort()).toEqual([
        expect.stringContaining('expected a batch as BSON, got 18 bytes that begin as JSON'),
        expect.stringContaining('expected a batch as BSON, got 8 bytes: '),
      ]);
    });

    // The next delivery brings the failed batch after all; its dead letter goes, the other stays.
    delivery.startPublishing();
    expect(await delivery.deliverWeek(lists)).toMatchObject({ delivered: 60, failed: 0 });
    expect(await delivery.rabbit.inspectDeadLetters(delivery.ledger, () => sunday)).toEqual({
      failed: 1,
      cleared: 1,
    });
  });

  test('that kills its workers again and again is dead, and found so', async () => {
    const lists = frozenListsOf(week, few);
    const delivery = await connected(options(lists, mondayStart(week, 'Asia/Jakarta')));
    const { topology } = delivery.rabbit;
    const [order] = await delivery.place(lists);
    await delivery.rabbit.publish(await firstBatch(order!, lists));
    await onChannel(async (channel) => {
      await channel.consume(topology.queue, (message) => channel.nack(message!));
      await until(async () => (await channel.checkQueue(topology.deadQueue)).messageCount === 1);
    });
    await delivery.sweep([]);
    await delivery.sweep([]);
    expect((await delivery.status(week)).total).toMatchObject({ failed: 50, missing: 10 });
    expect((await delivery.ledger.find(order!.id, 0))?.reason).toContain('handed out too often');
  });

  test('for which there is no queue is an error', async () => {
    const lists = frozenListsOf(week, few);
    const delivery = await connected(options(lists));
    const [order] = await delivery.place(lists);
    const { queue, exchange, routingKey } = delivery.rabbit.topology;
    await onChannel((channel) => channel.unbindQueue(queue, exchange, routingKey));
    await expect(delivery.rabbit.publish(await firstBatch(order!, lists))).rejects.toThrow(
      Unroutable,
    );
  });

  test('waits while MongoDB is away, and is not dead for it', async () => {
    const lists = frozenListsOf(week, few);
    const door = await openDoor(servers.mongodbUrl);
    try {
      const delivery = await started({
        ...options(lists),
        servers: { ...servers, mongodbUrl: door.url },
      });
      const [order] = await delivery.place(lists);
      door.shut();
      await delivery.rabbit.publish(await firstBatch(order!, lists));
      await pause(1500);
      door.open();
      expect(await delivery.deliverWeek(lists, { now: true })).toMatchObject({ delivered: 60 });
      expect(await delivery.rabbit.inspectDeadLetters(delivery.ledger, () => sunday)).toEqual({
        failed: 0,
        cleared: 0,
      });
      await delivery.remove();
      await delivery.dispose();
      opened.length = 0;
    } finally {
      await door.dispose();
    }
  });
});

describe('whoever was missed', () => {
  test('is found by the sweep when messages are lost', async () => {
    const lists = frozenListsOf(week, { 'Asia/Jakarta': 60 });
    const given = options(lists, mondayStart(week, 'Asia/Jakarta'));
    const delivery = await connected(given);
    delivery.startPublishing();
    const [order] = await delivery.place(lists);
    await until(async () => (await delivery.orders.find(order!.id))?.publishedAt !== undefined);
    await onChannel((channel) => channel.purgeQueue(delivery.rabbit.topology.queue));
    await delivery.startDelivering();
    // Published just now, so they might still come.
    expect(await delivery.sweep([])).toEqual({ placed: 0, completed: 0, missing: 0 });
    given.setClock(mondayStart(week, 'Asia/Jakarta') + 300_000);
    expect(await delivery.sweep([])).toEqual({ placed: 0, completed: 0, missing: 1 });
    await until(async () => (await delivery.status(week)).total.delivered === 60);
    expect((await delivery.status(week)).total).toMatchObject({ late: 60, missing: 0 });
    expect(await delivery.sweep([week])).toEqual({ placed: 0, completed: 1, missing: 0 });
  });

  test('is found after the process was killed in the middle of it', async () => {
    const few = { 'America/New_York': 150, 'Asia/Jakarta': 150 };
    const lists = frozenListsOf(week, few);
    const given = options(lists, Date.now());
    const task = { namespace: given.config.namespace, home, servers, week, zones: few };
    for (const killAt of [1, 100]) {
      const child = spawn(
        process.execPath,
        [
          '--no-warnings',
          '--import',
          'tsx',
          join(import.meta.dirname, '../support/deliver-child.ts'),
          JSON.stringify(task),
        ],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      const closed = once(child, 'close');
      child.stdout.on('data', (text: Buffer) => {
        const done = text.toString().trim().split('\n').at(-1)!.split('/')[0];
        if (Number(done) >= killAt) child.kill('SIGKILL');
      });
      await closed;
    }
    const delivery = await started(given);
    expect(await delivery.deliverWeek(lists, { now: true })).toMatchObject({
      listeners: 300,
      delivered: 300,
      failed: 0,
    });
    const stored = await storedOf(delivery);
    expect(stored).toHaveLength(300);
    expect(stored.every(({ revision }) => revision === 1)).toBe(true);
    await expectNamed(delivery, stored);
  });
});

describe('a connection that is lost', () => {
  test.each(['rabbitmqUrl', 'redisUrl', 'mongodbUrl'] as const)(
    'in mid-delivery comes back, and everybody has their list (%s)',
    async (which) => {
      const lists = frozenListsOf(week, { 'Asia/Jakarta': 100, 'Europe/Berlin': 100 });
      const door = await openDoor(servers[which]);
      try {
        const delivery = await startDelivery({
          ...options(lists),
          servers: { ...servers, [which]: door.url },
          batchSize: 2,
        });
        let isOver = false;
        const summary = await delivery.deliverWeek(lists, {
          now: true,
          onProgress: (done) => {
            if (isOver || done === 0) return;
            isOver = true;
            door.shut();
            setTimeout(() => door.open(), 300);
          },
        });
        expect(isOver).toBe(true);
        expect(summary).toMatchObject({ listeners: 200, delivered: 200, failed: 0 });
        const stored = await storedOf(delivery);
        expect(stored).toHaveLength(200);
        expect(stored.every(({ revision }) => revision === 1)).toBe(true);
        await delivery.remove();
        await delivery.dispose();
      } finally {
        await door.dispose();
      }
    },
  );
});

describe('the scheduler', () => {
  test('makes the week, delivers it, and after a restart does neither again', async () => {
    const now = Date.parse('2014-08-30T07:00:00Z');
    expect(weekToMake(now)).toBe(week);
    expect(weekToMake(now - 3 * 3.6e6)).toBe('2014-W35');
    const lists = frozenListsOf(week, { 'Asia/Jakarta': 20, 'Europe/Berlin': 5 });
    const given = options(lists, Date.parse('2014-09-01T12:00:00Z'));
    const empty = archiveOf();
    let finds = 0;
    const watching = await connected(given);
    let runs = 0;
    const scheduler = (signal: AbortSignal) =>
      runScheduler(
        {
          ...given,
          archive: {
            ...empty,
            find: (asked) => {
              finds++;
              return empty.find(asked);
            },
          },
          runWeek: (asked) => {
            expect(asked).toBe(week);
            runs++;
            empty.put(lists);
            return Promise.resolve(lists);
          },
        },
        signal,
      );
    const first = new AbortController();
    const running = scheduler(first.signal);
    await until(async () => (await watching.status(week)).total.delivered === 25);
    first.abort();
    await running;
    expect(runs).toBe(1);
    const stored = await storedOf(watching);

    finds = 0;
    const second = new AbortController();
    const again = scheduler(second.signal);
    // Once at the start, and for both weeks of the first sweep.
    await until(() => Promise.resolve(finds >= 3));
    second.abort();
    await again;
    expect(runs).toBe(1);
    expect(await storedOf(watching)).toEqual(stored);
  });
});

describe('a server that is up', () => {
  const withUser = (url: string, user: string) => {
    const changed = new URL(url);
    changed.username = user;
    changed.password = 'wrong';
    return changed.toString();
  };

  test('and refuses the password is a mistake that names it, and nothing stays open', async () => {
    const given = options(frozenListsOf(week, {}));
    for (const which of ['rabbitmqUrl', 'redisUrl'] as const) {
      const failing = openDelivery({
        ...given,
        servers: { ...servers, [which]: withUser(servers[which], 'mallory') },
      });
      const error = await failing.then(
        () => undefined,
        (refused: unknown) => refused as Mistake,
      );
      expect(error?.code).toBe('SERVER_REFUSED');
      expect(error?.message).toContain('mallory@127.0.0.1');
      expect(error?.message).not.toContain('wrong@');
    }
  });
});
