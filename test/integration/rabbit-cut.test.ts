import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, jest, test } from '@jest/globals';
import amqp from 'amqplib';
import { openRabbit } from '../../infra/rabbit.ts';
import { closeChannel, whileOpen } from '../../infra/rabbit/channel.ts';
import { declareTopology } from '../../infra/rabbit/topology.ts';
import type { Log } from '../../pipelines/ports.ts';
import { openDoor } from '../faults/door.ts';
import { sharedServers, silentLog } from '../support/servers.ts';

jest.setTimeout(600_000);

// amqplib alone answers neither: the test would not end.
test('closing a channel ends, and so does work on it, when the connection breaks meanwhile', async () => {
  const door = await openDoor((await sharedServers()).rabbitmqUrl);
  const connection = await amqp.connect(door.url);
  connection.on('error', () => undefined);
  const [closing, working] = [await connection.createChannel(), await connection.createChannel()];
  // Held up at the door: the broker hears of neither.
  door.delay(60_000);
  const closed = closeChannel(closing);
  const work = whileOpen(working, new Promise(() => undefined));
  door.shut();
  await closed;
  await expect(work).rejects.toThrow('the channel was closed');
  // Of one that is closed already.
  await closeChannel(closing);
  await door.dispose();
});

test('dead letters are turned over again after each cut, in whatever it falls', async () => {
  const door = await openDoor((await sharedServers()).rabbitmqUrl);
  const rabbit = await openRabbit({
    url: door.url,
    namespace: `t${randomUUID().slice(0, 8)}`,
    log: silentLog,
  });
  // Each call takes a while, so that every cut falls into one.
  door.delay(3);
  let turns = 0;
  let isOver = false;
  const turning = (async () => {
    while (!isOver) {
      await rabbit
        .turnOverDeadLetters(Date.now, () => Promise.resolve('stays'))
        .then(
          () => turns++,
          () => pause(5),
        );
    }
  })();
  for (let cut = 0; cut < 15; cut++) {
    const from = turns;
    while (turns < from + 2) await pause(1);
    await pause(5 * cut);
    door.shut();
    await pause(20);
    door.open();
  }
  isOver = true;
  await turning;
  expect(turns).toBeGreaterThanOrEqual(30);
  await rabbit.remove();
  await rabbit.dispose();
  await door.dispose();
});

test('a worker whose queue was deleted and made again takes what comes then, over the same connection', async () => {
  const url = (await sharedServers()).rabbitmqUrl;
  const namespace = `t${randomUUID().slice(0, 8)}`;
  let cancelled = 0;
  const warn: Log['warn'] = (_fields, message) => {
    if (message.endsWith('consumer cancelled')) cancelled++;
  };
  const rabbit = await openRabbit({ url, namespace, log: { ...silentLog, warn } });
  const { queue } = rabbit.topology;
  let failed = 0;
  await rabbit.consume({
    handle: () => Promise.resolve(),
    failed: () => Promise.resolve(void failed++),
    clock: Date.now,
  });
  const connection = await amqp.connect(url);
  const channel = await connection.createConfirmChannel();
  try {
    for (let round = 1; round <= 3; round++) {
      channel.sendToQueue(queue, Buffer.from(`no batch, ${round}`));
      await channel.waitForConfirms();
      while (failed < round) await pause(10);
      await channel.deleteQueue(queue);
      // Made again within milliseconds, RabbitMQ (3.10) tells no consumer that it was gone.
      while (cancelled < round) await pause(10);
      await declareTopology(connection, rabbit.topology);
    }
  } finally {
    await connection.close();
    await rabbit.remove();
    await rabbit.dispose();
  }
});

test('a worker that is stopped while it begins again takes nothing more', async () => {
  const url = (await sharedServers()).rabbitmqUrl;
  const door = await openDoor(url);
  const namespace = `t${randomUUID().slice(0, 8)}`;
  const rabbit = await openRabbit({ url: door.url, namespace, log: silentLog });
  const { queue } = rabbit.topology;
  let failed = 0;
  const consumer = await rabbit.consume({
    handle: () => Promise.resolve(),
    failed: () => Promise.resolve(void failed++),
    clock: Date.now,
  });
  const connection = await amqp.connect(url);
  const channel = await connection.createConfirmChannel();
  const numConsumers = async () => (await channel.checkQueue(queue)).consumerCount;
  try {
    door.shut();
    while ((await numConsumers()) > 0) await pause(10);
    channel.sendToQueue(queue, Buffer.from('no batch'));
    await channel.waitForConfirms();
    door.open();
    // Held up at the door: that it consumes is known here before it is known there.
    door.delay(300);
    while ((await numConsumers()) === 0) await pause(5);
    await consumer.stop();
    door.delay(0);
    while ((await numConsumers()) > 0) await pause(10);
    expect(failed).toBe(0);
    expect((await channel.checkQueue(queue)).messageCount).toBe(1);
  } finally {
    await connection.close();
    await rabbit.remove();
    await rabbit.dispose();
    await door.dispose();
  }
});

test('a worker that could not begin does not begin later by itself', async () => {
  const url = (await sharedServers()).rabbitmqUrl;
  const namespace = `t${randomUUID().slice(0, 8)}`;
  const rabbit = await openRabbit({ url, namespace, log: silentLog });
  const { queue } = rabbit.topology;
  const connection = await amqp.connect(url);
  const channel = await connection.createConfirmChannel();
  try {
    await channel.deleteQueue(queue);
    const never = () => Promise.reject(new Error('it was handled'));
    await expect(rabbit.consume({ handle: never, failed: never, clock: Date.now })).rejects.toThrow(
      /NOT_FOUND/,
    );
    await declareTopology(connection, rabbit.topology);
    // Twice as long as it waits before it begins again.
    await pause(2000);
    expect((await channel.checkQueue(queue)).consumerCount).toBe(0);
  } finally {
    await connection.close();
    await rabbit.remove();
    await rabbit.dispose();
  }
});
