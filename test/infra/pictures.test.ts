import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo, LookupFunction } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openPictures, readPicture, type PictureOptions } from '../../infra/pictures.ts';
import { InsideAddress, mayFollow, publicOnly } from '../../infra/addresses.ts';
import type { PictureMark } from '../../infra/pictures/fetch.ts';
import type { Pictures } from '../../pipelines/delivery/ports.ts';

const png = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.alloc(500, 7)]);

let folder: string;
let server: ReturnType<typeof createServer>;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let requests: IncomingMessage[];
let now: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pictures-'));
  requests = [];
  now = 0;
  server = createServer((request, response) => {
    requests.push(request);
    answer(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

function source(options: Partial<PictureOptions> = {}): Pictures {
  const marks = new Map<string, PictureMark>();
  const silent = () => undefined;
  return openPictures({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/of/{user}`,
    folder,
    memory: {
      get: (user) => Promise.resolve(marks.get(user)),
      set: (user, mark) => Promise.resolve(void marks.set(user, mark)),
    },
    clock: () => now,
    log: { info: silent, warn: silent, error: silent },
    ...options,
  });
}

const patient = () => new AbortController().signal;

function send(response: ServerResponse, status: number, headers = {}, body?: Buffer): void {
  response.writeHead(status, headers).end(body);
}

test('a picture is kept by its hash, and asked for again only if it changed', async () => {
  answer = (request, response) =>
    request.headers['if-none-match'] === '"1"'
      ? send(response, 304)
      : send(response, 200, { 'content-type': 'image/png', etag: '"1"' }, png);
  const pictures = source();
  const hash = await pictures.newest('a b/c', patient());
  expect(hash).toMatch(/^[0-9a-f]{32}$/);
  expect(await readPicture(folder, hash!)).toEqual(png);
  expect(await pictures.newest('a b/c', patient())).toBe(hash);
  expect(requests.map(({ url }) => url)).toEqual(['/of/a%20b%2Fc', '/of/a%20b%2Fc']);
  expect(requests.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"1"']);
});

test('a picture that is no longer kept is fetched whole', async () => {
  answer = (_, response) => send(response, 200, { 'content-type': 'image/png', etag: '"1"' }, png);
  const pictures = source();
  const hash = await pictures.newest('anna', patient());
  await rm(join(folder, hash!));
  expect(await pictures.newest('anna', patient())).toBe(hash);
  expect(requests[1]!.headers['if-none-match']).toBeUndefined();
});

test.each<[string, (response: ServerResponse) => void]>([
  ['that is missing', (response) => send(response, 404)],
  ['that is text', (response) => send(response, 200, { 'content-type': 'text/html' }, png)],
  [
    'that only says it is an image',
    (response) => send(response, 200, { 'content-type': 'image/png' }, Buffer.from('<svg/>')),
  ],
  [
    'that announces too many bytes',
    (response) =>
      send(
        response,
        200,
        { 'content-type': 'image/png', 'content-length': '2001' },
        Buffer.alloc(2001),
      ),
  ],
  ['behind a redirect that never ends', (response) => send(response, 302, { location: '/of/x' })],
  [
    'behind a redirect into our network',
    (response) => send(response, 302, { location: 'http://10.0.0.1/' }),
  ],
])('a picture %s is no picture', async (_, respond) => {
  answer = (_request, response) => respond(response);
  expect(await source({ maxBytes: 2000 }).newest('anna', patient())).toBeUndefined();
  expect(requests.length).toBeLessThanOrEqual(4);
  expect(await readdir(folder)).toEqual([]);
});

test('a picture without end is read no further than the limit', async () => {
  let sent = 0;
  answer = (_, response) => {
    response.writeHead(200, { 'content-type': 'image/png' });
    const more = (): void => {
      if (response.destroyed) return;
      sent += png.length;
      response.write(png, () => setImmediate(more));
    };
    more();
  };
  expect(
    await source({ maxBytes: 20_000, timeMs: 20_000 }).newest('anna', patient()),
  ).toBeUndefined();
  expect(sent).toBeGreaterThan(20_000);
});

test('a redirect is followed', async () => {
  answer = (request, response) =>
    request.url === '/kept'
      ? send(response, 200, { 'content-type': 'image/png' }, png)
      : send(response, 302, { location: '/kept' });
  expect(await source().newest('anna', patient())).toBeDefined();
});

test('a source that is silent is left alone for a while after five failures', async () => {
  answer = () => undefined;
  const pictures = source({ timeMs: 2000 });
  const five = Array.from({ length: 5 }, (_, i) => pictures.newest(`u${i}`, patient()));
  expect(await Promise.all(five)).toEqual(Array.from({ length: 5 }));
  for (let i = 0; i < 100; i++) expect(await pictures.newest(`v${i}`, patient())).toBeUndefined();
  expect(requests).toHaveLength(5);

  answer = (_, response) => send(response, 200, { 'content-type': 'image/png' }, png);
  now = 30_001;
  expect(await pictures.newest('anna', patient())).toBeDefined();
  expect(await pictures.newest('ben', patient())).toBeDefined();
});

test('a batch that has no more time goes without, and the source is not blamed', async () => {
  answer = () => undefined;
  const pictures = source({ timeMs: 60_000 });
  const outOfTime = AbortSignal.timeout(30);
  const found = await Promise.all(
    Array.from({ length: 50 }, (_, i) => pictures.newest(`u${i}`, outOfTime)),
  );
  expect(found.every((hash) => hash === undefined)).toBe(true);
  answer = (_, response) => send(response, 200, { 'content-type': 'image/png' }, png);
  expect(await pictures.newest('anna', patient())).toBeDefined();
});

test('a redirect may lead to public hosts and to its own, not inside', () => {
  const home = new URL('http://127.0.0.1:8000/of/anna');
  const allowed = (to: string) => mayFollow(new URL(to), home.host);
  expect(allowed('http://127.0.0.1:8000/x')).toBe(true);
  expect(allowed('https://pictures.example/x')).toBe(true);
  expect(allowed('https://203.0.113.7/x')).toBe(true);
  expect(allowed('https://[2001:db8::7]/x')).toBe(true);
  for (const to of [
    'http://127.0.0.1:9000/',
    'http://localhost/',
    'http://redis/',
    'http://[::1]/',
    'http://[::ffff:10.0.0.1]/',
    'http://[64:ff9b::10.0.0.1]/',
    'http://169.254.169.254/latest',
    'http://0x7f.1/',
    'file:///etc/passwd',
  ]) {
    expect([to, allowed(to)]).toEqual([to, false]);
  }
});

/** Names in an imagined network; our own server stands for all of them. */
function network(addresses: Readonly<Record<string, readonly string[]>>): LookupFunction {
  return (name, _options, callback) => {
    const found = addresses[name];
    if (found === undefined) return callback(new Error(`ENOTFOUND ${name}`), []);
    return callback(
      null,
      found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
}

test('a redirect to a name that leads inside is not followed, and the source is not blamed', async () => {
  const { port } = server.address() as AddressInfo;
  const lookup = network({
    'pictures.example': ['127.0.0.1'],
    'rebound.example': ['127.0.0.1'],
    'half.example': ['203.0.113.7', '10.0.0.1'],
  });
  const hosts = () => new Set(requests.map(({ headers }) => headers.host));
  // What the template names may lie inside: that is for the operator to say.
  const pictures = source({ url: `http://pictures.example:${port}/of/{user}`, lookup });
  for (const name of ['rebound.example', 'half.example']) {
    answer = (_, response) => send(response, 302, { location: `http://${name}:${port}/kept` });
    for (let i = 0; i < 6; i++) expect(await pictures.newest(`u${i}`, patient())).toBeUndefined();
  }
  expect(hosts()).toEqual(new Set([`pictures.example:${port}`]));
  answer = (_, response) => send(response, 200, { 'content-type': 'image/png' }, png);
  expect(await pictures.newest('anna', patient())).toBeDefined();
});

test('names that lead to public addresses are looked up as asked', async () => {
  const lookup = publicOnly(
    network({ 'public.example': ['203.0.113.7', '2001:db8::7'], 'inside.example': ['fd00::1'] }),
  );
  const ask = (name: string, all: boolean) =>
    new Promise((resolve) =>
      lookup(name, { all }, (error, address, family) => resolve(error ?? [address, family])),
    );
  expect(await ask('public.example', false)).toEqual(['203.0.113.7', 4]);
  expect(await ask('public.example', true)).toEqual([
    [
      { address: '203.0.113.7', family: 4 },
      { address: '2001:db8::7', family: 6 },
    ],
    undefined,
  ]);
  expect(await ask('inside.example', true)).toBeInstanceOf(InsideAddress);
  expect(await ask('nowhere.example', true)).toEqual(new Error('ENOTFOUND nowhere.example'));
});
