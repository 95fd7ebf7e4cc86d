import { createHash } from 'node:crypto';
import type { ConfirmChannel, Message, RecoveringChannelModel } from 'amqplib';
import { z } from 'zod';
import type { Ledger, LedgerEntry } from '../../pipelines/delivery/ports.ts';
import type { Clock } from '../../pipelines/ports.ts';
import { orderId } from '../../pipelines/delivery/orders.ts';
import type { Topology } from './topology.ts';

/** Header of a dead letter: why, in words. */
export const reasonHeader = 'x-reason';

export interface DeadLetterReport {
  /** Failed messages that stay in the dead-letter queue. */
  readonly failed: number;
  /** Messages dropped from it, because their batch was delivered since. */
  readonly cleared: number;
}

const batchHeaders = z.object({
  order: z.string(),
  batch: z.int().nonnegative(),
  week: z.string(),
  zone: z.string(),
  lists: z.int().nonnegative(),
});

/** What the ledger says of a dead letter. A message without our headers is kept by its hash. */
export function failureOf(message: Message, reason: string, at: number): LedgerEntry {
  const parsed = batchHeaders.safeParse(message.properties.headers ?? {});
  const known = parsed.success ? parsed.data : unknownBatch(message.content);
  return { ...known, state: 'failed', users: [], late: 0, reason, at };
}

function unknownBatch(content: Buffer): z.infer<typeof batchHeaders> {
  const batch = createHash('sha256').update(content).digest().readUInt32BE(0);
  return {
    order: orderId('unknown', 'unknown', 0),
    batch,
    week: 'unknown',
    zone: 'unknown',
    lists: 0,
  };
}

/**
 * Turns the dead-letter queue over once. Each message is written to the ledger as failed (which
 * the worker did already, unless it died of the message) and put back; a message whose batch has
 * been delivered since is dropped.
 *
 * A message is put back by publishing it anew, confirmed, before it is taken: turning it over
 * never counts against it, and stopping halfway loses nothing.
 */
export async function inspectDeadLetters(
  connection: RecoveringChannelModel,
  topology: Topology,
  ledger: Ledger,
  clock: Clock,
): Promise<DeadLetterReport> {
  const channel: ConfirmChannel = await connection.createConfirmChannel();
  channel.on('error', () => undefined);
  const report = { failed: 0, cleared: 0 };
  try {
    const { messageCount } = await channel.checkQueue(topology.deadQueue);
    for (let i = 0; i < messageCount; i++) {
      const message = await channel.get(topology.deadQueue);
      if (message === false) break;
      const failure = failureOf(message, reasonOf(message), clock());
      await ledger.failed(failure);
      const entry = await ledger.find(failure.order, failure.batch);
      if (entry?.state === 'delivered') {
        report.cleared++;
      } else {
        channel.sendToQueue(topology.deadQueue, message.content, {
          ...message.properties,
          persistent: true,
        });
        await channel.waitForConfirms();
        report.failed++;
      }
      channel.ack(message);
    }
    return report;
  } finally {
    await channel.close().catch(() => undefined);
  }
}

function reasonOf({ properties: { headers } }: Message): string {
  const own: unknown = headers?.[reasonHeader];
  if (typeof own === 'string') return own;
  const brokers: unknown = headers?.['x-first-death-reason'];
  if (brokers === 'delivery_limit')
    return 'handed out too often: workers stopped before it was done';
  return typeof brokers === 'string' ? `dead-lettered by the broker: ${brokers}` : 'unknown';
}
