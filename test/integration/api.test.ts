import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { InjectOptions } from 'fastify';
import { Redis } from 'ioredis';
import type { App } from '../../infra/http/app.ts';
import { buildApi } from '../../infra/http/server.ts';
import { openListCache, type ListCache } from '../../infra/list-cache.ts';
import { openMetrics } from '../../infra/metrics.ts';
import { openMongo, type Mongo } from '../../infra/mongo.ts';
import { openNames } from '../../infra/mongo/names.ts';
import { openPlaylistReader } from '../../infra/mongo/reader.ts';
import type { StoredList } from '../../infra/mongo/stored-list.ts';
import { openNameCache } from '../../infra/name-cache.ts';
import { openPlayingNow } from '../../infra/playing-now.ts';
import { openTokens, type Tokens } from '../../infra/tokens.ts';
import { Mistake } from '../../model/mistake.ts';
import { resolveRegion } from '../../model/regions.ts';
import { mondayStart } from '../../model/week.ts';
import { coverKey } from '../../pipelines/delivery/cover.ts';
import { nameTracks, namesIn } from '../../pipelines/listed.ts';
import { documentFor, namesFor } from '../support/lists.ts';
import { sharedServers, silentLog } from '../support/servers.ts';

const namespace = `api-${randomUUID()}`;
const jakarta = 'Asia/Jakarta';
const hour = 3_600_000;

let mongo: Mongo;
let redis: Redis;
let cache: ListCache;
let tokens: Tokens;
let app: App;
let now: number;
let mongoAnswers: boolean;

beforeAll(async () => {
  const servers = await sharedServers();
  mongo = await openMongo({ url: servers.mongodbUrl, database: namespace });
  redis = new Redis(servers.redisUrl);
  cache = openListCache(redis, namespace);
  tokens = openTokens(new Uint8Array(32).fill(7), () => now);
  app = await buildApi({
    playlists: openPlaylistReader(
      mongo.db,
      openNameCache(openNames(mongo.db), { clock: () => now }),
    ),
    covers: {
      image: (key, { side, format }) => Promise.resolve(Buffer.from(`${format} ${side} of ${key}`)),
    },
    pictures: {
      uploads: {
        put: () => Promise.reject(new Error('not asked')),
        find: () => Promise.resolve(undefined),
        remove: () => Promise.resolve(false),
      },
      folder: '/nowhere',
    },
    cache,
    tokens,
    clock: () => now,
    status: (week) =>
      week === '2014-W37'
        ? Promise.reject(new Mistake('UNKNOWN_WEEK', 'week 2014-W37: expected one that was made'))
        : week === '2014-W38'
          ? Promise.reject(new Mistake('ARTIFACT_CORRUPT', '/home/lists: expected lists'))
          : Promise.resolve({
              ...{ week: '2014-W36', total: none, regions: [], zones: [] },
              ...{ why: [], notMade: {} },
            }),
    missing: () => Promise.reject(new Error('not asked')),
    story: () => Promise.reject(new Error('not asked')),
    redeliver: (region, week) =>
      new Promise((resolve) => {
        resolveRegion(region, [jakarta]);
        resolve({
          week: week ?? '2014-W36',
          orders: [{ id: 'x', zone: JSON.stringify(region), listeners: 2 }],
        });
      }),
    metrics: openMetrics(),
    intake: {
      events: { append: () => Promise.reject(new Error('not asked')) },
      playingNow: openPlayingNow(redis, namespace),
      reader: {
        totals: () => Promise.reject(new Error('not asked')),
        listens: () => Promise.reject(new Error('not asked')),
        recording: () => Promise.reject(new Error('not asked')),
        opinions: () => Promise.reject(new Error('not asked')),
        dispose: () => Promise.resolve(),
      },
      limits: { take: () => Promise.reject(new Error('not asked')) },
      arePublic: false,
    },
    checks: {
      mongodb: () =>
        mongoAnswers ? mongo.db.command({ ping: 1 }) : Promise.reject(new Error('no answer')),
      redis: () => redis.ping(),
    },
    log: silentLog,
  });
}, 600_000);

const none = {
  ...{ listeners: 0, due: 0, delivered: 0, by00: 0, by06: 0, now: 0 },
  ...{ late: 0, failed: 0, missing: 0 },
};

