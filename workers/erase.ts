import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Config } from '../infra/config.ts';
import { openDuckdb } from '../infra/duckdb.ts';
import { eraseFromArtifacts } from '../infra/erasure/artifacts.ts';
import {
  eraseFromTexts,
  eraseHistories,
  filesWith,
  removeLeftovers,
} from '../infra/erasure/home-files.ts';
import { eraseFromLake, lakeHomes, ownPlaylists } from '../infra/erasure/lake.ts';
import { eraseFiles, eraseFromMongo, picturesOf, searchMongo } from '../infra/erasure/mongo.ts';
import { nameFinder, type NameFinder } from '../infra/erasure/names.ts';
import { eraseFromQueues, searchQueues } from '../infra/erasure/queues.ts';
import { openErasureBook, type ErasureRecord } from '../infra/erasure/record.ts';
import { eraseFromRedis, rewriteCommands, searchRedis } from '../infra/erasure/redis.ts';
import { awaitRest, type Patience } from '../infra/erasure/rest.ts';
import { openLake } from '../infra/lake.ts';
import { withLock } from '../infra/lock.ts';
import { openMongo, type Mongo } from '../infra/mongo.ts';
import { hashOf, knownAfterMs, openErased } from '../infra/mongo/erased.ts';
import { openRabbit, type Rabbit } from '../infra/rabbit.ts';
import { openRedis } from '../infra/redis.ts';
import type { ServerUrls } from '../infra/servers/index.ts';
import { lakeTableNames } from '../pipelines/lake.ts';
import type { ListArchive } from '../pipelines/lists.ts';
import type { Clock, Log, Sql } from '../pipelines/ports.ts';
import { spellingSteps } from '../pipelines/spelling-parts.ts';
import { fingerprintOf } from '../pipelines/step.ts';
import type { LakeTable } from '../pipelines/tables.ts';
import { sayInLog } from './erasure-in-log.ts';

