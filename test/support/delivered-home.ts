import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import amqp from 'amqplib';
import sharp from 'sharp';
import { openArtifacts, type Artifacts } from '../../infra/artifacts.ts';
import { readConfig, type Config } from '../../infra/config.ts';
import { openDuckdb } from '../../infra/duckdb.ts';
import { openEventLog } from '../../infra/event-log.ts';
import { importFolder } from '../../infra/import-folder.ts';
import { openLake } from '../../infra/lake.ts';
import { openListArchive, weekBookFolder } from '../../infra/list-archive.ts';
import { openListCache } from '../../infra/list-cache.ts';
import { openMongo } from '../../infra/mongo.ts';
import { openUploads } from '../../infra/pictures/uploads.ts';
import { batchBytes } from '../../infra/rabbit/message.ts';
import { openRedis, removeKeys } from '../../infra/redis.ts';
import { openWeekBook } from '../../infra/week-book.ts';
import { bsonDocument } from '../../pipelines/bson-file.ts';
import { coverKey } from '../../pipelines/delivery/cover.ts';
import { batchesOf } from '../../pipelines/delivery/publish.ts';
import { listNameFiles, listsManifest } from '../../pipelines/make-lists.ts';
import { weekOptions } from '../../pipelines/week-plan.ts';
import { openDelivery } from '../../workers/delivery.ts';
import { runIngest } from '../../workers/ingest.ts';
import { listFor, namesFor } from './lists.ts';
import { sharedServers, silentLog } from './servers.ts';
import { writeSources } from './sources.ts';

export const week = '2014-W36';
/** Who is erased; and somebody whose id begins the same. */
export const gone = 'ursula-11';
export const others = ['ursula-1', 'ursula-111', 'bob-22', 'carla-33'];
const zones: Readonly<Record<string, readonly string[]>> = {
  'Asia/Jakarta': ['bob-22', gone, 'ursula-1'],
  'Europe/Oslo': ['carla-33', 'ursula-111'],
};

/**
 * A home with a week that was made and delivered in batches of two lists, and with all that may lie
 * about of a listener: events in the lake and in the log, rejects, tags, compacted and replaced
 * segments, an upload and a cover, a dead letter and a batch that waits, what Redis holds.
 */
export async function deliverHome(root: string, namespace: string): Promise<Config> {
  const servers = await sharedServers();
  const home = join(root, 'home');
  const config: Config = { ...readConfig({ home }, {}), namespace };
  const data = join(root, 'data');
  const listener = [gone, ...others];
  await writeSources(data, {
    'listens.csv': [
      'listened_at,listener,zone,language,artist,title',
      ...listener.flatMap((id, n) => [
        `2014-08-0${n + 1}T10:00:00Z,${id},Asia/Jakarta,id,Mogwai,Cody`,
        `2014-08-20T1${n}:00:00Z,${id},,,Low,Words`,
      ]),
      `2014-08-21T10:00:00Z,${gone},,,Low,Alone that day`,
      `yesterday,${gone},,,Low,Words`,
      'yesterday,bob-22,,,Low,Words',
    ],
    'profiles.csv': [
      'listener,zone,at',
      ...listener.map((id) => `${id},Asia/Jakarta,2014-08-01T10:00:00Z`),
    ],
    'artist_tags.csv': [
      'artist,tag,tagged,listener',
      ...listener.map((id) => `Mogwai,post-rock,2014-08-01,${id}`),
    ],
    'artist_plays.csv': [
      'listener,artist,plays,known_from',
      ...listener.map((id, n) => `${id},Low,${n + 1},2014-08-01`),
    ],
  });
  await importFolder(data, home);
  const events = openEventLog(config, servers, silentLog);
  const search = (id: string, minute: number) =>
    `${JSON.stringify({ happened_at: `2014-08-22T10:${10 + minute}:00.000Z`, listener: id, query: 'mogwai' })}\n`;
  const say = (id: string, minute: number) =>
    events.append({ table: 'searches', rows: 1, body: Buffer.from(search(id, minute)) });
  const signal = new AbortController().signal;
  try {
    // Two batches, each a segment.
    await say(gone, 1);
    await say('bob-22', 1);
    await runIngest({ config, servers, log: silentLog, once: true, cutMs: 50 }, signal);
    await replaceSearches(home);
    await say(gone, 2);
    await say('bob-22', 2);
  } finally {
    await events.dispose();
  }
  const artifacts = openArtifacts(join(home, 'artifacts'));
  await keepArtifacts(artifacts);
  const { id, tables } = await openLake(home).snapshot();
  await openWeekBook(weekBookFolder(home, 'main')).write({
    ...{ format: 1, week, revision: 1, catalogue: 'asof', trainingCutoffs: [], previous: [] },
    frozenAt: '2014-08-30T00:00:00.000Z',
    cutoff: '2014-09-01T00:00:00.000Z',
    options: weekOptions.parse({}),
    lake: {
      id,
      tables: Object.fromEntries(Object.entries(tables).map(([t, f]) => [t, [...f]])) as never,
    },
    lists: { fingerprint: 'listed', model: 'ranker-x' },
  });
  await deliverAll(config, artifacts);
  return config;
}

