import { setTimeout } from 'node:timers/promises';
import { addWeeks, weekOf, weekRange } from '../model/week.ts';
import type { PlacedOrder } from '../pipelines/delivery/ports.ts';
import type { FrozenLists, ListArchive } from '../pipelines/lists.ts';
import type { MetricsServer } from '../infra/metrics-server.ts';
import { metricsOf } from './metrics.ts';
import { watchEvery } from './watch-deadlines.ts';
import { watchSourcesEvery } from './watch-sources.ts';
import { startDelivery, type DeliveryOptions } from './delivery.ts';

export interface SchedulerOptions extends DeliveryOptions {
  /** Makes the lists of a week, or finds them made; called again after a crash. */
  readonly runWeek: (week: string) => Promise<FrozenLists>;
  /** When the week is made, in UTC. Default Saturday 06:00. */
  readonly cron?: string;
  /** Default 5 minutes. */
  readonly sweepEveryMs?: number;
  /** How often the deadlines, and the sources of data, are looked at. Default 1 minute. */
  readonly watchEveryMs?: number;
}

/** From Saturday 06:00 UTC to Monday 00:00 UTC, and an hour for a clock that is behind. */
const batchLeadMs = 43 * 3_600_000;

/** The week whose lists should be made by now: on a Saturday morning already the next one. */
export function weekToMake(now: number): string {
  return weekOf(now + batchLeadMs, 'UTC');
}

/** Lists of so many weeks back are delivered where they were not: their listeners can look them up. */
const weeksToLookBack = 8;

/** Weeks, ascending, whose lists must have their orders: all that were made lately. */
async function weeksToDeliver(archive: ListArchive, newest: string): Promise<string[]> {
  const oldest = addWeeks(newest, -weeksToLookBack);
  return (await archive.weeks()).filter((week) => week >= oldest && week <= newest);
}

/**
 * Weeks between the last that was made and the one to be made now. Nobody would look at their lists
 * any more, and each would cost a training: they are left out, and told.
 */
async function weeksLeftOut(archive: ListArchive, toMake: string): Promise<string[]> {
  const last = (await archive.weeks()).findLast((week) => week < toMake);
  return last === undefined ? [] : weekRange(`${last}..${toMake}`).slice(1, -1);
}

/**
 * `npx mondaymix scheduler`: the week made on the weekend, each zone delivered for its Monday, and
 * whoever was missed found. Runs until the signal aborts. All that it must remember is in Redis,
 * MongoDB and the archive, so it may be stopped or killed at any time, and a second one may run
 * beside it: on start, and every few minutes, it makes the week if its time has passed, places what
 * has no order, corrects orders of zones whose rules have changed, and delivers what is overdue.
 */
export async function runScheduler(options: SchedulerOptions, signal: AbortSignal): Promise<void> {
  const { clock, log, archive, runWeek, cron } = options;
  const delivery = await startDelivery({
    ...options,
    onBatch: (batch) => log.info({ ...batch }, 'batch'),
  });
  const ending = new AbortController();
  const stopped = AbortSignal.any([signal, ending.signal]);
  const watching = Promise.all([
    watchEvery(options, delivery, () => weekToMake(clock()), stopped),
    watchSourcesEvery({ ...options, db: delivery.db, webhook: delivery.webhook }, stopped),
  ]);
  let metrics: MetricsServer | undefined;
  let isMaking = false;
  const makeWeek = async (now: number) => {
    const week = weekToMake(now);
    log.info({ week }, 'making the week');
    isMaking = true;
    try {
      const placed = await delivery.place(await runWeek(week));
      const zones = placed.length;
      log.info({ week, zones, ...timesOf(placed) }, 'the week is made, its zones have their time');
    } finally {
      isMaking = false;
    }
  };
  const findMissing = async () => {
    const week = weekToMake(clock());
    if (!isMaking && (await archive.find(week)) === undefined) await delivery.calendar.runWeekNow();
    const report = await delivery.sweep(await weeksToDeliver(archive, week));
    if (report.placed + report.missing > 0) log.warn({ ...report }, 'sweep: found what was missed');
    else if (report.completed > 0) log.info({ ...report }, 'sweep: zones are wholly delivered');
  };
  try {
    metrics = await metricsOf(options);
    await delivery.calendar.everyWeek(makeWeek, { cron, signal });
    delivery.startMakingCovers(() => !isMaking);
    const week = weekToMake(clock());
    log.info({ week }, 'scheduling');
    // A damaged archive is told by the first sweep.
    const leftOut = await weeksLeftOut(archive, week).catch(() => []);
    if (leftOut.length > 0) {
      const how = 'no lists were made for these weeks; npx mondaymix weekly --week WEEK makes them';
      log.warn({ weeks: leftOut }, how);
    }
    const everyMs = options.sweepEveryMs ?? 300_000;
    do {
      await findMissing().catch((error: Error) =>
        log.error({ error: error.message }, 'sweep failed, the next one will try again'),
      );
    } while (await passed(everyMs, signal));
    log.info({}, 'stopping');
  } finally {
    ending.abort();
    await watching;
    await metrics?.dispose();
    await delivery.dispose();
  }
}

/** When the first and the last zone are due. */
function timesOf(placed: readonly PlacedOrder[]): { firstAt?: string; lastAt?: string } {
  if (placed.length === 0) return {};
  const times = placed.map(({ publishAt }) => publishAt);
  const at = (time: number) => new Date(time).toISOString();
  return { firstAt: at(Math.min(...times)), lastAt: at(Math.max(...times)) };
}

/** True after so long, false as soon as the signal aborts. */
async function passed(ms: number, signal: AbortSignal): Promise<boolean> {
  return setTimeout(ms, true, { signal }).catch(() => false);
}
