import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, jest, test } from '@jest/globals';
import { Unroutable } from '../../infra/rabbit/publish.ts';
import type { Mistake } from '../../model/mistake.ts';
import { mondayStart } from '../../model/week.ts';
import { openDelivery, startDelivery } from '../../workers/delivery.ts';
import { runScheduler, weekToMake } from '../../workers/scheduler.ts';
import {
  deliveryStage,
  expectNamed,
  firstBatch,
  storedOf,
  sunday,
  until,
} from '../support/delivery-stage.ts';
import { archiveOf, frozenListsOf } from '../support/frozen-lists.ts';
import { openDoor } from '../faults/door.ts';

jest.setTimeout(600_000);

const week = '2014-W36';
const stage = deliveryStage();
const { connected, onChannel, opened, options, started } = stage;

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
    const door = await openDoor(stage.servers.mongodbUrl);
    try {
      const delivery = await started({
        ...options(lists),
        servers: { ...stage.servers, mongodbUrl: door.url },
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
    const task = {
      namespace: given.config.namespace,
      home: stage.home,
      servers: stage.servers,
      week,
      zones: few,
    };
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
      const door = await openDoor(stage.servers[which]);
      try {
        const delivery = await startDelivery({
          ...options(lists),
          servers: { ...stage.servers, [which]: door.url },
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
        servers: { ...stage.servers, [which]: withUser(stage.servers[which], 'mallory') },
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
