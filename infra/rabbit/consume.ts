import { setTimeout as pause } from 'node:timers/promises';
import type { ConfirmChannel, ConsumeMessage, RecoveringChannelModel } from 'amqplib';
import { Unavailable, type LedgerEntry, type Sent } from '../../pipelines/delivery/ports.ts';
import type { BatchMessage } from '../../pipelines/lists.ts';
import type { Clock, Log } from '../../pipelines/ports.ts';
import { logWith } from '../log.ts';
import { closeChannel } from './channel.ts';
import { failureOf } from './deadletters.ts';
import { batchBytes, parseBatch } from './message.ts';
import { publishedHeader } from './publish.ts';
import type { Topology } from './topology.ts';

export interface ConsumerOptions {
  /** The message is acknowledged when this resolves. */
  readonly handle: (message: BatchMessage, sent: Sent) => Promise<unknown>;
  /** Called before a message goes to the dead-letter queue. */
  readonly failed: (entry: LedgerEntry) => Promise<void>;
  /**
   * Decides what becomes a dead letter, and for what reason, by calling `bury`; the message is
   * acknowledged when this resolves. Default: the batch as it is. Not asked of what is no batch.
   */
  readonly burying?: (
    failed: { readonly message: BatchMessage; readonly reason: string },
    sent: Sent,
    bury: (message: BatchMessage, reason: string) => Promise<void>,
  ) => Promise<void>;
  readonly clock: Clock;
  /** Messages that are worked on at a time. Default 4. */
  readonly prefetch?: number;
  /**
   * Pauses between tries while something is unavailable, in milliseconds: the first; it doubles up
   * to 60 times as much. Default 500.
   */
  readonly retryMs?: number;
  /** Tries of a message that fails otherwise. Default 3. */
  readonly attempts?: number;
}

export interface Consumer {
  /** Takes no more, waits for what is under way, gives back what waits for a retry. */
  stop(): Promise<void>;
}

/** Puts a copy of a message into the dead-letter queue; resolves when it is confirmed there. */
export type Bury = (message: ConsumeMessage, reason: string) => Promise<void>;

/** A consumer whose channel was closed is begun again after so long. */
const againMs = 1000;

/** How long a message may wait for something unavailable; RabbitMQ lets one be held for 30 minutes. */
const holdMs = 15 * 60_000;

/**
 * Consumes batches. Bytes are parsed here.
 *
 * - done: acknowledged, after the write;
 * - `Unavailable`: held and tried again with growing pauses, which costs no redelivery; after a
 *   quarter of an hour given back to the queue;
 * - not a batch: to the dead-letter queue at once, with its reason;
 * - anything else: tried again, then to the dead-letter queue with the last error.
 *
 * A dead letter is confirmed in its queue before the message is acknowledged: there twice perhaps,
 * but never lost.
 */
export async function startConsuming(
  connection: RecoveringChannelModel,
  topology: Topology,
  options: ConsumerOptions,
  bury: Bury,
  log: Log,
): Promise<Consumer> {
  const stopping = new AbortController();
  const underWay = new Set<Promise<void>>();
  let current: { channel: ConfirmChannel; tag: string } | undefined;
  let isConnected = true;
  let beginning: symbol | undefined;
  let waiting: NodeJS.Timeout | undefined;

  const begin = async () => {
    const mine = Symbol();
    beginning = mine;
    try {
      await consumeAs(mine);
    } finally {
      if (beginning === mine) beginning = undefined;
    }
  };
  const consumeAs = async (mine: symbol) => {
    const channel = await connection.createConfirmChannel();
    let open = true;
    channel.on('error', (error) => log.warn({ error: error.message }, 'RabbitMQ: consumer'));
    channel.on('close', () => {
      open = false;
      if (current?.channel === channel) current = undefined;
      later();
    });
    // Of a connection that was lost since, where the next one has a consumer of its own; or stopped.
    if (beginning !== mine || stopping.signal.aborted) return closeChannel(channel);
    await channel.prefetch(options.prefetch ?? 4);
    const { consumerTag } = await channel.consume(topology.queue, (message) => {
      // Closing the channel, below, gives it back.
      if (stopping.signal.aborted) return;
      if (message === null) {
        log.warn({ queue: topology.queue }, 'RabbitMQ: the queue was deleted, consumer cancelled');
        void closeChannel(channel);
        return;
      }
      const lines = logWith(log, batchOf(message));
      const work = settle(message, channel, () => open, options, bury, stopping.signal, lines);
      underWay.add(work);
      void work.finally(() => underWay.delete(work));
    });
    if (stopping.signal.aborted) return closeChannel(channel);
    current = { channel, tag: consumerTag };
  };
  const again = () => {
    if (stopping.signal.aborted) return;
    begin().catch((error: Error) => {
      if (stopping.signal.aborted) return;
      log.error({ error: error.message }, 'RabbitMQ: no consumer');
      later();
    });
  };
  // The broker may close a channel alone, and its connection stays: nobody would consume any more.
  const later = () => {
    clearTimeout(waiting);
    if (stopping.signal.aborted) return;
    waiting = setTimeout(() => {
      if (isConnected && current === undefined && beginning === undefined) again();
    }, againMs).unref();
  };
  const connected = () => {
    isConnected = true;
    again();
  };
  const disconnected = () => {
    isConnected = false;
    // What it waits for may never be answered: see channel.ts.
    beginning = undefined;
  };
  try {
    await begin();
  } catch (error) {
    // Nobody holds what would stop it: it does not begin again by itself.
    stopping.abort();
    clearTimeout(waiting);
    throw error;
  }
  connection.on('connect', connected);
  connection.on('disconnect', disconnected);

  return {
    async stop() {
      if (stopping.signal.aborted) return;
      connection.off('connect', connected);
      connection.off('disconnect', disconnected);
      clearTimeout(waiting);
      stopping.abort();
      await current?.channel.cancel(current.tag).catch(() => undefined);
      await Promise.all(underWay);
      // Closing gives back to the queue whatever was not acknowledged.
      if (current !== undefined) await closeChannel(current.channel);
    },
  };
}

