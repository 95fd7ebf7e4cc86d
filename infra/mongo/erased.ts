import { createHash } from 'node:crypto';
import type { Db, Filter } from 'mongodb';
import { withoutUsers } from '../../pipelines/delivery/erased.ts';
import type { Sent } from '../../pipelines/delivery/ports.ts';
import type { BatchMessage } from '../../pipelines/lists.ts';
import type { Clock } from '../../pipelines/ports.ts';
import { reaching } from '../mongo.ts';

/** `_id` is the SHA-256 of the listener's id, hexadecimal. */
interface ErasedDocument {
  _id: string;
  /** Messages from before then may still name them. */
  until: Date;
}

/**
 * Who was erased lately: what was under way to them is dropped where it arrives.
 *
 * A worker asks MongoDB once in `lookEveryMs`, not for each batch. That no list of an erased
 * listener is stored for good is because of both sides together:
 *
 * 1. An erasure first writes its hash here, then waits for `knownAfterMs`, then deletes.
 * 2. Who works on a batch looks at the age of what it knew only once all is written. Is it younger
 *    than `lookEveryMs`, then either the hash was in it, and nothing was written, or it was asked
 *    for before the hash was there: then the writing ended before the erasure deletes.
 * 3. Is it older, however long the writing took or the process stood still, it asks again: either
 *    the hash is there now, and what was written is taken back, or it is not: then all was written
 *    before the hash was, and the erasure deletes it.
 * 4. Who is killed in between has not acknowledged the message. It is delivered again, the hash is
 *    known by then, and what the first one may have written is taken back before anything else.
 *
 * Ages are told by two clocks, and the older counts: one that never goes back, and one that goes on
 * while the machine sleeps. What is left is three faults at once: a process that stands still just
 * before it writes for longer than an erasure takes, loses its message to another one that finishes
 * it, and is killed between its writing and its asking. `erase --check` finds what it left.
 */
export interface Erased {
  /**
   * Does the work on a message without the lists of those who were erased since it was published.
   *
   * @param sent - published ever where it does not say when
   * @param takeBack - removes what may have been written for these listeners of the message; may be
   *   called for such of whom nothing was
   * @throws what `work` throws, after all of the above
   */
  keepOut<Result>(
    message: BatchMessage,
    sent: Sent,
    work: (message: BatchMessage) => Promise<Result>,
    takeBack: (users: readonly string[]) => Promise<void>,
  ): Promise<Result>;
  /** Drops all that is published before `untilMs`, from now on. */
  add(user: string, untilMs: number): Promise<void>;
}

export interface ErasedOptions {
  readonly clock: Clock;
  /** Milliseconds that never go back. Default: of this process. */
  readonly elapsed?: () => number;
}

/**
 * So long a worker goes by what it knows, milliseconds. An erasure waits longer before it deletes,
 * so it is short.
 */
export const lookEveryMs = 5000;

/**
 * So long after `add` an erasure begins to delete, milliseconds: all workers know by then whom to
 * drop, and have written what they wrote before. A second is for clocks that do not go alike.
 */
export const knownAfterMs = lookEveryMs + 1000;

/** Messages that are older than the first one asked for by so much are asked for by themselves. */
const reachMs = 86_400_000;

/** Who was erased, as it was not before `elapsed` and `clock`. */
interface Look {
  readonly elapsed: number;
  readonly clock: number;
  /** It knows of those alone whose `until` is after this. */
  readonly after: number;
  readonly untilByHash: ReadonlyMap<string, number>;
}

/** The collection `erased`. It holds a hash of each id, nothing else of a listener. */
export function openErased(
  db: Db,
  { clock, elapsed = () => performance.now() }: ErasedOptions,
): Erased {
  const collection = db.collection<ErasedDocument>('erased');
  let newest: Look | undefined;
  let asking: { readonly after: number; readonly look: Promise<Look> } | undefined;

  const ask = async (after: number, only: Filter<ErasedDocument> = {}): Promise<Look> => {
    const asked = { elapsed: elapsed(), clock: clock(), after };
    const filter = { ...only, until: { $gt: new Date(after) } };
    const found = await reaching(() => collection.find(filter).toArray());
    return {
      ...asked,
      untilByHash: new Map(found.map(({ _id, until }) => [_id, until.getTime()])),
    };
  };
  const ageOf = (look: Pick<Look, 'elapsed' | 'clock'>) =>
    Math.max(elapsed() - look.elapsed, clock() - look.clock);

  /** One that is not too old, and knows of all that a message from then may meet. */
  async function look(hashes: () => string[], from: number): Promise<Look> {
    if (newest !== undefined && ageOf(newest) <= lookEveryMs && newest.after <= from) return newest;
    const isOld = from === 0 || (newest !== undefined && from < newest.after);
    if (isOld) return ask(from, { _id: { $in: hashes() } });
    // Batches that ask at the same time ask together.
    if (asking === undefined || asking.after > from) {
      const after = Math.max(0, from - reachMs);
      const mine = { after, look: ask(after) };
      asking = mine;
      const end = (found?: Look) => {
        newest = found ?? newest;
        if (asking === mine) asking = undefined;
      };
      mine.look.then(end, () => end());
    }
    return asking.look;
  }

  return {
    async keepOut(message, { publishedAt = 0, isFirst }, work, takeBack) {
      const users = message.lists.map(({ user }) => user);
      const hashes = () => users.map(hashOf);
      const erasedIn = ({ untilByHash }: Look) =>
        untilByHash.size === 0
          ? []
          : users.filter((user) => (untilByHash.get(hashOf(user)) ?? -Infinity) > publishedAt);
      const known = await look(hashes, publishedAt);
      const gone = new Set(erasedIn(known));
      if (gone.size > 0 && !isFirst) await takeBack([...gone]);
      try {
        return await work(withoutUsers(message, gone));
      } finally {
        // A batch that failed halfway has written as well. Failing here keeps the message.
        if (ageOf(known) > lookEveryMs) {
          const now = await ask(publishedAt, { _id: { $in: hashes() } });
          const late = erasedIn(now).filter((user) => !gone.has(user));
          if (late.length > 0) await takeBack(late);
        }
      }
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