/** Puts the segments of searches in the place of themselves, as a compaction does. */
async function replaceSearches(home: string): Promise<void> {
  const sql = await openDuckdb({ threads: 1 });
  await openLake(home).update(async (update) => {
    const old = update.held().filter(({ table }) => table === 'searches');
    const path = join(update.scratch, 'merged');
    await sql.run(
      `COPY (SELECT * FROM read_parquet(['${old.map((one) => one.path).join("','")}']) ORDER BY listener)
       TO '${path}' (FORMAT parquet)`,
    );
    const rows = old.reduce((sum, one) => sum + one.rows, 0);
    await update.replace(
      old.map((one) => one.path),
      [{ path, table: 'searches', rows }],
    );
  });
  sql.dispose();
}

async function keepArtifacts(artifacts: Artifacts): Promise<void> {
  const sql = await openDuckdb({ threads: 1 });
  const commit = async (
    stage: string,
    fingerprint: string,
    inputs: Record<string, string>,
    write: (folder: string) => Promise<void>,
  ) => {
    const scratch = await artifacts.workspace(stage, fingerprint);
    await write(scratch);
    await artifacts.commit(scratch, {
      ...{ stage, version: 1, fingerprint, options: {}, inputs },
      funnel: {
        ...{ stage, rowsIn: 0, rowsOut: 0, dropped: {}, figures: {}, seconds: 0 },
        ...{ peakMemoryMb: 0, reused: false },
      },
    });
  };
  const parquet = (path: string, select: string) =>
    sql.run(`COPY (${select}) TO '${path}' (FORMAT parquet)`);
  const values = (ids: readonly string[]) => ids.map((one) => `('${one}')`).join(', ');
  await commit('catalogue', 'withher', { lake: 'x' }, (folder) =>
    parquet(
      join(folder, 'listeners.parquet'),
      `SELECT (row_number() OVER () - 1)::INTEGER AS listener_ix, listener
       FROM (VALUES ${values([gone, ...others])}) t(listener)`,
    ),
  );
  await commit('snapshot', 'ofwithher', { catalogue: 'withher' }, (folder) =>
    parquet(join(folder, 'heard.parquet'), 'SELECT 0 AS listener_ix, 1 AS work_ix'),
  );
  await commit('catalogue', 'without', { lake: 'y' }, (folder) =>
    parquet(
      join(folder, 'listeners.parquet'),
      `SELECT 0 AS listener_ix, listener FROM (VALUES ${values(['bob-22'])}) t(listener)`,
    ),
  );
  await commit('gate', 'gated', { snapshot: 'ofwithher' }, (folder) =>
    writeFile(join(folder, 'gate.json'), '{}'),
  );
  await commit('lists', 'listed', { gate: 'gated', snapshot: 'ofwithher' }, async (folder) => {
    const about = Object.keys(zones).map((zone) => ({
      zone,
      listeners: zones[zone]!.length,
      file: `zones/${zone.replaceAll('/', '~')}.bson`,
    }));
    await mkdir(join(folder, 'zones'));
    await mkdir(join(folder, 'names'));
    for (const { zone, file } of about) {
      const documents = zones[zone]!.map((user) => bsonDocument(listFor(user)));
      await writeFile(join(folder, file), Buffer.concat(documents));
    }
    const { tracks, artists } = namesFor();
    await writeFile(
      join(folder, listNameFiles.tracks),
      Buffer.concat(tracks.map((one) => bsonDocument(one))),
    );
    await writeFile(
      join(folder, listNameFiles.artists),
      Buffer.concat(artists.map((one) => bsonDocument(one))),
    );
    await parquet(
      join(folder, 'listed.parquet'),
      `SELECT listener, 't' AS track_id, position FROM (VALUES ${values(Object.values(zones).flat())}) t(listener), range(30) r(position)`,
    );
    const manifest = { format: 2, week, model: 'ranker-x', zones: about };
    await writeFile(join(folder, listsManifest), JSON.stringify(manifest));
  });
  sql.dispose();
}

