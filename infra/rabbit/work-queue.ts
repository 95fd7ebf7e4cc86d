import { setTimeout as pause } from 'node:timers/promises';
import amqp, { type ChannelModel, type ConfirmChannel, type ConsumeMessage } from 'amqplib';
import type { Log, SharedWork, WorkQueue } from '../../pipelines/ports.ts';

export interface WorkQueueOptions {
  /** `amqp://user:password@host:port/vhost` */
  readonly url: string;
  /** Prefix of the queues. */
  readonly namespace: string;
  readonly log: Log;
  /** Without progress for so long, what is missing is handed out again. Default 2 minutes. */
  readonly stuckMs?: number;
}

const pollMs = 250;
/** A queue that nobody has used for so long is gone. */
const expiresMs = 24 * 3_600_000;

/** `make` has failed: no reason to try again. */
class PieceFailed extends Error {
  constructor(cause: unknown) {
    super('a piece of work failed', { cause });
  }
}

/**
 * Shares work over RabbitMQ: one quorum queue for each piece of work that can be cut, one message
 * for each piece. Who comes first fills it; who dies gives back what it had. A lost connection is
 * made again for as long as anything is missing.
 */
export function openWorkQueue(options: WorkQueueOptions): WorkQueue {
  return {
    async share(work) {
      for (;;) {
        work.signal.throwIfAborted();
        if ((await work.missing()).length === 0) return;
        try {
          await takePart(options, work);
        } catch (error) {
          if (error instanceof PieceFailed) throw error.cause;
          work.signal.throwIfAborted();
          options.log.warn({ work: work.name, error: (error as Error).message }, 'work: again');
          await pause(1000, undefined, { signal: work.signal });
        }
      }
    },
  };
}

async function takePart(
  { url, namespace, log, stuckMs = 120_000 }: WorkQueueOptions,
  work: SharedWork,
): Promise<void> {
  const connection = await amqp.connect(url, { timeout: 5000 });
  const lost = new AbortController();
  const lose = (error?: Error) => lost.abort(error ?? new Error('RabbitMQ: connection closed'));
  connection.on('error', lose);
  connection.on('close', lose);
  const underWay = new Set<Promise<void>>();
  try {
    const channel = await openChannel(connection, lose);
    const queue = `${namespace}.work.${work.name}`;
    const { messageCount, consumerCount } = await channel.assertQueue(queue, {
      durable: true,
      arguments: { 'x-queue-type': 'quorum', 'x-expires': expiresMs },
    });
    if (messageCount === 0 && consumerCount === 0) await handOut(channel, queue, work);
    await channel.prefetch(work.lanes);
    await channel.consume(queue, (message) => {
      if (message === null) return; // the queue is gone: somebody saw the end of the work
      const making = makePiece(message, channel, work, lost.signal).catch((error: unknown) =>
        lost.abort(error),
      );
      underWay.add(making);
      void making.finally(() => underWay.delete(making));
    });
    let left = Infinity;
    let movedAt = performance.now();
    for (;;) {
      await pause(pollMs, undefined, { signal: AbortSignal.any([work.signal, lost.signal]) });
      const missing = await work.missing();
      if (missing.length === 0) break;
      if (missing.length !== left || underWay.size > 0) {
        left = missing.length;
        movedAt = performance.now();
      } else if (performance.now() - movedAt > stuckMs) {
        log.warn({ work: work.name, missing: missing.length }, 'work: handed out again');
        movedAt = performance.now();
        await handOut(channel, queue, work);
      }
    }
    await Promise.all(underWay);
    await channel.deleteQueue(queue);
  } catch (error) {
    throw lost.signal.aborted ? lost.signal.reason : error;
  } finally {
    await Promise.all(underWay);
    // Closing gives back what was not acknowledged. It may never be answered: see channel.ts.
    await Promise.race([connection.close().catch(() => undefined), pause(5000)]);
  }
}

async function openChannel(
  connection: ChannelModel,
  lose: (error: Error) => void,
): Promise<ConfirmChannel> {
  const channel = await connection.createConfirmChannel();
  channel.on('error', lose);
  return channel;
}

async function handOut(channel: ConfirmChannel, queue: string, work: SharedWork): Promise<void> {
  for (const piece of await work.missing()) {
    channel.sendToQueue(queue, Buffer.from(String(piece)), { persistent: true });
  }
  await channel.waitForConfirms();
}

async function makePiece(
  message: ConsumeMessage,
  channel: ConfirmChannel,
  work: SharedWork,
  lost: AbortSignal,
): Promise<void> {
  if (lost.aborted || work.signal.aborted) return;
  const piece = Number(message.content.toString());
  try {
    await work.make(piece);
  } catch (error) {
    throw new PieceFailed(error);
  }
  if (!lost.aborted) channel.ack(message);
}
