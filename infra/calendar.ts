import { randomUUID } from 'node:crypto';
import { Queue, RateLimitError, Worker, type Job, type WorkerOptions } from 'bullmq';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { Mistake } from '../model/mistake.ts';
import type { PlacedOrder } from '../pipelines/delivery/ports.ts';
import type { Clock, Log } from '../pipelines/ports.ts';

/**
 * The calendar, kept by BullMQ in Redis: which zone is published when, and when the week is made.
 *
 * A finished or failed job leaves nothing behind, so that its id may come again: what is done is
 * in the ledger, and what failed the sweep brings back.
 */
export interface CalendarOptions {
  /** A connection with `maxRetriesPerRequest: null`; workers make copies of it. */
  readonly redis: Redis;
  /** Prefix of all keys. */
  readonly namespace: string;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Calendar {
  /**
   * One job per order, at its `publishAt`; at once where that is past. While such a job waits,
   * another call moves it to the new time and adds none.
   */
  schedule(order: Pick<PlacedOrder, 'id' | 'publishAt'>): Promise<void>;
  /** Works on orders whose time has come. A worker that dies is replaced within seconds. */
  publishWith(handle: (order: string, signal: AbortSignal) => Promise<void>): void;
  /** Makes the week by itself. */
  everyWeek(handle: (now: number) => Promise<void>, when?: WeeklyOptions): Promise<void>;
  /**
   * Has the weekly handler run now as well. A call while one waits, or while one of this calendar
   * runs, adds none; one that a killed process was running does not hold this up.
   */
  runWeekNow(): Promise<void>;
  /** Deletes all jobs. For tests and `down`. */
  remove(): Promise<void>;
  dispose(): Promise<void>;
}

export interface WeeklyOptions {
  /** In UTC. Default Saturday 06:00, 22 hours before the first zone's lists are due. */
  readonly cron?: string | undefined;
  /** When it aborts, what the handler has not finished waits for the next start. */
  readonly signal?: AbortSignal;
}

export const weeklyCron = '0 6 * * 6';

const zoneJob = z.object({ order: z.string() });

/** Retries before a job is left to the sweep: after 1, 2, 4, 8 and 16 s. */
const retries = { attempts: 6, backoff: { type: 'exponential', delay: 1000 } } as const;
const leaveNothing = { removeOnComplete: true, removeOnFail: true } as const;

export function openCalendar({ redis, namespace, clock, log }: CalendarOptions): Calendar {
  const shared = { connection: redis, prefix: namespace } as const;
  const zones = new Queue<z.infer<typeof zoneJob>>('zones', shared);
  const weekly = new Queue('weekly', shared);
  const workers: Worker[] = [];
  const stopping = new AbortController();
  const own = `week-now-${randomUUID().slice(0, 8)}`;
  for (const queue of [zones, weekly]) {
    queue.on('error', (error) => log.warn({ error: error.message }, 'calendar: Redis'));
  }

  function work(
    queue: Queue,
    handle: (job: Job) => Promise<void>,
    { signal, ...options }: Partial<WorkerOptions> & { signal?: AbortSignal | undefined },
  ): void {
    const untilStopped = async (job: Job) => {
      try {
        await handle(job);
      } catch (error) {
        // Puts the job back, as it was.
        if (stopping.signal.aborted || signal?.aborted === true) throw new RateLimitError();
        throw error;
      }
    };
    const worker = new Worker(queue.name, untilStopped, {
      ...shared,
      maxStalledCount: 100,
      drainDelay: 2,
      ...options,
    });
    worker.on('error', (error) => log.warn({ error: error.message }, 'calendar: worker'));
    worker.on('failed', (job, error) => {
      const how = error instanceof Mistake ? { error: error.message } : { err: error };
      log.error({ job: job?.id, ...how }, 'calendar: job failed');
    });
    workers.push(worker);
  }

  let closing: Promise<void> | undefined;
  return {
    async schedule({ id, publishAt }) {
      const delay = Math.max(0, publishAt - clock());
      const jobId = jobIdOf(id);
      await zones.add('zone', { order: id }, { jobId, delay, ...retries, ...leaveNothing });
      const job = await zones.getJob(jobId);
      if (job === undefined || !(await job.isDelayed())) return;
      // It may start between the question and the change; then there is nothing to move.
      await job.changeDelay(delay).catch(() => undefined);
    },
    publishWith(handle) {
      work(zones, ({ data }) => handle(zoneJob.parse(data).order, stopping.signal), {
        concurrency: 2,
        // Short, so that what a killed process held is taken up soon.
        lockDuration: 5000,
        stalledInterval: 2000,
      });
    },
    async everyWeek(handle, { cron = weeklyCron, signal } = {}) {
      await weekly.upsertJobScheduler(
        'saturday',
        { pattern: cron, tz: 'UTC' },
        { name: 'week', opts: { ...retries, ...leaveNothing } },
      );
      // Training keeps the process busy for long; that must not look like death.
      const patient = { lockDuration: 120_000, stalledInterval: 30_000 };
      work(weekly, () => handle(clock()), { ...patient, signal });
    },
    async runWeekNow() {
      if ((await weekly.getWaitingCount()) > 0) return;
      await weekly.add('week', {}, { jobId: own, ...retries, ...leaveNothing });
    },
    async remove() {
      await zones.obliterate({ force: true });
      await weekly.obliterate({ force: true });
    },
    dispose() {
      closing ??= (async () => {
        stopping.abort(new Error('the calendar is closing'));
        await Promise.all(workers.map((worker) => worker.close()));
        await Promise.all([zones.close(), weekly.close()]);
      })();
      return closing;
    },
  };
}

/** BullMQ takes no `:` in a job id, nor only digits. */
export function jobIdOf(order: string): string {
  return `zone-${order.replaceAll(':', '_')}`;
}
