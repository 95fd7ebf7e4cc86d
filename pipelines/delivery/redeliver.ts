import type { FrozenLists } from '../lists.ts';
import type { Clock } from '../ports.ts';
import { placeOrder, type OrderOptions } from './orders.ts';
import type { OrderBook, PlacedOrder } from './ports.ts';

export interface Redelivering {
  readonly orders: OrderBook;
  readonly clock: Clock;
  readonly dispatch: (order: PlacedOrder) => Promise<void>;
  readonly options?: OrderOptions;
}

/**
 * Delivers the frozen lists of some zones again: a new order for each, with the next revision, due
 * at once. The lists stay as they were made; documents are replaced, never added.
 *
 * @param zones - zones that have lists, as `resolveRegion` gives them
 */
export async function redeliver(
  { orders, clock, dispatch, options = {} }: Redelivering,
  lists: FrozenLists,
  zones: readonly string[],
): Promise<PlacedOrder[]> {
  const placed: PlacedOrder[] = [];
  for (const zone of zones) {
    const order = await placeOrder(orders, lists, zone, clock(), { ...options, again: true });
    await dispatch(order);
    placed.push(order);
  }
  return placed;
}