export interface Erasing {
  readonly config: Config;
  readonly servers: Pick<ServerUrls, 'rabbitmqUrl' | 'redisUrl' | 'mongodbUrl'>;
  readonly archive: ListArchive;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Called after each step with what it removed. */
  readonly onStep?: (step: string, removed: number) => void;
  /** How long a week that is being made is waited for, milliseconds, >= 0. Default 5 minutes. */
  readonly weekWaitMs?: number;
  /** Told when there is somebody to wait for: at what they work, who they are, and how long. */
  readonly onWait?: (what: string, holder: string, waitMs: number) => void;
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
/**
 * What is published up to so long after all was done is dropped, milliseconds: who began to publish
 * before may still have the lists open as they were.
 */
const afterwardsMs = 3_600_000;
/** How long another erasure of the home is waited for, milliseconds. */
const turnMs = 3_600_000;
/** How long a week that is being made is waited for, milliseconds. */
const weekMs = 300_000;

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
 * again; one that was killed is finished by the next call, for whomever it was. Of several calls in
 * one home one is at work: a second would write the same files.
 *
 * @throws Mistake `LOCKED` where a week is being made for longer than it is waited for,
 *   `SERVER_DOWN`; the erasure stays recorded
 */
export async function eraseListener(erasing: Erasing, listener: string): Promise<ErasureReport> {
  await recordErasure(erasing, listener);
  return finishErasure(erasing, listener);
}

/** As {@link eraseListener} of one that is recorded; another process may have finished it meanwhile. */
export async function finishErasure(erasing: Erasing, listener: string): Promise<ErasureReport> {
  const { config, signal, onWait } = erasing;
  const what = `erasing from ${config.home}`;
  const tell = (holder: string) => onWait?.(what, holder, turnMs);
  const turn = { waitMs: turnMs, what, signal, onWait: tell };
  return withLock(join(config.home, 'erasing.lock'), turn, async () => {
    const recorded = (await openErasureBook(config.home).find(listener))!;
    const { hash, at, finishedAt, removed } = recorded;
    if (finishedAt !== undefined) return { listener, hash, at, finishedAt, removed, found: [] };
    return carryOut(erasing, listener, recorded);
  });
}

async function carryOut(
  erasing: Erasing,
  listener: string,
  recorded: ErasureRecord,
): Promise<ErasureReport> {
  const book = openErasureBook(erasing.config.home);
  const isAgain = recorded.begun === true;
  let erasure: ErasureRecord = { ...recorded, begun: true };
  await book.write(erasure);
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
    const erased = openErased(mongo.db, { clock });
    // Until it is done, everything under way to them is dropped.
    await erased.add(listener, clock() + 365 * 86_400_000);
    const addedAt = performance.now();
    await sayInLog(erasing, erasure);
    const patience = patienceOf(erasing);
    // A week that is being made reads the files that give their place to others.
    await awaitRest(join(config.home, 'artifacts'), patience);
    const homes = await lakeHomes(config.home);
    if (erasure.playlists === undefined) {
      const playlists: [string, string][] = [];
      for (const home of homes) {
        for (const [source, id] of await ownPlaylists(home, listener, signal)) {
          playlists.push([source, id]);
        }
      }
      erasure = { ...erasure, playlists };
      await book.write(erasure);
    }
    for (const home of homes) {
      const rows = await eraseFromLake(home, finder, erasure.at, erasure.playlists, signal);
      for (const [table, number] of Object.entries(rows)) await count(`lake.${table}`, number);
    }
    await removeLeftovers(config.home, homes);
    const isOutOf = (...tables: LakeTable[]) =>
      isAgain || tables.some((table) => `lake.${table}` in removed);
    const made = await eraseFromArtifacts(
      config.home,
      finder,
      {
        // A catalogue has what is in these, and does not say whose it was.
        isEverywhere: isOutOf('artist_plays', 'artist_tags', 'playlists', 'memberships'),
        partsNow: isOutOf(...lakeTableNames) ? await partsOf(homes) : undefined,
      },
      sql,
      patience,
    );
    await count('histories', await eraseHistories(config.home, listener));
    await count('lists in artifacts', made.lists);
    await count('artifacts', made.artifacts);
    const toWait = knownAfterMs - (performance.now() - addedAt);
    if (toWait > 0) await pause(toWait, undefined, { signal });
    if (erasure.pictures === undefined) {
      const known = { db: mongo.db, redis, namespace: config.namespace };
      const pictures = await picturesOf(known, listener, await archive.weeks());
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
      const covers = new Set(pictures.covers);
      const keys = await eraseFromRedis(redis, config.namespace, finder, covers);
      await count('redis keys', keys);
      // After Redis, which has the covers that are to be made.
      await count('pictures', await eraseFiles(mongo.db, config.home, pictures));
      const texts = await filesWith(config.home, finder, sql);
      await count('files', await eraseFromTexts(config.home, texts, finder));
      const left = await searchStores(erasing, stores, finder);
      if (left.length > 0 && round < mostRounds) continue;
      await rewriteCommands(redis, signal);
      if (left.length === 0) await erased.add(listener, clock() + afterwardsMs);
      return left;
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

function patienceOf({ weekWaitMs = weekMs, signal, onWait }: Erasing): Patience {
  const tell = (what: string, holder: string) => onWait?.(what, holder, weekWaitMs);
  return { waitMs: weekWaitMs, signal, onWait: tell };
}

/** Searches all stores for a listener, and changes nothing. @returns where they are named */
export async function searchListener(erasing: Erasing, listener: string): Promise<string[]> {
  return inStores(erasing, (stores) => searchStores(erasing, stores, nameFinder(listener)));
}

/** Finishes the erasures that were begun. @returns how many */
export async function finishErasures(erasing: Erasing): Promise<number> {
  const open = await openErasureBook(erasing.config.home).unfinished();
  for (const { listener } of open) await finishErasure(erasing, listener);
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

/** Fingerprints of the spellings of all parts of these lakes. */
async function partsOf(homes: readonly string[]): Promise<Set<string>> {
  const parts = new Set<string>();
  for (const home of homes) {
    const snapshot = await openLake(home, { verifyMb: 0 }).snapshot();
    for (const step of Object.values(spellingSteps(snapshot))) parts.add(fingerprintOf(step));
  }
  return parts;
}

function mutable({ pictures, covers }: Awaited<ReturnType<typeof picturesOf>>): {
  pictures: string[];
  covers: string[];
} {
  return { pictures: [...pictures], covers: [...covers] };
}
