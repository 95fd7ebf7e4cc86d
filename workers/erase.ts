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
import { eraseFromLake, lakeHomes, ownPlaylists, type OwnPlaylist } from '../infra/erasure/lake.ts';
import {
  eraseFiles,
  eraseFromMongo,
  picturesOf,
  searchMongo,
  type ListenerPictures,
} from '../infra/erasure/mongo.ts';
import { nameFinder, type NameFinder } from '../infra/erasure/names.ts';
import { eraseFromQueues, searchQueues } from '../infra/erasure/queues.ts';
import { openErasureBook, type ErasureRecord, type OpenErasure } from '../infra/erasure/record.ts';
import { eraseFromRedis, rewriteCommands, searchRedis } from '../infra/erasure/redis.ts';
import { awaitRest, type Patience } from '../infra/erasure/rest.ts';
import { openLake } from '../infra/lake.ts';
import { withLock } from '../infra/lock.ts';
import { openMongo, type Mongo } from '../infra/mongo.ts';
import { knownAfterMs, openErased } from '../infra/mongo/erased.ts';
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
  /**
   * Called after each step with what it removed, and after each `search` with how many places it
   * found; waited for.
   */
  readonly onStep?: (step: string, number: number) => unknown;
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
  /** When it was asked for again meanwhile: what came since `at` goes with a pass of its own. */
  readonly askedAgainAt: string | null;
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

/**
 * Writes down that a listener is to be erased: from then on it happens, whoever is killed. What came
 * after an erasure of theirs that is being carried out goes with another full pass.
 */
export async function recordErasure(
  { config, clock }: Pick<Erasing, 'config' | 'clock'>,
  listener: string,
): Promise<Pick<ErasureRecord, 'hash' | 'at'>> {
  return openErasureBook(config.home).ask(listener, new Date(clock()).toISOString());
}

/**
 * Removes every trace of a listener, and searches all stores for what is left. Each step may be done
 * again; one that was killed is finished by the next call, for whomever it was. Of several calls in
 * one home one is at work: a second would write the same files. A call while one is at work waits,
 * and is a full pass of its own, unless somebody has made it meanwhile.
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
    const book = openErasureBook(config.home);
    const begun = await book.begin(listener);
    if (begun !== undefined) return carryOut(erasing, begun.erasure, begun.isAgain);
    const { hash, at, finishedAt = null, removed } = (await book.find(listener))!;
    return { listener, hash, at, finishedAt, askedAgainAt: null, removed, found: [] };
  });
}

/** A full pass over all stores. @param isAgain - what was not counted may have been done */
async function carryOut(
  erasing: Erasing,
  begun: OpenErasure,
  isAgain: boolean,
): Promise<ErasureReport> {
  const book = openErasureBook(erasing.config.home);
  const { listener } = begun;
  let erasure: ErasureRecord = begun;
  const removed: Record<string, number> = { ...erasure.removed };
  const count = async (step: string, number: number) => {
    if (number > 0) removed[step] = (removed[step] ?? 0) + number;
    erasure = { ...erasure, removed: { ...removed } };
    await book.write(erasure);
    await erasing.onStep?.(step, number);
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
    const playlists: OwnPlaylist[] = [];
    for (const home of homes) playlists.push(...(await ownPlaylists(home, listener, signal)));
    // Of some that were found before it was killed the lake does not say any more whose they were.
    erasure = { ...erasure, playlists: unionOf(erasure.playlists, playlists) };
    await book.write(erasure);
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
    await count('examples', made.examples);
    await count('artifacts', made.artifacts);
    const toWait = knownAfterMs - (performance.now() - addedAt);
    if (toWait > 0) await pause(toWait, undefined, { signal });
    const known = { db: mongo.db, redis, namespace: config.namespace };
    const now = await picturesOf(known, listener, await archive.weeks());
    const pictures: Record<keyof ListenerPictures, string[]> = {
      pictures: unionOf(erasure.pictures?.pictures, now.pictures),
      covers: unionOf(erasure.pictures?.covers, now.covers),
    };
    erasure = { ...erasure, pictures };
    await book.write(erasure);
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
      await erasing.onStep?.('search', left.length);
      if (left.length > 0 && round < mostRounds) continue;
      await rewriteCommands(redis, signal);
      if (left.length === 0) await erased.add(listener, clock() + afterwardsMs);
      return left;
    }
  });
  const { hash, at } = erasure;
  const report = { listener, hash, at, removed, found };
  if (found.length > 0) return { ...report, finishedAt: null, askedAgainAt: null };
  const finishedAt = new Date(erasing.clock()).toISOString();
  const askedAgainAt = (await book.finish({ ...erasure, finishedAt, removed })) ?? null;
  return { ...report, finishedAt, askedAgainAt };
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

/** What is in either, once each, in the order in which it comes first. */
function unionOf<Item>(before: readonly Item[] = [], now: readonly Item[]): Item[] {
  const all = [...before, ...now].map((item): [string, Item] => [JSON.stringify(item), item]);
  return [...new Map(all).values()];
}
