import { setInterval } from 'node:timers/promises';
import { addWeeks, weekOf } from '../model/week.ts';
import type { FrozenLists } from '../pipelines/lists.ts';
import { startDelivery, type Delivery, type DeliveryOptions } from './delivery.ts';

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
 * MongoDB and the archive, so it may be stopped or killed at any time: on start it makes the week
 * if its time has passed, places what has no order, and delivers what is overdue.
 */
export async function runScheduler(options: SchedulerOptions, signal: AbortSignal): Promise<void> {
  const { clock, log, archive, runWeek } = options;
  const delivery = await startDelivery(options);
  let isMaking = false;
  try {
    await delivery.calendar.everyWeek(async (now) => {
      const week = weekToMake(now);
      log.info({ week }, 'making the week');
      isMaking = true;
      try {
        await delivery.place(await runWeek(week));
      } finally {
        isMaking = false;
      }
    }, options.cron);
    delivery.startMakingCovers(() => !isMaking);
    const week = weekToMake(clock());
    if ((await archive.find(week)) === undefined) await delivery.calendar.runWeekNow();
    await sweepOnce(delivery, options);
    const everyMs = options.sweepEveryMs ?? 300_000;
    const ticks = setInterval(everyMs, undefined, { signal })[Symbol.asyncIterator]();
    while ((await ticks.next()).done !== true) {
      await sweepOnce(delivery, options);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await delivery.dispose();
  }
}

async function sweepOnce(delivery: Delivery, { clock, log }: SchedulerOptions): Promise<void> {
  const week = weekToMake(clock());
  try {
    const report = await delivery.sweep([addWeeks(week, -1), week]);
    if (report.placed + report.missing > 0) log.warn({ ...report }, 'sweep: found what was missed');
  } catch (error) {
    log.error({ error: (error as Error).message }, 'sweep failed, the next one will try again');
  }
}
