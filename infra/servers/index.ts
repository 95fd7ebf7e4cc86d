import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Mistake } from '../../model/mistake.ts';
import type { Log } from '../../pipelines/ports.ts';
import type { Config } from '../config.ts';
import { withLock } from '../lock.ts';
import { dockerRuns } from './docker.ts';
import { kafka, findKafka } from './kafka.ts';
import {
  ANY_SERVER_NAMES,
  SERVER_NAMES,
  type AnyServerName,
  type ServerKind,
  type ServerName,
  type Way,
} from './kind.ts';
import { downloadMongod } from './mongod-download.ts';
import { mongodb } from './mongodb.ts';
import { installPackages } from './packages.ts';
import { withoutPassword } from './ping.ts';
import {
  DOCKER,
  findRunning,
  folderOf,
  readState,
  startPrivate,
  stopPrivate,
  type PrivateServer,
} from './private.ts';
import { rabbitmq } from './rabbitmq.ts';
import { redis } from './redis.ts';
import { findStandIn } from './stand-in.ts';

export type { AnyServerName, ServerName } from './kind.ts';
export { withoutPassword } from './ping.ts';

/** Where the servers are. Those that were not asked for are empty strings. */
export interface ServerUrls {
  readonly rabbitmqUrl: string;
  readonly redisUrl: string;
  readonly mongodbUrl: string;
  /** True where MongoDB is the stand-in: its data is gone when it ends. */
  readonly mongodbInMemory: boolean;
  /** `host:port`, several with commas; not there where Kafka was not asked for. */
  readonly kafkaBrokers?: string;
}

const KINDS: Readonly<Record<AnyServerName, ServerKind>> = { rabbitmq, redis, mongodb, kafka };
const CONFIGURED = 'configured';
const CONFIGURED_MS = 5_000;

/**
 * Finds each server, or starts a private one: the URL in the configuration; the one that runs for
 * this home; a server program on the machine; docker compose; the machine's packages; for MongoDB
 * a mongod to download, and last a stand-in that keeps data in memory, which is said in every run. What is started listens on
 * 127.0.0.1 only, stays up after us and keeps its data from run to run; {@link stopServers} ends it.
 * Several processes may call this at once. Servers that run already are found without a word.
 *
 * @param which - the servers that are needed, all by default
 * @throws Mistake `SERVER_DOWN` or `SERVER_REFUSED` naming the variable and the URL without password
 */
export async function ensureServers(
  config: Config,
  log: Log,
  which: readonly AnyServerName[] = SERVER_NAMES,
): Promise<ServerUrls> {
  const configured = configuredUrls(config);
  const found = await Promise.all(
    which.map(async (name) => {
      const url = configured[name];
      const server =
        url === undefined ? await findRunning(config.home, KINDS[name]) : await reach(name, url);
      return [name, server] as const;
    }),
  );
  const servers = new Map<AnyServerName, PrivateServer>();
  const missing: ServerKind[] = [];
  for (const [name, server] of found) {
    if (server) servers.set(name, server);
    else missing.push(KINDS[name]);
  }
  if (missing.length > 0) {
    const ways = await findWays(config.home, missing, log);
    const started = await Promise.all(
      ways.map(async ([kind, way]) => {
        const server = await startPrivate(config.home, kind, way, log);
        return [kind.name, server] as const;
      }),
    );
    for (const [name, server] of started) servers.set(name, server);
  }
  for (const [name, { url, way, inMemory }] of servers) {
    if (missing.includes(KINDS[name])) {
      const shown = withoutPassword(url);
      log.info({ server: name, way, url: shown, inMemory }, `${name}: ${way} runs at ${shown}`);
    }
    if (inMemory) {
      log.warn(
        { server: name },
        `${name}: this is a stand-in that keeps data in memory only; lists are gone when it ends. Install mongod or set ${KINDS[name].variable} to keep them`,
      );
    }
  }
  return Object.freeze({
    rabbitmqUrl: servers.get('rabbitmq')?.url ?? '',
    redisUrl: servers.get('redis')?.url ?? '',
    mongodbUrl: servers.get('mongodb')?.url ?? '',
    mongodbInMemory: servers.get('mongodb')?.inMemory ?? false,
    ...(servers.has('kafka') ? { kafkaBrokers: servers.get('kafka')!.url } : {}),
  });
}

/**
 * Ends the private servers of this home, each gracefully at first, and no other process. May be
 * called twice. Data folders stay, except for what a stand-in held in memory.
 *
 * @returns the servers that were running
 */