beforeEach(async () => {
  now = mondayStart('2014-W36', jakarta) + 3 * hour;
  mongoAnswers = true;
  await mongo.db.collection('playlists').deleteMany({});
  await openNames(mongo.db).putTracks(namesFor().tracks);
  await openNames(mongo.db).putArtists(namesFor().artists);
  await cache.forget(['ana', 'budi', 'nobody']);
});

afterAll(async () => {
  await app.close();
  await mongo.db.dropDatabase();
  const keys = await redis.keys(`${namespace}:*`);
  if (keys.length > 0) await redis.del(keys);
  await redis.quit();
  await mongo.dispose();
});

async function store(...documents: StoredList[]): Promise<void> {
  for (const document of documents) {
    await mongo.db
      .collection<StoredList>('playlists')
      .replaceOne({ _id: document._id }, document, { upsert: true });
    await cache.forget([document.user]);
  }
}

async function get(url: string, headers: Record<string, string> = {}, user = 'ana') {
  const token = await tokens.issue({ scope: 'listener', user }, 1);
  return app.inject({ url, headers: { authorization: `Bearer ${token}`, ...headers } });
}

test('a listener gets their list with week, zone, validity and 30 tracks with reasons', async () => {
  await store(documentFor('ana', '2014-W36', jakarta));
  const answer = await get('/v1/users/ana/playlists/current');
  expect(answer.statusCode).toBe(200);
  const list = answer.json<Record<string, unknown> & { tracks: { reason: string }[] }>();
  expect(list).toMatchObject({
    user: 'ana',
    week: '2014-W36',
    zone: jakarta,
    validFrom: '2014-08-31T17:00:00.000Z',
    validUntil: '2014-09-07T17:00:00.000Z',
    revision: 1,
    cover: '/v1/users/ana/playlists/2014-W36/cover',
  });
  expect(list.tracks).toHaveLength(30);
  expect(list.tracks[0]!.reason).toBe('because you played Mogwai');
});

test('a list that was stored in words, as version 1, is answered byte for byte as one of ids', async () => {
  const list = documentFor('ana', '2014-W36', jakarta);
  await store(list);
  const ofIds = await get('/v1/users/ana/playlists/current');
  const { tracks: named, artists } = namesFor();
  await store({
    ...list,
    v: 1,
    tracks: nameTracks(list, namesIn(named, artists)),
    cover: coverKey('ana', '2014-W36', undefined),
  });
  const inWords = await get('/v1/users/ana/playlists/current');
  expect(inWords.body).toBe(ofIds.body);
  expect(inWords.headers).toEqual({ ...ofIds.headers, date: inWords.headers.date });
  const cover = await get('/v1/users/ana/playlists/2014-W36/cover');
  expect(cover.headers.etag).toBe(`"${coverKey('ana', '2014-W36', undefined)}-640-l2.jpeg"`);
  expect(Object.keys(ofIds.json<{ tracks: object[] }>().tracks[0]!)).toEqual([
    ...['trackId', 'title', 'artists', 'artistId', 'album', 'lengthS', 'reason', 'source'],
  ]);
});

test('a list of which a name is not stored is not told with a gap, but 503 until the name is there', async () => {
  const flavour = 'nameless';
  await store(documentFor('budi', '2014-W36', jakarta, { flavour }));
  const names = openNames(mongo.db);
  const { tracks } = namesFor(flavour);
  await names.putTracks(tracks.slice(1));
  for (const path of ['current', '2014-W36']) {
    const answer = await get(`/v1/users/budi/playlists/${path}`, {}, 'budi');
    expect(answer.statusCode).toBe(503);
    expect(answer.json<{ detail: string }>().detail).toBe(
      `names: expected those of all tracks of the list, got none of ${tracks[0]!.trackId}; npx mondaymix reconcile stores them again`,
    );
  }
  const cover = await get('/v1/users/budi/playlists/2014-W36/cover', {}, 'budi');
  expect(cover.statusCode).toBe(200);
  await names.putTracks(tracks);
  const answer = await get('/v1/users/budi/playlists/current', {}, 'budi');
  expect(answer.json<{ tracks: object[] }>().tracks).toHaveLength(30);
});

