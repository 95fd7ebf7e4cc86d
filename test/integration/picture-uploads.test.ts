import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { fastify } from 'fastify';
import {
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import fc from 'fast-check';
import type { Db } from 'mongodb';
import sharp from 'sharp';
import { openCovers } from '../../infra/covers.ts';
import { eraseFiles } from '../../infra/erasure/mongo.ts';
import type { App } from '../../infra/http/app.ts';
import { answerFailures, refuseOtherMethods } from '../../infra/http/failures.ts';
import type { Client, Standing } from '../../infra/http/rate-limit.ts';
import { addPictureRoutes } from '../../infra/http/pictures.ts';
import { openMongo, type Mongo } from '../../infra/mongo.ts';
import { openPlaylists } from '../../infra/mongo/playlists.ts';
import { openPictures } from '../../infra/pictures.ts';
import { picturesFolder } from '../../infra/pictures/kept.ts';
import { openUploads, type Uploads } from '../../infra/pictures/uploads.ts';
import { openTokens, type Tokens } from '../../infra/tokens.ts';
import { coverKey } from '../../pipelines/delivery/cover.ts';
import { sharedServers, silentLog } from '../support/servers.ts';

const namespace = `uploads-${randomUUID()}`;
const week = '2014-W36';
let mongo: Mongo;
let home: string;
let uploads: Uploads;
let tokens: Tokens;
let app: App;
/** How a client stands. */
let take: (client: Client) => Standing;
let now = Date.parse('2014-09-01T00:00:00Z');

const standing = { isAllowed: true, limit: 50, remaining: 49, resetAt: 0 };
beforeEach(() => {
  take = () => standing;
});

beforeAll(async () => {
  const servers = await sharedServers();
  mongo = await openMongo({ url: servers.mongodbUrl, database: namespace });
  home = await mkdtemp(join(tmpdir(), 'uploads-'));
  uploads = openUploads({ db: mongo.db, home, clock: () => now });
  tokens = openTokens(new Uint8Array(32).fill(7), () => now);
  app = fastify().withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  answerFailures(app, silentLog);
  const otherMethods = refuseOtherMethods(app);
  addPictureRoutes(app, {
    pictures: { uploads, folder: picturesFolder(home) },
    tokens,
    clock: () => now,
    limits: { take: (client) => Promise.resolve(take(client)) },
  });
  otherMethods.finish();
}, 600_000);

afterAll(async () => {
  await app.close();
  await mongo.db.dropDatabase();
  await mongo.dispose();
  await rm(home, { recursive: true });
});

const coloured = (background: string) =>
  sharp({ create: { width: 120, height: 80, channels: 3, background } });

async function ask(
  method: 'GET' | 'PUT' | 'DELETE' | 'POST',
  user: string,
  {
    type = 'image/png',
    body,
    as = user,
    headers = {},
  }: { type?: string; body?: Buffer; as?: string; headers?: Record<string, string> } = {},
) {
  const token = await tokens.issue({ scope: 'listener', user: as }, 1);
  return app.inject({
    method,
    url: `/v1/users/${user}/picture`,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': type }),
      ...headers,
    },
    ...(body === undefined ? {} : { payload: body }),
  });
}

const newest = (user: string) => openPictures([uploads]).newest(user, new AbortController().signal);

test('a picture that is uploaded is on the next covers, until another one is', async () => {
  const first = await ask('PUT', 'ana', { body: await coloured('#d33').png().toBuffer() });
  expect(first.statusCode).toBe(200);
  const { hash, ...rest } = first.json<{ hash: string }>();
  expect(rest).toEqual({
    ...{ user: 'ana', width: 120, height: 80 },
    uploadedAt: '2014-09-01T00:00:00.000Z',
  });
  expect(await newest('ana')).toBe(hash);
  expect(await newest('budi')).toBeUndefined();
  now += 1000;
  const body = await coloured('#3d3').webp().toBuffer();
  const second = (await ask('PUT', 'ana', { body, type: 'image/webp' })).json<{ hash: string }>();
  expect(second.hash).not.toBe(hash);
  expect(await newest('ana')).toBe(second.hash);
});

test('what is kept of a picture can be read back, and is not sent twice', async () => {
  await ask('PUT', 'citra', { body: await coloured('#36c').jpeg().toBuffer(), type: 'image/jpeg' });
  const answer = await ask('GET', 'citra');
  expect(answer.headers['content-type']).toBe('image/jpeg');
  const { width, height } = await sharp(answer.rawPayload).metadata();
  expect([width, height]).toEqual([120, 80]);
  const headers = { 'if-none-match': String(answer.headers.etag) };
  expect((await ask('GET', 'citra', { headers })).statusCode).toBe(304);
  expect((await ask('GET', 'nobody')).statusCode).toBe(404);
});

