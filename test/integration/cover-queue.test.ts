import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { readConfig } from '../../infra/config.ts';
import { openCovers, type Covers } from '../../infra/covers.ts';
import { openCoverQueue, type CoverQueue } from '../../infra/covers/queue.ts';
import { openRedis, removeKeys, type RedisConnection } from '../../infra/redis.ts';
import { coverKey } from '../../pipelines/delivery/cover.ts';
import { openDelivery, startDelivery } from '../../workers/delivery.ts';
import { archiveOf, frozenListsOf } from '../support/frozen-lists.ts';
import { sharedServers, silentLog } from '../support/servers.ts';

jest.setTimeout(600_000);

const week = '2014-W36';
const keysOf = (...users: string[]) => users.map((user) => coverKey(user, week, undefined));
const idle = () => true;

let servers: Awaited<ReturnType<typeof sharedServers>>;
let home: string;
let namespace: string;
let redis: RedisConnection;
const opened: CoverQueue[] = [];

beforeAll(async () => {
  servers = await sharedServers();
}, 600_000);

beforeEach(async () => {
  namespace = `t${randomUUID().slice(0, 8)}`;
  home = await mkdtemp(join(tmpdir(), 'cover-queue-'));
  redis = await openRedis(servers.redisUrl);
});

afterEach(async () => {
  for (const queue of opened.splice(0)) await queue.dispose();
  await removeKeys(redis.client, namespace);
  await redis.dispose();
  await rm(home, { recursive: true });
});

function open(options: { maxWaiting?: number } = {}): CoverQueue {
  const queue = openCoverQueue({ redis: redis.client, namespace, log: silentLog, ...options });
  opened.push(queue);
  return queue;
}

/** Notes what it is asked to make, and makes nothing. */
function noting(): Pick<Covers, 'ahead'> & { readonly made: string[] } {
  const made: string[] = [];
  return {
    made,
    ahead: (key) => {
      made.push(key);
      return Promise.resolve(true);
    },
  };
}

async function until(check: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await check())) await pause(20);
}

/** Covers that are kept in a home. */
async function kept(folder: string): Promise<string[]> {
  const files = await readdir(join(folder, 'covers'), { recursive: true }).catch(() => []);
  return files.filter((file) => file.includes('-640-') && file.endsWith('.jpeg'));
}

/** Jobs of the namespace, whatever their state. */
async function jobsLeft(): Promise<string[]> {
  const client = new Redis(servers.redisUrl);
  const keys = await client.keys(`${namespace}:covers:covers-*`);
  await client.quit();
  return keys;
}

test('a batch that is asked for twice waits once, and its covers are made once', async () => {
  const queue = open();
  const keys = keysOf('ana', 'budi', 'ana');
  await queue.ask(keys);
  await queue.ask([...keys].reverse());
  await queue.ask([]);
  expect(await queue.waiting()).toBe(1);
  const covers = noting();
  queue.makeWith(covers, idle);
  await until(async () => (await jobsLeft()).length === 0);
  expect(covers.made).toEqual([...new Set(keys)].sort());
  // What is done leaves nothing behind, so the same may be asked for again.
  await queue.ask(keys);
  await until(() => covers.made.length === 4);
});

test('covers are made one after the other, and only while there is nothing better to do', async () => {
  const queue = open();
  let isIdle = false;
  let asked = 0;
  let atOnce = 0;
  const made: string[] = [];
  await queue.ask(keysOf('ana', 'budi', 'citra'));
  await queue.ask(keysOf('dewi', 'eka'));
  queue.makeWith(
    {
      ahead: async (key) => {
        expect(++atOnce).toBe(1);
        await pause(5);
        atOnce--;
        made.push(key);
        if (made.length === 2) isIdle = false;
        return true;
      },
    },
    () => {
      asked++;
      return isIdle;
    },
  );
  await until(() => asked >= 2);
  expect(made).toEqual([]);
  isIdle = true;
  await until(() => made.length === 2);
  const askedBefore = asked;
  await until(() => asked >= askedBefore + 2);
  expect(made).toHaveLength(2);
  isIdle = true;
  await until(() => made.length === 5);
});

