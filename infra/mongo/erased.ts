import { createHash } from 'node:crypto';
import type { Db } from 'mongodb';
import { withoutUsers } from '../../pipelines/delivery/erased.ts';
import type { BatchMessage } from '../../pipelines/lists.ts';
import { reaching } from '../mongo.ts';

/** `_id` is the SHA-256 of the listener's id, hexadecimal. */
interface ErasedDocument {
  _id: string;
  /** Messages from before then may still name them. */
  until: Date;
}

/** Who was erased lately: what was under way to them is dropped where it arrives. */
export interface Erased {
  /** The message without the lists of those who were erased since it was published. */
  drop(message: BatchMessage, publishedAt?: number): Promise<BatchMessage>;
  /** Drops all that is published before `untilMs`, from now on. */
  add(user: string, untilMs: number): Promise<void>;
}

/** So long messages and dead letters may lie about, milliseconds: a year. */
const rememberedMs = 365 * 86_400_000;

/** The collection `erased`. It holds a hash of each id, nothing else of a listener. */
export function openErased(db: Db): Erased {
  const collection = db.collection<ErasedDocument>('erased');
  return {
    async drop(message, publishedAt = 0) {
      const since = new Date(Math.max(publishedAt, Date.now() - rememberedMs));
      const found = await reaching(() => collection.find({ until: { $gt: since } }).toArray());
      if (found.length === 0) return message;
      const hashes = new Set(found.map(({ _id }) => _id));
      const users = message.lists.map(({ user }) => user);
      return withoutUsers(message, new Set(users.filter((user) => hashes.has(hashOf(user)))));
    },
    async add(user, untilMs) {
      const until = new Date(untilMs);
      await reaching(() =>
        collection.updateOne({ _id: hashOf(user) }, { $set: { until } }, { upsert: true }),
      );
    },
  };
}

/** What is kept of an erased listener's id. */
export function hashOf(user: string): string {
  return createHash('sha256').update(user).digest('hex');
}
