import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Config } from '../infra/config.ts';
import { openDuckdb } from '../infra/duckdb.ts';
import { eraseFromArtifacts } from '../infra/erasure/artifacts.ts';
import { eraseFromTexts, eraseHistories, filesWith } from '../infra/erasure/home-files.ts';
import { eraseFromLake, lakeHomes } from '../infra/erasure/lake.ts';
import { eraseFiles, eraseFromMongo, picturesOf, searchMongo } from '../infra/erasure/mongo.ts';
import { nameFinder, type NameFinder } from '../infra/erasure/names.ts';
import { eraseFromQueues, searchQueues } from '../infra/erasure/queues.ts';
import { openErasureBook, type ErasureRecord } from '../infra/erasure/record.ts';
import { eraseFromRedis, searchRedis } from '../infra/erasure/redis.ts';
import { openEventLog } from '../infra/event-log.ts';
import { openLake } from '../infra/lake.ts';
import { openMongo, type Mongo } from '../infra/mongo.ts';
import { hashOf, openErased } from '../infra/mongo/erased.ts';
import { openRabbit, type Rabbit } from '../infra/rabbit.ts';
import { openRedis } from '../infra/redis.ts';
import type { ServerUrls } from '../infra/servers/index.ts';
import { Mistake } from '../model/mistake.ts';
import { fromLake } from '../pipelines/lake.ts';
import type { ListArchive } from '../pipelines/lists.ts';
import type { Clock, Log, Sql } from '../pipelines/ports.ts';
import { runIngest } from './ingest.ts';

export interface Erasing {
  readonly config: Config;
  readonly servers: Pick<ServerUrls, 'rabbitmqUrl' | 'redisUrl' | 'mongodbUrl'>;
  readonly archive: ListArchive;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Called after each step with what it removed. */
  readonly onStep?: (step: string, removed: number) => void;
}

/** What an erasure did. */
export interface ErasureReport {
  readonly listener: string;
  /** SHA-256 of the id: what is remembered. */
  readonly hash: string;
  /** What they did before is gone, and does not come back. */
  readonly at: string;
  readonly finishedAt: string | null;
  /** By store and kind: rows, lists, documents, keys, messages, files. */
  readonly removed: Readonly<Record<string, number>>;
  /** Where they are still named; empty once all is done. */
  readonly found: readonly string[];
}

/** So often everything is gone through again where a search still finds something. */
const mostRounds = 3;
/** Messages that were on their way when all was done are dropped for so long, milliseconds. */
const afterwardsMs = 60_000;
/** How long the log may take to get into the lake, milliseconds. */
const logPatienceMs = 120_000;

/** Writes down that a listener is to be erased: from then on it happens, whoever is killed. */
export async function recordErasure(
  { config, clock }: Pick<Erasing, 'config' | 'clock'>,
  listener: string,
): Promise<ErasureRecord> {
  const book = openErasureBook(config.home);
  const known = await book.find(listener);
  if (known !== undefined && known.finishedAt === undefined) return known;
  const at = new Date(clock()).toISOString();
  const erasure: ErasureRecord = { format: 1, hash: hashOf(listener), listener, at, removed: {} };
  await book.write(erasure);
  return erasure;
}

/**
 * Removes every trace of a listener, and searches all stores for what is left. Each step may be done
 * again; one that was killed is finished by the next call, for whomever it was.
 *
 * @throws Mistake `LOCKED` while a week is being made, `SERVER_DOWN`; the erasure stays recorded
 */
export async function eraseListener(erasing: Erasing, listener: string): Promise<ErasureReport> {
  const book = openErasureBook(erasing.config.home);
  const before = await book.find(listener);
  const isAgain = before !== undefined && before.finishedAt === undefined;
  let erasure = await recordErasure(erasing, listener);
  const removed: Record<string, number> = { ...erasure.removed };
  const count = async (step: string, number: number) => {
    if (number > 0) removed[step] = (removed[step] ?? 0) + number;
    erasure = { ...erasure, removed: { ...removed } };
    await book.write(erasure);
    erasing.onStep?.(step, number);
  };
  const found = await inStores(erasing, async (stores) => {
    const { config, clock, archive, signal } = erasing;
    const { mongo, redis, rabbit, sql } = stores;
    const finder = nameFinder(listener);
    const erased = openErased(mongo.db);
    // Until it is done, everything under way to them is dropped.
    await erased.add(listener, clock() + 365 * 86_400_000);
    await sayInLog(erasing, erasure);
    for (const home of await lakeHomes(config.home)) {
      const rows = await eraseFromLake(home, finder, erasure.at, signal);
      for (const [table, number] of Object.entries(rows)) await count(`lake.${table}`, number);
    }
    const isEverywhere =
      isAgain || ['lake.artist_plays', 'lake.artist_tags'].some((key) => key in removed);
    const made = await eraseFromArtifacts(config.home, finder, isEverywhere, sql);
    await count('histories', await eraseHistories(config.home, listener));
    await count('lists in artifacts', made.lists);
    await count('artifacts', made.artifacts);
    if (erasure.pictures === undefined) {
      const pictures = await picturesOf(mongo.db, listener, await archive.weeks());
      erasure = { ...erasure, pictures: mutable(pictures) };
      await book.write(erasure);
    }
    const pictures = erasure.pictures!;
    for (let round = 1; ; round++) {
      signal.throwIfAborted();
      await count('messages', await eraseFromQueues(rabbit, finder));
      const documents = await eraseFromMongo(mongo.db, finder);
      for (const [name, number] of Object.entries(documents)) {
        await count(`mongodb.${name}`, number);
      }
      await count('pictures', await eraseFiles(mongo.db, config.home, pictures));
      const covers = new Set(pictures.covers);
      const keys = await eraseFromRedis(redis, config.namespace, finder, covers);
      await count('redis keys', keys);
      const texts = await filesWith(config.home, finder, sql);
      await count('files', await eraseFromTexts(config.home, texts, finder));
      const left = await searchStores(erasing, stores, finder);
      if (left.length === 0) await erased.add(listener, clock() + afterwardsMs);
      if (left.length === 0 || round === mostRounds) return left;
    }
  });
  if (found.length === 0) {
    const { format, hash, at } = erasure;
    erasure = { format, hash, at, finishedAt: new Date(erasing.clock()).toISOString(), removed };
    await book.write(erasure);
  }
  const { hash, at, finishedAt = null } = erasure;
  return { listener, hash, at, finishedAt, removed, found };
}

