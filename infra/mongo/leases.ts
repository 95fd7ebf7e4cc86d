import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { MongoServerError, type Collection, type Db } from 'mongodb';
import type { Clock } from '../../pipelines/ports.ts';
import { reaching } from '../mongo.ts';

/** `_id` is the name. */
interface LeaseDocument {
  _id: string;
  holder: string;
  until: Date;
}

export interface Leases {
  /**
   * Runs `work` while nobody else, in any process, runs work of this name; the lease is renewed
   * meanwhile. The signal of the work aborts when the lease is lost, or `signal` does.
   *
   * @param patienceMs - how long to wait for it
   * @returns undefined where it was not had in time
   */
  alone<Result>(
    name: string,
    patienceMs: number,
    work: (signal: AbortSignal) => Promise<Result>,
    signal: AbortSignal,
  ): Promise<{ readonly result: Result } | undefined>;
}

/**
 * Leases in the collection `leases`. What a killed process held is free after `leaseMs`; clocks of
 * the machines may differ by a third of that.
 *
 * @param leaseMs - milliseconds, above 0
 */
export function openLeases(db: Db, clock: Clock, leaseMs: number): Leases {
  const collection = db.collection<LeaseDocument>('leases');
  const againMs = Math.min(200, leaseMs / 4);
  return {
    async alone(name, patienceMs, work, signal) {
      const holder = randomUUID();
      const deadline = clock() + patienceMs;
      while (!(await acquire(collection, name, holder, clock(), leaseMs))) {
        if (clock() >= deadline) return undefined;
        await pause(againMs, undefined, { signal });
      }
      const lost = new AbortController();
      const held = { _id: name, holder };
      const renew = async () => {
        const until = new Date(clock() + leaseMs);
        const renewed = await reaching(() => collection.updateOne(held, { $set: { until } }));
        if (renewed.matchedCount === 0) lost.abort(new Error(`lease ${name}: another has it`));
      };
      // What fails once is tried again before the lease ends.
      const timer = setInterval(() => void renew().catch(() => undefined), leaseMs / 3);
      try {
        return { result: await work(AbortSignal.any([signal, lost.signal])) };
      } finally {
        clearInterval(timer);
        await reaching(() => collection.deleteOne(held)).catch(() => undefined);
      }
    },
  };
}

async function acquire(
  collection: Collection<LeaseDocument>,
  name: string,
  holder: string,
  now: number,
  leaseMs: number,
): Promise<boolean> {
  const until = new Date(now + leaseMs);
  try {
    const taken = await reaching(() =>
      collection.updateOne(
        { _id: name, until: { $lte: new Date(now) } },
        { $set: { holder, until } },
        { upsert: true },
      ),
    );
    return taken.modifiedCount + taken.upsertedCount === 1;
  } catch (error) {
    // It is there, and not over.
    if (error instanceof MongoServerError && error.code === 11000) return false;
    throw error;
  }
}
