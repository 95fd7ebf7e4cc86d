import amqp from 'amqplib';
import { topologyOf } from '../../../infra/rabbit/topology.ts';
import type { FrozenLists } from '../../../pipelines/lists.ts';
import type { Delivery } from '../../../workers/delivery.ts';

/**
 * Bytes of a list in a message, mean, whatever its format: one zone is delivered again while a queue
 * of our own gets a copy of what is published.
 */
export async function bytesInQueue(
  delivery: Delivery,
  lists: FrozenLists,
  { url, namespace }: { url: string; namespace: string },
): Promise<number> {
  const { exchange, routingKey } = topologyOf(namespace);
  // The largest below a thousand listeners: full batches, and soon over.
  const bySize = [...lists.zones].sort((a, b) => b.listeners - a.listeners);
  const { zone } = bySize.find(({ listeners }) => listeners <= 1000) ?? bySize.at(-1)!;
  const connection = await amqp.connect(url);
  try {
    const channel = await connection.createChannel();
    const { queue } = await channel.assertQueue('', { exclusive: true });
    await channel.bindQueue(queue, exchange, routingKey);
    await delivery.redeliver(lists, [zone]);
    let bytes = 0;
    let held = 0;
    for (;;) {
      const message = await channel.get(queue, { noAck: true });
      if (message === false) break;
      bytes += message.content.length;
      held += Number(message.properties.headers?.['lists'] ?? 0);
    }
    return held === 0 ? 0 : bytes / held;
  } finally {
    await connection.close();
  }
}
