import { readFile, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { gunzipSync } from 'node:zlib';
import amqp from 'amqplib';
import type { Config } from '../../infra/config.ts';
import { openDuckdb } from '../../infra/duckdb.ts';
import { openMongo } from '../../infra/mongo.ts';
import { topologyOf } from '../../infra/rabbit/topology.ts';
import { openRedis } from '../../infra/redis.ts';
import type { Sql } from '../../pipelines/ports.ts';
import { quoted } from '../../pipelines/sql.ts';
import { sharedServers } from './servers.ts';

/** Some bytes, and where they are. */
export interface Found {
  readonly place: string;
  readonly bytes: Buffer;
}

/**
 * All bytes there are of a home and of its namespace on the servers, whatever they mean: names and
 * contents of files, what is packed in them unpacked too; every document of MongoDB, every key of
 * Redis and its file of commands, every message that waits. Knows no table, no collection, no kind of
 * key: what nobody thought of is in it as well.
 */
export async function* everything(
  config: Pick<Config, 'home' | 'namespace'>,
): AsyncGenerator<Found> {
  const servers = await sharedServers();
  yield* ofFolder(config.home, 'home');
  yield* ofMongo(servers.mongodbUrl, config.namespace);
  yield* ofRedis(servers.redisUrl, config.namespace);
  yield* ofFolder(join(servers.home, 'servers', 'redis', 'data'), 'Redis commands');
  yield* ofRabbit(servers.rabbitmqUrl, config.namespace);
}

/** Where any of the texts stands in any of the usual encodings, ascending; each place once. */
export async function placesOf(
  texts: readonly string[],
  all: AsyncIterable<Found> | Iterable<Found>,
): Promise<string[]> {
  const needles = texts.flatMap(encodingsOf);
  const places = new Set<string>();
  for await (const { place, bytes } of all) {
    if (needles.some((needle) => bytes.includes(needle))) places.add(place);
  }
  return [...places].sort();
}

/** UTF-8, UTF-16, as in JSON and in URLs, hexadecimal, Base64 wherever in a text it begins. */
function encodingsOf(text: string): Buffer[] {
  const bytes = Buffer.from(text);
  const base64 = [0, 1, 2].map((before) => {
    const written = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    // Neither what is of the bytes before nor what depends on those after.
    const from = Math.ceil((before * 8) / 6);
    return written.slice(from, Math.floor(((before + bytes.length) * 8) / 6));
  });
  const written = [
    ...[text, JSON.stringify(text).slice(1, -1), encodeURIComponent(text)],
    ...[bytes.toString('hex'), bytes.toString('hex').toUpperCase()],
    ...base64.flatMap((one) => [one, one.replaceAll('+', '-').replaceAll('/', '_')]),
  ];
  return [...new Set(written)].map((one) => Buffer.from(one)).concat(Buffer.from(text, 'utf16le'));
}

async function* ofFolder(folder: string, name: string): AsyncGenerator<Found> {
  const sql = await openDuckdb({ threads: 1 });
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    for (const entry of entries) {
      const path = join(entry.parentPath, entry.name);
      const place = `${name}: ${relative(folder, path)}`;
      yield { place, bytes: Buffer.from(place) };
      if (!entry.isFile()) continue;
      const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return Buffer.alloc(0);
        throw error;
      });
      yield { place, bytes };
      if (bytes.subarray(0, 2).equals(Buffer.from([0x1f, 0x8b]))) {
        yield { place, bytes: gunzipSync(bytes) };
      } else if (bytes.subarray(0, 4).toString('latin1') === 'PAR1') {
        yield* ofParquet(sql, path, place);
      }
    }
  } finally {
    sql.dispose();
  }
}

async function* ofParquet(sql: Sql, path: string, place: string): AsyncGenerator<Found> {
  const rows = sql.stream<{ row: string }>(
    `SELECT CAST(to_json(p) AS VARCHAR) AS row FROM read_parquet(${quoted(path)}, hive_partitioning = false) p`,
  );
  for await (const some of rows) {
    yield { place, bytes: Buffer.from(some.map(({ row }) => row).join('\n')) };
  }
}

async function* ofMongo(url: string, database: string): AsyncGenerator<Found> {
  const mongo = await openMongo({ url, database });
  try {
    const collections = await mongo.db.listCollections({}, { nameOnly: true }).toArray();
    for (const { name } of collections) {
      for await (const document of mongo.db.collection(name).find({}, { raw: true })) {
        yield { place: `MongoDB: ${name}`, bytes: document as unknown as Buffer };
      }
    }
  } finally {
    await mongo.dispose();
  }
}

async function* ofRedis(url: string, namespace: string): AsyncGenerator<Found> {
  const redis = await openRedis(url);
  try {
    for await (const keys of redis.client.scanStream({ match: `*${namespace}*`, count: 1000 })) {
      for (const key of keys as string[]) {
        const place = `Redis: ${key.slice(0, `${namespace}:`.length + 12)}`;
        yield { place, bytes: Buffer.from(key) };
        yield { place, bytes: await valueOf(redis.client, key) };
      }
    }
  } finally {
    await redis.dispose();
  }
}

async function valueOf(
  redis: Awaited<ReturnType<typeof openRedis>>['client'],
  key: string,
): Promise<Buffer> {
  switch (await redis.type(key)) {
    case 'string':
      return (await redis.getBuffer(key)) ?? Buffer.alloc(0);
    case 'hash':
      return Buffer.from(JSON.stringify(await redis.hgetall(key)));
    case 'list':
      return Buffer.concat(await redis.lrangeBuffer(key, 0, -1));
    case 'set':
      return Buffer.concat(await redis.smembersBuffer(key));
    case 'zset':
      return Buffer.concat(await redis.zrangeBuffer(key, '0', '-1'));
    case 'stream':
      return Buffer.from(JSON.stringify(await redis.xrange(key, '-', '+')));
    default:
      return Buffer.alloc(0);
  }
}

async function* ofRabbit(url: string, namespace: string): AsyncGenerator<Found> {
  const { queue, deadQueue } = topologyOf(namespace);
  const connection = await amqp.connect(url);
  try {
    for (const name of [queue, deadQueue]) {
      const channel = await connection.createChannel();
      channel.on('error', () => undefined);
      const found = await channel.checkQueue(name).catch(() => undefined);
      if (found === undefined) continue;
      for (let n = 0; n < found.messageCount; n++) {
        const message = await channel.get(name);
        if (message === false) break;
        yield { place: `RabbitMQ: ${name.slice(namespace.length)}`, bytes: message.content };
        const properties = Buffer.from(JSON.stringify(message.properties));
        yield { place: `RabbitMQ: ${name.slice(namespace.length)}`, bytes: properties };
      }
      // What was not acknowledged goes back.
      await channel.close();
    }
  } finally {
    await connection.close();
  }
}
