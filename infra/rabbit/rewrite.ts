import type { Channel, RecoveringChannelModel } from 'amqplib';
import type { Send } from './deadletters.ts';
import { reasonHeader } from './deadletters.ts';
import type { Topology } from './topology.ts';
import { inTurn } from './turn.ts';

/** What becomes of a message: it stays as it is, is gone, or holds other bytes from now on. */
export type Rewriting = (content: Buffer) => Buffer | 'same' | 'gone';

/**
 * Turns the work queue and the dead-letter queue over once: each message that is there now is
 * published anew, with the bytes that `rewrite` gives, and taken once that is confirmed. Stopping
 * halfway loses nothing; at worst a batch is there twice, which counts once. What a worker has in
 * its hands at this moment is not seen.
 *
 * @param reasonOf - what the reason of a dead letter becomes
 * @returns how many messages were changed or are gone
 */
export async function rewriteQueues(
  connection: RecoveringChannelModel,
  topology: Topology,
  send: Send,
  rewrite: Rewriting,
  reasonOf: (reason: string) => string,
): Promise<number> {
  const { queue, exchange, deadQueue, deadExchange } = topology;
  const turn = async (channel: Channel, from: string, to: string): Promise<number> => {
    let changed = 0;
    const { messageCount } = await channel.checkQueue(from);
    for (let i = 0; i < messageCount; i++) {
      const message = await channel.get(from);
      if (message === false) break;
      const { content, properties } = message;
      const fate = rewrite(content);
      if (fate !== 'same') changed++;
      if (fate !== 'gone') {
        const headers: Record<string, unknown> = { ...properties.headers };
        const reason = headers[reasonHeader];
        if (typeof reason === 'string') headers[reasonHeader] = reasonOf(reason);
        await send(to, fate === 'same' ? content : fate, { ...properties, headers });
      }
      channel.ack(message);
    }
    return changed;
  };
  return inTurn(
    connection,
    topology,
    async (channel) =>
      (await turn(channel, queue, exchange)) + (await turn(channel, deadQueue, deadExchange)),
  );
}
