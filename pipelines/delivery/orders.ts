import { addWeeks, mondayStart } from '../../model/week.ts';
import type { FrozenLists } from '../lists.ts';
import type { OrderBook, PlacedOrder } from './ports.ts';

const hourMs = 3_600_000;

export interface OrderOptions {
  /** How long before Monday 00:00 there the lists of a zone are published. Default 6 h. */
  readonly leadMs?: number;
  /** Lists in a message, 1 or more. Default 200. */
  readonly batchSize?: number;
}

/** `2014-W36:Asia/Jakarta:1` */
export function orderId(week: string, zone: string, revision: number): string {
  return `${week}:${zone}:${revision}`;
}

/**
 * The order for the lists of a zone as they are now: the newest one of the zone where it is for
 * the same lists, else a new one.
 *
 * @param again - always a new one: a re-delivery
 */
export async function placeOrder(
  book: OrderBook,
  lists: FrozenLists,
  zone: string,
  now: number,
  options: OrderOptions & { readonly again?: boolean } = {},
): Promise<PlacedOrder> {
  for (;;) {
    const ofWeek = await book.ofWeek(lists.week);
    const newest = ofWeek.findLast((order) => order.zone === zone);
    if (newest?.lists === lists.fingerprint && options.again !== true) return newest;
    const order = newOrder(
      lists,
      zone,
      nextRevision(ofWeek, zone, lists.fingerprint),
      now,
      options,
    );
    // Another process may have placed one meanwhile; then look again.
    if (await book.place(order)) return order;
  }
}

/**
 * One more than the newest order of the zone, and than every order of the week for other lists:
 * so newer lists replace older ones of a listener who moved to another zone in between.
 */
export function nextRevision(
  ofWeek: readonly { zone: string; lists: string; revision: number }[],
  zone: string,
  lists: string,
): number {
  const before = ofWeek.filter((order) => order.zone === zone || order.lists !== lists);
  return 1 + Math.max(0, ...before.map((order) => order.revision));
}

function newOrder(
  lists: FrozenLists,
  zone: string,
  revision: number,
  now: number,
  options: OrderOptions & { readonly again?: boolean },
): PlacedOrder {
  const { week } = lists;
  const listeners = lists.zones.find((entry) => entry.zone === zone)?.listeners ?? 0;
  const batchSize = options.batchSize ?? defaultBatchSize;
  return {
    id: orderId(week, zone, revision),
    week,
    zone,
    revision,
    lists: lists.fingerprint,
    validFrom: new Date(mondayStart(week, zone)).toISOString(),
    backfill: isBackfill(week, zone, now),
    listeners,
    batchSize,
    batches: Math.ceil(listeners / batchSize),
    publishAt:
      options.again === true ? now : publishTime(week, zone, options.leadMs ?? defaultLeadMs),
    publishedAt: undefined,
    completedAt: undefined,
  };
}

export const defaultLeadMs = 6 * hourMs;

/** A third less work for each list than with 50, see `npm run bench:delivery`. */
const defaultBatchSize = 200;

/** When the lists of a zone are due at the queue: the lead before Monday 00:00 there. */
export function publishTime(week: string, zone: string, leadMs = defaultLeadMs): number {
  return mondayStart(week, zone) - leadMs;
}

/** Whether a week is over in a zone: lists made for it now are neither on time nor late. */
export function isBackfill(week: string, zone: string, now: number): boolean {
  return now >= mondayStart(addWeeks(week, 1), zone);
}

/** The newest order of each zone, by zone. What is older has been replaced. */
export function newestByZone(ofWeek: readonly PlacedOrder[]): Map<string, PlacedOrder> {
  const newest = new Map<string, PlacedOrder>();
  for (const order of ofWeek) {
    if (order.revision > (newest.get(order.zone)?.revision ?? 0)) newest.set(order.zone, order);
  }
  return newest;
}
