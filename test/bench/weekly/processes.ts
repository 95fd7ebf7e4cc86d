import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readPidFile } from '../../../infra/servers/process.ts';

/** What a group of processes has used so far, from `/proc`. */
export interface Usage {
  /** Of all processors, user and system. */
  readonly cpuSeconds: number;
  /** The most that was resident since the last `forgetPeaks`, MiB, summed over the processes. */
  readonly peakMb: number;
}

/** Clock ticks of `/proc` in a second, on every Linux that Node runs on. */
const ticksPerSecond = 100;

const servers = { rabbitmq: 'RabbitMQ', redis: 'Redis', mongodb: 'MongoDB' } as const;

/**
 * The processes that a run is made of: this one, its main thread and all others apart, and the
 * private servers of a home, whose processes are those of their sessions. On another system than
 * Linux there is nothing to read, and no group.
 */
export class Processes {
  readonly #home: string;
  readonly #others: Readonly<Record<string, number>>;

  /** @param others - further processes by name */
  constructor(home: string, others: Readonly<Record<string, number>> = {}) {
    this.#home = home;
    this.#others = others;
  }

  /** Peaks are counted from here on, of this process. */
  forgetPeaks(): void {
    if (process.platform === 'linux') writeFileSync('/proc/self/clear_refs', '5');
  }

  usage(): Map<string, Usage> {
    const found = new Map<string, Usage>();
    if (process.platform !== 'linux') return found;
    const own = usageOf(process.pid);
    const main = cpuOf(`/proc/self/task/${process.pid}/stat`);
    found.set('own, main thread', { cpuSeconds: main, peakMb: own.peakMb });
    found.set('own, other threads', { cpuSeconds: own.cpuSeconds - main, peakMb: 0 });
    for (const [name, title] of Object.entries(servers)) {
      const leader = readPidFile(join(this.#home, 'servers', name, 'server.pid'))?.pid;
      if (leader !== undefined) found.set(title, sum(sessionOf(leader).map(usageOf)));
    }
    for (const [name, pid] of Object.entries(this.#others)) found.set(name, usageOf(pid));
    return found;
  }
}

/** What was used between two readings, with the later's peak. */
export function since(before: Map<string, Usage>, after: Map<string, Usage>): Map<string, Usage> {
  return new Map(
    Array.from(after, ([name, { cpuSeconds, peakMb }]) => [
      name,
      { cpuSeconds: cpuSeconds - (before.get(name)?.cpuSeconds ?? 0), peakMb },
    ]),
  );
}

function sessionOf(leader: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => Number(fieldsOf(`/proc/${pid}/stat`)?.[3]) === leader);
}

function usageOf(pid: number): Usage {
  const status = read(`/proc/${pid}/status`) ?? '';
  const peakKb = Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0);
  return { cpuSeconds: cpuOf(`/proc/${pid}/stat`), peakMb: peakKb / 1024 };
}

function cpuOf(path: string): number {
  const fields = fieldsOf(path);
  return fields === undefined ? 0 : (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** From the state on: what comes before may hold anything. */
function fieldsOf(path: string): string[] | undefined {
  const stat = read(path);
  return stat?.slice(stat.lastIndexOf(') ') + 2).split(' ');
}

function sum(usages: readonly Usage[]): Usage {
  return {
    cpuSeconds: usages.reduce((total, { cpuSeconds }) => total + cpuSeconds, 0),
    peakMb: usages.reduce((total, { peakMb }) => total + peakMb, 0),
  };
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // it has ended
  }
}