export async function stopServers(home: string, log?: Log): Promise<AnyServerName[]> {
  const stopped = await Promise.all(
    ANY_SERVER_NAMES.map(async (name) => {
      const wasRunning = await stopPrivate(home, KINDS[name]);
      if (wasRunning) log?.info({ server: name }, `${name}: stopped`);
      return wasRunning;
    }),
  );
  return ANY_SERVER_NAMES.filter((_, index) => stopped[index]);
}

export interface ServerDescription {
  readonly name: ServerName;
  /** `configured`, `redis-server`, `docker`, `stand-in`; undefined when none was ever started here. */
  readonly way: string | undefined;
  readonly running: boolean;
  /** Without password; empty for a private one that does not run. */
  readonly url: string;
  readonly inMemory: boolean;
}

/** What is configured, else what was started for this home, in the order of the names. */
export async function describeServers(config: Config): Promise<ServerDescription[]> {
  const { home } = config;
  const configured = configuredUrls(config);
  return Promise.all(
    SERVER_NAMES.map(async (name) => {
      const kind = KINDS[name];
      const url = configured[name];
      if (url !== undefined) {
        const running = (await kind.ping(url, CONFIGURED_MS)).kind === 'works';
        return { name, way: CONFIGURED, running, url: withoutPassword(url), inMemory: false };
      }
      const running = await findRunning(home, kind);
      return {
        name,
        way: readState(folderOf(home, kind))?.way,
        running: running !== undefined,
        url: running ? withoutPassword(running.url) : '',
        inMemory: running?.inMemory ?? false,
      };
    }),
  );
}

function configuredUrls(config: Config): Readonly<Record<AnyServerName, string | undefined>> {
  return {
    rabbitmq: config.rabbitmqUrl,
    redis: config.redisUrl,
    mongodb: config.mongodbUrl,
    kafka: config.kafkaBrokers?.join(','),
  };
}

/** A server that the configuration names: it answers, or the run ends here. */
async function reach(name: AnyServerName, url: string): Promise<PrivateServer> {
  const { variable, title, ping } = KINDS[name];
  const answer = await ping(url, CONFIGURED_MS);
  if (answer.kind === 'works') return { url, way: CONFIGURED, inMemory: false };
  const shown = withoutPassword(url);
  throw answer.kind === 'refused'
    ? new Mistake(
        'SERVER_REFUSED',
        `${variable}: expected ${title} at ${shown} to let us in, got a refusal (${answer.reason})`,
      )
    : new Mistake(
        'SERVER_DOWN',
        `${variable}: expected ${title} at ${shown}, got no answer (${answer.reason})`,
      );
}

type WayFound = readonly [ServerKind, Way | typeof DOCKER];

async function findWays(
  home: string,
  kinds: readonly ServerKind[],
  log: Log,
): Promise<readonly WayFound[]> {
  const found = await Promise.all(
    kinds.map(async (kind) => [kind, await kind.findProgram()] as const),
  );
  const hasImage = found.every(([{ name }]) => name !== 'kafka');
  if (hasImage && found.some(([, way]) => way === undefined) && (await dockerRuns())) {
    return found.map(([kind, way]) => [kind, way ?? DOCKER]);
  }
  const packaged = found
    .filter(([kind, way]) => way === undefined && kind.aptPackage !== undefined)
    .map(([kind]) => kind);
  if (packaged.length > 0) await installOnce(home, packaged, log);
  return Promise.all(
    found.map(async ([kind, way]): Promise<WayFound> => {
      const now = way ?? (await kind.findProgram()) ?? (await lastResort(home, kind, log));
      if (now) return [kind, now];
      throw new Mistake(
        'SERVER_DOWN',
        `${kind.name}: expected ${kind.title} on this machine, found none; install it (for the MongoDB stand-in: apt-get install openjdk-17-jdk-headless maven) or set ${kind.variable}`,
      );
    }),
  );
}

/** Another process may have installed them while we waited. */
async function installOnce(home: string, kinds: readonly ServerKind[], log: Log): Promise<void> {
  await mkdir(join(home, 'servers'), { recursive: true });
  const options = { waitMs: 600_000, what: 'installing server packages' };
  await withLock(join(home, 'servers', 'packages.lock'), options, async () => {
    const still: ServerKind[] = [];
    for (const kind of kinds) if ((await kind.findProgram()) === undefined) still.push(kind);
    if (still.length > 0) await installPackages(still, log);
  });
}

async function lastResort(home: string, kind: ServerKind, log: Log): Promise<Way | undefined> {
  if (kind.name === 'kafka') return findKafka(folderOf(home, kind), log);
  if (kind.name !== 'mongodb') return undefined;
  return (await downloadMongod(log)) ?? findStandIn(folderOf(home, kind), log);
}
