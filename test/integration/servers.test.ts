import { randomUUID } from 'node:crypto';
import {
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import amqp from 'amqplib';
import { Redis } from 'ioredis';
import { readConfig } from '../../infra/config.ts';
import {
  describeServers,
  ensureServers,
  stopServers,
  type ServerUrls,
} from '../../infra/servers/index.ts';
import { pingMongodb, pingRabbitmq, pingRedis } from '../../infra/servers/ping.ts';
import { isAlive, readPidFile } from '../../infra/servers/process.ts';
import { patiently, sharedServers, silentLog } from '../support/servers.ts';

const START_MS = 600_000;

const first = mkdtempSync(join(tmpdir(), 'mondaymix-servers-'));
const second = mkdtempSync(join(tmpdir(), 'mondaymix-servers-'));
const configOf = (home: string) => readConfig({ home }, {});
const start = (home: string) => patiently(() => ensureServers(configOf(home), silentLog));
const serverProcess = (home: string, name: string) =>
  readPidFile(join(home, 'servers', name, 'server.pid'))!;

afterAll(() => {
  for (const home of [first, second]) rmSync(home, { recursive: true, force: true });
});

describe('private servers', () => {
  let urls: ServerUrls;
  let other: ServerUrls;

  // Two calls for one home and one for another, all at once.
  beforeAll(async () => {
    const [one, again, elsewhere] = await Promise.all([start(first), start(first), start(second)]);
    expect(again).toEqual(one);
    urls = one;
    other = elsewhere;
  }, START_MS);

  afterAll(async () => {
    await stopServers(first);
    await stopServers(second);
  }, START_MS);

  test('speak their protocols', async () => {
    expect(await pingRabbitmq(urls.rabbitmqUrl, 60_000)).toEqual({ kind: 'works' });
    expect(await pingRedis(urls.redisUrl, 60_000)).toEqual({ kind: 'works' });
    expect(await pingMongodb(urls.mongodbUrl, 60_000)).toEqual({ kind: 'works' });
  });

  test('are other servers in another home', async () => {
    expect(other.rabbitmqUrl).not.toBe(urls.rabbitmqUrl);
    expect(other.mongodbUrl).not.toBe(urls.mongodbUrl);
    expect(other.redisUrl).not.toBe(urls.redisUrl);
    await withRedis(urls.redisUrl, (redis) => redis.set('home', 'first'));
    expect(await withRedis(other.redisUrl, (redis) => redis.get('home'))).toBeNull();
  });

  test('are found by the next call, by the same processes', async () => {
    const before = serverProcess(first, 'rabbitmq');
    expect(await start(first)).toEqual(urls);
    expect(serverProcess(first, 'rabbitmq')).toEqual(before);
  });

  test('listen on the loopback interface only', () => {
    const listening = listeningAddresses(first);
    expect(listening.length).toBeGreaterThanOrEqual(5);
    // 127.0.0.1, the same as an IPv6 address, and ::1, in the kernel's hexadecimal.
    const loopback =
      /^(0100007F|0000000000000000FFFF00000100007F|00000000000000000000000001000000):/;
    for (const address of listening) expect(address).toMatch(loopback);
  });

  test(
    'are started again where one was killed, and Redis and RabbitMQ keep their data',
    async () => {
      const queue = `kept-${randomUUID()}`;
      await withRedis(urls.redisUrl, (redis) => redis.set('kept', 'yes'));
      await publish(urls.rabbitmqUrl, queue, 'hello');
      // A broker writes the name of a new quorum queue to disk half a second later, and a busy
      // machine later than that.
      await sleep(6_000);
      for (const name of ['redis', 'rabbitmq']) {
        const victim = serverProcess(first, name);
        process.kill(victim.pid, 'SIGKILL');
        while (await isAlive(victim)) await sleep(20);
      }
      expect((await describeServers(configOf(first))).map(({ running }) => running)).toEqual([
        false,
        false,
        true,
      ]);
      const again = await start(first);
      expect(again).toEqual(urls);
      expect(await withRedis(again.redisUrl, (redis) => redis.get('kept'))).toBe('yes');
      expect(await take(again.rabbitmqUrl, queue)).toBe('hello');
    },
    START_MS,
  );

  test(
    'are started again where a start was cut off',
    async () => {
      await stopServers(second);
      // What a SIGKILL leaves: a port mapper without its broker.
      rmSync(join(second, 'servers', 'rabbitmq', 'server.pid'));
      expect(await start(second)).toEqual(other);
    },
    START_MS,
  );

  test(
    'end all, and only once, and leave other processes alone',
    async () => {
      const ours = ['rabbitmq', 'redis', 'mongodb'].map((name) => serverProcess(second, name));
      const epmd = readPidFile(join(second, 'servers', 'rabbitmq', 'epmd.pid'))!;
      expect(await stopServers(second)).toEqual(['rabbitmq', 'redis', 'mongodb']);
      for (const process of [...ours, epmd]) expect(await isAlive(process)).toBe(false);
      expect(await stopServers(second)).toEqual([]);
      // A pid that is given anew belongs to somebody else: here, to this very test.
      const pidFile = join(second, 'servers', 'redis', 'server.pid');
      const lines = readFileSync(pidFile, 'utf8').split('\n');
      writeFileSync(pidFile, [String(process.pid), ...lines.slice(1)].join('\n'));
      expect(await stopServers(second)).toEqual([]);
      expect((await describeServers(configOf(first))).every(({ running }) => running)).toBe(true);
    },
    START_MS,
  );
});

describe('configured servers', () => {
  let silent: Server;
  let silentPort: number;
  const sockets: Socket[] = [];

  beforeAll(async () => {
    silent = createServer((socket) => sockets.push(socket.on('error', () => undefined)));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    silentPort = (silent.address() as { port: number }).port;
  });
  afterAll(() => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  });

  test.each([
    ['RABBITMQ_URL', 'RabbitMQ', 'amqp://me:hush@127.0.0.1:1', 'amqp://me@127.0.0.1:1'],
    ['REDIS_URL', 'Redis', 'redis://me:hush@127.0.0.1:1', 'redis://me@127.0.0.1:1'],
    ['MONGODB_URL', 'MongoDB', 'mongodb://me:hush@127.0.0.1:1', 'mongodb://me@127.0.0.1:1'],
  ])(
    'that are down are named without password: %s',
    async (variable, title, url, shown) => {
      const config = readConfig({ home: first }, { [variable]: url });
      const name = variable.slice(0, -4).toLowerCase() as 'redis';
      const mistake = await ensureServers(config, silentLog, [name]).catch((e: unknown) => e);
      expect(mistake).toMatchObject({
        code: 'SERVER_DOWN',
        message: expect.stringContaining(
          `${variable}: expected ${title} at ${shown}, got no answer`,
        ),
      });
      expect((mistake as Error).message).not.toContain('hush');
    },
    600_000,
  );

  test('that accept and then say nothing are down, too', async () => {
    const ping = [
      pingRabbitmq(`amqp://127.0.0.1:${silentPort}`, 500),
      pingRedis(`redis://127.0.0.1:${silentPort}`, 500),
      pingMongodb(`mongodb://127.0.0.1:${silentPort}/?directConnection=true`, 500),
    ];
    for (const answer of await Promise.all(ping)) expect(answer.kind).toBe('down');
  }, 600_000);

  test(
    'that refuse the password say so',
    async () => {
      const { rabbitmqUrl, redisUrl } = await sharedServers();
      const wrongRabbitmq = rabbitmqUrl.replace('guest:guest', 'guest:wrong');
      const config = readConfig({ home: first }, { RABBITMQ_URL: wrongRabbitmq });
      await expect(ensureServers(config, silentLog, ['rabbitmq'])).rejects.toMatchObject({
        code: 'SERVER_REFUSED',
        message: expect.stringMatching(
          /^RABBITMQ_URL: .*amqp:\/\/guest@127.* to let us in, got a refusal/,
        ),
      });
      const wrongRedis = redisUrl.replace('redis://', 'redis://nobody:wrong@');
      const redisConfig = readConfig({ home: first }, { REDIS_URL: wrongRedis });
      await expect(ensureServers(redisConfig, silentLog, ['redis'])).rejects.toMatchObject({
        code: 'SERVER_REFUSED',
        message: expect.stringMatching(
          /^REDIS_URL: .*redis:\/\/nobody@127.* to let us in, got a refusal/,
        ),
      });
    },
    START_MS,
  );

  test(
    'are used as they are',
    async () => {
      const { redisUrl } = await sharedServers();
      const config = readConfig({ home: first }, { REDIS_URL: redisUrl });
      expect((await ensureServers(config, silentLog, ['redis'])).redisUrl).toBe(redisUrl);
      expect((await describeServers(config)).find(({ name }) => name === 'redis')).toEqual({
        name: 'redis',
        way: 'configured',
        running: true,
        url: redisUrl,
        inMemory: false,
      });
    },
    START_MS,
  );
});

