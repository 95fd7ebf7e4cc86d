import { addWeeks } from '../../model/week.ts';
import type { OrderBook, PlacedOrder } from './ports.ts';

/**
 * When the lists of a zone are published: early enough that the last is stored before its Monday.
 *
 * One stream of lists serves all zones, and zones far apart in name begin their Monday in the same
 * hour. So a zone's **lead** is not a matter of its own size: the plan goes backwards from the last
 * Monday of the week to the first, gives each zone the time that its lists need at the rate that
 * was measured in the weeks before, and has each zone done before the next one begins.
 */

const hourMs = 3_600_000;

/** Until a rate is known. */
export const defaultLeadMs = 6 * hourMs;

export interface LeadOptions {
  /** The last list is to be stored so long before Monday: time to act where it is not. Default 2 h. */
  readonly reserveMs?: number;
  /** What the measured time is multiplied by, 1 or more. Default 2. */
  readonly safety?: number;
  /**
   * No zone is published longer than this before its Monday. Default 48 h: on Saturday the lists
   * are made, and what would have been due before that is published as soon as it is made.
   */
  readonly maxLeadMs?: number;
}

/** A zone with its number of lists and its Monday. */
export interface Load {
  readonly zone: string;
  readonly listeners: number;
  /** Milliseconds since 1970. */
  readonly monday: number;
}

/** Zone -> when it is due at the queue, milliseconds since 1970. */
export type PublishPlan = ReadonlyMap<string, number>;

/**
 * The latest times at which zones may be published one after another, in the order of their
 * Mondays (ties: of their names), so that at `rate / safety` each is stored `reserveMs` before its
 * Monday.
 *
 * @param rate - lists a second; undefined: `defaultLeadMs` before each Monday
 */
export function publishPlan(
  loads: readonly Load[],
  rate: number | undefined,
  { reserveMs = 2 * hourMs, safety = 2, maxLeadMs = 48 * hourMs }: LeadOptions = {},
): PublishPlan {
  const plan = new Map<string, number>();
  let mustBegin = Infinity;
  for (const { zone, listeners, monday } of [...loads].sort(byMonday).reverse()) {
    if (rate === undefined) {
      plan.set(zone, monday - defaultLeadMs);
      continue;
    }
    const end = Math.min(monday - reserveMs, mustBegin);
    mustBegin = Math.floor(end - (listeners * safety * 1000) / rate);
    plan.set(zone, Math.max(mustBegin, monday - maxLeadMs));
  }
  return plan;
}

function byMonday(a: Load, b: Load): number {
  return a.monday - b.monday || (a.zone < b.zone ? -1 : 1);
}

/** Weeks whose orders tell the rate. */
const weeksToLearnFrom = 8;
/** So much of what was delivered was delivered more slowly than the rate that is counted on. */
const slowShare = 0.25;
/** A shorter stretch says more about starting than about the rate. */
const fewestLists = 1000;

/**
 * Lists a second that delivering can be counted on to store, from what orders noted in `stored`.
 *
 * Orders that were under way at the same time shared the rate, so they are taken together: a
 * **stretch** is a time in which at least one order was being stored, its rate all lists in it but
 * the first batch, over its length. The result is the quantile 1/4 of these rates, weighted by
 * lists: a week that went badly does not decide it, nor do small zones. A stretch with a break in
 * it counts as slow.
 *
 * @returns undefined without a stretch of 1,000 lists
 */
export function measuredRate(orders: readonly PlacedOrder[]): number | undefined {
  const rates = stretchesOf(orders)
    .filter(({ lists, from, to }) => lists >= fewestLists && to > from)
    .map(({ lists, first, from, to }) => ({ lists, rate: ((lists - first) * 1000) / (to - from) }))
    .filter(({ rate }) => rate > 0)
    .sort((a, b) => a.rate - b.rate);
  let left = slowShare * rates.reduce((sum, { lists }) => sum + lists, 0);
  return rates.find(({ lists }) => (left -= lists) <= 0)?.rate;
}

interface Stretch {
  readonly from: number;
  to: number;
  lists: number;
  /** Lists in its first batch: stored when it begins. */
  readonly first: number;
}

function stretchesOf(orders: readonly PlacedOrder[]): Stretch[] {
  const spans = orders.flatMap(({ id, stored, batchSize }) =>
    stored === undefined ? [] : [{ id, ...stored, batchSize }],
  );
  spans.sort((a, b) => a.from - b.from || b.to - a.to || (a.id < b.id ? -1 : 1));
  const stretches: Stretch[] = [];
  for (const { from, to, lists, batchSize } of spans) {
    const last = stretches.at(-1);
    if (last !== undefined && from <= last.to) {
      last.to = Math.max(last.to, to);
      last.lists += lists;
    } else {
      stretches.push({ from, to, lists, first: Math.min(batchSize, lists) });
    }
  }
  return stretches;
}

/** The rate that the book's last eight weeks before this one tell; of the week itself nothing. */
export async function rateBefore(
  book: Pick<OrderBook, 'ofWeek'>,
  week: string,
): Promise<number | undefined> {
  const orders: PlacedOrder[] = [];
  for (let back = 1; back <= weeksToLearnFrom; back++) {
    orders.push(...(await book.ofWeek(addWeeks(week, -back))));
  }
  return measuredRate(orders);
}
