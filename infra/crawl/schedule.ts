import { Queue, RateLimitError, Worker, type Job } from 'bullmq';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { Clock, Log } from '../../pipelines/ports.ts';

/**
 * When each source is visited, in Redis by BullMQ: a repeatable job for each source, at its
 * interval, and one more where pages wait that may be read earlier. A job says only "look": what is
 * due is in MongoDB, so a Redis that was emptied loses nothing but some minutes.
 */
export interface CrawlSchedule {
  /** Replaces what was scheduled: sources that are not named are visited no more. */
  every(
    sources: readonly { readonly name: string; readonly everyMinutes: number }[],
  ): Promise<void>;
  /** Has a source looked at once; a second call for that second adds nothing. */
  at(source: string, time: number): Promise<void>;
  /** Works on sources whose time has come, `concurrency` at a time. */
  visitWith(handle: (source: string) => Promise<void>, concurrency: number): void;
  /** Deletes all jobs. For tests and `down`. */
  remove(): Promise<void>;
  dispose(): Promise<void>;
}

export interface ScheduleOptions {
  /** A connection with `maxRetriesPerRequest: null`; the worker makes a copy of it. */
  readonly redis: Redis;
  /** Prefix of all keys. */
  readonly namespace: string;
  readonly clock: Clock;
  readonly log: Log;
}

const visitJob = z.object({ source: z.string() });
const leaveNothing = { removeOnComplete: true, removeOnFail: true } as const;

export function openCrawlSchedule(options: ScheduleOptions): CrawlSchedule {
  const { redis, namespace, clock, log } = options;
  const shared = { connection: redis, prefix: namespace } as const;
  const queue = new Queue<z.infer<typeof visitJob>>('crawl', shared);
  queue.on('error', (error) => log.warn({ error: error.message }, 'crawl: Redis'));
  let stopping = false;
  let worker: Worker | undefined;
  let closing: Promise<void> | undefined;
  return {
    async every(sources) {
      const names = new Set(sources.map(({ name }) => name));
      for (const { key } of await queue.getJobSchedulers()) {
        if (!names.has(key)) await queue.removeJobScheduler(key);
      }
      for (const { name, everyMinutes } of sources) {
        await queue.upsertJobScheduler(
          name,
          { every: everyMinutes * 60_000 },
          { name: 'visit', data: { source: name }, opts: leaveNothing },
        );
      }
    },
    async at(source, time) {
      // A job that is worked on keeps its id: the next one needs another.
      const jobId = `once-${source}-${Math.ceil(time / 1000)}`;
      const delay = Math.max(0, time - clock());
      await queue.add('visit', { source }, { jobId, delay, ...leaveNothing });
    },
    visitWith(handle, concurrency) {
      const visit = async ({ data }: Job) => {
        try {
          await handle(visitJob.parse(data).source);
        } catch (error) {
          // Puts the job back, as it was.
          if (stopping) throw new RateLimitError();
          throw error;
        }
      };
      worker ??= new Worker(queue.name, visit, {
        ...shared,
        concurrency,
        maxStalledCount: 100,
        drainDelay: 2,
        // Reading a page keeps the process busy for a while; that must not look like death.
        lockDuration: 60_000,
        stalledInterval: 15_000,
      });
      worker.on('error', (error) => log.warn({ error: error.message }, 'crawl: worker'));
      worker.on('failed', (job, error) => {
        log.error({ job: job?.id, error: error.message }, 'crawl: visit failed');
      });
    },
    async remove() {
      await queue.obliterate({ force: true });
    },
    dispose() {
      closing ??= (async () => {
        stopping = true;
        await worker?.close();
        await queue.close();
      })();
      return closing;
    },
  };
}
