import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openPictures } from '../../infra/pictures.ts';
import type { PictureMark } from '../../infra/pictures/fetch.ts';
import type { FetchingOptions } from '../../infra/pictures/fetched.ts';
import { readPicture } from '../../infra/pictures/kept.ts';
import { lookupPictures } from '../../infra/pictures/lookup.ts';
import { profilePictures } from '../../infra/pictures/profile.ts';
import { templatePictures } from '../../infra/pictures/template.ts';
import type { PictureProvider } from '../../infra/pictures/provider.ts';
import type { Pictures } from '../../pipelines/delivery/ports.ts';
import { network } from '../support/network.ts';

const png = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.alloc(500, 7)]);

let folder: string;
let server: ReturnType<typeof createServer>;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
/** Those for pictures. */
let requests: IncomingMessage[];
let pages: IncomingMessage[];
let now: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pictures-'));
  requests = [];
  pages = [];
  now = 0;
  server = createServer((request, response) => {
    if (request.url!.startsWith('/json/')) return page(request, response);
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

function origin(host = '127.0.0.1'): string {
  return `http://${host}:${(server.address() as AddressInfo).port}`;
}

/** What a service says of a listener: where the picture is. */
function page(request: IncomingMessage, response: ServerResponse): void {
  pages.push(request);
  if (request.headers['if-none-match'] === '"page"') return send(response, 304);
  const address = request.url!.replace('/json/', '/of/');
  const body = JSON.stringify({ payload: { pictures: [{ large: address }] } });
  const headers = { 'content-type': 'application/json; charset=utf-8', etag: '"page"' };
  send(response, 200, headers, Buffer.from(body));
}

function fetching(options: Partial<FetchingOptions> = {}): FetchingOptions {
  const marks = new Map<string, PictureMark>();
  const silent = () => undefined;
  return {
    folder,
    memory: {
      get: (user) => Promise.resolve(marks.get(user)),
      set: (user, mark) => Promise.resolve(void marks.set(user, mark)),
    },
    clock: () => now,
    log: { info: silent, warn: silent, error: silent },
    ...options,
  };
}

type Options = Partial<FetchingOptions> & { readonly host?: string };

/** Each kind of provider, with its pictures at `/of/<user>` of our server. */
const sources = {
  template: ({ host, ...options }: Options = {}) =>
    templatePictures('template', { ...fetching(options), url: `${origin(host)}/of/{user}` }),
  lookup: ({ host, ...options }: Options = {}) =>
    lookupPictures('lookup', {
      ...fetching(options),
      url: `${origin(host)}/json/{user}`,
      path: 'payload.pictures.0.large',
    }),
  profile: ({ host, ...options }: Options = {}) =>
    profilePictures('profile', {
      ...fetching(options),
      trustedHost: new URL(origin(host)).host,
      pictureUrlOf: (user) =>
        Promise.resolve({ url: `${origin(host)}/of/${encodeURIComponent(user)}`, givenAt: 0 }),
    }),
} as const satisfies Record<string, (options?: Options) => PictureProvider>;

let kind: keyof typeof sources;

function source(options: Options = {}): Pictures {
  return openPictures([sources[kind](options)]);
}

const patient = () => new AbortController().signal;

function send(response: ServerResponse, status: number, headers = {}, body?: Buffer): void {
  response.writeHead(status, headers).end(body);
}

describe.each(Object.keys(sources) as (keyof typeof sources)[])('pictures by %s', (name) => {
  beforeEach(() => {
    kind = name;
  });

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
    answer = (_, response) =>
      send(response, 200, { 'content-type': 'image/png', etag: '"1"' }, png);
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
});

test('a redirect to a name that leads inside is not followed, and the source is not blamed', async () => {
  const { port } = server.address() as AddressInfo;
  const lookup = network({
    'pictures.example': ['127.0.0.1'],
    'rebound.example': ['127.0.0.1'],
    'half.example': ['203.0.113.7', '10.0.0.1'],
  });
  const hosts = () => new Set(requests.map(({ headers }) => headers.host));
  // What the template names may lie inside: that is for the operator to say.
  kind = 'template';
  const pictures = source({ host: 'pictures.example', lookup });
  for (const name of ['rebound.example', 'half.example']) {
    answer = (_, response) => send(response, 302, { location: `http://${name}:${port}/kept` });
    for (let i = 0; i < 6; i++) expect(await pictures.newest(`u${i}`, patient())).toBeUndefined();
  }
  expect(hosts()).toEqual(new Set([`pictures.example:${port}`]));
  answer = (_, response) => send(response, 200, { 'content-type': 'image/png' }, png);
  expect(await pictures.newest('anna', patient())).toBeDefined();
});

test('a provider that names the picture as JSON is asked conditionally too', async () => {
  kind = 'lookup';
  answer = (request, response) =>
    request.headers['if-none-match'] === '"1"'
      ? send(response, 304)
      : send(response, 200, { 'content-type': 'image/png', etag: '"1"' }, png);
  const pictures = source();
  const hash = await pictures.newest('anna', patient());
  expect(await pictures.newest('anna', patient())).toBe(hash);
  expect(pages.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"page"']);
  expect(requests.map(({ url, headers }) => [url, headers['if-none-match']])).toEqual([
    ['/of/anna', undefined],
    ['/of/anna', '"1"'],
  ]);
});

test.each<[string, string, string]>([
  ['nothing at the path', '{"payload":{}}', 'payload.picture'],
  ['no text at the path', '{"payload":{"picture":7}}', 'payload.picture'],
  ['what all objects have', '{"payload":{}}', 'payload.constructor.name'],
  ['an address inside our network', '{"picture":"http://10.0.0.1/x"}', 'picture'],
  ['a file', '{"picture":"file:///etc/passwd"}', 'picture'],
  ['no JSON', '<html>', 'picture'],
])('a service that tells %s has no picture', async (_, body, path) => {
  const pages = createServer((_request, response) =>
    send(response, 200, { 'content-type': 'application/json' }, Buffer.from(body)),
  ).listen(0, '127.0.0.1');
  await once(pages, 'listening');
  const url = `http://127.0.0.1:${(pages.address() as AddressInfo).port}/{user}`;
  const provider = lookupPictures('lookup', { ...fetching(), url, path });
  expect(await provider.newest('anna', patient())).toBeUndefined();
  pages.closeAllConnections();
  pages.close();
  expect(requests).toEqual([]);
});

test('a hash of the listener in an address is as Gravatar has it', async () => {
  answer = (_, response) => send(response, 200, { 'content-type': 'image/png' }, png);
  const url = `${origin()}/{sha256}/{md5}?d=404`;
  // The example of Gravatar's own documentation.
  const identityOf = (user: string) =>
    Promise.resolve(user === 'anna' ? ' MyEmailAddress@example.com ' : undefined);
  const provider = templatePictures('gravatar', { ...fetching(), url, identityOf });
  expect(await provider.newest('anna', patient())).toBeDefined();
  expect(await provider.newest('nobody', patient())).toBeUndefined();
  expect(requests.map((request) => request.url)).toEqual([
    '/84059b07d4be67b806386c0aad8070a23f18836bbaae342275dc0a83414c32ee/0bc83cb571cd1c50ba6f3e8a78ef1346?d=404',
  ]);
});

test('an address from a profile is asked over TLS and in public alone', async () => {
  const lookup = network({ 'inside.example': ['10.0.0.1'], 'public.example': ['203.0.113.7'] });
  for (const url of [
    `${origin()}/of/anna`,
    'http://public.example/x',
    'https://inside.example/x',
    'https://localhost/x',
    'https://[::1]/x',
    'ftp://public.example/x',
    'nonsense',
  ]) {
    const provider = profilePictures('profile', {
      ...fetching({ lookup }),
      pictureUrlOf: () => Promise.resolve({ url, givenAt: 0 }),
    });
    expect([url, await provider.newest('anna', patient())]).toEqual([url, undefined]);
  }
  expect(requests).toEqual([]);
});

test('another address in the profile is asked without what is known of the one before', async () => {
  answer = (_, response) => send(response, 200, { 'content-type': 'image/png', etag: '"1"' }, png);
  let path = 'a';
  const provider = profilePictures('profile', {
    ...fetching(),
    trustedHost: new URL(origin()).host,
    pictureUrlOf: () => Promise.resolve({ url: `${origin()}/${path}`, givenAt: 0 }),
  });
  await provider.newest('anna', patient());
  await provider.newest('anna', patient());
  path = 'b';
  await provider.newest('anna', patient());
  expect(requests.map(({ url, headers }) => [url, headers['if-none-match']])).toEqual([
    ['/a', undefined],
    ['/a', '"1"'],
    ['/b', undefined],
  ]);
});

test('a picture that is known stays while its source is down, and goes when the source says so', async () => {
  kind = 'template';
  answer = (_, response) => send(response, 200, { 'content-type': 'image/png', etag: '"1"' }, png);
  const pictures = source();
  const hash = await pictures.newest('anna', patient());
  answer = (_, response) => send(response, 503);
  expect(await pictures.newest('anna', patient())).toBe(hash);
  answer = (_, response) => send(response, 404);
  expect(await pictures.newest('anna', patient())).toBeUndefined();
});

describe('of several providers', () => {
  const has = (hash: string, since: number): PictureProvider => ({
    name: hash,
    newest: () => Promise.resolve({ hash, since }),
  });
  const none: PictureProvider = { name: 'none', newest: () => Promise.resolve(undefined) };

  test('the newest picture wins, of equals that of the first', async () => {
    const newest = (...providers: PictureProvider[]) =>
      openPictures(providers).newest('anna', patient());
    expect(await newest(has('old', 1), has('new', 2), none)).toBe('new');
    expect(await newest(has('new', 2), has('old', 1))).toBe('new');
    expect(await newest(none, has('first', 2), has('second', 2))).toBe('first');
    expect(await newest(none)).toBeUndefined();
    expect(await newest()).toBeUndefined();
  });

  test('a picture is as new as its source says, else as when it was first seen or given', async () => {
    const day = 86_400_000;
    now = 100 * day;
    let lastModified: string | undefined = new Date(40 * day).toUTCString();
    let bytes = png;
    answer = (_, response) =>
      send(
        response,
        200,
        { 'content-type': 'image/png', ...(lastModified && { 'last-modified': lastModified }) },
        bytes,
      );
    const provider = sources.template();
    const since = async () => (await provider.newest('anna', patient()))!.since / day;
    expect(await since()).toBe(40);
    lastModified = new Date(200 * day).toUTCString();
    expect(await since()).toBe(100);
    lastModified = undefined;
    bytes = Buffer.concat([png, png]);
    now = 110 * day;
    expect(await since()).toBe(110);
    now = 120 * day;
    expect(await since()).toBe(110);
    const profile = profilePictures('profile', {
      ...fetching(),
      trustedHost: new URL(origin()).host,
      pictureUrlOf: () => Promise.resolve({ url: origin(), givenAt: 130 * day }),
    });
    expect((await profile.newest('anna', patient()))!.since).toBe(130 * day);
  });
});
