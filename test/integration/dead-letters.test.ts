import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import amqp, { type ConfirmChannel } from 'amqplib';
import { readConfig } from '../../infra/config.ts';
import { mondayStart } from '../../model/week.ts';
import type { PlacedOrder } from '../../pipelines/delivery/ports.ts';
import { batchesOf } from '../../pipelines/delivery/publish.ts';
import type { BatchMessage, FrozenLists } from '../../pipelines/lists.ts';
import {
  dropDeadLetters,
  listDeadLetters,
  retryDeadLetters,
  type ListedLetter,
  type Retried,
} from '../../workers/dead-letters.ts';
import { openDelivery, type Delivery } from '../../workers/delivery.ts';
import { openCommandLine, type CommandLine } from '../support/command-line.ts';
import { archiveOf, frozenListsOf } from '../support/frozen-lists.ts';
import { sharedServers, silentLog } from '../support/servers.ts';

jest.setTimeout(600_000);

const week = '2014-W36';
const zone = 'Asia/Jakarta';
const order = `${week}:${zone}:1`;
const lists = frozenListsOf(week, { [zone]: 45, 'Europe/Berlin': 10 });
const monday = mondayStart(week, zone);

let cli: CommandLine;
let delivery: Delivery & { clock: () => number };
let clock: number;
let placed: PlacedOrder[];

beforeEach(async () => {
  cli = await openCommandLine();
  const servers = await sharedServers();
  clock = monday;
  const now = () => clock;
  const opened = await openDelivery({
    config: { ...readConfig({ home: cli.home }, {}), namespace: cli.namespace },
    servers,
    archive: archiveOf(lists),
    clock: now,
    log: silentLog,
    batchSize: 10,
  });
  delivery = { ...opened, clock: now };
  placed = await delivery.place(lists);
}, 600_000);

afterEach(async () => {
  await delivery.dispose();
  await cli.dispose();
});

async function batch(of: string, number: number, from: FrozenLists = lists): Promise<BatchMessage> {
  const ordered = placed.find((one) => one.zone === of)!;
  for await (const message of batchesOf(ordered, from)) {
    if (message.batch === number) return message;
  }
  throw new Error(`no batch ${number}`);
}

async function onChannel<T>(use: (channel: ConfirmChannel) => Promise<T>): Promise<T> {
  const connection = await amqp.connect((await sharedServers()).rabbitmqUrl);
  try {
    return await use(await connection.createConfirmChannel());
  } finally {
    await connection.close();
  }
}

const headersOf = (number: number) => ({ order, batch: number, week, zone, lists: 10 });

/** Puts messages into the dead-letter queue, as a worker would. */
async function bury(...letters: { content: Buffer; headers?: object; reason?: string }[]) {
  await onChannel(async (channel) => {
    for (const { content, headers = {}, reason = 'Error: planted' } of letters) {
      channel.sendToQueue(delivery.rabbit.topology.deadQueue, content, {
        persistent: true,
        headers: { ...headers, 'x-reason': reason },
      });
    }
    await channel.waitForConfirms();
  });
}

/** A good batch in the dead-letter queue: taken from the work queue, where it was published. */
async function buryBatch(message: BatchMessage): Promise<void> {
  await delivery.rabbit.publish(message);
  const taken = await onChannel(async (channel) => {
    for (;;) {
      const got = await channel.get(delivery.rabbit.topology.queue);
      if (got === false) continue;
      channel.ack(got);
      channel.sendToQueue(delivery.rabbit.topology.deadQueue, got.content, {
        ...got.properties,
        headers: { ...got.properties.headers, 'x-reason': 'Error: the disk was full' },
      });
      await channel.waitForConfirms();
      return got;
    }
  });
  expect(taken.content.length).toBeGreaterThan(0);
}

const depth = (queue: string) =>
  onChannel(async (channel) => (await channel.checkQueue(queue)).messageCount);

async function depths() {
  const { queue, deadQueue } = delivery.rabbit.topology;
  return { work: await depth(queue), dead: await depth(deadQueue) };
}

