import type { Channel } from 'amqplib';

/**
 * Closes a channel, whatever its state. amqplib (2.3) never answers a `close()` during which the
 * connection breaks; that the channel is closed it tells all the same.
 */
export async function closeChannel(channel: Channel): Promise<void> {
  let heard: () => void = () => undefined;
  const closed = new Promise<void>((resolve) => channel.once('close', (heard = resolve)));
  try {
    await Promise.race([channel.close(), closed]);
  } catch {
    // It was closed before.
  } finally {
    channel.off('close', heard);
  }
}

/**
 * Work on a channel, given up when the channel closes: a `get()` during which the connection breaks
 * is never answered either.
 */
export async function whileOpen<Result>(channel: Channel, work: Promise<Result>): Promise<Result> {
  let heard: () => void = () => undefined;
  const closed = new Promise<never>((_resolve, reject) => {
    heard = () => reject(new Error('the channel was closed'));
    channel.once('close', heard);
  });
  try {
    return await Promise.race([work, closed]);
  } finally {
    channel.off('close', heard);
  }
}