test('a name that has changed is told within an hour, and at once by a process that has not read it', async () => {
  await store(documentFor('ana', '2014-W36', jakarta));
  const titleOf = async () =>
    (await get('/v1/users/ana/playlists/2014-W36')).json<{ tracks: { title: string }[] }>()
      .tracks[0]!.title;
  expect(await titleOf()).toBe('Title 0');
  const [first] = namesFor().tracks;
  await openNames(mongo.db).putTracks([{ ...first!, title: 'Title zero' }]);
  now += hour;
  expect(await titleOf()).toBe('Title zero');
});

test('a list stored ahead does not show before its Monday; until then the one before does', async () => {
  await store(documentFor('ana', '2014-W36', jakarta), documentFor('ana', '2014-W37', jakarta));
  const before = mondayStart('2014-W37', jakarta) - 1;
  now = before;
  expect((await get('/v1/users/ana/playlists/current')).json()).toMatchObject({ week: '2014-W36' });
  expect((await get('/v1/users/ana/playlists/2014-W37')).statusCode).toBe(404);
  const archive = (await get('/v1/users/ana/playlists')).json<{ playlists: { week: string }[] }>();
  expect(archive.playlists.map(({ week }) => week)).toEqual(['2014-W36']);
  now = before + 1;
  expect((await get('/v1/users/ana/playlists/current')).json()).toMatchObject({ week: '2014-W37' });
  expect((await get('/v1/users/ana/playlists/2014-W37')).statusCode).toBe(200);
});

test('what has not changed is answered 304, from the cache as from MongoDB', async () => {
  await store(documentFor('ana', '2014-W36', jakarta));
  const first = await get('/v1/users/ana/playlists/current');
  const etag = String(first.headers.etag);
  expect(etag).toMatch(/^"[\w-]{22}"$/);
  const second = await get('/v1/users/ana/playlists/current', { 'if-none-match': etag });
  expect(second.statusCode).toBe(304);
  expect(second.body).toBe('');
  const stale = await get('/v1/users/ana/playlists/current', { 'if-none-match': '"other"' });
  expect(stale.statusCode).toBe(200);
  const week = await get('/v1/users/ana/playlists/2014-W36', { 'if-none-match': `W/${etag}` });
  expect(week.statusCode).toBe(304);
});

test('the second answer comes from the cache, and a re-delivery is visible at once', async () => {
  await store(documentFor('ana', '2014-W36', jakarta));
  await get('/v1/users/ana/playlists/current');
  await mongo.db.collection('playlists').deleteMany({});
  expect((await get('/v1/users/ana/playlists/current')).statusCode).toBe(200);
  await store(documentFor('ana', '2014-W36', jakarta, { revision: 2 }));
  expect((await get('/v1/users/ana/playlists/current')).json()).toMatchObject({ revision: 2 });
});

test('an answer that was looked up before a change is not kept after it', async () => {
  const answer = { etag: '"old"', body: Buffer.from('{}\n'), until: now + hour };
  const { lease } = await cache.get('budi', now);
  await cache.forget(['budi']);
  await cache.put('budi', lease!, answer);
  expect((await cache.get('budi', now)).answer).toBeUndefined();
  // Two who look up at once put the same; after a change neither does.
  const [one, other] = [await cache.get('budi', now), await cache.get('budi', now)];
  await cache.put('budi', one.lease!, answer);
  await cache.put('budi', other.lease!, { ...answer, etag: '"other"' });
  expect((await cache.get('budi', now)).answer).toEqual(answer);
  expect((await cache.get('budi', now + hour)).answer).toBeUndefined();
});

test('JSPF comes for those who ask for it, by Accept or by parameter', async () => {
  await store(documentFor('ana', '2014-W36', jakarta));
  const byHeader = await get('/v1/users/ana/playlists/current', {
    accept: 'application/jspf+json',
  });
  expect(byHeader.headers['content-type']).toContain('application/jspf+json');
  const { playlist } = byHeader.json<{ playlist: { track: Record<string, unknown>[] } }>();
  expect(playlist.track).toHaveLength(30);
  expect(playlist.track[0]).toMatchObject({
    title: 'Title 0',
    creator: 'Artist 0, Guest',
    album: 'Album 0',
    duration: 180_000,
    annotation: 'because you played Mogwai',
  });
  const byParameter = await get('/v1/users/ana/playlists/2014-W36?format=jspf');
  expect(byParameter.json()).toEqual(byHeader.json());
  const plain = await get('/v1/users/ana/playlists/current');
  expect(plain.headers.etag).not.toBe(byHeader.headers.etag);
});