test('list shows each with its age, tries and reason, and leaves all where they are', async () => {
  await buryBatch(await batch(zone, 2));
  await bury({ content: Buffer.from('nonsense'), reason: 'expected a batch as JSON' });
  await delivery.rabbit.inspectDeadLetters(delivery.ledger, () => monday);
  clock = monday + 7200_000;
  await bury({ content: Buffer.from('{}'), headers: headersOf(4) });
  for (let i = 0; i < 2; i++) {
    const listed = await listDeadLetters(delivery);
    expect(listed).toMatchObject([
      {
        id: `${order}:2`,
        lists: 10,
        ageSeconds: 7200,
        tries: 1,
        reason: 'Error: the disk was full',
      },
      { order: 'unknown:unknown:0', lists: 0, reason: 'expected a batch as JSON', bytes: 8 },
      { id: `${order}:4`, week, zone, batch: 4, ageSeconds: 0, reason: 'Error: planted' },
    ]);
  }
  expect(await listDeadLetters(delivery, { zone, batch: '4' })).toHaveLength(1);
  expect(await listDeadLetters(delivery, { zone: 'Europe/Berlin' })).toEqual([]);
  expect(await depths()).toEqual({ work: 0, dead: 3 });
  expect((await delivery.status(week)).total.failed).toBe(20);
});

test('a message that stays never counts against itself, however often it is looked at', async () => {
  await bury({ content: Buffer.from('{}'), headers: headersOf(4) });
  for (let i = 0; i < 30; i++) await listDeadLetters(delivery);
  expect(await listDeadLetters(delivery)).toMatchObject([{ tries: 1 }]);
});

test('nobody looks while another turns the queue over: none is missed', async () => {
  await bury(
    ...[1, 2, 3, 4].map((n) => ({ content: Buffer.from(`{"n":${n}}`), headers: headersOf(n) })),
  );
  const other = await openDelivery({
    config: { ...readConfig({ home: cli.home }, {}), namespace: cli.namespace },
    servers: await sharedServers(),
    archive: archiveOf(lists),
    clock: () => clock,
    log: silentLog,
  });
  const looks = Array.from({ length: 10 }, (_, n) =>
    listDeadLetters(n % 2 === 0 ? delivery : { ...other, clock: () => clock }),
  );
  for (const listed of await Promise.all(looks)) expect(listed).toHaveLength(4);
  await other.dispose();
  // One that fails in the middle gives its turn up.
  const failing = delivery.rabbit.turnOverDeadLetters(delivery.clock, () =>
    Promise.reject(new Error('planted')),
  );
  await expect(failing).rejects.toThrow('planted');
  expect(await listDeadLetters(delivery)).toHaveLength(4);
});

test('retry delivers what can be delivered now, and says what fails again and why', async () => {
  await buryBatch(await batch(zone, 2));
  await buryBatch(await batch('Europe/Berlin', 0));
  await bury({ content: Buffer.from('{}'), headers: headersOf(3) });
  await delivery.rabbit.inspectDeadLetters(delivery.ledger, () => monday);
  expect((await delivery.status(week)).total).toMatchObject({ failed: 30, delivered: 0 });
  await delivery.startDelivering();
  const result = await retryDeadLetters(delivery, { zone });
  expect(result).toMatchObject({ delivered: [`${order}:2`], waiting: [] });
  expect(result.failed).toEqual([
    { id: `${order}:3`, reason: expect.stringContaining('expected a batch') as unknown },
  ]);
  expect((await delivery.status(week)).total).toMatchObject({ failed: 20, delivered: 10 });
  expect(await delivery.playlists.collection.countDocuments()).toBe(10);
  // The ledger has it before the queue.
  while ((await depths()).dead < 2) await pause(20);
  expect((await listDeadLetters(delivery)).map(({ id }) => id).sort()).toEqual([
    `${order}:3`,
    `${week}:Europe/Berlin:1:0`,
  ]);
});

test('what is retried and not worked on counts as waiting, and as missing, not as failed', async () => {
  await buryBatch(await batch(zone, 2));
  await delivery.rabbit.inspectDeadLetters(delivery.ledger, () => monday);
  expect(await retryDeadLetters(delivery, {}, { patienceMs: 300 })).toEqual({
    retried: [`${order}:2`],
    delivered: [],
    failed: [],
    waiting: [`${order}:2`],
  });
  expect(await depths()).toEqual({ work: 1, dead: 0 });
  expect((await delivery.status(week)).total).toMatchObject({ failed: 0, missing: 55 });
});

test('copies of a message are one: one goes back, and the others are gone', async () => {
  const copy = { content: Buffer.from('{}'), headers: headersOf(3) };
  await bury(copy, copy, copy);
  expect(await listDeadLetters(delivery)).toHaveLength(1);
  await retryDeadLetters(delivery, { batch: `${order}:3` }, { patienceMs: 0 });
  expect(await depths()).toEqual({ work: 1, dead: 0 });
});

