import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { readConfig } from '../../infra/config.ts';
import { openMongo } from '../../infra/mongo.ts';
import { openNames } from '../../infra/mongo/names.ts';
import { playlistCollection } from '../../infra/mongo/playlists.ts';
import { openNameCache } from '../../infra/name-cache.ts';
import type { ServerUrls } from '../../infra/servers/index.ts';
import { DETERMINISTIC } from '../../infra/tensorflow.ts';
import type { ListArchive, ListedTrack, PlaylistDocument } from '../../pipelines/lists.ts';
import { openDelivery } from '../../workers/delivery.ts';
import { sharedServers, silentLog } from './servers.ts';
import { temporaryFolder } from './sources.ts';

const project = resolve(import.meta.dirname, '..', '..');

/** How a command ended. `code` is null where it was killed. */
export interface Finished {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** A command that runs, in a process group of its own. */
export interface Running {
  readonly pid: number;
  readonly ended: Promise<Finished>;
  /** SIGKILL to the whole group; nothing where it has ended. */
  kill(): void;
}

/** A document of MongoDB, with the names put to its tracks. */
export type NamedDocument = Omit<PlaylistDocument, 'tracks' | 'words'> & {
  readonly tracks: readonly ListedTrack[];
};

/** The command line as a user has it: real processes, real servers, a home of its own. */
export interface CommandLine {
  readonly home: string;
  readonly namespace: string;
  start(args: readonly string[], onLine?: (line: string) => void): Running;
  /** Runs to the end. @throws Error with what it said, where it fails */
  run(...args: string[]): Promise<Finished>;
  /** Runs with `--json`: the last line of its output. */
  json<Result>(...args: string[]): Promise<Result>;
  /** What MongoDB holds, by `_id`, with the names of the tracks. */
  documents(): Promise<NamedDocument[]>;
  /** How many lists MongoDB holds. */
  stored(): Promise<number>;
  /** Removes the home, and all that the namespace has on the servers. */
  dispose(): Promise<void>;
}

/**
 * @param home - default: a temporary folder; it is removed with the rest
 * @param given - default: the servers that all tests share
 * @param more - what the environment of the commands says besides
 */
export async function openCommandLine(
  home = temporaryFolder().path,
  given?: ServerUrls,
  more: Readonly<Record<string, string>> = {},
): Promise<CommandLine> {
  const servers = given ?? (await sharedServers());
  const namespace = `t${randomUUID().slice(0, 8)}`;
  const env = environment({
    MONDAYMIX_HOME: home,
    MONDAYMIX_NAMESPACE: namespace,
    RABBITMQ_URL: servers.rabbitmqUrl,
    REDIS_URL: servers.redisUrl,
    MONGODB_URL: servers.mongodbUrl,
    LOG_LEVEL: 'warn',
    ...more,
  });
  const mongo = await openMongo({ url: servers.mongodbUrl, database: namespace });
  const playlists = playlistCollection(mongo.db);
  const running = new Set<Running>();

  const start: CommandLine['start'] = (args, onLine) => {
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', join(project, 'workers/cli.ts'), ...args],
      { cwd: project, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let output = '';
    let errors = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    createInterface({ input: child.stderr }).on('line', (line) => {
      errors += `${line}\n`;
      onLine?.(line);
    });
    const one: Running = {
      pid: child.pid ?? -1,
      ended: (once(child, 'close') as Promise<[number | null]>).then(([code]) => {
        running.delete(one);
        return { code, output, errors };
      }),
      kill() {
        if (!running.has(one) || child.pid === undefined) return;
        try {
          process.kill(-child.pid, 'SIGKILL');
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
        }
      },
    };
    running.add(one);
    return one;
  };
  const run: CommandLine['run'] = async (...args) => {
    const finished = await start(args).ended;
    if (finished.code !== 0) {
      throw new Error(`mondaymix ${args.join(' ')}: exit ${finished.code}\n${finished.errors}`);
    }
    return finished;
  };

  return {
    home,
    namespace,
    start,
    run,
    async json<Result>(...args: string[]) {
      const { output } = await run(...args, '--json');
      return JSON.parse(output.trimEnd().split('\n').at(-1)!) as Result;
    },
    async documents() {
      const found = await playlists.find().toArray();
      const names = openNameCache(openNames(mongo.db), { clock: () => Date.now() });
      const documents: NamedDocument[] = [];
      for (const { words, ...document } of found) {
        const stored = { tracks: document.tracks, words };
        documents.push({ ...document, tracks: await names.named(stored) });
      }
      return documents.sort((a, b) => (a._id < b._id ? -1 : 1));
    },
    stored: () => playlists.countDocuments(),
    async dispose() {
      for (const one of running) {
        one.kill();
        await one.ended;
      }
      const delivery = await openDelivery({
        config: { ...readConfig({ home }, {}), namespace },
        servers,
        archive: emptyArchive,
        clock: () => Date.now(),
        log: silentLog,
      });
      await delivery.remove();
      await delivery.dispose();
      await mongo.dispose();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** Hash of documents whole, but for when they were stored. */
export function documentsHash(documents: readonly NamedDocument[]): string {
  const hash = createHash('sha256');
  for (const document of documents) hash.update(`${JSON.stringify(withoutTime(document))}\n`);
  return hash.digest('hex');
}

/** What stays the same when a list is stored again. */
export function withoutTime({
  storedAt: _storedAt,
  ...document
}: NamedDocument): Omit<NamedDocument, 'storedAt'> {
  return document;
}

const emptyArchive: ListArchive = {
  find: () => Promise.resolve(undefined),
  weeks: () => Promise.resolve([]),
};

/** Ours without what the tests set up for themselves: the command must do so for itself. */
function environment(own: Record<string, string>): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !(name in DETERMINISTIC));
  return { ...Object.fromEntries(inherited), ...own };
}