/** What every line about a message says of it. */
function batchOf({ properties: { headers } }: ConsumeMessage): Record<string, unknown> {
  const { week, zone, order, batch } = (headers ?? {}) as Record<string, unknown>;
  return { week, zone, order, batch };
}

function sentOf({ properties: { headers }, fields }: ConsumeMessage, isFirstTry: boolean): Sent {
  const at: unknown = headers?.[publishedHeader];
  return {
    publishedAt: typeof at === 'number' ? at : undefined,
    isFirst: isFirstTry && !fields.redelivered,
  };
}

/** Works on one message until its fate is known. Never rejects. */
async function settle(
  message: ConsumeMessage,
  channel: ConfirmChannel,
  isOpen: () => boolean,
  options: ConsumerOptions,
  bury: Bury,
  signal: AbortSignal,
  log: Log,
): Promise<void> {
  try {
    const reason = await attempt(message, options, signal, log);
    // On a closed channel the message has gone back to the queue; another consumer has it.
    if (!isOpen()) return;
    if (reason !== undefined) {
      log.error({ message: message.properties.messageId as unknown, reason }, 'dead letter');
      const buryAs = async (content: Buffer, why: string) => {
        await retrying(options, signal, log, () =>
          options.failed(failureOf(message, why, options.clock())),
        );
        await bury({ ...message, content }, why);
      };
      const batch = parseBatch(message.content);
      if (options.burying === undefined || typeof batch === 'string') {
        await buryAs(message.content, reason);
      } else {
        await options.burying({ message: batch, reason }, sentOf(message, false), (letter, why) =>
          buryAs(letter === batch ? message.content : batchBytes(letter), why),
        );
      }
    }
    if (isOpen()) channel.ack(message);
  } catch (error) {
    if (!signal.aborted) log.warn({ error: (error as Error).message }, 'batch given back');
    if (isOpen()) channel.nack(message);
  }
}

/** Undefined when done, else why it failed for good. Rejects when it is to be given back. */
async function attempt(
  message: ConsumeMessage,
  options: ConsumerOptions,
  signal: AbortSignal,
  log: Log,
): Promise<string | undefined> {
  const parsed = parseBatch(message.content);
  if (typeof parsed === 'string') return parsed;
  const { attempts = 3, retryMs = 500 } = options;
  let isFirstTry = true;
  const handle = () => {
    const sent = sentOf(message, isFirstTry);
    isFirstTry = false;
    return options.handle(parsed, sent);
  };
  for (let tries = 1; ; tries++) {
    try {
      await retrying(options, signal, log, handle);
      return undefined;
    } catch (error) {
      if (signal.aborted || error instanceof Unavailable) throw error;
      const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      if (tries >= attempts) return reason;
      log.warn({ reason, tries }, 'batch failed, trying again');
      await pause(retryMs * 2 ** (tries - 1), undefined, { signal });
    }
  }
}

/** Calls again while something is `Unavailable`, up to `holdMs`. */
async function retrying(
  { retryMs = 500, clock }: ConsumerOptions,
  signal: AbortSignal,
  log: Log,
  call: () => Promise<unknown>,
): Promise<void> {
  const until = clock() + holdMs;
  for (let pauseMs = retryMs; ; pauseMs = Math.min(pauseMs * 2, retryMs * 60)) {
    try {
      await call();
      return;
    } catch (error) {
      if (!(error instanceof Unavailable) || clock() + pauseMs > until) throw error;
      log.warn({ reason: error.message, pauseMs }, 'batch waits');
      await pause(pauseMs, undefined, { signal });
    }
  }
}
