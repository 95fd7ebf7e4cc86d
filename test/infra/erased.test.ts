import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Db } from 'mongodb';
import { knownAfterMs, lookEveryMs, openErased } from '../../infra/mongo/erased.ts';
import { erasedUser } from '../../pipelines/delivery/erased.ts';
import type { BatchMessage } from '../../pipelines/lists.ts';
import { listFor } from '../support/lists.ts';

const gone = 'ursula-11';
const other = 'bob-22';

function messageOf(...users: string[]): BatchMessage {
  return {
    ...{ v: 2, model: 'ranker-x', batch: 0, batches: 1 },
    order: {
      ...{ id: '2014-W36:Asia/Jakarta:1', week: '2014-W36', zone: 'Asia/Jakarta', revision: 1 },
      ...{ lists: 'listed', validFrom: '2014-08-31T17:00:00.000Z', backfill: false },
    },
    lists: users.map((user) => listFor(user)),
  };
}

/** The collection `erased` alone, which answers at once, and counts how often it is asked. */
function plantedDb() {
  const documents = new Map<string, Date>();
  const asked = { times: 0 };
  type Asked = { _id?: { $in: string[] }; until: { $gt: Date } };
  const collection = {
    find: ({ _id, until }: Asked) => ({
      toArray: () => {
        asked.times++;
        const found = [...documents].filter(
          ([hash, at]) => at > until.$gt && (_id === undefined || _id.$in.includes(hash)),
        );
        return Promise.resolve(found.map(([id, at]) => ({ _id: id, until: at })));
      },
    }),
    updateOne: ({ _id }: { _id: string }, { $set }: { $set: { until: Date } }) => {
      documents.set(_id, $set.until);
      return Promise.resolve();
    },
  };
  return { db: { collection: () => collection } as unknown as Db, asked };
}

/** Time that goes on when everybody waits. */
class Hours {
  now = 0;
  readonly #waiting: { at: number; wake: () => void }[] = [];