test('one who cannot say whether there is something better to do makes none, until they can', async () => {
  const queue = open();
  await queue.ask(keysOf('ana'));
  const covers = noting();
  let asked = 0;
  queue.makeWith(covers, () =>
    ++asked < 3 ? Promise.reject(new Error('RabbitMQ is away')) : Promise.resolve(true),
  );
  await until(() => covers.made.length === 1);
  expect(asked).toBe(3);
});

test('no more wait than the queue is meant to hold', async () => {
  const queue = open({ maxWaiting: 2 });
  for (const user of ['ana', 'budi', 'citra', 'dewi']) await queue.ask(keysOf(user));
  expect(await queue.waiting()).toBe(2);
});

test('a worker that closes in the middle puts its batch back for another', async () => {
  const first = open();
  await first.ask(keysOf('ana', 'budi', 'citra'));
  const covers = noting();
  first.makeWith(covers, () => covers.made.length === 0);
  await until(() => covers.made.length === 1);
  await first.dispose();
  const second = open();
  expect(await second.waiting()).toBe(1);
  second.makeWith(covers, idle);
  await until(async () => (await jobsLeft()).length === 0);
  expect(new Set(covers.made)).toEqual(new Set(keysOf('ana', 'budi', 'citra')));
});

test('covers that cannot be made are left to the first request', async () => {
  const queue = open();
  await queue.ask(keysOf('ana'));
  await queue.ask(keysOf('budi'));
  let tries = 0;
  queue.makeWith({ ahead: () => Promise.reject(new Error(`disk full ${++tries}`)) }, idle);
  await until(async () => (await jobsLeft()).length === 0);
  expect(tries).toBe(2);
});

test('a process that is killed in the middle loses nothing that a first request would not make', async () => {
  const queue = open();
  const keys = keysOf(...Array.from({ length: 40 }, (_, n) => `u${n}`));
  await queue.ask(keys);
  const child = spawn(
    process.execPath,
    [
      '--no-warnings',
      '--import',
      'tsx',
      join(import.meta.dirname, '../support/cover-child.ts'),
      JSON.stringify({ namespace, home, redisUrl: servers.redisUrl }),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const closed = once(child, 'close');
  child.stdout.once('data', () => child.kill('SIGKILL'));
  await closed;
  const before = await kept(home);
  expect(before.length).toBeGreaterThan(0);
  expect(before.length).toBeLessThan(40);
  const covers = openCovers({ home, log: silentLog });
  for (const key of keys) expect((await covers.image(key))!.length).toBeGreaterThan(1000);
  expect(await kept(home)).toHaveLength(40);
  for (const key of keys) expect(await covers.ahead(key)).toBe(false);
});

test('a week that is delivered has its covers waiting; one that is over has not', async () => {
  const lists = frozenListsOf(week, { 'Asia/Jakarta': 12, 'Europe/Berlin': 5 });
  const over = frozenListsOf('2014-W20', { 'Asia/Jakarta': 3 });
  const options = {
    config: { ...readConfig({ home }, {}), namespace },
    servers,
    archive: archiveOf(lists, over),
    log: silentLog,
    clock: () => Date.parse('2014-08-31T16:00:00Z'),
    batchSize: 5,
  };
  const delivery = await startDelivery(options);
  await delivery.deliverWeek(over, { now: true });
  expect(await delivery.coverQueue.waiting()).toBe(0);
  await delivery.deliverWeek(lists, { now: true });
  expect(await delivery.coverQueue.waiting()).toBe(4);
  // Delivering alone makes none.
  expect(await kept(home)).toEqual([]);
  await delivery.dispose();

  const idleWorker = await openDelivery(options);
  idleWorker.startMakingCovers();
  await until(async () => (await kept(home)).length === 17);
  const stored = await idleWorker.playlists.collection.find({ week }).toArray();
  for (const { user, picture } of stored) {
    expect(await idleWorker.covers.ahead(coverKey(user, week, picture))).toBe(false);
  }
  expect(stored).toHaveLength(17);
  await idleWorker.remove();
  await idleWorker.dispose();
});
