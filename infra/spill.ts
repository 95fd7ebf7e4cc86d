import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

/**
 * Terminology: what SQL sessions do not keep in memory they spill to folders
 * `<where>-<host>-<process>-<session>`, one for each session, which go with it. A host is where the
 * ids of processes mean the same: two containers that share a folder are two hosts.
 */
const spillFolder = /^spill(?:-([0-9a-f]{12})-(\d+)-[0-9a-f]{8}|-\d+-\d+)?$/;

/**
 * So long a folder of another host is left alone after it was last written to, milliseconds: nobody
 * here can tell whether its process is alive.
 */
export const othersSpillMs = 86_400_000;

/** A folder of its own for one session of this process. @param where - path up to `spill` */
export function ownSpill(where: string): string {
  return `${where}-${hostKey()}-${process.pid}-${randomBytes(4).toString('hex')}`;
}

/** Whether a folder of this name is one that a session spills to, or one of earlier versions. */
export function isSpill(name: string): boolean {
  return spillFolder.test(name);
}

/**
 * Removes what sessions of processes that are dead have left: at once where the process was of this
 * host, else once nothing was written to it for {@link othersSpillMs}. After a restart of machine or
 * container, too, what was there before is of another host.
 *
 * @param folder - need not exist
 * @param now - milliseconds since 1970
 * @returns names of what was removed, ascending
 */
export async function removeDeadSpills(folder: string, now: number): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const removed: string[] = [];
  for (const entry of entries) {
    const match = entry.isDirectory() ? spillFolder.exec(entry.name) : null;
    if (match === null) continue;
    const path = join(folder, entry.name);
    const [, host, pid] = match;
    const isDead =
      host === hostKey()
        ? !isRunning(Number(pid))
        : (await lastWrittenMs(path)) <= now - othersSpillMs;
    if (!isDead) continue;
    await rm(path, { recursive: true, force: true });
    removed.push(entry.name);
  }
  return removed.sort();
}

let key: string | undefined;

/**
 * 12 hexadecimal digits: the name of the host and, on Linux, the start of its kernel and the space
 * in which its processes have their ids. Containers may have the same name, and often the same ids.
 */
function hostKey(): string {
  if (key !== undefined) return key;
  const parts = [
    hostname(),
    orNothing(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    orNothing(() => readlinkSync('/proc/self/ns/pid')),
  ];
  key = createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 12);
  return key;
}

function orNothing(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}

/** Of the folder or of a file in it, the newest; what has gone meanwhile is of now. */
async function lastWrittenMs(path: string): Promise<number> {
  const names = await readdir(path).catch(() => []);
  const times = await Promise.all(
    [path, ...names.map((name) => join(path, name))].map((one) =>
      stat(one).then(
        ({ mtimeMs }) => mtimeMs,
        () => Infinity,
      ),
    ),
  );
  return Math.max(...times);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
