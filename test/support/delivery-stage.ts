import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect } from '@jest/globals';
import amqp, { type ConfirmChannel } from 'amqplib';
import { readConfig } from '../../infra/config.ts';
import type { PlacedOrder } from '../../pipelines/delivery/ports.ts';
import { batchesOf } from '../../pipelines/delivery/publish.ts';
import { idsOf } from '../../pipelines/listed.ts';
import type { BatchMessage, FrozenLists, PlaylistDocument } from '../../pipelines/lists.ts';
import { openDelivery, startDelivery, type Delivery } from '../../workers/delivery.ts';
import { archiveOf } from './frozen-lists.ts';
import { sharedServers, silentLog } from './servers.ts';

/** Sunday evening in UTC: Monday of 2014-W36 has begun in Kiritimati (UTC+14) alone. */
export const sunday = Date.parse('2014-08-31T16:00:00Z');

/** Deliveries on the real servers, each of its own namespace; for one file of tests. */
export function deliveryStage() {
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

  /** A plain connection to RabbitMQ, past our own code. */
  async function onChannel<T>(use: (channel: ConfirmChannel) => Promise<T>): Promise<T> {
    const connection = await amqp.connect(servers.rabbitmqUrl);
    try {
      return await use(await connection.createConfirmChannel());
    } finally {
      await connection.close();
    }
  }

  return {
    options,
    started,
    connected,
    onChannel,
    /** What is removed at the end of the test. */
    opened,
    get servers() {
      return servers;
    },
    get home() {
      return home;
    },
  };
}

export async function storedOf(delivery: Delivery) {
  return delivery.playlists.collection.find().sort({ _id: 1 }).toArray();
}

/** Every name that the lists refer to is stored. */
export async function expectNamed(
  delivery: Delivery,
  stored: readonly PlaylistDocument[],
): Promise<void> {
  expect(stored.length).toBeGreaterThan(0);
  const ids = stored.map((list) => idsOf(list));
  for (const kind of ['tracks', 'artists'] as const) {
    const wanted = new Set(ids.flatMap((of) => of[kind]));
    expect(new Set((await delivery.names[kind]([...wanted])).keys())).toEqual(wanted);
  }
}

export async function firstBatch(order: PlacedOrder, lists: FrozenLists): Promise<BatchMessage> {
  for await (const message of batchesOf(order, lists)) return message;
  throw new Error(`no lists in ${order.zone}`);
}

/** Resolves when the check gives true; the test's own time limit ends it otherwise. */
export async function until(check: () => Promise<boolean>): Promise<void> {
  while (!(await check())) await pause(50);
}
