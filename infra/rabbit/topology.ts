import type { ChannelModel } from 'amqplib';
import { closeChannel } from './channel.ts';

/** Names of what the delivery has in RabbitMQ. */
export interface Topology {
  /** Direct exchange that batches are published to. */
  readonly exchange: string;
  readonly routingKey: string;
  /** Quorum queue `<namespace>.deliver`. */
  readonly queue: string;
  readonly deadExchange: string;
  /** Quorum queue where messages end that failed for good. */
  readonly deadQueue: string;
}

/** How often the broker hands a message out again before it is dead. */
export const deliveryLimit = 20;

export function topologyOf(namespace: string): Topology {
  return {
    exchange: `${namespace}.delivery`,
    routingKey: 'deliver',
    queue: `${namespace}.deliver`,
    deadExchange: `${namespace}.dead`,
    deadQueue: `${namespace}.deliver.dead`,
  };
}

/**
 * Declares exchanges, queues and bindings; what is there already stays. A dead letter is taken out
 * of its queue only when the dead-letter queue has confirmed it (`at-least-once`, which wants
 * `reject-publish`).
 */
export async function declareTopology(model: ChannelModel, topology: Topology): Promise<void> {
  const channel = await model.createChannel();
  // A refused declaration closes the channel and rejects the call; the event says no more.
  channel.on('error', () => undefined);
  const { exchange, routingKey, queue, deadExchange, deadQueue } = topology;
  await channel.assertExchange(deadExchange, 'direct', { durable: true });
  await channel.assertQueue(deadQueue, {
    durable: true,
    arguments: { 'x-queue-type': 'quorum' },
  });
  await channel.bindQueue(deadQueue, deadExchange, routingKey);
  await channel.assertExchange(exchange, 'direct', { durable: true });
  await channel.assertQueue(queue, {
    durable: true,
    arguments: {
      'x-queue-type': 'quorum',
      'x-delivery-limit': deliveryLimit,
      'x-dead-letter-exchange': deadExchange,
      'x-dead-letter-routing-key': routingKey,
      'x-dead-letter-strategy': 'at-least-once',
      'x-overflow': 'reject-publish',
    },
  });
  await channel.bindQueue(queue, exchange, routingKey);
  await closeChannel(channel);
}
