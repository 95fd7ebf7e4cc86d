import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { readConfig } from '../../infra/config.ts';
import { createRandom } from '../../model/random.ts';
import { mondayStart } from '../../model/week.ts';
import { openDelivery } from '../../workers/delivery.ts';
import { archiveOf, frozenListsOf } from '../support/frozen-lists.ts';
import { silentLog } from '../support/servers.ts';
import { check, type Tally } from './check.ts';
import { openChildren, type Child } from './children.ts';
import { openFaultServers, type FaultServers } from './fault-servers.ts';
import { faults, mongodbKilled, type Fault } from './faults.ts';
import { openPictureHost } from './picture-host.ts';
import { acknowledgedBy, heldBy, settled, tend, type Plan, type Run } from './run.ts';
import { openWeeklyKills, weeklyKilled } from './weekly-killed.ts';
import type { Task } from './worker-child.ts';

/** One line of the log: the fault, whom it hit, what was in flight and when, what came of it. */
export interface Outcome extends Tally {
  readonly run: number;
  readonly seed: number;
  readonly fault: string;
  /** ISO 8601: when it struck. */
  readonly at: string;
  /** Milliseconds after the workers began. */
  readonly afterMs: number;
  /** Batches acknowledged before. */
  readonly acknowledged: number;
  /** Messages that workers held without having acknowledged them: all, and each process. */
  readonly unacknowledged: number;
  readonly heldByPid: Readonly<Record<string, number>>;
  /** The last that a killed weekly run had said. */
  readonly after?: string;
  /** Processes that were killed, stopped or cut off. */
  readonly pids: readonly number[];
  readonly batches: number;
  /** How long something was away, where that was drawn. */
  readonly awayMs: number;
  /** How long before Monday the lists were published. */
  readonly beforeMondayMs: number;
  readonly seconds: number;
  /** Folder of the workers' logs, below the home of the faults; kept where something is wrong. */
  readonly logs?: string;
  /** Empty where all is as it must be. */
  readonly complaints: readonly string[];
}

export interface Suite {
  readonly servers: FaultServers;
  /** The faults that can be done to these servers. */
  readonly faults: readonly Fault[];
  run(plan: Plan): Promise<Outcome>;
  dispose(): Promise<void>;
}

const week = '2014-W36';
/** Whoever is told to stop has done so by then. */
const closeMs = 120_000;

/** @param home - for servers of its own; see `openFaultServers` */
export async function openSuite(home: string): Promise<Suite> {
  const children = openChildren();
  const servers = await openFaultServers(home);
  const pictures = await openPictureHost();
  const possible = [
    ...faults,
    ...(servers.direct.mongodbInMemory ? [] : [mongodbKilled]),
    weeklyKilled,
  ];
  const killWeekly = openWeeklyKills(servers.direct);
  return {
    servers,
    faults: possible,
    async run(plan) {
      if (plan.fault === weeklyKilled.name) return killWeekly(plan);
      const fault = possible.find(({ name }) => name === plan.fault)!;
      const namespace = `f${randomUUID().slice(0, 8)}`;
      const runHome = join(home, 'runs', namespace);
      const zone = Object.keys(plan.zones)[0]!;
      const offsetMs = mondayStart(week, zone) - plan.beforeMondayMs - Date.now();
      const lists = frozenListsOf(week, plan.zones);
      const clock = () => Date.now() + offsetMs;
      const watching = await openDelivery({
        config: { ...readConfig({ home: runHome }, {}), namespace },
        servers: servers.direct,
        archive: archiveOf(lists),
        clock,
        log: silentLog,
        batchSize: plan.batchSize,
      });
      pictures.reset();
      const complaints: string[] = [];
      const pids: number[] = [];
      const workers: Child[] = [];
      const started = performance.now();
      const taskOf = (role: Task['role']): Task => ({
        role,
        namespace,
        home: runHome,
        logs: join(home, 'logs', namespace),
        servers: servers.urls,
        pictureUrl: fault.pictures === true ? pictures.url : undefined,
        week,
        zones: plan.zones,
        batchSize: plan.batchSize,
        offsetMs,
      });
      const run: Run = {
        ...{ plan, week, lists, servers, pictures, watching, clock, workers, taskOf },
        random: createRandom(plan.seed, 'strike', plan.number),
        async start(role) {
          const child = await children.take();
          child.open(taskOf(role));
          workers.push(child);
          return child;
        },
        async kill(child) {
          workers.splice(workers.indexOf(child), 1);
          pids.push(child.pid);
          await child.kill();
        },
        hit: (pid) => void pids.push(pid),
        complain: (what) => void complaints.push(what),
      };
      let outcome: Outcome;
      try {
        await fault.prepare?.(run);
        servers.doors.mongodb.delay(plan.mongoDelayMs);
        const before = { acknowledged: 0 };
        for (const role of ['scheduler', ...(fault.workers ?? ['deliver'])] as const) {
          const child = await run.start(role);
          before.acknowledged += child.acknowledged;
        }
        const done = () => acknowledgedBy(workers) - before.acknowledged;
        while (done() < plan.strikeAt && (await tend(run))) await pause(1);
        await pause(plan.strikeAfterMs);
        const struck = {
          at: new Date().toISOString(),
          afterMs: Math.round(performance.now() - started),
          acknowledged: done(),
          unacknowledged: heldBy(workers),
          heldByPid: Object.fromEntries(workers.map(({ pid, held }) => [String(pid), held])),
        };
        await fault.strike(run);
        const isSettled = await settled(run);
        servers.doors.mongodb.delay(0);
        if (isSettled) await fault.after?.(run);
        const tally = await check(run);
        outcome = {
          ...{ run: plan.number, seed: plan.seed, fault: plan.fault, ...struck, pids, ...tally },
          batches: Object.values(plan.zones).reduce(
            (sum, size) => sum + Math.ceil(size / plan.batchSize),
            0,
          ),
          awayMs: plan.awayMs,
          beforeMondayMs: plan.beforeMondayMs,
          seconds: Math.round((performance.now() - started) / 10) / 100,
          complaints,
        };
      } finally {
        servers.doors.mongodb.delay(0);
        pictures.reset();
        for (const child of workers) {
          if (!(await within(closeMs, child.close()))) {
            complaints.push(`worker ${child.pid} (${child.role}) does not stop`);
            await child.kill();
          } else children.giveBack(child);
        }
        if (
          !(await within(
            closeMs,
            watching.remove().then(() => watching.dispose()),
          ))
        ) {
          complaints.push('the delivery that looked on does not stop');
        }
        await rm(runHome, { recursive: true, force: true });
        if (complaints.length === 0) {
          await rm(join(home, 'logs', namespace), { recursive: true, force: true });
        }
      }
      return complaints.length === 0 ? outcome : { ...outcome, logs: join('logs', namespace) };
    },
    async dispose() {
      await children.dispose();
      await pictures.dispose();
      await servers.dispose();
    },
  };
}

/** @returns whether it came to its end in time */
async function within(ms: number, work: Promise<unknown>): Promise<boolean> {
  const late = new AbortController();
  try {
    return await Promise.race([work.then(() => true), pause(ms, false, { signal: late.signal })]);
  } finally {
    late.abort();
  }
}
