import { MongoServerError, type Collection, type Db, type Filter } from 'mongodb';
import type { OrderBook, PlacedOrder } from '../../pipelines/delivery/ports.ts';
import { reaching } from '../mongo.ts';

/** `_id` is the order's id; instants are dates, and null until they have come. */
type OrderDocument = Omit<
  PlacedOrder,
  'id' | 'validFrom' | 'publishAt' | 'publishedAt' | 'completedAt' | 'stored'
> & {
  _id: string;
  validFrom: Date;
  publishAt: Date;
  publishedAt: Date | null;
  completedAt: Date | null;
  stored?: { from: Date; to: Date; lists: number };
};

/** What this file reads of an entry in the collection `ledger`. */
interface Entry {
  readonly order: string;
  readonly state: string;
  readonly lists: number;
  readonly at: Date;
}

/** The collection `orders`. */
export async function openOrders(db: Db): Promise<OrderBook> {
  const collection = db.collection<OrderDocument>('orders');
  await reaching(() => collection.createIndex({ week: 1, zone: 1, revision: 1 }));
  await reaching(() => collection.createIndex({ completedAt: 1, publishAt: 1 }));
  return new MongoOrders(collection, db.collection<Entry>('ledger'));
}

class MongoOrders implements OrderBook {
  readonly #orders: Collection<OrderDocument>;
  readonly #entries: Collection<Entry>;

  constructor(orders: Collection<OrderDocument>, entries: Collection<Entry>) {
    this.#orders = orders;
    this.#entries = entries;
  }

  async place(order: PlacedOrder): Promise<boolean> {
    try {
      await reaching(() => this.#orders.insertOne(toDocument(order)));
      return true;
    } catch (error) {
      if (error instanceof MongoServerError && error.code === 11000) return false;
      throw error;
    }
  }

  async find(id: string): Promise<PlacedOrder | undefined> {
    const found = await reaching(() => this.#orders.findOne({ _id: id }));
    return found === null ? undefined : fromDocument(found);
  }

  ofWeek(week: string): Promise<PlacedOrder[]> {
    return this.#list({ week }, { zone: 1, revision: 1 });
  }

  open(now: number): Promise<PlacedOrder[]> {
    return this.#list(
      { completedAt: null, publishAt: { $lte: new Date(now) } },
      { publishAt: 1, zone: 1, revision: 1 },
    );
  }

  async dueAt(id: string, publishAt: number): Promise<void> {
    await this.#set(id, { publishAt: new Date(publishAt) });
  }

  async published(id: string, at: number): Promise<void> {
    await this.#set(id, { publishedAt: new Date(at) });
  }

  async completed(id: string, at: number): Promise<void> {
    await this.#set(id, { completedAt: new Date(at), ...(await this.#storedSpan(id)) });
  }

  async reopened(id: string): Promise<void> {
    await this.#set(id, { publishedAt: null, completedAt: null });
  }

  async #storedSpan(order: string): Promise<Pick<OrderDocument, 'stored'>> {
    const [span] = await reaching(() =>
      this.#entries
        .aggregate<NonNullable<OrderDocument['stored']>>([
          { $match: { order, state: 'delivered' } },
          {
            $group: {
              _id: null,
              from: { $min: '$at' },
              to: { $max: '$at' },
              lists: { $sum: '$lists' },
            },
          },
        ])
        .toArray(),
    );
    if (span === undefined) return {};
    return { stored: { from: span.from, to: span.to, lists: span.lists } };
  }

  async #set(id: string, values: Partial<OrderDocument>): Promise<void> {
    await reaching(() => this.#orders.updateOne({ _id: id }, { $set: values }));
  }

  async #list(filter: Filter<OrderDocument>, sort: Record<string, 1>): Promise<PlacedOrder[]> {
    const found = await reaching(() => this.#orders.find(filter).sort(sort).toArray());
    return found.map(fromDocument);
  }
}

function toDocument({ id, stored, ...order }: PlacedOrder): OrderDocument {
  return {
    _id: id,
    ...order,
    validFrom: new Date(order.validFrom),
    publishAt: new Date(order.publishAt),
    publishedAt: order.publishedAt === undefined ? null : new Date(order.publishedAt),
    completedAt: order.completedAt === undefined ? null : new Date(order.completedAt),
    ...(stored === undefined
      ? {}
      : { stored: { ...stored, from: new Date(stored.from), to: new Date(stored.to) } }),
  };
}

function fromDocument({ _id, stored, ...order }: OrderDocument): PlacedOrder {
  return {
    id: _id,
    ...order,
    validFrom: order.validFrom.toISOString(),
    publishAt: order.publishAt.getTime(),
    publishedAt: order.publishedAt?.getTime(),
    completedAt: order.completedAt?.getTime(),
    stored: stored && { ...stored, from: stored.from.getTime(), to: stored.to.getTime() },
  };
}
