import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Mistake } from '../../model/mistake.ts';
import { isAlive, startTimeOf, type ProcessIdentity } from './process.ts';

export interface Lock {
  /** May be called twice. */
  release(): void;
}

export interface LockOptions {
  /** Milliseconds to wait for the holder. Default 0: not at all. */
  readonly waitMs?: number;
  /** Told once, when there is someone to wait for. */
  readonly onWait?: (holderPid: number) => void;
}

/** A guard that is held for microseconds; one this old was left by a process that was killed. */
const GUARD_STALE_MS = 10_000;

/**
 * Takes a lock between processes: a file that names its holder, by pid and start time. The lock of
 * a process that no longer runs is taken over, so a SIGKILL leaves nothing to clean up by hand. Not
 * fair, and not for file systems shared by several machines.
 *
 * @param file - path of the lock; its folder exists
 * @throws Mistake `LOCKED` naming the holder when it is still held after `waitMs`
 */
export async function acquireLock(file: string, options: LockOptions = {}): Promise<Lock> {
  const startedAt = await startTimeOf(process.pid);
  const content = JSON.stringify({ pid: process.pid, startedAt, id: randomUUID() });
  let waitedMs = 0;
  let told = false;
  for (;;) {
    if (claim(file, content)) return { release: () => releaseIfOurs(file, content) };
    const held = read(file);
    const holder = held === undefined ? undefined : parse(held);
    if (held !== undefined && !(await isAlive(holder))) {
      breakStale(file, held);
      await sleep(5);
      continue;
    }
    if (waitedMs >= (options.waitMs ?? 0)) {
      throw new Mistake(
        'LOCKED',
        `${file}: expected to be alone here, held by process ${holder?.pid ?? 'unknown'}; wait for it or end it`,
      );
    }
    if (!told && holder) options.onWait?.(holder.pid);
    told = true;
    await sleep(50);
    waitedMs += 50;
  }
}

/** Runs `work` with the lock held. */
export async function withLock<Result>(
  file: string,
  options: LockOptions,
  work: () => Promise<Result>,
): Promise<Result> {
  const lock = await acquireLock(file, options);
  try {
    return await work();
  } finally {
    lock.release();
  }
}

/** The lock appears with its content or not at all: a link to a file already written. */
function claim(file: string, content: string): boolean {
  const own = `${file}.${process.pid}.${randomUUID().slice(0, 8)}`;
  writeFileSync(own, content);
  try {
    linkSync(own, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

/** Removes the lock only while it still says `held`: the guard keeps others from doing the same. */
function breakStale(file: string, held: string): void {
  const guard = `${file}.guard`;
  if (!claim(guard, '')) {
    const age = Date.now() - (statSync(guard, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > GUARD_STALE_MS) rmSync(guard, { force: true });
    return;
  }
  try {
    if (read(file) === held) rmSync(file, { force: true });
  } finally {
    rmSync(guard, { force: true });
  }
}

function releaseIfOurs(file: string, content: string): void {
  if (read(file) === content) unlinkSync(file);
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function parse(content: string): ProcessIdentity | undefined {
  try {
    const { pid, startedAt } = JSON.parse(content) as Partial<ProcessIdentity>;
    return typeof pid === 'number' && typeof startedAt === 'string'
      ? { pid, startedAt }
      : undefined;
  } catch {
    return undefined;
  }
}