test('a listener reads only their own lists; operations read all', async () => {
  await store(documentFor('ana', '2014-W36', jakarta));
  expect((await get('/v1/users/ana/playlists/current', {}, 'budi')).statusCode).toBe(403);
  const token = await tokens.issue({ scope: 'operations' }, 1);
  const answer = await app.inject({
    url: '/v1/users/ana/playlists/current',
    headers: { authorization: `Bearer ${token}` },
  });
  expect(answer.statusCode).toBe(200);
});

test('no token, a broken one, one of another secret and one that has expired are refused', async () => {
  const url = '/v1/users/ana/playlists/current';
  const other = openTokens(new Uint8Array(32).fill(8), () => now);
  const foreign = await other.issue({ scope: 'operations' }, 1);
  const old = await tokens.issue({ scope: 'operations' }, 1);
  now += 25 * hour;
  for (const authorization of [undefined, 'Bearer x.y.z', `Bearer ${foreign}`, `Bearer ${old}`]) {
    const answer = await app.inject({ url, headers: authorization ? { authorization } : {} });
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer');
    expect(answer.headers['content-type']).toContain('application/problem+json');
  }
});

test('an unknown listener, a malformed week and an unknown path are told in one line', async () => {
  const nobody = await get('/v1/users/nobody/playlists/current', {}, 'nobody');
  expect(nobody.statusCode).toBe(404);
  expect(nobody.json()).toEqual({
    title: 'Not found',
    status: 404,
    detail: 'no list is stored for listener "nobody"',
  });
  const week = await get('/v1/users/ana/playlists/2014-36');
  expect(week.statusCode).toBe(400);
  expect(week.json<{ detail: string }>().detail).toBe(
    'week: expected an ISO week such as 2014-W36, got "2014-36"',
  );
  expect((await get('/v1/nothing')).statusCode).toBe(404);
});

