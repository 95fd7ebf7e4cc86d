import type { ConfirmChannel, ConsumeMessage, Options, RecoveringChannelModel } from 'amqplib';
import pRetry, { AbortError } from 'p-retry';
import type { BatchMessage } from '../../pipelines/lists.ts';
import { closeChannel } from './channel.ts';
import { reasonHeader } from './deadletters.ts';
import { batchBytes, messageKind } from './message.ts';
import type { Topology } from './topology.ts';

/** Header of a batch: when it was handed to the broker, milliseconds since 1970. */
export const publishedHeader = 'x-published-at';

/** The broker had no queue for a message. */
export class Unroutable extends Error {
  override readonly name = 'Unroutable';
}

/**
 * Publishes persistent, mandatory messages and waits for the broker's confirm. After a lost
 * connection or a refusal a message is sent again, up to 10 times; arriving twice does no harm.
 */
export class ConfirmedPublisher {
  readonly #connection: RecoveringChannelModel;
  readonly #topology: Topology;
  #channel: Promise<ConfirmChannel> | undefined;
  readonly #returned = new Set<string>();
  #published = 0;
  #open = true;

  constructor(connection: RecoveringChannelModel, topology: Topology) {
    this.#connection = connection;
    this.#topology = topology;
  }

  publish(message: BatchMessage): Promise<void> {
    return this.send(this.#topology.exchange, batchBytes(message), {
      ...messageKind,
      messageId: `${message.order.id}:${message.batch}`,
      headers: { ...headersOf(message), [publishedHeader]: Date.now() },
    });
  }

  /** @throws Unroutable where no queue is bound for it */
  send(exchange: string, content: Buffer, options: Options.Publish): Promise<void> {
    return pRetry(() => this.#sendOnce(exchange, content, options), {
      retries: 10,
      minTimeout: 100,
      maxTimeout: 5000,
    });
  }

  /** Puts a copy of a message into the dead-letter queue, with the reason as a header. */
  bury({ content, properties }: ConsumeMessage, reason: string): Promise<void> {
    const messageId: unknown = properties.messageId;
    return this.send(this.#topology.deadExchange, content, {
      ...(typeof messageId === 'string' ? { messageId } : {}),
      headers: { ...properties.headers, [reasonHeader]: reason },
    });
  }

  async backlog(): Promise<number> {
    const channel = await this.#usable();
    return (await channel.checkQueue(this.#topology.queue)).messageCount;
  }

  async dispose(): Promise<void> {
    const channel = this.#channel;
    this.#open = false;
    this.#channel = undefined;
    if (channel !== undefined) await closeChannel(await channel);
  }

  async #sendOnce(exchange: string, content: Buffer, options: Options.Publish): Promise<void> {
    const channel = await this.#usable();
    // A returned message comes back before its confirm, known by this number.
    const correlationId = String(++this.#published);
    await new Promise<void>((resolve, reject) => {
      channel.publish(
        exchange,
        this.#topology.routingKey,
        content,
        { ...options, persistent: true, mandatory: true, correlationId },
        (error: unknown) => {
          const returned = this.#returned.delete(correlationId);
          if (error !== null && error !== undefined) {
            reject(error instanceof Error ? error : new Error('RabbitMQ did not take the message'));
          } else if (returned) {
            const what = options.messageId ?? 'a message';
            reject(
              new AbortError(new Unroutable(`no queue takes ${what} from exchange ${exchange}`)),
            );
          } else {
            resolve();
          }
        },
      );
    });
  }

  #usable(): Promise<ConfirmChannel> {
    if (!this.#open) throw new AbortError('the publisher is closed');
    this.#channel ??= this.#create().catch((error: unknown) => {
      this.#channel = undefined;
      throw error;
    });
    return this.#channel;
  }

  async #create(): Promise<ConfirmChannel> {
    const channel = await this.#connection.createConfirmChannel();
    channel.on('return', (message) => {
      this.#returned.add(String(message.properties.correlationId));
    });
    channel.on('error', () => undefined);
    channel.on('close', () => {
      this.#channel = undefined;
    });
    return channel;
  }
}

/** What a dead letter must be known by even when its content cannot be read. */
export interface BatchHeaders {
  readonly order: string;
  readonly batch: number;
  readonly week: string;
  readonly zone: string;
  readonly lists: number;
}

function headersOf({ order, batch, lists }: BatchMessage): BatchHeaders {
  return { order: order.id, batch, week: order.week, zone: order.zone, lists: lists.length };
}
