import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '../../model/random.ts';
import type { FrozenLists } from '../../pipelines/lists.ts';
import type { Delivery } from '../../workers/delivery.ts';
import type { Child } from './children.ts';
import type { FaultServers } from './fault-servers.ts';
import type { PictureHost } from './picture-host.ts';
import type { Task } from './worker-child.ts';

/** What a run is, all of it drawn from the seed. */
export interface Plan {
  readonly number: number;
  readonly seed: number;
  readonly fault: string;
  readonly zones: Readonly<Record<string, number>>;
  readonly listeners: number;
  readonly batchSize: number;
  /** What the way to MongoDB takes, each way: so that faults land in the middle. */
  readonly mongoDelayMs: number;
  /** The fault strikes when so many batches are acknowledged, */
  readonly strikeAt: number;
  /** and so many milliseconds have passed after that. */
  readonly strikeAfterMs: number;
  /** Monday begins so long after the zones are published. */
  readonly beforeMondayMs: number;
  /** How long what goes away is away. */
  readonly awayMs: number;
}

/** A run under way, as a fault sees it. */
export interface Run {
  readonly plan: Plan;
  readonly week: string;
  readonly random: Random;
  readonly lists: FrozenLists;
  readonly servers: FaultServers;
  readonly pictures: PictureHost;
  /** Looks on, past the doors. */
  readonly watching: Delivery;
  readonly clock: () => number;
  /** Workers, the scheduler first. */
  readonly workers: Child[];
  readonly taskOf: (role: Task['role']) => Task;
  /** Starts one more worker. */
  readonly start: (role: Task['role']) => Promise<Child>;
  /** SIGKILL; says that it was hit. */
  readonly kill: (child: Child) => Promise<void>;
  /** What was hit, for the log. */
  readonly hit: (pid: number) => void;
  /** Whatever is not as it must be. */
  readonly complain: (what: string) => void;
}

/** What a worker says that ends because a server is away while it begins. */
const serverAway = /^Mistake: .*expected (a server|to be let in), got/;

/**
 * Does what a service manager does: a worker that ended because a server was away while it began is
 * started again. One that ends for another reason is a fault of ours.
 *
 * @returns false for such a one
 */
export async function tend({ workers, start, complain }: Run): Promise<boolean> {
  for (const worker of workers.filter(({ failed }) => failed !== undefined)) {
    if (!serverAway.test(worker.failed!)) {
      complain(`worker ${worker.pid}: ${worker.failed}`);
      return false;
    }
    workers.splice(workers.indexOf(worker), 1);
    await worker.kill();
    await start(worker.role!);
  }
  return true;
}

/** Messages that workers hold at this moment. */
export function heldBy(workers: readonly Child[]): number {
  return workers.reduce((sum, { held }) => sum + held, 0);
}

export function acknowledgedBy(workers: readonly Child[]): number {
  return workers.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
}

/** No news for so long while nothing waits and nobody holds anything: what is missing is lost. */
const lostMs = 60_000;
/** No news for so long, whatever is held. */
const stuckMs = 300_000;

/**
 * Waits until the ledger knows of every list, and then until the queue is empty and nothing is held
 * any more, so that whatever might arrive twice has done so.
 *
 * @returns whether it came to that
 */
export async function settled(run: Run): Promise<boolean> {
  const { watching, workers, week, plan, complain } = run;
  let known = -1;
  let movedAt = performance.now();
  let quiet = 0;
  for (;;) {
    const counts = [...(await watching.ledger.counts(week)).values()];
    const now = counts.reduce((sum, { delivered, failed }) => sum + delivered + failed, 0);
    const waits = await watching.rabbit.backlog();
    const held = heldBy(workers);
    if (!(await tend(run))) return false;
    if (now !== known || (now >= plan.listeners && waits + held > 0)) {
      if (now !== known) movedAt = performance.now();
      known = now;
      quiet = 0;
    } else if (now >= plan.listeners && ++quiet >= 2) {
      return true;
    }
    const still = performance.now() - movedAt;
    if (still > stuckMs || (still > lostMs && waits + held === 0)) {
      complain(`${known} of ${plan.listeners} lists, ${waits} messages wait, ${held} are held`);
      return false;
    }
    await pause(40);
  }
}