test('a picture that is deleted is gone with its covers; the same of another listener stays', async () => {
  const body = await coloured('#c63').png().toBuffer();
  const { hash } = (await ask('PUT', 'dewi', { body })).json<{ hash: string }>();
  expect((await ask('PUT', 'eka', { body })).json<{ hash: string }>().hash).toBe(hash);
  const covers = openCovers({ home, log: silentLog });
  await covers.image(coverKey('dewi', week, hash));
  const kept = async () =>
    [...(await readdir(home, { recursive: true }))].filter((name) => name.includes(hash)).length;
  expect(await kept()).toBe(7);
  expect((await ask('DELETE', 'dewi')).statusCode).toBe(204);
  expect([await newest('dewi'), await newest('eka'), await kept()]).toEqual([undefined, hash, 7]);
  expect((await ask('DELETE', 'eka')).statusCode).toBe(204);
  expect([await newest('eka'), await kept()]).toEqual([undefined, 0]);
  expect((await ask('DELETE', 'eka')).statusCode).toBe(404);
});

const keptFiles = async (hash: string) =>
  [...(await readdir(home, { recursive: true }))].filter((name) => name.includes(hash)).length;

/** The database, where something else is begun as soon as nobody is found to have a picture. */
function withMeanwhile(meanwhile: () => Promise<unknown>): Db {
  return new Proxy(mongo.db, {
    get(db, key) {
      if (key !== 'collection') return Reflect.get(db, key) as unknown;
      return (name: string) => {
        const collection = db.collection(name);
        const findOne = async (filter: Record<string, unknown>) => {
          const found = await db.collection(name).findOne(filter);
          if (found === null && 'hash' in filter) {
            // Where it has to wait for its turn it comes after.
            await Promise.race([meanwhile(), pause(500)]);
          }
          return found;
        };
        return Object.assign(collection, { findOne });
      };
    },
  });
}

test('a picture that somebody uploads while another deletes the same stays', async () => {
  const body = await coloured('#93c').png().toBuffer();
  const { hash } = await uploads.put('indah', body);
  let uploaded: Promise<unknown> | undefined;
  const deleting = openUploads({
    db: withMeanwhile(() => (uploaded ??= uploads.put('joko', body))),
    home,
    clock: () => now,
  });
  expect(await deleting.remove('indah')).toBe(true);
  await uploaded!;
  expect([await newest('indah'), await newest('joko')]).toEqual([undefined, hash]);
  expect(await keptFiles(hash)).toBe(1);
  expect((await ask('GET', 'joko')).statusCode).toBe(200);
});

test('so it does where it is an erasure that deletes', async () => {
  const body = await coloured('#39c').png().toBuffer();
  const { hash } = await uploads.put('kirana', body);
  await mongo.db.collection<{ _id: string }>('pictures').deleteOne({ _id: 'kirana' });
  let uploaded: Promise<unknown> | undefined;
  const db = withMeanwhile(() => (uploaded ??= uploads.put('lina', body)));
  await eraseFiles(db, home, { pictures: [hash], covers: [] });
  await uploaded!;
  expect(await keptFiles(hash)).toBe(1);
  expect(await eraseFiles(mongo.db, home, { pictures: [hash], covers: [] })).toBe(0);
  expect(await keptFiles(hash)).toBe(1);
});

test('however uploads and deletions of one picture meet, it is kept while somebody has it', async () => {
  const bodies = await Promise.all(['#111', '#eee'].map((c) => coloured(c).png().toBuffer()));
  const users = ['mawar', 'nanda', 'oki'];
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          user: fc.constantFrom(...users),
          body: fc.option(fc.constantFrom(...bodies), { freq: 1, nil: undefined }),
        }),
        { minLength: 2, maxLength: 8 },
      ),
      async (calls) => {
        await Promise.all(
          calls.map(({ user, body }) =>
            body === undefined ? uploads.remove(user) : uploads.put(user, body),
          ),
        );
        const had = await Promise.all(users.map((user) => uploads.find(user)));
        for (const hash of had.flatMap((upload) => upload?.hash ?? [])) {
          expect(await keptFiles(hash)).toBe(1);
        }
        for (const user of users) await uploads.remove(user);
      },
    ),
    { numRuns: 15, seed: 6 },
  );
});

