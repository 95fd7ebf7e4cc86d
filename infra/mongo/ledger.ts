import { MongoServerError, type Collection, type Db } from 'mongodb';
import type { Ledger, LedgerEntry, OrderCount } from '../../pipelines/delivery/ports.ts';
import type { LedgerReports } from '../../pipelines/delivery/proof.ts';
import { reaching } from '../mongo.ts';
import { ledgerReports } from './ledger-reports.ts';

/** `_id` is `order:batch`. */
export type EntryDocument = Omit<LedgerEntry, 'at' | 'users'> & {
  _id: string;
  users: string[];
  at: Date;
};

/** The collection `ledger`: who got what, when. */
export async function openLedger(db: Db): Promise<Ledger & LedgerReports> {
  const collection = db.collection<EntryDocument>('ledger');
  await reaching(() => collection.createIndex({ order: 1, batch: 1 }));
  await reaching(() => collection.createIndex({ week: 1 }));
  await reaching(() => collection.createIndex({ at: 1 }));
  return Object.assign(new MongoLedger(collection), ledgerReports(collection));
}

class MongoLedger implements Ledger {
  readonly #entries: Collection<EntryDocument>;

  constructor(entries: Collection<EntryDocument>) {
    this.#entries = entries;
  }

  async find(order: string, batch: number): Promise<LedgerEntry | undefined> {
    const found = await reaching(() => this.#entries.findOne({ _id: entryId(order, batch) }));
    return found === null ? undefined : fromDocument(found);
  }

  async delivered(entry: LedgerEntry): Promise<void> {
    const document = toDocument(entry);
    await reaching(() =>
      this.#entries.replaceOne({ _id: document._id }, document, { upsert: true }),
    );
  }

  async failed(entry: LedgerEntry): Promise<void> {
    try {
      await reaching(() => this.#entries.insertOne(toDocument(entry)));
    } catch (error) {
      if (!(error instanceof MongoServerError) || error.code !== 11000) throw error;
    }
  }

  async dropped(entry: LedgerEntry): Promise<boolean> {
    const document = toDocument(entry);
    const { _id } = document;
    try {
      await reaching(() =>
        this.#entries.replaceOne({ _id, state: 'failed' }, document, { upsert: true }),
      );
      return true;
    } catch (error) {
      // An entry of the same batch in the other state.
      if (error instanceof MongoServerError && error.code === 11000) return false;
      throw error;
    }
  }

  async counts(week: string): Promise<Map<string, OrderCount>> {
    const sums = await reaching(() =>
      this.#entries
        .aggregate<{ _id: { order: string; state: string }; lists: number; late: number }>([
          { $match: { week } },
          {
            $group: {
              _id: { order: '$order', state: '$state' },
              lists: { $sum: '$lists' },
              late: { $sum: '$late' },
            },
          },
        ])
        .toArray(),
    );
    const counts = new Map<string, OrderCount>();
    for (const { _id, lists, late } of sums) {
      const count = counts.get(_id.order) ?? { delivered: 0, failed: 0, late: 0 };
      counts.set(
        _id.order,
        _id.state === 'delivered'
          ? { ...count, delivered: lists, late }
          : { ...count, failed: lists },
      );
    }
    return counts;
  }

  async deliveredBatches(order: string): Promise<number[]> {
    const found = await reaching(() =>
      this.#entries
        .find({ order, state: 'delivered' }, { projection: { batch: 1 } })
        .sort({ batch: 1 })
        .toArray(),
    );
    return found.map(({ batch }) => batch);
  }

  async *entries(order: string): AsyncIterable<LedgerEntry> {
    const cursor = this.#entries.find({ order, state: 'delivered' }).sort({ batch: 1 });
    try {
      for (;;) {
        const document = await reaching(() => cursor.next());
        if (document === null) return;
        yield fromDocument(document);
      }
    } finally {
      await cursor.close();
    }
  }

  async forget(order: string, what: 'failed' | readonly number[]): Promise<void> {
    await reaching(() =>
      this.#entries.deleteMany(
        what === 'failed' ? { order, state: 'failed' } : { order, batch: { $in: [...what] } },
      ),
    );
  }
}

function entryId(order: string, batch: number): string {
  return `${order}:${batch}`;
}

function toDocument({ users, at, reason, ...rest }: LedgerEntry): EntryDocument {
  return {
    _id: entryId(rest.order, rest.batch),
    ...rest,
    users: [...users],
    at: new Date(at),
    ...(reason === undefined ? {} : { reason }),
  };
}

function fromDocument({ _id, at, ...rest }: EntryDocument): LedgerEntry {
  return { ...rest, at: at.getTime() };
}
