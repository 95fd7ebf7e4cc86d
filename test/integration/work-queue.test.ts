import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import amqp from 'amqplib';
import { openWorkQueue } from '../../infra/rabbit/work-queue.ts';
import type { SharedWork } from '../../pipelines/ports.ts';
import { openDoor } from '../faults/door.ts';
import { sharedServers, silentLog } from '../support/servers.ts';

jest.setTimeout(600_000);

let url: string;
let namespace: string;
let made: Map<number, string>;
let stopping: AbortController;
const numPieces = 40;

beforeAll(async () => {
  url = (await sharedServers()).rabbitmqUrl;
});
beforeEach(() => {
  namespace = `test-${randomUUID()}`;
  made = new Map();
  stopping = new AbortController();
});
afterEach(() => stopping.abort());

function workOf(who: string, more: Partial<SharedWork> = {}): SharedWork {
  return {
    name: 'lists-1',
    missing: () =>
      Promise.resolve([...Array(numPieces).keys()].filter((piece) => !made.has(piece))),
    async make(piece) {
      if (made.has(piece)) return;
      await pause(5);
      made.set(piece, who);
    },
    lanes: 2,
    signal: stopping.signal,
    ...more,
  };
}

function queueAt(address: string, stuckMs?: number) {
  const options = { url: address, namespace, log: silentLog };
  return openWorkQueue(stuckMs === undefined ? options : { ...options, stuckMs });
}

/** Which queues of the namespace are there. */
async function isThere(name: string): Promise<boolean> {
  const connection = await amqp.connect(url);
  try {
    const channel = await connection.createChannel();
    channel.on('error', () => undefined);
    await channel.checkQueue(`${namespace}.work.${name}`);
    return true;
  } catch {
    return false;
  } finally {
    await connection.close();
  }
}

test('two who come at the same time share the pieces, and leave no queue behind', async () => {
  const came = new Set<string>();
  const makeBeside = (who: string) => async (piece: number) => {
    came.add(who);
    // Otherwise the first who comes may make all before the second is there.
    while (came.size < 2) await pause(5);
    made.set(piece, who);
  };
  await Promise.all(
    ['one', 'other'].map((who) => queueAt(url).share(workOf(who, { make: makeBeside(who) }))),
  );
  expect([...made.keys()].sort((a, b) => a - b)).toEqual([...Array(numPieces).keys()]);
  expect(new Set(made.values())).toEqual(new Set(['one', 'other']));
  expect(await isThere('lists-1')).toBe(false);
});

test('work that is done is left at once', async () => {
  for (let piece = 0; piece < numPieces; piece++) made.set(piece, 'before');
  await queueAt('amqp://127.0.0.1:1').share(workOf('nobody'));
  expect(new Set(made.values())).toEqual(new Set(['before']));
});

test('the pieces of one who is cut off go to the other, and the one comes back', async () => {
  const door = await openDoor(url);
  let isCut = false;
  const cut = async (piece: number) => {
    if (!isCut) {
      isCut = true;
      door.shut(); // in the middle of a piece: it cannot be acknowledged
    }
    await pause(20);
    made.set(piece, 'one');
  };
  const makeAlone = async (piece: number) => {
    if (made.has(piece)) return;
    await pause(5);
    made.set(piece, 'other');
    if (made.size >= 10) door.open();
  };
  try {
    const one = queueAt(door.url).share(workOf('one', { make: cut, lanes: 1 }));
    // Otherwise the other may have made all before the one is there.
    while (!isCut) await pause(5);
    const other = queueAt(url).share(workOf('other', { make: makeAlone, lanes: 1 }));
    await Promise.all([one, other]);
  } finally {
    await door.dispose();
  }
  expect(made.size).toBe(numPieces);
  expect(new Set(made.values()).size).toBe(2);
});

test('a piece that fails stops its maker with the reason, and another makes it', async () => {
  const failing = workOf('one', {
    make: () => Promise.reject(new Error('it broke')),
  });
  await expect(queueAt(url).share(failing)).rejects.toThrow('it broke');
  expect(made.size).toBe(0);
  await queueAt(url).share(workOf('other'));
  expect(made.size).toBe(numPieces);
});

test('pieces that nobody has any more are handed out again', async () => {
  const connection = await amqp.connect(url);
  const channel = await connection.createChannel();
  // Somebody declared the queue, waits at it, and never filled it.
  const queue = `${namespace}.work.lists-1`;
  const options = {
    durable: true,
    arguments: { 'x-queue-type': 'quorum', 'x-expires': 86_400_000 },
  };
  await channel.assertQueue(queue, options);
  const { consumerTag } = await channel.consume(queue, () => undefined);
  const one = queueAt(url, 500).share(workOf('one'));
  await pause(300);
  expect(made.size).toBe(0);
  await channel.cancel(consumerTag);
  await one;
  expect(made.size).toBe(numPieces);
  await connection.close();
});

test('one who is told to stop gives back what they have', async () => {
  const slow = workOf('one', {
    signal: AbortSignal.any([stopping.signal]),
    make: async (piece) => {
      await pause(200);
      made.set(piece, 'one');
    },
  });
  const one = queueAt(url).share(slow);
  while (made.size === 0) await pause(5);
  stopping.abort(new Error('enough'));
  await expect(one).rejects.toThrow('enough');
  const before = made.size;
  expect(before).toBeLessThan(numPieces);
  stopping = new AbortController();
  await queueAt(url).share(workOf('other'));
  expect(made.size).toBe(numPieces);
});
