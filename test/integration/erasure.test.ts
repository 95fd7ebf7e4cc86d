import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { fastify } from 'fastify';
import {
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import { openArtifacts } from '../../infra/artifacts.ts';
import type { Config } from '../../infra/config.ts';
import { openErasureBook } from '../../infra/erasure/record.ts';
import { addErasureRoutes } from '../../infra/http/erasure.ts';
import { answerFailures } from '../../infra/http/failures.ts';
import { takeBackLists } from '../../infra/erasure/take-back.ts';
import { acquireLock } from '../../infra/lock.ts';
import { importFolder } from '../../infra/import-folder.ts';
import { openListArchive } from '../../infra/list-archive.ts';
import { openMongo } from '../../infra/mongo.ts';
import { openRedis } from '../../infra/redis.ts';
import { openTokens, type Bearer } from '../../infra/tokens.ts';
import { batchesOf } from '../../pipelines/delivery/publish.ts';
import { erasedUser } from '../../pipelines/delivery/erased.ts';
import { historySource } from '../../pipelines/import/history/history-importer.ts';
import { openDelivery } from '../../workers/delivery.ts';
import { eraseLater } from '../../workers/erase-later.ts';
import { importHistoryOf } from '../../workers/import-history.ts';
import {
  eraseListener,
  finishErasures,
  recordErasure,
  searchListener,
  type Erasing,
} from '../../workers/erase.ts';
import { openCommandLine } from '../support/command-line.ts';
import { deliverHome, gone, others, removeNamespace, week } from '../support/delivered-home.ts';
import { ofOthers } from '../support/of-others.ts';
import { sharedServers, silentLog } from '../support/servers.ts';
import { queryLake, temporaryFolder, writeSources } from '../support/sources.ts';

jest.setTimeout(600_000);

let root: ReturnType<typeof temporaryFolder>;
let config: Config;
let erasing: Erasing;

beforeEach(async () => {
  root = temporaryFolder();
  config = await deliverHome(root.path, `t${randomUUID().slice(0, 8)}`);
  erasing = {
    config,
    servers: await sharedServers(),
    archive: openListArchive(config.home, openArtifacts(join(config.home, 'artifacts'))),
    clock: () => Date.now(),
    log: silentLog,
    signal: new AbortController().signal,
  };
});

afterEach(async () => {
  await removeNamespace(config);
  root.remove();
});

test('nothing of a listener is left anywhere, and all of the others stays as it was', async () => {
  const found = await searchListener(erasing, gone);
  // What there is to be found, so that finding nothing says something.
  for (const place of [
    /^file lake\/listens\//,
    /^file lake\/profiles\//,
    /^file lake\/artist_tags\//,
    /^file lake\/artist_plays\//,
    /^file lake\/searches\//,
    /^file lake\/rejects\//,
    /^file artifacts\/catalogue\/withher/,
    /^file artifacts\/lists\/listed\/zones/,
    /^file artifacts\/lists\/listed\/listed.parquet/,
    /^MongoDB: playlists/,
    /^MongoDB: ledger/,
    /^MongoDB: pictures/,
    /^Redis: .*current/,
    /^Redis: .*playing-now/,
    /^Redis: .*webhook/,
    /^RabbitMQ: 4 messages/,
  ]) {
    expect(found).toContainEqual(expect.stringMatching(place));
  }
  const before = await ofOthers(config);
  const files = () => readdir(join(config.home, 'pictures')).then((names) => names.length);
  expect(await files()).toBe(2);

  const report = await eraseListener(erasing, gone);
  expect(report.found).toEqual([]);
  expect(report.removed).toMatchObject({
    'lake.listens': 3,
    'lake.profiles': 1,
    'lake.artist_tags': 1,
    'lake.artist_plays': 1,
    'lake.rejects': 1,
    'lists in artifacts': 31,
    'mongodb.playlists': 1,
    'mongodb.pictures': 1,
    pictures: 1,
    messages: 3,
  });
  expect(await searchListener(erasing, gone)).toEqual([]);
  expect(await ofOthers(config)).toEqual(before);
  expect(await files()).toBe(1);
  expect(await readdir(join(config.home, 'artifacts', 'catalogue'))).toEqual([]);
  // The hash alone is remembered.
  const record = readFileSync(join(config.home, 'erasures', `${report.hash}.json`), 'utf8');
  expect(record).not.toContain(gone);
  expect(JSON.parse(record)).toMatchObject({ finishedAt: report.finishedAt });
  // Searches of others that were in the log have come, and hers have not.
  expect(
    await queryLake(config.home, 'SELECT listener, count(*) AS n FROM lake.searches GROUP BY ALL'),
  ).toEqual([{ listener: 'bob-22', n: 2 }]);

  // The week that was delivered stays delivered, and what waited is delivered to the others alone.
  const archive = erasing.archive;
  const clock = () => Date.parse('2014-09-02T20:00:00Z');
  const delivery = await openDelivery({ ...erasing, archive, clock, batchSize: 2 });
  try {
    await delivery.startDelivering();
    delivery.startPublishing();
    const lists = (await archive.find(week))!;
    expect(lists.zones.map(({ listeners }) => listeners)).toEqual([3, 2]);
    expect(await delivery.deliverWeek(lists)).toMatchObject({ failed: 0, already: 5 });
    const again = await delivery.redeliver(lists, ['Asia/Jakarta']);
    expect(again).toMatchObject({ failed: 0 });
    expect(await delivery.reconcile(week)).toMatchObject({ repaired: 0, found: 0, missing: 0 });
    const users: string[] = [];
    for await (const { user } of delivery.missing(lists, ['Asia/Jakarta'])) users.push(user);
    expect(users).toEqual([]);
  } finally {
    await delivery.dispose();
  }
  expect(await searchListener(erasing, gone)).toEqual([]);
  const mongo = await openMongo({
    url: erasing.servers.mongodbUrl,
    database: config.namespace,
  });
  expect(await mongo.db.collection('playlists').countDocuments({ user: erasedUser })).toBe(0);
  await mongo.dispose();
});

test('the command waits for a week that is being made, and says so in one line', async () => {
  const cli = await openCommandLine();
  const locks = join(cli.home, 'artifacts', '.locks');
  const name = 'catalogue-0123456789abcdef';
  const what = `artifact ${name}`;
  // As a command that makes one artifact after the other.
  const first = await acquireLock(join(locks, name), { waitMs: 0, what });
  const second = await acquireLock(join(locks, 'snapshot-0123'), { waitMs: 0, what });
  try {
    const { code, errors } = await cli.start(['erase', gone, '--yes'], (line) => {
      if (!line.includes('waiting')) return;
      first();
      second();
    }).ended;
    expect(errors).toContain('all stores were searched');
    expect(code).toBe(0);
    expect(errors.split('\n').filter((line) => line.includes('waiting'))).toEqual([
      `${what}: waiting up to 5 min for process ${process.pid}, which is at work`,
    ]);
  } finally {
    first();
    second();
    await cli.dispose();
  }
});

test('a week that takes longer is LOCKED, and the erasure goes on when it is called again', async () => {
  const path = join(config.home, 'artifacts', '.locks', 'catalogue-0123');
  const waited: string[] = [];
  const release = await acquireLock(path, { waitMs: 0, what: 'a week' });
  await expect(
    eraseListener({ ...erasing, weekWaitMs: 300, onWait: (what) => waited.push(what) }, gone),
  ).rejects.toMatchObject({ code: 'LOCKED', message: expect.stringContaining('catalogue-0123') });
  expect(waited).toEqual(['artifact catalogue-0123']);
  // Whoever makes a week still has all the files that it reads.
  expect(
    await queryLake(config.home, `SELECT 1 FROM lake.listens WHERE listener = '${gone}'`),
  ).not.toEqual([]);
  release();
  expect((await eraseListener(erasing, gone)).found).toEqual([]);
});

test('what they did before does not come back with a file, what they do later does', async () => {
  await eraseListener(erasing, gone);
  const data = join(root.path, 'data');
  // The same rows under another content, and one from after the erasure.
  const text = readFileSync(join(data, 'listens.csv'), 'utf8');
  await writeSources(join(root.path, 'again', 'data'), {
    'listens.csv': `${text}2090-01-01T10:00:00Z,${gone},,,Low,Words\n`,
  });
  const [funnel] = await importFolder(join(root.path, 'again', 'data'), config.home);
  expect(funnel!.dropped).toMatchObject({ 'of an erased listener': 3 });
  expect(
    await queryLake(
      config.home,
      `SELECT CAST(listened_at AS VARCHAR) AS t FROM lake.listens WHERE listener = '${gone}'`,
    ),
  ).toEqual([{ t: '2090-01-01 10:00:00' }]);
  const found = await searchListener(erasing, gone);
  expect(found).toEqual([expect.stringMatching(/^file lake\/listens\/day=2090-01-01/)]);
  // Erased again, they are gone again.
  expect((await eraseListener(erasing, gone)).found).toEqual([]);
});

test('what comes while an erasure ends goes with the one that is asked for then', async () => {
  const listen = async () => {
    const data = join(root.path, 'late', 'data');
    const text = readFileSync(join(root.path, 'data', 'listens.csv'), 'utf8');
    const now = new Date().toISOString();
    await writeSources(data, { 'listens.csv': `${text}${now},${gone},,,Low,Latecomer\n` });
    await importFolder(data, config.home);
  };
  const first = await eraseListener(
    {
      ...erasing,
      // It has looked everywhere for the last time.
      async onStep(step) {
        if (step !== 'search') return;
        await listen();
        await recordErasure(erasing, gone);
      },
    },
    gone,
  );
  expect(first).toMatchObject({ found: [], finishedAt: expect.any(String) });
  expect(first.askedAgainAt).not.toBeNull();
  const late = `SELECT 1 FROM lake.listens WHERE listener = '${gone}'`;
  expect(await queryLake(config.home, late)).toHaveLength(1);

  // As the API and the scheduler do for whoever has asked.
  expect(await finishErasures(erasing)).toBe(1);
  expect(await queryLake(config.home, late)).toEqual([]);
  expect(await searchListener(erasing, gone)).toEqual([]);
  const record = (await openErasureBook(config.home).find(gone))!;
  expect(record).toMatchObject({
    at: first.askedAgainAt,
    finishedAt: expect.any(String),
    removed: { 'lake.listens': 1 },
  });
  expect(record).not.toHaveProperty('listener');
  expect(await finishErasures(erasing)).toBe(0);
});

test('a history that they brought leaves nothing, nor does an import of it that was killed', async () => {
  const file = join(root.path, 'plays.csv');
  writeFileSync(file, 'ts,artist,title\n2014-06-01T10:00:00Z,Low,Words\n');
  const map = 'listened_at=ts,artist=artist,title=title';
  await importHistoryOf({ path: file, listener: gone, map }, { home: config.home });
  const killed = join(config.home, 'history', historySource('csv', gone));
  mkdirSync(killed, { recursive: true });
  writeFileSync(join(killed, 'part.parquet'), 'converted');
  expect((await eraseListener(erasing, gone)).found).toEqual([]);
  expect(existsSync(killed)).toBe(false);
  // Not even as a part of a name.
  const names = await readdir(config.home, { recursive: true });
  expect(names.filter((name) => name.includes(gone))).toEqual([]);
  expect(readFileSync(join(config.home, 'lake', 'manifest.json'), 'utf8')).not.toContain(gone);
});

test('what a worker wrote too late is taken back, and of the others nothing', async () => {
  const delivery = await openDelivery(erasing);
  const { mongodbUrl, redisUrl } = erasing.servers;
  const mongo = await openMongo({ url: mongodbUrl, database: config.namespace });
  const redis = await openRedis(redisUrl);
  try {
    const before = await ofOthers(config);
    const lists = (await erasing.archive.find(week))!;
    const orders = await delivery.orders.ofWeek(week);
    const order = orders.find(({ zone }) => zone === 'Asia/Jakarta')!;
    const { namespace, home } = config;
    for await (const message of batchesOf(order, lists)) {
      if (!message.lists.some(({ user }) => user === gone)) continue;
      const taking = { db: mongo.db, redis: redis.client, namespace, home };
      await takeBackLists(taking, message, [gone]);
      const entry = (await delivery.ledger.find(order.id, message.batch))!;
      expect(entry.users).toEqual(
        message.lists.map(({ user }) => user).filter((user) => user !== gone),
      );
    }
    const left = (await searchListener(erasing, gone)).filter((place) =>
      /^(MongoDB: (playlists|ledger)|Redis)/.test(place),
    );
    expect(left).toEqual([]);
    expect(await ofOthers(config)).toEqual(before);
  } finally {
    await redis.dispose();
    await mongo.dispose();
    await delivery.dispose();
  }
});

test('DELETE of a listener is answered once it is recorded, and carried out', async () => {
  const tokens = openTokens(new Uint8Array(32).fill(7), () => Date.now());
  const erasures = eraseLater(erasing);
  const app = fastify().withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  answerFailures(app, silentLog);
  addErasureRoutes(app, { tokens, erase: (listener) => erasures.erase(listener) });
  const ask = async (bearer?: Bearer) => {
    const headers = bearer && { authorization: `Bearer ${await tokens.issue(bearer, 1)}` };
    const url = `/v1/users/${gone}`;
    return app.inject({ method: 'DELETE', url, ...(headers && { headers }) });
  };
  const book = openErasureBook(config.home);
  try {
    expect((await ask()).statusCode).toBe(401);
    expect((await ask({ scope: 'listener', user: others[0]! })).statusCode).toBe(403);
    expect(await book.find(gone)).toBeUndefined();
    const answer = await ask({ scope: 'listener', user: gone });
    expect(answer.statusCode).toBe(202);
    const recorded = (await book.find(gone))!;
    expect(answer.json()).toEqual({ hash: recorded.hash, at: recorded.at });
    while ((await book.find(gone))?.finishedAt === undefined) await pause(50);
    expect(await searchListener(erasing, gone)).toEqual([]);
  } finally {
    await erasures.dispose();
    await app.close();
  }
});
