import { Queue, RateLimitError, UnrecoverableError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { livingLists } from '../pipelines/delivery/erased.ts';
import type { BatchMessage } from '../pipelines/lists.ts';
import type { Clock, Log } from '../pipelines/ports.ts';
import { signedHeaders } from './webhook/signature.ts';

export interface WebhookEvent {
  /** The same event has the same id: letters, digits, `_`, `-`, `+` and `/`, not only digits. */
  readonly id: string;
  /** `batch.delivered` */
  readonly type: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * Tells a client's server what has happened: one POST for each event, `{type, timestamp, data}`,
 * signed (see `signedHeaders`). The queue is BullMQ's in Redis, so that an event which was sent
 * survives us; an event that is sent again while it is known there counts once. Arriving twice is
 * possible all the same, with the same `webhook-id`: where the answer was lost, for example.
 */
export interface Webhook {
  /**
   * Resolves when the event is in the queue; not when it has arrived. One of more than 1 MiB is
   * logged and left out.
   */
  send(event: WebhookEvent): Promise<void>;
  /** Posts what waits. Any number of processes may. */
  startPosting(): void;
  /** Events that have not arrived; given up ones apart. */
  counts(): Promise<{ waiting: number; givenUp: number }>;
  /** Deletes all events. For tests and `down`. */
  remove(): Promise<void>;
  dispose(): Promise<void>;
}

export interface WebhookOptions {
  readonly url: string;
  readonly secret: string;
  /** A connection with `maxRetriesPerRequest: null`; the worker makes a copy of it. */
  readonly redis: Redis;
  /** Prefix of all keys. */
  readonly namespace: string;
  readonly clock: Clock;
  readonly log: Log;
  /** For one attempt, in milliseconds. Default 15,000. */
  readonly timeMs?: number;
  /** Before each further attempt, in milliseconds. Default: 5 s growing to a day, over three days. */
  readonly pausesMs?: readonly number[];
}

const secondMs = 1000;
const hourMs = 3600 * secondMs;
const patience = [
  ...[5, 60, 300, 1800].map((seconds) => seconds * secondMs),
  ...[2, 5, 10, 14, 20, 24].map((hours) => hours * hourMs),
];
const maxBytes = 1024 * 1024;
/** What arrived is known for so long, and what was given up can be looked at. */
const arrived = { age: 86_400, count: 10_000 };
const givenUp = { age: 30 * 86_400, count: 10_000 };

const eventJob = z.object({ id: z.string(), body: z.string() });

export function openWebhook(options: WebhookOptions): Webhook {
  const { redis, namespace, log, pausesMs = patience } = options;
  const shared = { connection: redis, prefix: namespace } as const;
  const queue = new Queue<z.infer<typeof eventJob>>('webhook', shared);
  queue.on('error', (error) => log.warn({ error: error.message }, 'webhook: Redis'));
  const stopping = new AbortController();
  let worker: Worker | undefined;
  let closing: Promise<void> | undefined;
  return {
    async send({ id, type, at, data }) {
      const body = JSON.stringify({ type, timestamp: new Date(at).toISOString(), data });
      const bytes = Buffer.byteLength(body);
      if (bytes > maxBytes) {
        log.error({ event: id, bytes, maxBytes }, 'webhook: too large, left out');
        return;
      }
      await queue.add(
        type,
        { id, body },
        {
          jobId: id,
          attempts: pausesMs.length + 1,
          backoff: { type: 'custom' },
          removeOnComplete: arrived,
          removeOnFail: givenUp,
        },
      );
    },
    startPosting() {
      worker ??= new Worker(
        queue.name,
        async ({ data }) => {
          try {
            const { id, body } = eventJob.parse(data);
            await post(options, id, body, stopping.signal);
          } catch (error) {
            // Puts the event back, as it was.
            if (stopping.signal.aborted) throw new RateLimitError();
            throw error;
          }
        },
        {
          ...shared,
          concurrency: 8,
          maxStalledCount: 100,
          drainDelay: 2,
          // Short, so that what a killed process held is taken up soon.
          lockDuration: 10_000,
          stalledInterval: 5_000,
          settings: { backoffStrategy: (attempts) => pausesMs[attempts - 1] ?? 0 },
        },
      );
      worker.on('error', (error) => log.warn({ error: error.message }, 'webhook: worker'));
      worker.on('failed', (job, error) => {
        const { id, attemptsMade = 0, opts } = job ?? {};
        const isOver = error instanceof UnrecoverableError || attemptsMade >= (opts?.attempts ?? 1);
        const what = { event: id, attempts: attemptsMade, error: error.message };
        if (isOver) log.error(what, 'webhook: given up');
        else log.warn(what, 'webhook: did not arrive, it will be tried again');
      });
    },
    async counts() {
      const { failed = 0, ...open } = await queue.getJobCounts(
        'waiting',
        'delayed',
        'active',
        'failed',
      );
      return {
        waiting: Object.values(open).reduce((sum, count) => sum + count, 0),
        givenUp: failed,
      };
    },
    remove: () => queue.obliterate({ force: true }),
    dispose() {
      closing ??= (async () => {
        stopping.abort(new Error('the webhook is closing'));
        await worker?.close();
        await queue.close();
      })();
      return closing;
    },
  };
}

/**
 * One attempt. Any status of 200 to 299 is an arrival; 410 says that nobody wants it any more. A
 * redirect is not followed, so the signed body goes where the configuration says and nowhere else;
 * nothing of the answer's body is read.
 */
async function post(
  { url, secret, clock, timeMs = 15_000 }: WebhookOptions,
  id: string,
  body: string,
  signal: AbortSignal,
): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    body,
    redirect: 'manual',
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeMs)]),
    headers: {
      'content-type': 'application/json',
      'user-agent': 'mondaymix',
      ...signedHeaders(id, body, secret, clock()),
    },
  });
  await response.body?.cancel();
  if (response.ok) return;
  if (response.status === 410) throw new UnrecoverableError('status 410: not wanted any more');
  throw new Error(`expected a status of 200 to 299, got ${response.status}`);
}

/** Whose lists of a batch are stored. Told again, the event has the same id. */
export function batchDelivered(message: BatchMessage, at: number): WebhookEvent {
  const { order, batch } = message;
  const living = livingLists(message);
  return {
    // BullMQ takes no `:` in a job id; a `.` would be read as the signature's separator.
    id: `batch-delivered-${order.id.replaceAll(':', '_')}_${batch}`,
    type: 'batch.delivered',
    at,
    data: {
      week: order.week,
      zone: order.zone,
      order: order.id,
      batch,
      revision: order.revision,
      users: living.map(({ user }) => user),
      lists: living.length,
      at: new Date(at).toISOString(),
    },
  };
}