test('who has a picture is found by an index', async () => {
  const indexes = await mongo.db.collection('pictures').indexes();
  expect(indexes.map(({ key }) => key as object)).toContainEqual({ hash: 1 });
});

test('a picture on a list of somebody is found by an index, and stays while it is there', async () => {
  await openPlaylists(mongo.db);
  const lists = mongo.db.collection<{ _id: string; picture?: string }>('playlists');
  // Lists without a picture are not in it.
  expect(await lists.indexes()).toContainEqual(
    expect.objectContaining({ key: { picture: 1 }, sparse: true }),
  );
  const user = 'melati';
  const { hash } = await uploads.put(user, await coloured('#693').png().toBuffer());
  await mongo.db.collection<{ _id: string }>('pictures').deleteOne({ _id: user });
  await lists.insertMany([{ _id: 'with', picture: hash }, { _id: 'without' }]);
  const erase = () => eraseFiles(mongo.db, home, { pictures: [hash], covers: [] });
  expect([await erase(), await keptFiles(hash)]).toEqual([0, 1]);
  await lists.deleteOne({ _id: 'with' });
  expect([await erase(), await keptFiles(hash)]).toEqual([1, 0]);
});

test('what is no picture is refused with its reason, and changes nothing', async () => {
  const png = await coloured('#d33').png().toBuffer();
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="100" height="100"/>');
  for (const [body, type, status, detail] of [
    [svg, 'image/png', 415, /expected a JPEG, PNG or WebP/],
    [svg, 'image/svg+xml', 415, /image\/svg\+xml|[Mm]edia/],
    [png.subarray(0, 100), 'image/png', 422, /expected a whole picture/],
    [Buffer.alloc(5 * 1024 * 1024 + 1), 'image/png', 413, /too large/i],
    [Buffer.alloc(0), 'image/png', 400, /./],
  ] as const) {
    const answer = await ask('PUT', 'fitri', { body, type });
    expect([type, answer.statusCode]).toEqual([type, status]);
    expect(answer.json<{ detail: string }>().detail).toMatch(detail);
  }
  expect(await newest('fitri')).toBeUndefined();
});

test('nobody uploads for somebody else, and other methods are refused', async () => {
  const body = await coloured('#d33').png().toBuffer();
  expect((await ask('PUT', 'gita', { body, as: 'ana' })).statusCode).toBe(403);
  expect((await ask('DELETE', 'ana', { as: 'gita' })).statusCode).toBe(403);
  expect((await ask('GET', 'ana', { as: 'gita' })).statusCode).toBe(403);
  const post = await ask('POST', 'ana');
  expect([post.statusCode, post.headers.allow]).toEqual([405, 'PUT, GET, HEAD, DELETE']);
  const url = '/v1/users/ana/picture';
  expect((await app.inject({ method: 'PUT', url })).statusCode).toBe(401);
});

test('who asks too often is told when to come again, before the picture is taken', async () => {
  const body = await coloured('#639').png().toBuffer();
  const clients: Client[] = [];
  const resetAt = now + 4200;
  take = (client) => {
    clients.push(client);
    return { isAllowed: true, limit: 3, remaining: 3 - clients.length, resetAt };
  };
  for (const [method, remaining] of [
    ['PUT', '2'],
    ['GET', '1'],
    ['DELETE', '0'],
  ] as const) {
    const answer = await ask(method, 'hana', method === 'PUT' ? { body } : {});
    expect(answer.statusCode).toBeLessThan(300);
    expect(answer.headers).toMatchObject({
      'x-ratelimit-limit': '3',
      'x-ratelimit-remaining': remaining,
      'x-ratelimit-reset-in': '5',
    });
    expect(answer.headers['retry-after']).toBeUndefined();
  }
  take = (client) => {
    clients.push(client);
    return { isAllowed: false, limit: 3, remaining: 0, resetAt };
  };
  for (const method of ['PUT', 'GET', 'DELETE'] as const) {
    const often = await ask(method, 'hana', method === 'PUT' ? { body } : {});
    expect([often.statusCode, often.headers['retry-after']]).toEqual([429, '5']);
    expect(often.headers['content-type']).toMatch('application/problem+json');
  }
  expect(await newest('hana')).toBeUndefined();
  expect(new Set(clients.map((client) => JSON.stringify(client)))).toEqual(
    new Set(['{"token":"listener:hana"}']),
  );
  // Without a valid token it is the address that is counted, whoever is meant.
  const url = '/v1/users/hana/picture';
  expect((await app.inject({ method: 'GET', url })).statusCode).toBe(429);
  expect(clients.at(-1)).toEqual({ address: '127.0.0.1' });
});