describe('what a client does wrong is answered with a problem in one line', () => {
  const lists = '/v1/users/ana/playlists';
  const orders = '/v1/redeliveries';
  const json = { 'content-type': 'application/json' };

  test.each<[what: string, request: InjectOptions, status: number, detail: string | RegExp]>([
    ['an unknown listener', { url: '/v1/users/nobody/playlists' }, 404, /"nobody"$/],
    ['a listener without a cover', { url: `${lists}/2014-W36/cover` }, 404, /2014-W36 .*"ana"/],
    [
      'an identifier that is too long',
      { url: `/v1/users/${'a'.repeat(201)}/playlists` },
      400,
      'id: Too big: expected string to have <=200 characters',
    ],
    [
      'one that is longer than a part of a path may be',
      { url: `/v1/users/${'a'.repeat(301)}/playlists` },
      414,
      'expected parts of the path of at most 300 characters, got a longer one',
    ],
    ['an empty identifier', { url: '/v1/users//playlists' }, 400, /^id: Too small: /],
    [
      'a URL that cannot be read',
      { url: '/v1/users/%zz/playlists' },
      400,
      'expected a URL with escapes such as %20, got one that cannot be read',
    ],
    [
      'a week that no year has',
      { url: `${lists}/2014-W54` },
      400,
      'week: expected an ISO week such as 2014-W36, got "2014-W54"',
    ],
    [
      'week 53 of a year of 52',
      { url: `${lists}/2014-W53` },
      400,
      'week: expected a week of 2014, which ends with 2014-W52, got "2014-W53"',
    ],
    ['a malformed week of a status', { url: '/v1/status?week=36' }, 400, /^week: .* got "36"$/],
    ['an unknown format', { url: `${lists}/current?format=xml` }, 400, /^format: .*"json"\|"jspf"/],
    ['too many entries', { url: `${lists}?limit=9999` }, 400, /^limit: .*<=520$/],
    ['a wrong method', { url: orders }, 405, '/v1/redeliveries: expected POST, got GET'],
    [
      'a method that changes what is only read',
      { method: 'DELETE', url: `${lists}/2014-W36` },
      405,
      '/v1/users/ana/playlists/2014-W36: expected GET or HEAD, got DELETE',
    ],
    [
      'a body that is no JSON',
      { method: 'POST', url: orders, headers: json, payload: '{"region":' },
      400,
      /^Body is not valid JSON/,
    ],
    ['no body', { method: 'POST', url: orders }, 400, /^body: .*expected object, received null$/],
    [
      'a field that nobody knows',
      { method: 'POST', url: orders, payload: { regoin: 'Asia' } },
      400,
      'body: Unrecognized key: "regoin"',
    ],
    [
      'a region that is no text',
      { method: 'POST', url: orders, payload: { region: 7 } },
      400,
      'region: Invalid input: expected string, received number',
    ],
    [
      'a malformed week of an order',
      { method: 'POST', url: orders, payload: { region: 'Asia', week: '2014-36' } },
      400,
      'week: expected an ISO week such as 2014-W36, got "2014-36"',
    ],
    [
      'an unknown region',
      { method: 'POST', url: orders, payload: { region: 'Asai' } },
      400,
      'expected a region that has lists, got "Asai"; near ones: Asia',
    ],
    [
      'two regions',
      { method: 'POST', url: orders, payload: { region: 'Asia', country: 'ID' } },
      400,
      'expected exactly one of region, country, zone and group, got region and country',
    ],
    [
      'a body that is too large',
      { method: 'POST', url: orders, payload: { region: 'a'.repeat(2 ** 21) } },
      413,
      'Request body is too large',
    ],
  ])('%s', async (_what, request, status, detail) => {
    const token = await tokens.issue({ scope: 'operations' }, 1);
    const answer = await app.inject({
      ...request,
      headers: { ...request.headers, authorization: `Bearer ${token}` },
    });
    expect(answer.headers['content-type']).toContain('application/problem+json');
    const problem = answer.json<{ status: number; detail: string }>();
    expect([answer.statusCode, problem.status]).toEqual([status, status]);
    expect(problem.detail).toMatch(typeof detail === 'string' ? exactly(detail) : detail);
    expect(problem.detail).not.toContain('\n');
  });

  test('a wrong method is told which ones there are', async () => {
    const answer = await app.inject({ method: 'PUT', url: orders });
    expect([answer.statusCode, answer.headers.allow]).toEqual([405, 'POST']);
  });
});

function exactly(text: string): RegExp {
  return new RegExp(`^${text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`);
}

test('the cover is an image with its key as entity tag', async () => {
  await store(documentFor('ana', '2014-W36', jakarta));
  const answer = await get('/v1/users/ana/playlists/2014-W36/cover');
  expect(answer.headers['content-type']).toBe('image/jpeg');
  const key = coverKey('ana', '2014-W36', undefined);
  expect(answer.headers.etag).toBe(`"${key}-640-l2.jpeg"`);
  expect(answer.body).toBe(`jpeg 640 of ${key}`);
  const picture = 'ab'.repeat(16);
  await store(documentFor('ana', '2014-W36', jakarta, { revision: 2, picture }));
  const pictured = await get('/v1/users/ana/playlists/2014-W36/cover');
  expect(pictured.headers.etag).toBe(`"p-${picture}-2014-W36-640-l2.jpeg"`);
  const again = await get('/v1/users/ana/playlists/2014-W36/cover', {
    'if-none-match': String(pictured.headers.etag),
  });
  expect(again.statusCode).toBe(304);
});

