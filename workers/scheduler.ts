import { setTimeout } from 'node:timers/promises';
import { addWeeks, weekOf } from '../model/week.ts';
import type { PlacedOrder } from '../pipelines/delivery/ports.ts';
import type { FrozenLists } from '../pipelines/lists.ts';
import { startDelivery, type DeliveryOptions } from './delivery.ts';

export interface SchedulerOptions extends DeliveryOptions {
  /** Makes the lists of a week, or finds them made; called again after a crash. */
  readonly runWeek: (week: string) => Promise<FrozenLists>;
  /** When the week is made, in UTC. Default Saturday 06:00. */
  readonly cron?: string;
  /** Default 5 minutes. */
  readonly sweepEveryMs?: number;
}

/** From Saturday 06:00 UTC to Monday 00:00 UTC, and an hour for a clock that is behind. */
const batchLeadMs = 43 * 3_600_000;

/** The week whose lists should be made by now: on a Saturday morning already the next one. */
export function weekToMake(now: number): string {
  return weekOf(now + batchLeadMs, 'UTC');
}

/**
 * `npx mondaymix scheduler`: the week made on the weekend, each zone delivered for its Monday, and
 * whoever was missed found. Runs until the signal aborts. All that it must remember is in Redis,
 * MongoDB and the archive, so it may be stopped or killed at any time: on start, and every few
 * minutes, it makes the week if its time has passed, places what has no order, and delivers what is
 * overdue.
 */
export async function runScheduler(options: SchedulerOptions, signal: AbortSignal): Promise<void> {
  const { clock, log, archive, runWeek, cron } = options;
  const delivery = await startDelivery(options);
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
    const report = await delivery.sweep([addWeeks(week, -1), week]);
    if (report.placed + report.missing > 0) log.warn({ ...report }, 'sweep: found what was missed');
    else if (report.completed > 0) log.info({ ...report }, 'sweep: zones are wholly delivered');
  };
  try {
    await delivery.calendar.everyWeek(makeWeek, { cron, signal });
    delivery.startMakingCovers(() => !isMaking);
    log.info({ week: weekToMake(clock()) }, 'scheduling');
    const everyMs = options.sweepEveryMs ?? 300_000;
    do {
      await findMissing().catch((error: Error) =>
        log.error({ error: error.message }, 'sweep failed, the next one will try again'),
      );
    } while (await passed(everyMs, signal));
    log.info({}, 'stopping');
  } finally {
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
