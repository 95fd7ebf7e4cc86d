import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

/**
 * Counts what the channels of this process hold: messages that the broker handed out and that are
 * neither acknowledged nor given back. It looks at amqplib's own channels, past our code, so it
 * counts whatever the consumer does.
 */
export interface Unacknowledged {
  /** Held now. */
  readonly held: number;
  /** Acknowledged so far. */
  readonly acknowledged: number;
}

type Message = { readonly fields: { readonly deliveryTag: number } };

interface Channel {
  dispatchMessage: (this: Channel, fields: object, message: Message | null) => unknown;
  ack: (this: Channel, message: Message, allUpTo?: boolean) => void;
  nack: (this: Channel, message: Message, allUpTo?: boolean, requeue?: boolean) => void;
  once(event: 'close', listener: () => void): void;
}

/** @param changed - called at every change */
export function countUnacknowledged(changed: (now: Unacknowledged) => void): void {
  const library = resolve(import.meta.dirname, '..', '..', 'node_modules', 'amqplib', 'lib');
  const load = createRequire(import.meta.url);
  const { Channel } = load(join(library, 'channel_model.js')) as {
    Channel: { prototype: Channel };
  };
  const { BaseChannel } = load(join(library, 'channel.js')) as {
    BaseChannel: { prototype: Channel };
  };
  const held = new Map<Channel, Set<number>>();
  let acknowledged = 0;
  const tell = () => {
    let sum = 0;
    for (const tags of held.values()) sum += tags.size;
    changed({ held: sum, acknowledged });
  };

  const { dispatchMessage } = BaseChannel.prototype;
  BaseChannel.prototype.dispatchMessage = function (fields, message) {
    if (message !== null) {
      let tags = held.get(this);
      if (tags === undefined) {
        tags = new Set();
        held.set(this, tags);
        this.once('close', () => {
          held.delete(this);
          tell();
        });
      }
      tags.add(message.fields.deliveryTag);
      tell();
    }
    return dispatchMessage.call(this, fields, message);
  };
  const { ack, nack } = Channel.prototype;
  const settles = (channel: Channel, tag: number) => held.get(channel)?.delete(tag) === true;
  Channel.prototype.ack = function (message, allUpTo) {
    ack.call(this, message, allUpTo);
    if (!settles(this, message.fields.deliveryTag)) return;
    acknowledged++;
    tell();
  };
  Channel.prototype.nack = function (message, allUpTo, requeue) {
    nack.call(this, message, allUpTo, requeue);
    if (settles(this, message.fields.deliveryTag)) tell();
  };
}