/** Searches all stores for a listener, and changes nothing. @returns where they are named */
export async function searchListener(erasing: Erasing, listener: string): Promise<string[]> {
  return inStores(erasing, (stores) => searchStores(erasing, stores, nameFinder(listener)));
}

/** Finishes the erasures that were begun. @returns how many */
export async function finishErasures(erasing: Erasing): Promise<number> {
  const open = await openErasureBook(erasing.config.home).unfinished();
  for (const { listener } of open) await eraseListener(erasing, listener);
  return open.length;
}

interface Stores {
  readonly mongo: Mongo;
  readonly redis: Awaited<ReturnType<typeof openRedis>>['client'];
  readonly rabbit: Rabbit;
  readonly sql: Sql;
}

async function inStores<Result>(
  { config, servers, log }: Erasing,
  work: (stores: Stores) => Promise<Result>,
): Promise<Result> {
  const opened: { dispose(): unknown }[] = [];
  const keep = <T extends { dispose(): unknown }>(thing: T): T => {
    opened.unshift(thing);
    return thing;
  };
  const { namespace, home } = config;
  try {
    const mongo = keep(await openMongo({ url: servers.mongodbUrl, database: namespace, log }));
    const redis = keep(await openRedis(servers.redisUrl)).client;
    const rabbit = keep(await openRabbit({ url: servers.rabbitmqUrl, namespace, log }));
    const spillTo = join(home, 'spill');
    const sql = keep(await openDuckdb({ threads: 2, memoryMb: 512, spillTo }));
    return await work({ mongo, redis, rabbit, sql });
  } finally {
    for (const thing of opened) await thing.dispose();
  }
}

async function searchStores(
  { config }: Erasing,
  { mongo, redis, rabbit, sql }: Stores,
  finder: NameFinder,
): Promise<string[]> {
  const files = await filesWith(config.home, finder, sql);
  return [
    ...files.map((name) => `file ${finder.without(name)}`),
    ...(await searchMongo(mongo.db, finder)),
    ...(await searchRedis(redis, config.namespace, finder)),
    ...(await searchQueues(rabbit, finder)),
  ];
}

/**
 * Says in the log that they are erased, and waits until the lake has taken that in: what the log
 * held of them before is dropped by then, or in the lake.
 */
async function sayInLog(erasing: Erasing, { hash, at }: ErasureRecord): Promise<void> {
  const { config, servers, log, signal } = erasing;
  if (await isInLake(config.home, hash, at)) return;
  const events = openEventLog(config, servers, log);
  try {
    const row = JSON.stringify({ happened_at: at, listener_hash: hash });
    await events.append({ table: 'erasures', rows: 1, body: Buffer.from(`${row}\n`) });
  } finally {
    await events.dispose();
  }
  const until = performance.now() + logPatienceMs;
  for (;;) {
    try {
      await runIngest({ config, servers, log, once: true, cutMs: 100 }, signal);
    } catch (error) {
      // Then another one takes it in.
      if (!(error instanceof Mistake) || error.code !== 'LOCKED') throw error;
    }
    if (await isInLake(config.home, hash, at)) return;
    if (performance.now() > until) {
      throw new Mistake(
        'LOCKED',
        `the log: expected it in the lake within ${logPatienceMs / 1000} s, it is not; the erasure is recorded and goes on with the same command`,
      );
    }
    await pause(200, undefined, { signal });
  }
}

async function isInLake(home: string, hash: string, at: string): Promise<boolean> {
  const { tables } = await openLake(home, { verifyMb: 0 }).snapshot();
  const sql = await openDuckdb({ threads: 1, memoryMb: 256 });
  try {
    const found = await sql.rows(
      `SELECT 1 FROM ${fromLake('erasures', tables.erasures)}
       WHERE source = 'log' AND listener_hash = $hash AND happened_at = CAST($at AS TIMESTAMP)`,
      { hash, at: at.replace('Z', '') },
    );
    return found.length > 0;
  } finally {
    sql.dispose();
  }
}

function mutable({ pictures, covers }: Awaited<ReturnType<typeof picturesOf>>): {
  pictures: string[];
  covers: string[];
} {
  return { pictures: [...pictures], covers: [...covers] };
}
