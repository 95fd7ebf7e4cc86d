import { createHash } from 'node:crypto';
import type { Message, Options, RecoveringChannelModel } from 'amqplib';
import { z } from 'zod';
import type { Ledger, LedgerEntry } from '../../pipelines/delivery/ports.ts';
import type { Clock } from '../../pipelines/ports.ts';
import { orderId } from '../../pipelines/delivery/orders.ts';
import type { Topology } from './topology.ts';
import { inTurn } from './turn.ts';

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

/** One message of the dead-letter queue. */
export interface DeadLetter {
  /** `order:batch`; of a message that says neither, made of its hash. */
  readonly id: string;
  /** What the ledger is to say of it: its reason, and `at` is now. */
  readonly failure: LedgerEntry;
  /** First 32 hexadecimal digits of the content's SHA-256. */
  readonly hash: string;
  readonly bytes: number;
  /** How often the broker handed it to a worker. */
  readonly tries: number;
  /** How often it was put back into the work queue by hand. */
  readonly retried: number;
}

/** What becomes of a dead letter: it stays, is gone, or goes back into the work queue. */
export type Fate = 'stays' | 'gone' | 'again';

/** Publishes a copy; resolves when it is confirmed in a queue. */
export type Send = (exchange: string, content: Buffer, options: Options.Publish) => Promise<void>;

/**
 * Turns the dead-letter queue over once: asks for the fate of each message that is there now. What
 * stays or goes back is published anew, confirmed, before it is taken: turning it over never counts
 * against it, and stopping halfway loses nothing; at worst a message is there twice. One at a time:
 * a second would not see what the first has in its hands.
 */
export async function turnOver(
  connection: RecoveringChannelModel,
  topology: Topology,
  send: Send,
  clock: Clock,
  decide: (letter: DeadLetter) => Promise<Fate>,
): Promise<void> {
  await inTurn(connection, topology, async (channel) => {
    const { messageCount } = await channel.checkQueue(topology.deadQueue);
    for (let i = 0; i < messageCount; i++) {
      const message = await channel.get(topology.deadQueue);
      if (message === false) break;
      const letter = letterOf(message, clock());
      const fate = await decide(letter);
      const { content, properties } = message;
      if (fate === 'stays') await send(topology.deadExchange, content, properties);
      if (fate === 'again') {
        const headers = {
          ...withoutDeath(properties.headers),
          [retriedHeader]: letter.retried + 1,
        };
        await send(topology.exchange, content, { ...properties, headers });
      }
      channel.ack(message);
    }
  });
}

/**
 * Turns the dead-letter queue over once. Each message is written to the ledger as failed (which
 * the worker did already, unless it died of the message) and stays; a message whose batch has been
 * delivered since is dropped.
 */
export async function inspectDeadLetters(
  connection: RecoveringChannelModel,
  topology: Topology,
  send: Send,
  ledger: Ledger,
  clock: Clock,
): Promise<DeadLetterReport> {
  const report = { failed: 0, cleared: 0 };
  await turnOver(connection, topology, send, clock, async ({ failure }) => {
    await ledger.failed(failure);
    const entry = await ledger.find(failure.order, failure.batch);
    const isDelivered = entry?.state === 'delivered';
    if (isDelivered) report.cleared++;
    else report.failed++;
    return isDelivered ? 'gone' : 'stays';
  });
  return report;
}

const retriedHeader = 'x-retried';
const triesHeader = 'x-delivery-count';

function letterOf(message: Message, now: number): DeadLetter {
  const failure = failureOf(message, reasonOf(message), now);
  const headers: Record<string, unknown> = message.properties.headers ?? {};
  const count = (name: string) => {
    const value = headers[name];
    return typeof value === 'number' && value > 0 ? value : 0;
  };
  return {
    id: `${failure.order}:${failure.batch}`,
    failure,
    hash: createHash('sha256').update(message.content).digest('hex').slice(0, 32),
    bytes: message.content.length,
    tries: count(triesHeader) + 1,
    retried: count(retriedHeader),
  };
}

/** Headers as they were before the message failed. */
function withoutDeath(headers: Record<string, unknown> = {}): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(headers).filter(
      ([name]) =>
        name !== reasonHeader && name !== triesHeader && !/^x-(first-|last-)?death/.test(name),
    ),
  );
}

function reasonOf({ properties: { headers } }: Message): string {
  const own: unknown = headers?.[reasonHeader];
  if (typeof own === 'string') return own;
  const brokers: unknown = headers?.['x-first-death-reason'];
  if (brokers === 'delivery_limit')
    return 'handed out too often: workers stopped before it was done';
  return typeof brokers === 'string' ? `dead-lettered by the broker: ${brokers}` : 'unknown';
}