async function deliverAll(config: Config, artifacts: Artifacts): Promise<void> {
  const servers = await sharedServers();
  const { home, namespace } = config;
  const archive = openListArchive(home, artifacts);
  const clock = () => Date.parse('2014-08-31T20:00:00Z');
  const options = { config, servers, archive, clock, log: silentLog, batchSize: 2, leadMs: 864e5 };
  const mongo = await openMongo({ url: servers.mongodbUrl, database: namespace });
  const redis = await openRedis(servers.redisUrl);
  const delivery = await openDelivery(options);
  try {
    const uploads = openUploads({ db: mongo.db, home, clock });
    const image = (background: string) =>
      sharp({ create: { width: 80, height: 80, channels: 3, background } })
        .png()
        .toBuffer();
    await uploads.put(gone, await image('#c02020'));
    await uploads.put('bob-22', await image('#2020c0'));
    const lists = (await archive.find(week))!;
    await delivery.startDelivering();
    delivery.startPublishing();
    await delivery.deliverWeek(lists, { now: true });
    const stored = mongo.db.collection<{ _id: string; picture?: string }>('playlists');
    for (const user of [gone, 'bob-22', 'carla-33']) {
      const document = await stored.findOne({ _id: `${user}:${week}` });
      await delivery.covers.image(coverKey(user, week, document?.picture));
      await delivery.covers.image(coverKey(user, week, undefined));
    }
    await delivery.dispose();
    const cache = openListCache(redis.client, namespace);
    for (const user of [gone, 'bob-22']) {
      const got = await cache.get(user, 0);
      await cache.put(user, got.lease!, { etag: 'x', body: Buffer.from('{}'), until: 1e15 });
      await redis.client.set(`${namespace}:playing-now:${user}`, '{"track":"x"}');
    }
    // As BullMQ keeps what was told of a batch.
    const told = { type: 'batch.delivered', data: { users: [gone, 'bob-22'], lists: 2 } };
    await redis.client.hset(`${namespace}:webhook:batch-delivered-x`, {
      name: 'batch.delivered',
      data: JSON.stringify({ id: 'x', body: JSON.stringify(told) }),
    });
    await leaveMessages(config, archive);
  } finally {
    await delivery.dispose();
    await redis.dispose();
    await mongo.dispose();
  }
}

/** A batch that waits, a dead letter, and one that nobody can read. */
async function leaveMessages(
  config: Config,
  archive: ReturnType<typeof openListArchive>,
): Promise<void> {
  const servers = await sharedServers();
  const clock = () => Date.parse('2014-08-31T20:00:00Z');
  const delivery = await openDelivery({ config, servers, archive, clock, log: silentLog });
  const connection = await amqp.connect(servers.rabbitmqUrl);
  try {
    const lists = (await archive.find(week))!;
    const order = (await delivery.orders.ofWeek(week)).find(({ zone }) => zone === 'Asia/Jakarta')!;
    const channel = await connection.createConfirmChannel();
    const { queue, deadQueue } = delivery.rabbit.topology;
    for await (const message of batchesOf(order, lists)) {
      if (message.batch !== 0) continue;
      const headers = { order: order.id, batch: 0, week, zone: order.zone, lists: 2 };
      const old = {
        ...headers,
        order: `${week}:Asia/Jakarta:9`,
        'x-reason': `first ${gone}:${week}`,
      };
      channel.sendToQueue(queue, batchBytes(message), { persistent: true, headers });
      channel.sendToQueue(deadQueue, batchBytes(message), { persistent: true, headers: old });
      channel.sendToQueue(deadQueue, Buffer.from(`no batch, but ${gone}`), { persistent: true });
    }
    await channel.waitForConfirms();
  } finally {
    await connection.close();
    await delivery.dispose();
  }
}

/** Removes what the namespace has on the servers. */
export async function removeNamespace({ namespace, home }: Config): Promise<void> {
  const servers = await sharedServers();
  const config: Config = { ...readConfig({ home }, {}), namespace };
  const archive = openListArchive(home, openArtifacts(join(home, 'artifacts')));
  const delivery = await openDelivery({
    config,
    servers,
    archive,
    clock: Date.now,
    log: silentLog,
  });
  await delivery.remove().finally(() => delivery.dispose());
  const redis = await openRedis(servers.redisUrl);
  await removeKeys(redis.client, namespace).finally(() => redis.dispose());
  const connection = await amqp.connect(servers.rabbitmqUrl);
  const channel = await connection.createChannel();
  await channel.deleteQueue(`${namespace}.log`);
  await connection.close();
}
