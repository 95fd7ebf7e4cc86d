import pLimit from 'p-limit';
import type { BatchMessage, DeliveryOrder, FrozenLists, WeeklyList } from '../lists.ts';
import type { BatchPublisher, Ledger, OrderBook, PlacedOrder } from './ports.ts';
import type { Clock } from '../ports.ts';

export interface Publishing {
  readonly orders: OrderBook;
  readonly ledger: Ledger;
  readonly publisher: BatchPublisher;
  readonly clock: Clock;
}

/** Messages of one zone that may wait for their confirm at a time; bounds memory. */
const unconfirmed = 16;

/**
 * Publishes those batches of an order that the ledger does not say are delivered, failed ones
 * again too. May be called again at any time: what arrives twice counts once.
 *
 * @returns how many messages went out
 * @throws Error where the lists are not those that were ordered
 */
export async function publishOrder(
  { orders, ledger, publisher, clock }: Publishing,
  order: PlacedOrder,
  lists: FrozenLists,
  signal?: AbortSignal,
): Promise<number> {
  if (lists.fingerprint !== order.lists) {
    throw new Error(`order ${order.id} is for lists ${order.lists}, got ${lists.fingerprint}`);
  }
  await ledger.forget(order.id, 'failed');
  const delivered = new Set(await ledger.deliveredBatches(order.id));
  const limit = pLimit(unconfirmed);
  const sent: Promise<void>[] = [];
  let seen = 0;
  for await (const message of batchesOf(order, lists)) {
    signal?.throwIfAborted();
    seen += message.lists.length;
    if (delivered.has(message.batch)) continue;
    const confirmed = limit(() => publisher.publish(message));
    // A rejection before Promise.all is reached must not count as unhandled.
    confirmed.catch(() => undefined);
    sent.push(confirmed);
    if (limit.pendingCount > 0) await Promise.race(sent.slice(-unconfirmed));
  }
  await Promise.all(sent);
  if (seen !== order.listeners) {
    throw new Error(`order ${order.id} is for ${order.listeners} lists, found ${seen}`);
  }
  await orders.published(order.id, clock());
  return sent.length;
}

/** Cuts the lists of a zone into messages: batch 0 holds the first `batchSize`, and so on. */
export async function* batchesOf(
  order: PlacedOrder,
  lists: Pick<FrozenLists, 'model' | 'read'>,
): AsyncIterable<BatchMessage> {
  const { model } = lists;
  const shared = { v: 2, order: orderOnly(order), model, batches: order.batches } as const;
  let batch = 0;
  let held: WeeklyList[] = [];
  for await (const list of lists.read(order.zone)) {
    held.push(list);
    if (held.length < order.batchSize) continue;
    yield { ...shared, batch: batch++, lists: held };
    held = [];
  }
  if (held.length > 0) yield { ...shared, batch, lists: held };
}

function orderOnly(order: PlacedOrder): DeliveryOrder {
  const { id, week, zone, revision, lists, validFrom, backfill } = order;
  return { id, week, zone, revision, lists, validFrom, backfill };
}
