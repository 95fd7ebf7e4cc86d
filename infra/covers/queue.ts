import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Queue, RateLimitError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { CoversAhead } from '../../pipelines/delivery/ports.ts';
import type { Log } from '../../pipelines/ports.ts';
import type { Covers } from '../covers.ts';

/**
 * The queue of covers to be made before somebody asks for them, kept by BullMQ in Redis.
 *
 * Whatever is lost here, the first request makes again. So nothing waits for this queue, nothing
 * fails because of it, and it gives way to everything else.
 */
export interface CoverQueue extends CoversAhead {
  /**
   * Makes the covers that wait, one after the other, while `isIdle` says so. Between two it rests
   * as long as the first took: at most half of one core.
   *
   * @param isIdle - whether there is nothing better to do; asked before every cover, and again each
   *   second while it says no. A rejection means no
   */
  makeWith(covers: Pick<Covers, 'ahead'>, isIdle: () => boolean | Promise<boolean>): void;
  /** Batches that wait. */
  waiting(): Promise<number>;
  /** Deletes all jobs. For tests and `down`. */
  remove(): Promise<void>;
  dispose(): Promise<void>;
}

export interface CoverQueueOptions {
  /** A connection with `maxRetriesPerRequest: null`; the worker makes a copy of it. */
  readonly redis: Redis;
  /** Prefix of all keys. */
  readonly namespace: string;
  readonly log: Log;
  /**
   * Batches that may wait; what comes beyond is left to the first request, so that Redis is not
   * filled where nobody ever makes covers. Default 2,500, of about 12 KB each.
   */
  readonly maxWaiting?: number;
}

const coverJob = z.object({ keys: z.array(z.string()) });

const busyMs = 1000;

export function openCoverQueue({
  redis,
  namespace,
  log,
  maxWaiting = 2500,
}: CoverQueueOptions): CoverQueue {
  const shared = { connection: redis, prefix: namespace } as const;
  const queue = new Queue<z.infer<typeof coverJob>>('covers', shared);
  queue.on('error', (error) => log.warn({ error: error.message }, 'covers: Redis'));
  const stopping = new AbortController();
  const { signal } = stopping;
  let worker: Worker | undefined;

  async function makeAll(
    keys: readonly string[],
    covers: Pick<Covers, 'ahead'>,
    isIdle: () => boolean | Promise<boolean>,
  ): Promise<void> {
    for (const key of keys) {
      while (!(await asks(isIdle))) await pause(busyMs, undefined, { signal });
      signal.throwIfAborted();
      const started = performance.now();
      if (await covers.ahead(key)) await pause(performance.now() - started, undefined, { signal });
    }
  }

  let closing: Promise<void> | undefined;
  return {
    async ask(keys) {
      const unique = [...new Set(keys)].sort();
      if (unique.length === 0) return;
      try {
        if ((await queue.getWaitingCount()) >= maxWaiting) return;
        // BullMQ takes no `:` in a job id, nor only digits. While the same waits, none is added.
        const jobId = `covers-${createHash('sha256').update(unique.join()).digest('hex')}`;
        const left = { removeOnComplete: true, removeOnFail: true };
        await queue.add('covers', { keys: unique }, { jobId, ...left });
      } catch (error) {
        log.warn({ error: (error as Error).message }, 'covers: left to the first request');
      }
    },
    makeWith(covers, isIdle) {
      if (worker !== undefined) throw new Error('covers are being made already');
      worker = new Worker(
        queue.name,
        async ({ data }) => {
          try {
            await makeAll(coverJob.parse(data).keys, covers, isIdle);
          } catch (error) {
            // Puts the job back, as it was; what is made of it is kept.
            if (signal.aborted) throw new RateLimitError();
            throw error;
          }
        },
        { ...shared, concurrency: 1, drainDelay: 2 },
      );
      worker.on('error', (error) => log.warn({ error: error.message }, 'covers: worker'));
      worker.on('failed', (_job, error) =>
        log.warn({ error: error.message }, 'covers: left to the first request'),
      );
    },
    waiting: () => queue.getWaitingCount(),
    remove: () => queue.obliterate({ force: true }),
    dispose() {
      closing ??= (async () => {
        stopping.abort(new Error('the queue of covers is closing'));
        await worker?.close();
        await queue.close();
      })();
      return closing;
    },
  };
}

async function asks(isIdle: () => boolean | Promise<boolean>): Promise<boolean> {
  try {
    return await isIdle();
  } catch {
    return false;
  }
}