async function withRedis<Result>(url: string, use: (redis: Redis) => Promise<Result>) {
  const redis = new Redis(url);
  try {
    return await use(redis);
  } finally {
    redis.disconnect();
  }
}

async function publish(url: string, queue: string, text: string): Promise<void> {
  const connection = await amqp.connect(url);
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
  channel.sendToQueue(queue, Buffer.from(text), { persistent: true });
  await channel.waitForConfirms();
  await connection.close();
}

async function take(url: string, queue: string): Promise<string | undefined> {
  const connection = await amqp.connect(url);
  const channel = await connection.createChannel();
  const message = await channel.get(queue, { noAck: true });
  await channel.deleteQueue(queue);
  await connection.close();
  return message === false ? undefined : message.content.toString();
}

/** Every address on which a process of this home's servers listens, from the kernel's own tables. */
function listeningAddresses(home: string): string[] {
  const roles = ['rabbitmq/server', 'rabbitmq/epmd', 'redis/server', 'mongodb/server'];
  const sockets = new Set(
    roles.flatMap((role) => {
      const { pid } = readPidFile(join(home, 'servers', `${role}.pid`))!;
      return readdirSync(`/proc/${pid}/fd`).map((fd) => linkOf(`/proc/${pid}/fd/${fd}`));
    }),
  );
  const LISTEN = '0A';
  return ['tcp', 'tcp6'].flatMap((family) =>
    readFileSync(`/proc/net/${family}`, 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === LISTEN && sockets.has(`socket:[${fields[9]}]`))
      .map((fields) => fields[1]!),
  );
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
