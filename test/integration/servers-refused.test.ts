import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { simulate } from '../../pipelines/simulate/simulate.ts';
import { openCommandLine } from '../support/command-line.ts';
import { mistakeOf, mondaymix } from '../support/operator.ts';
import { sharedServers } from '../support/servers.ts';
import { temporaryFolder } from '../support/sources.ts';

/**
 * Servers that are down or refuse the password: the variable and the URL are named, without the
 * password, and nothing was begun.
 */

jest.setTimeout(600_000);

const root = temporaryFolder();
const home = join(root.path, 'home');
const data = join(root.path, 'sources');
let urls: Record<'RABBITMQ_URL' | 'REDIS_URL' | 'MONGODB_URL', string>;
let guarded: ChildProcess;
let guardedPort: number;

beforeAll(async () => {
  const { rabbitmqUrl, redisUrl, mongodbUrl } = await sharedServers();
  urls = { RABBITMQ_URL: rabbitmqUrl, REDIS_URL: redisUrl, MONGODB_URL: mongodbUrl };
  await simulate({ listeners: 5, tracks: 500, weeks: 1 }, data);
  guardedPort = await freePort();
  const settings = ['--port', `${guardedPort}`, '--bind', '127.0.0.1', '--save', ''];
  guarded = spawn('redis-server', [...settings, '--requirepass', 'right', '--dir', root.path], {
    stdio: 'ignore',
  });
  while (!(await answers(guardedPort))) await sleep(50);
}, 600_000);

afterAll(async () => {
  const ended = once(guarded, 'exit');
  guarded.kill();
  await ended;
  root.remove();
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const worked = await new Promise<boolean>((resolve) => {
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
  });
  socket.destroy();
  return worked;
}

const commands = {
  weekly: ['weekly', '--data', data, '--json'],
  api: ['api', '--port', '0'],
  deliver: ['deliver'],
  scheduler: ['scheduler'],
  up: ['up', '--json'],
};

// Nothing listens on port 1.
test.each<[keyof typeof commands, keyof typeof urls, url: string, message: string]>([
  [
    'weekly',
    'MONGODB_URL',
    'mongodb://me:secret@127.0.0.1:1',
    'expected MongoDB at mongodb://me@127.0.0.1:1, got no answer (connect ECONNREFUSED 127.0.0.1:1)',
  ],
  [
    'api',
    'REDIS_URL',
    'redis://me:secret@127.0.0.1:1',
    'expected Redis at redis://me@127.0.0.1:1, got no answer (connect ECONNREFUSED 127.0.0.1:1)',
  ],
  [
    'deliver',
    'RABBITMQ_URL',
    'amqp://me:secret@127.0.0.1:1',
    'expected RabbitMQ at amqp://me@127.0.0.1:1, got no answer (connect ECONNREFUSED 127.0.0.1:1)',
  ],
  [
    'scheduler',
    'MONGODB_URL',
    'mongodb://no.such.host.invalid',
    'expected MongoDB at mongodb://no.such.host.invalid, got no answer (getaddrinfo ',
  ],
])('%s with a %s where no server is', async (command, variable, url, message) => {
  const args = [...commands[command], '--home', home];
  const told = await mistakeOf(args, { ...urls, [variable]: url });
  expect(told.code).toBe(1);
  expect(told.message.startsWith(`${variable}: ${message}`)).toBe(true);
  expect(existsSync(home)).toBe(false);
});

test.each<[keyof typeof commands, credentials: string, shown: string, reason: string]>([
  ['weekly', 'default:wrong@', 'default@', 'WRONGPASS '],
  ['api', '', '', 'NOAUTH '],
])('%s with a Redis that refuses "%s"', async (command, credentials, shown, reason) => {
  const args = [...commands[command], '--home', home];
  const url = `redis://${credentials}127.0.0.1:${guardedPort}`;
  const told = await mistakeOf(args, { ...urls, REDIS_URL: url });
  expect(told.code).toBe(1);
  const place = `redis://${shown}127.0.0.1:${guardedPort}`;
  expect(told.message).toContain(
    `REDIS_URL: expected Redis at ${place} to let us in, got a refusal (${reason}`,
  );
  expect(existsSync(home)).toBe(false);
});

test('with the right password the same Redis is taken', async () => {
  const url = `redis://default:right@127.0.0.1:${guardedPort}`;
  const { code, output } = await mondaymix([...commands.up, '--home', home], {
    ...urls,
    REDIS_URL: url,
  });
  expect(code).toBe(0);
  expect(output).not.toContain('right');
});

test('weekly with a RabbitMQ that refuses the password', async () => {
  const url = new URL(urls.RABBITMQ_URL);
  url.username = 'guest';
  url.password = 'wrong';
  const args = [...commands.weekly, '--home', home];
  const told = await mistakeOf(args, { ...urls, RABBITMQ_URL: url.href });
  expect(told.code).toBe(1);
  expect(told.message).toMatch(
    /^RABBITMQ_URL: expected RabbitMQ at amqp:\/\/guest@\S+ to let us in, got a refusal \(.*ACCESS_REFUSED/,
  );
  expect(told.message).not.toContain('wrong');
  expect(existsSync(join(home, 'lake'))).toBe(false);
});

test('the API on a port that is taken', async () => {
  const line = await openCommandLine();
  const { code, errors } = await line.start(['api', '--port', `${guardedPort}`]).ended;
  await line.dispose();
  expect({ code, errors }).toEqual({
    code: 1,
    errors: `mondaymix: expected to listen on port ${guardedPort} of 127.0.0.1, got "listen EADDRINUSE: address already in use 127.0.0.1:${guardedPort}"; set API_HOST, API_PORT or --port\n`,
  });
});
