import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DuckDBInstance } from '@duckdb/node-api';
import { Mistake } from '../model/mistake.ts';

export interface LockOptions {
  /** How long to wait for another process, milliseconds. 0: not at all. */
  readonly waitMs: number;
  /** What the lock protects, for the message: `lake /data/lake`. */
  readonly what: string;
  /** Whether others may have it at the same time, as long as all of them share. Default false. */
  readonly shared?: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Told once, when there is someone to wait for: `process 4711`. */
  readonly onWait?: (holder: string) => void;
}

interface Held {
  /** How many in this process share it; 0 where it is not shared. */
  sharers: number;
  readonly instance: Promise<DuckDBInstance>;
}

/** Locks of this process: the operating system does not keep a process from itself. */
const held = new Map<string, Held>();

/**
 * Takes a lock that the operating system frees when the process ends, however it ends.
 *
 * Node has no file locks of its own; DuckDB takes one on every platform when it opens a database
 * file, so the lock is an empty database. Taking it costs some 30 ms, and 200 ms the first time.
 *
 * @param path - its folder is made where it is missing; the file stays when the lock is freed
 * @returns frees the lock; may be called twice
 * @throws Mistake `LOCKED` naming the process that has it, `ARTIFACT_CORRUPT` where the file is
 *   something else
 */
export async function acquireLock(path: string, options: LockOptions): Promise<() => void> {
  const startedMs = performance.now();
  for (let told = false; ; told = true) {
    options.signal?.throwIfAborted();
    await createLockFile(path); // who had it may have removed it
    const holder = await tryToTake(path, options.shared === true);
    if (typeof holder === 'function') return holder;
    if (performance.now() - startedMs >= options.waitMs) {
      throw new Mistake(
        'LOCKED',
        `${options.what}: expected nobody else at work, but ${holder} is` +
          (options.waitMs > 0 ? ` (waited ${Math.round(options.waitMs / 1000)} s)` : ''),
      );
    }
    if (!told) options.onWait?.(holder);
    await sleep(100, undefined, options.signal ? { signal: options.signal } : {});
  }
}

/** Runs `work` with the lock held; see {@link acquireLock}. */
export async function withLock<Result>(
  path: string,
  options: LockOptions,
  work: () => Promise<Result>,
): Promise<Result> {
  const release = await acquireLock(path, options);
  try {
    return await work();
  } finally {
    release();
  }
}

/** The function that frees the lock, or who has it. */
async function tryToTake(path: string, shared: boolean): Promise<(() => void) | string> {
  let mine = held.get(path);
  if (mine !== undefined && (!shared || mine.sharers === 0)) return `process ${process.pid}`;
  if (mine === undefined) {
    mine = { sharers: 0, instance: openDatabase(path, shared) };
    held.set(path, mine);
  }
  if (shared) mine.sharers++;
  const ours = mine;
  const leave = () => {
    if (shared && --ours.sharers > 0) return false;
    held.delete(path);
    return true;
  };
  let instance: DuckDBInstance;
  try {
    instance = await ours.instance;
  } catch (error) {
    leave();
    const message = error instanceof Error ? error.message : String(error);
    if (/not a valid DuckDB database/.test(message)) {
      throw new Mistake(
        'ARTIFACT_CORRUPT',
        `${path}: expected a lock, got another file; delete it`,
        { cause: error },
      );
    }
    if (!/lock/i.test(message)) throw error;
    return /PID (\d+)/.exec(message)?.[0].replace('PID', 'process') ?? 'another process';
  }
  let open = true;
  return () => {
    if (!open) return;
    open = false;
    if (leave()) instance.closeSync();
  };
}

/** The file appears complete or not at all, whoever is faster and whoever is killed. */
async function createLockFile(path: string): Promise<void> {
  if (existsSync(path)) return;
  await mkdir(dirname(path), { recursive: true });
  const fresh = `${path}.${randomBytes(6).toString('hex')}`;
  (await openDatabase(fresh, false)).closeSync();
  try {
    await link(fresh, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Somebody was faster, or has tidied up: whoever asks looks again.
    if (code !== 'EEXIST' && code !== 'ENOENT') throw error;
  } finally {
    await rm(fresh, { force: true });
  }
}

/** DuckDB is loaded when the first lock is taken: many a command needs none. */
async function openDatabase(path: string, shared: boolean): Promise<DuckDBInstance> {
  const { DuckDBInstance: Instance } = await import('@duckdb/node-api');
  // Readers of a database share its lock with each other, and with nobody else.
  return Instance.create(path, { threads: '1', ...(shared ? { access_mode: 'READ_ONLY' } : {}) });
}