  until(at: number): Promise<void> {
    return new Promise((wake) => this.#waiting.push({ at: Math.max(at, this.now), wake }));
  }

  async pass(): Promise<void> {
    for (;;) {
      await new Promise((settle) => setImmediate(settle));
      this.#waiting.sort((a, b) => a.at - b.at);
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.now = next.at;
      next.wake();
    }
  }
}

const published = Date.parse('2026-11-20T12:00:00Z');
/** Of a message that nobody has worked on. */
const first = (publishedAt: number) => ({ publishedAt, isFirst: true });
const erasedUntil = published + 365 * 86_400_000;

describe('what a worker knows of erased listeners', () => {
  const ignore = () => Promise.resolve();
  const pass = (message: BatchMessage) => Promise.resolve(message);

  test('is asked for once in five seconds, however many batches come', async () => {
    const { db, asked } = plantedDb();
    let now = 0;
    const erased = openErased(db, { clock: () => now, elapsed: () => now });
    for (now = 0; now < 4 * lookEveryMs; now += 100) {
      await erased.keepOut(messageOf(gone, other), first(published + now), pass, ignore);
    }
    expect(asked.times).toBeLessThanOrEqual(5);
    expect(asked.times).toBeGreaterThanOrEqual(4);
    // Those that come at the same time ask together.
    now += 2 * lookEveryMs;
    const before = asked.times;
    const all = Array.from({ length: 20 }, () =>
      erased.keepOut(messageOf(other), first(published), pass, ignore),
    );
    await Promise.all(all);
    expect(asked.times).toBe(before + 1);
  });

  test('takes their lists out of a batch, and keeps its length', async () => {
    const { db } = plantedDb();
    const erased = openErased(db, { clock: () => 0, elapsed: () => 0 });
    await erased.add(gone, published);
    const takenBack: string[] = [];
    const keep = (publishedAt: number | undefined, isFirst = false) =>
      erased.keepOut(messageOf(gone, other), { publishedAt, isFirst }, pass, (users) => {
        takenBack.push(...users);
        return Promise.resolve();
      });
    const usersOf = ({ lists }: BatchMessage) => lists.map(({ user }) => user);
    expect(usersOf(await keep(published - 1))).toEqual([erasedUser, other]);
    // Whoever does not say when counts as old; much older than what is known is asked for anew.
    expect(usersOf(await keep(undefined))).toEqual([erasedUser, other]);
    expect(usersOf(await keep(published - 400 * 86_400_000))).toEqual([erasedUser, other]);
    expect(takenBack).toEqual([gone, gone, gone]);
    // Nobody has worked on it before: there is nothing to take back.
    expect(usersOf(await keep(published - 1, true))).toEqual([erasedUser, other]);
    expect(takenBack).toHaveLength(3);
    // They came back.
    expect(usersOf(await keep(published))).toEqual([gone, other]);
  });

  test('is too old as soon as one of two clocks says so', async () => {
    for (const [clockMs, elapsedMs] of [
      [lookEveryMs + 1, 0],
      [0, lookEveryMs + 1],
    ] as const) {
      const { db } = plantedDb();
      let [clock, elapsed] = [0, 0];
      const erased = openErased(db, { clock: () => clock, elapsed: () => elapsed });
      const takenBack: string[] = [];
      await erased.keepOut(
        messageOf(gone, other),
        first(published),
        async () => {
          // The machine slept, or the process stood still.
          [clock, elapsed] = [clockMs, elapsedMs];
          await erased.add(gone, erasedUntil);
        },
        (users) => Promise.resolve(void takenBack.push(...users)),
      );
      expect(takenBack).toEqual([gone]);
    }
  });

  test('takes back what a batch wrote that failed halfway, and then fails as it did', async () => {
    const { db } = plantedDb();
    let now = 0;
    const erased = openErased(db, { clock: () => now, elapsed: () => now });
    const takenBack: string[] = [];
    const work = async () => {
      now += lookEveryMs + 1;
      await erased.add(gone, erasedUntil);
      throw new Error('halfway');
    };
    await expect(
      erased.keepOut(messageOf(gone), first(published), work, (users) =>
        Promise.resolve(void takenBack.push(...users)),
      ),
    ).rejects.toThrow('halfway');
    expect(takenBack).toEqual([gone]);
  });
});

const addedAt = 10_000;

/** When things happen around the erasure, milliseconds: `…At` on the clock, the others durations. */
const story = fc.record({
  knownAt: fc.integer({ min: 4_000, max: 12_000 }),
  secondKnownAt: fc.integer({ min: 4_000, max: 40_000 }),
  untilTaken: fc.integer({ min: 0, max: 6_000 }),
  untilWritten: fc.integer({ min: 0, max: 8_000 }),
  untilDone: fc.integer({ min: 0, max: 8_000 }),
  killedAfter: fc.option(fc.integer({ min: 0, max: 16_000 }), { nil: undefined }),
  untilTakenAgain: fc.integer({ min: 0, max: 12_000 }),
});

test('no list of an erased listener stays, whoever looked, wrote, stood still or was killed when', async () => {
  await fc.assert(
    fc.asyncProperty(story, async (told) => {
      const { db } = plantedDb();
      const hours = new Hours();
      const stored = new Set<string>();
      const open = () => openErased(db, { clock: () => hours.now, elapsed: () => hours.now });
      const eraser = open();

      const erase = async () => {
        await hours.until(addedAt);
        await eraser.add(gone, erasedUntil);
        await hours.until(hours.now + knownAfterMs);
        stored.delete(gone);
      };

      /** A worker that may be killed: from then on it does nothing any more. */
      const work = async (knownAt: number, takenAt: number, killedAt: number, isFirst: boolean) => {
        const mine = open();
        const isDead = () => hours.now >= killedAt;
        const never = new Promise<never>(() => undefined);
        await hours.until(knownAt);
        await mine.keepOut(
          messageOf(other),
          first(published),
          () => Promise.resolve(),
          () => never,
        );
        await hours.until(takenAt);
        await mine.keepOut(
          messageOf(gone, other),
          { publishedAt: published, isFirst },
          async ({ lists }) => {
            await hours.until(hours.now + told.untilWritten);
            if (isDead()) return never;
            for (const { user } of lists) if (user !== erasedUser) stored.add(user);
            await hours.until(hours.now + told.untilDone);
            return isDead() ? never : undefined;
          },
          (users) => {
            if (isDead()) return never;
            for (const user of users) stored.delete(user);
            return Promise.resolve();
          },
        );
      };

      const takenAt = told.knownAt + told.untilTaken;
      const killedAt = takenAt + (told.killedAfter ?? Infinity);
      void erase();
      void work(told.knownAt, takenAt, killedAt, true);
      if (killedAt < takenAt + told.untilWritten + told.untilDone) {
        const again = killedAt + told.untilTakenAgain;
        void work(Math.min(told.secondKnownAt, again), again, Infinity, false);
      }
      await hours.pass();
      expect([...stored]).toEqual([other]);
    }),
    { numRuns: 300 },
  );
});
