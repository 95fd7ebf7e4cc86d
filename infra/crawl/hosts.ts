import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { MongoServerError, type Db } from 'mongodb';
import pLimit, { type LimitFunction } from 'p-limit';
import type { Clock } from '../../pipelines/ports.ts';
import { reaching } from '../mongo.ts';

/** `_id` is the host with its port. Not asked before `nextAt`, nor while it is held. */
interface HostDocument {
  _id: string;
  holder: string | null;
  heldUntil: Date;
  nextAt: Date;
}

/** How long a host is to be left alone after a request, in milliseconds since its end. */
export interface Rest {
  readonly restMs: number;
}

export interface Hosts {
  /**
   * Asks a host when it may be asked: one request at a time, of all processes, and none before its
   * rest is over.
   *
   * @returns when it may be asked, where that is later than we wait
   */
  turn<Result extends Rest>(
    host: string,
    ask: () => Promise<Result>,
    signal: AbortSignal,
  ): Promise<Result | { readonly until: number }>;
}

export interface HostOptions {
  /** A turn that is this far away is not waited for, milliseconds. Default 30,000. */
  readonly longestWaitMs?: number;
  /** A request of a killed process holds its host so long. Above what a request may take. */
  readonly heldMs: number;
}

/** Turns are kept in MongoDB, collection `crawl_hosts`: they survive us. */
export function openHosts(
  db: Db,
  clock: Clock,
  { longestWaitMs = 30_000, heldMs }: HostOptions,
): Hosts {
  const collection = db.collection<HostDocument>('crawl_hosts');
  const lanes = new Map<string, LimitFunction>();

  /** Undefined where the turn is had, else when to look again. */
  async function take(host: string, holder: string): Promise<number | undefined> {
    const now = new Date(clock());
    const held = { holder, heldUntil: new Date(clock() + heldMs) };
    try {
      await reaching(() =>
        collection.updateOne(
          { _id: host, heldUntil: { $lte: now }, nextAt: { $lte: now } },
          { $set: held, $setOnInsert: { nextAt: now } },
          { upsert: true },
        ),
      );
      return undefined;
    } catch (error) {
      if (!(error instanceof MongoServerError) || error.code !== 11000) throw error;
    }
    const found = await reaching(() => collection.findOne({ _id: host }));
    const nextAt = found?.nextAt.getTime() ?? 0;
    // Who holds it may end at any time.
    return Math.max(nextAt, clock() + (nextAt > clock() ? 0 : 100));
  }

  return {
    async turn(host, ask, signal) {
      const lane = lanes.get(host) ?? pLimit(1);
      lanes.set(host, lane);
      const taken = lane(async () => {
        const holder = randomUUID();
        for (;;) {
          signal.throwIfAborted();
          const nextAt = await take(host, holder);
          if (nextAt === undefined) break;
          const waitMs = nextAt - clock();
          if (waitMs > longestWaitMs) return { until: nextAt };
          await pause(Math.max(1, waitMs), undefined, { signal });
        }
        let restMs = 0;
        try {
          const result = await ask();
          ({ restMs } = result);
          return result;
        } finally {
          const free = { holder: null, heldUntil: new Date(0), nextAt: new Date(clock() + restMs) };
          await reaching(() => collection.updateOne({ _id: host, holder }, { $set: free }));
        }
      });
      return taken.finally(() => {
        if (lane.activeCount + lane.pendingCount === 0) lanes.delete(host);
      });
    },
  };
}