test('a cover comes in the size and the format that is asked for, each with its own entity tag', async () => {
  await store(documentFor('ana', '2014-W36', jakarta));
  const path = '/v1/users/ana/playlists/2014-W36/cover';
  const browser = 'image/avif,image/webp,image/apng,*/*;q=0.8';
  const tags = new Set<unknown>();
  for (const [query, accept, type, said] of [
    ['', '*/*', 'jpeg', 'jpeg 640'],
    ['?size=320', 'image/jpeg', 'jpeg', 'jpeg 320'],
    ['?size=160', browser, 'webp', 'webp 160'],
    ['?size=320&format=webp', 'image/jpeg', 'webp', 'webp 320'],
    ['', 'image/webp;q=0.2, image/jpeg;q=0.7', 'jpeg', 'jpeg 640'],
    ['', 'text/html', 'jpeg', 'jpeg 640'],
  ] as const) {
    const answer = await get(path + query, { accept });
    expect(answer.headers['content-type']).toBe(`image/${type}`);
    expect(answer.headers.vary).toBe('accept, authorization');
    expect(answer.body).toBe(`${said} of ${coverKey('ana', '2014-W36', undefined)}`);
    const tag = String(answer.headers.etag);
    tags.add(tag);
    const again = await get(path + query, { accept, 'if-none-match': tag });
    expect([again.statusCode, again.body]).toEqual([304, '']);
  }
  expect(tags.size).toBe(4);
  const wrong = await get(`${path}?size=100`);
  expect(wrong.statusCode).toBe(400);
  expect(wrong.json<{ detail: string }>().detail).toMatch(/^size: .*160.*320.*640/);
});

test('operations see the status and order a region again; listeners may not', async () => {
  const token = await tokens.issue({ scope: 'operations' }, 1);
  const headers = { authorization: `Bearer ${token}` };
  const status = await app.inject({ url: '/v1/status', headers });
  expect(status.json()).toMatchObject({ week: '2014-W36' });
  const unknown = await app.inject({ url: '/v1/status?week=2014-W37', headers });
  expect(unknown.statusCode).toBe(404);
  expect(unknown.json<{ detail: string }>().detail).toContain('2014-W37');
  const corrupt = await app.inject({ url: '/v1/status?week=2014-W38', headers });
  expect(corrupt.statusCode).toBe(500);
  expect(corrupt.body).not.toContain('/home');
  const ordered = await app.inject({
    method: 'POST',
    url: '/v1/redeliveries',
    headers,
    payload: { region: 'Asia', week: '2014-W36' },
  });
  expect(ordered.statusCode).toBe(202);
  expect(ordered.json()).toMatchObject({ orders: [{ zone: '{"region":"Asia"}' }] });
  expect((await get('/v1/status')).statusCode).toBe(403);
});

test('whoever sends a request without end is cut off', () => {
  expect(app.server.requestTimeout).toBeGreaterThan(0);
  expect(app.server.requestTimeout).toBeLessThanOrEqual(300_000);
});

test('health says which server fails, metrics count requests, the OpenAPI document lists the paths', async () => {
  expect((await app.inject({ url: '/health' })).json()).toEqual({
    status: 'ok',
    servers: { mongodb: 'ok', redis: 'ok' },
  });
  mongoAnswers = false;
  const failing = await app.inject({ url: '/health' });
  expect(failing.statusCode).toBe(503);
  expect(failing.json()).toMatchObject({ servers: { mongodb: 'no answer' } });
  const metrics = await app.inject({ url: '/metrics' });
  expect(metrics.body).toContain('mondaymix_http_request_duration_seconds_count');
  const { paths, components } = (await app.inject({ url: '/openapi.json' })).json<{
    paths: Record<string, { get: { responses: Record<string, { content?: object }> } }>;
    components: { schemas: object };
  }>();
  expect(Object.keys(paths)).toEqual(
    expect.arrayContaining(['/v1/users/{id}/playlists/current', '/v1/status', '/v1/redeliveries']),
  );
  expect(Object.keys(components.schemas).sort()).toEqual(
    expect.arrayContaining(['ArchiveEntry', 'Picture', 'Playlist', 'Problem']),
  );
  const types = Object.fromEntries(
    ['current', '{week}/cover'].map((path) => {
      const { responses } = paths[`/v1/users/{id}/playlists/${path}`]!.get;
      const typesOf = ([code, { content = {} }]: [string, { content?: object }]) =>
        `${code} ${Object.keys(content).join()}`.trim();
      return [path, Object.entries(responses).map(typesOf)];
    }),
  );
  const problems = [400, 401, 403, 404, 503].map((code) => `${code} application/problem+json`);
  expect(types).toEqual({
    current: ['200 application/json,application/jspf+json', '304', ...problems],
    '{week}/cover': ['200 image/jpeg,image/webp', '304', ...problems],
  });
});
