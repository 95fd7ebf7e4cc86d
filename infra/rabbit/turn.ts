import { setTimeout as pause } from 'node:timers/promises';
import type { Channel, RecoveringChannelModel } from 'amqplib';
import { Mistake } from '../../model/mistake.ts';
import { closeChannel, whileOpen } from './channel.ts';
import type { Topology } from './topology.ts';

const againMs = 50;
const patienceMs = 60_000;
/** The turn that the next of this process waits for; the broker tells connections apart, no more. */
const turns = new WeakMap<RecoveringChannelModel, Promise<unknown>>();

/**
 * Has the dead-letter queue for oneself, among all processes: whoever declares an exclusive queue
 * has the turn, and the broker takes it back with the connection.
 *
 * @throws Mistake `LOCKED` where another has it for a minute
 */
export async function inTurn<Result>(
  connection: RecoveringChannelModel,
  { deadQueue }: Topology,
  use: (channel: Channel) => Promise<Result>,
): Promise<Result> {
  const before = turns.get(connection) ?? Promise.resolve();
  const mine = before.then(async () => {
    const turn = `${deadQueue}.turn`;
    const channel = await take(connection, turn);
    try {
      return await whileOpen(channel, use(channel));
    } finally {
      // First what was taken and not settled goes back.
      await closeChannel(channel);
      await giveUp(connection, turn);
    }
  });
  turns.set(
    connection,
    mine.catch(() => undefined),
  );
  return mine;
}

async function take(connection: RecoveringChannelModel, turn: string): Promise<Channel> {
  const until = performance.now() + patienceMs;
  for (;;) {
    const channel = await connection.createChannel();
    channel.on('error', () => undefined);
    try {
      await channel.assertQueue(turn, { exclusive: true, durable: false });
      return channel;
    } catch (error) {
      // The refusal has closed the channel.
      if ((error as { code?: number }).code !== 405) throw error;
      if (performance.now() > until) {
        throw new Mistake(
          'LOCKED',
          `dead letters: expected to have them for ourselves, another process has had them for ${patienceMs / 1000} s`,
          { cause: error },
        );
      }
      await pause(againMs);
    }
  }
}

async function giveUp(connection: RecoveringChannelModel, turn: string): Promise<void> {
  try {
    const channel = await connection.createChannel();
    channel.on('error', () => undefined);
    await channel.deleteQueue(turn);
    await closeChannel(channel);
  } catch {
    // The connection is gone, and the turn with it.
  }
}
