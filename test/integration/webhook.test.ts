import { createHmac, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { readConfig } from '../../infra/config.ts';
import { openRedis, removeKeys, type RedisConnection } from '../../infra/redis.ts';
import { openWebhook, type Webhook, type WebhookOptions } from '../../infra/webhook.ts';
import { startDelivery } from '../../workers/delivery.ts';
import { archiveOf, frozenListsOf } from '../support/frozen-lists.ts';
import { sharedServers, silentLog } from '../support/servers.ts';
import { temporaryFolder } from '../support/sources.ts';

jest.setTimeout(600_000);

const week = '2014-W36';
const key = Buffer.from('0123456789abcdef01234567');
const secret = `whsec_${key.toString('base64')}`;
const now = Date.parse('2014-08-31T12:00:00.500Z');
const event = { id: 'e-1', type: 'batch.delivered', at: now, data: { week, lists: 3 } };

/** What came, and what is answered to the nth request (from 0). */
interface Client {
  readonly url: string;
  readonly received: { headers: IncomingMessage['headers']; body: string }[];
  close(): Promise<void>;
}

async function client(
  answer: (response: ServerResponse, n: number) => void = (response) => void response.end(),
): Promise<Client> {
  const received: Client['received'] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      received.push({ headers: request.headers, body });
      answer(response, received.length - 1);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const closed = once(server, 'close');
  const one: Client = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/told`,
    received,
    async close() {
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  clients.push(one);
  return one;
}

let redis: RedisConnection;
let namespace: string;
let opened: Webhook[];
let clients: Client[];

beforeEach(async () => {
  namespace = `t${randomUUID().slice(0, 8)}`;
  redis = await openRedis((await sharedServers()).redisUrl);
  opened = [];
  clients = [];
}, 600_000);

afterEach(async () => {
  for (const webhook of opened) await webhook.dispose();
  for (const one of clients) await one.close();
  await removeKeys(redis.client, namespace);
  await redis.dispose();
});

function open(url: string, options: Partial<WebhookOptions> = {}): Webhook {
  const webhook = openWebhook({
    ...{ url, secret, redis: redis.client, namespace, clock: () => now, log: silentLog },
    pausesMs: [10, 20, 40],
    ...options,
  });
  opened.push(webhook);
  return webhook;
}

async function settled(webhook: Webhook): Promise<number> {
  for (;;) {
    const { waiting, givenUp } = await webhook.counts();
    if (waiting === 0) return givenUp;
    await pause(20);
  }
}

test('an event arrives signed after the convention, once however often it is sent', async () => {
  const { url, received } = await client();
  const webhook = open(url);
  await webhook.send(event);
  await webhook.send({ ...event, at: now + 1 });
  webhook.startPosting();
  await settled(webhook);
  await webhook.send(event);
  expect(await settled(webhook)).toBe(0);
  expect(received).toHaveLength(1);
  const { headers, body } = received[0]!;
  expect(JSON.parse(body)).toEqual({
    type: 'batch.delivered',
    timestamp: '2014-08-31T12:00:00.500Z',
    data: { week, lists: 3 },
  });
  const signed = createHmac('sha256', key).update(`e-1.1409486400.${body}`).digest('base64');
  expect(headers).toMatchObject({
    'content-type': 'application/json',
    'webhook-id': 'e-1',
    'webhook-timestamp': '1409486400',
    'webhook-signature': `v1,${signed}`,
  });
});

test('the signature is that of the published example', async () => {
  // Of the convention's own reference libraries.
  const { signedHeaders } = await import('../../infra/webhook/signature.ts');
  expect(
    signedHeaders(
      'msg_p5jXN8AQM9LWM0D4loKWxJek',
      '{"test": 2432232314}',
      'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      1614265330_000,
    ),
  ).toMatchObject({
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  });
});

test('a client that answers 500, hangs up and hangs is asked again with the same id', async () => {
  const { url, received } = await client((response, n) => {
    if (n === 0) response.writeHead(500).end('x'.repeat(1000));
    else if (n === 1) response.destroy();
    else if (n === 3) response.writeHead(204).end();
    // The third request is never answered.
  });
  const webhook = open(url, { timeMs: 3000 });
  webhook.startPosting();
  await webhook.send(event);
  expect(await settled(webhook)).toBe(0);
  expect(received.map(({ headers }) => headers['webhook-id'])).toEqual(Array(4).fill('e-1'));
  expect(new Set(received.map(({ body }) => body)).size).toBe(1);
});

test('an event is given up after the last pause, and at once where it is not wanted', async () => {
  const away = await client((response) => void response.writeHead(503).end());
  const first = open(away.url);
  first.startPosting();
  await first.send(event);
  expect(await settled(first)).toBe(1);
  expect(away.received).toHaveLength(4);
  await first.dispose();

  const gone = await client((response) => void response.writeHead(410).end());
  const second = open(gone.url);
  second.startPosting();
  await second.send({ ...event, id: 'e-2' });
  expect(await settled(second)).toBe(2);
  expect(gone.received).toHaveLength(1);
});

test('a redirect is not followed, and an endless answer is not read', async () => {
  const inside = await client();
  const outside = await client((response, n) => {
    if (n === 0) return void response.writeHead(307, { location: inside.url }).end();
    response.writeHead(200);
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      if (!response.destroyed) response.once('drain', more);
    };
    more();
  });
  const webhook = open(outside.url);
  webhook.startPosting();
  await webhook.send(event);
  expect(await settled(webhook)).toBe(0);
  expect(outside.received).toHaveLength(2);
  expect(inside.received).toHaveLength(0);
});

test('what was sent survives the process that sent it', async () => {
  const { url, received } = await client();
  const before = open(url);
  for (let n = 0; n < 20; n++) await before.send({ ...event, id: `e-${n}` });
  await before.dispose();
  expect(received).toHaveLength(0);
  const after = open(url);
  after.startPosting();
  expect(await settled(after)).toBe(0);
  expect(received.map(({ headers }) => headers['webhook-id']).sort()).toEqual(
    Array.from({ length: 20 }, (_, n) => `e-${n}`).sort(),
  );
});

test('an event that is too large is left out, and the next is sent', async () => {
  const { url, received } = await client();
  const webhook = open(url);
  webhook.startPosting();
  await webhook.send({ ...event, data: { users: 'x'.repeat(1024 * 1024) } });
  await webhook.send({ ...event, id: 'e-2' });
  expect(await settled(webhook)).toBe(0);
  expect(received.map(({ headers }) => headers['webhook-id'])).toEqual(['e-2']);
});

test('each delivered batch is told once, with its listeners, and nobody by default', async () => {
  const { url, received } = await client();
  const servers = await sharedServers();
  const home = temporaryFolder();
  const lists = frozenListsOf(week, { 'Asia/Jakarta': 25, 'Europe/Berlin': 7 });
  const base = {
    servers,
    archive: archiveOf(lists),
    clock: () => now,
    log: silentLog,
    batchSize: 10,
  };
  const quiet = readConfig({ home: home.path }, { MONDAYMIX_NAMESPACE: namespace });
  const telling = readConfig(
    { home: home.path },
    { MONDAYMIX_NAMESPACE: namespace, WEBHOOK_URL: url, WEBHOOK_SECRET: secret },
  );
  const first = await startDelivery({ ...base, config: quiet });
  await first.deliverWeek(lists, { now: true });
  await first.dispose();
  expect(received).toHaveLength(0);

  const delivery = await startDelivery({ ...base, config: telling });
  try {
    await delivery.redeliver(lists, ['Asia/Jakarta']);
    while (received.length < 3) await pause(20);
    await delivery.deliverWeek(lists, { now: true });
    const told = received.map(
      ({ body }) => JSON.parse(body) as { data: { batch: number; users: string[]; lists: number } },
    );
    told.sort((a, b) => a.data.batch - b.data.batch);
    expect(told.map(({ data }) => data)).toMatchObject([
      { week, zone: 'Asia/Jakarta', order: `${week}:Asia/Jakarta:2`, batch: 0, revision: 2 },
      { batch: 1, lists: 10 },
      { batch: 2, lists: 5 },
    ]);
    const stored = await delivery.playlists.collection
      .find({ zone: 'Asia/Jakarta' }, { projection: { user: 1 } })
      .toArray();
    expect(told.flatMap(({ data }) => data.users).sort()).toEqual(
      stored.map(({ user }) => user).sort(),
    );
  } finally {
    await delivery.remove();
    await delivery.dispose();
    home.remove();
  }
});

test.each([
  [{ WEBHOOK_URL: 'client.example' }, 'WEBHOOK_URL: expected a URL'],
  [{ WEBHOOK_URL: 'https://client.example' }, 'WEBHOOK_SECRET: expected with WEBHOOK_URL: whsec_'],
  [
    { WEBHOOK_URL: 'https://client.example', WEBHOOK_SECRET: 'letmein' },
    'WEBHOOK_SECRET: expected with WEBHOOK_URL: whsec_ and at least 24 random bytes in base64, got "…"',
  ],
])('%j is refused, and no secret is shown', (env, message) => {
  expect(() => readConfig({}, env)).toThrow(
    expect.objectContaining({
      code: 'CONFIGURATION',
      message: expect.stringContaining(message) as unknown,
    }),
  );
});