test('a batch that was delivered since is neither listed, retried nor dropped', async () => {
  const message = await batch(zone, 2);
  await delivery.startDelivering();
  await delivery.rabbit.publish(message);
  while ((await delivery.ledger.find(order, 2)) === undefined) await pause(20);
  const stale = { content: Buffer.from('{}'), headers: headersOf(2) };
  await bury(stale);
  expect(await listDeadLetters(delivery)).toEqual([]);
  await bury(stale);
  expect(await retryDeadLetters(delivery, {})).toMatchObject({ delivered: [`${order}:2`] });
  await bury(stale);
  expect(await dropDeadLetters(delivery, {}, { by: 'ana', why: 'a test' })).toEqual({
    dropped: [],
    delivered: [`${order}:2`],
  });
  expect(await depths()).toEqual({ work: 0, dead: 0 });
  expect((await delivery.ledger.find(order, 2))?.state).toBe('delivered');
});

test('drop keeps the batch as failed in the ledger, with who, why and when', async () => {
  await bury(
    { content: Buffer.from('{}'), headers: headersOf(3) },
    { content: Buffer.from('[]'), headers: headersOf(4) },
  );
  await delivery.rabbit.inspectDeadLetters(delivery.ledger, () => monday);
  clock = monday + 5000;
  expect(
    await dropDeadLetters(delivery, { batch: '3' }, { by: 'ana', why: 'a test of ours' }),
  ).toEqual({ dropped: [`${order}:3`], delivered: [] });
  expect(await depths()).toEqual({ work: 0, dead: 1 });
  expect(await delivery.ledger.find(order, 3)).toMatchObject({
    state: 'failed',
    lists: 10,
    at: monday + 5000,
    reason: 'dropped: by ana: a test of ours; it had failed: Error: planted',
  });
  expect((await delivery.status(week)).total).toMatchObject({ failed: 20 });
  // Nothing brings it back by itself.
  clock = monday + 3600_000;
  await delivery.sweep([week], 0);
  expect((await delivery.ledger.find(order, 3))?.reason).toContain('dropped: by ana');
});

test('a selection that means none of them names some that there are', async () => {
  await bury({ content: Buffer.from('{}'), headers: headersOf(3) });
  for (const deal of [
    () => retryDeadLetters(delivery, { batch: 'nonsense' }),
    () => dropDeadLetters(delivery, { batch: 'nonsense' }, { by: 'ana', why: 'a test' }),
  ]) {
    await expect(deal()).rejects.toThrow(
      expect.objectContaining({
        code: 'UNKNOWN_DEAD_LETTER',
        message: `batch nonsense: expected a dead letter, there are 1 others: ${order}:3`,
      }),
    );
  }
  expect(await depths()).toEqual({ work: 0, dead: 1 });
});

test('the command lists, retries and drops, and says by its exit code how it went', async () => {
  const empty = await cli.run('dead-letters', 'list');
  expect(empty.output).toBe('there are no dead letters\n');
  expect(await cli.json('dead-letters', 'retry', '--all')).toMatchObject({ retried: [] });

  await buryBatch(await batch(zone, 2));
  await bury({ content: Buffer.from('{}'), headers: headersOf(3) });
  const { deadLetters, lists: sum } = await cli.json<{
    deadLetters: ListedLetter[];
    lists: number;
  }>('dead-letters', 'list', '--week', week);
  expect([deadLetters.map(({ id }) => id).sort(), sum]).toEqual([[`${order}:2`, `${order}:3`], 20]);

  const retrying = await cli.start(['dead-letters', 'retry', '--all', '--json']).ended;
  expect(retrying.code).toBe(1);
  expect(JSON.parse(retrying.output)).toMatchObject({
    delivered: [`${order}:2`],
    waiting: [],
  } satisfies Partial<Retried>);
  expect(retrying.errors).toContain('2 tried again: 1 delivered, 1 failed again, 0 waiting');

  const unknown = await cli.start(['dead-letters', 'retry', '--batch', 'none']).ended;
  expect([unknown.code, unknown.errors]).toEqual([
    1,
    expect.stringContaining('mondaymix: batch none: expected a dead letter'),
  ]);
  const unsure = await cli.start(['dead-letters', 'drop', '--all']).ended;
  expect([unsure.code, unsure.errors]).toEqual([2, expect.stringContaining('expected --yes')]);
  const which = await cli.start(['dead-letters', 'retry']).ended;
  expect([which.code, which.errors]).toEqual([2, expect.stringContaining('or else --all')]);

  const dropping = ['dead-letters', 'drop', '--all', '--why', 'a test', '--by', 'ana', '--yes'];
  expect(await cli.json(...dropping)).toEqual({ dropped: [`${order}:3`], delivered: [] });
  expect((await delivery.ledger.find(order, 3))?.reason).toContain('dropped: by ana: a test; it');
  expect(await depths()).toEqual({ work: 0, dead: 0 });
});
