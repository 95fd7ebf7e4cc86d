import { addWeeks, mondayStart } from '../../model/week.ts';
import type { FrozenLists } from '../lists.ts';
import {
  defaultLeadMs,
  publishPlan,
  rateBefore,
  type LeadOptions,
  type PublishPlan,
} from './lead.ts';
import type { OrderBook, PlacedOrder } from './ports.ts';

/** When Mondays begin, by a version of the zone database. */
export interface ZoneRules {
  /** `2025c`: newer ones are greater. */
  readonly version: string;
  /** The first instant of the week's Monday in a zone. */
  readonly mondayStart: (week: string, zone: string) => number;
}

export interface OrderOptions extends LeadOptions {
  /**
   * How long before Monday 00:00 there the lists of a zone are published. Default: learnt from the
   * rate of the weeks before, see lead.ts.
   */
  readonly leadMs?: number;
  /** Lists in a message, 1 or more. Default 200. */
  readonly batchSize?: number;
  /** Default: those of this process, without a version. */
  readonly zoneRules?: ZoneRules;
}

export interface PlacingOptions extends OrderOptions {
  /** Always a new one: a re-delivery, due at once. */
  readonly again?: boolean;
  /** Default: made for this order. */
  readonly plan?: PublishPlan;
}

/** `2014-W36:Asia/Jakarta:1` */
export function orderId(week: string, zone: string, revision: number): string {
  return `${week}:${zone}:${revision}`;
}

/**
 * The order for the lists of a zone as they are now: the newest one of the zone where it is for
 * the same lists and keeps the same Monday, else a new one.
 */
export async function placeOrder(
  book: OrderBook,
  lists: FrozenLists,
  zone: string,
  now: number,
  options: PlacingOptions = {},
): Promise<PlacedOrder> {
  const noPlan = () => (options.again === true ? new Map() : planWeek(book, lists, options));
  const plan: PublishPlan = options.plan ?? (await noPlan());
  for (;;) {
    const ofWeek = await book.ofWeek(lists.week);
    const newest = ofWeek.findLast((order) => order.zone === zone);
    if (options.again !== true && isUpToDate(newest, lists, now, options)) return newest;
    const revision = nextRevision(ofWeek, zone, lists.fingerprint);
    const order = newOrder(lists, zone, revision, now, options);
    // Lists that went out with another Monday are corrected before either has come.
    const isOut = newest !== undefined && newest.publishAt <= now;
    const atOnce = options.again === true || (isOut && newest.validFrom !== order.validFrom);
    const placed = { ...order, publishAt: atOnce ? now : (plan.get(zone) ?? now) };
    // Another process may have placed one meanwhile; then look again.
    if (await book.place(placed)) return placed;
  }
}

/** Whether an order needs no other after it: see `placeOrder`. */
export function isUpToDate(
  newest: PlacedOrder | undefined,
  lists: FrozenLists,
  now: number,
  options: Pick<OrderOptions, 'zoneRules'>,
): newest is PlacedOrder {
  return newest?.lists === lists.fingerprint && !hasMoved(newest, now, options);
}

/**
 * Whether the Monday that an order promises is another one by newer zone rules. A Monday that has
 * begun as it was promised is not taken back once its lists were published; and a process with
 * older rules than the order's leaves it alone, so that two never undo each other's work.
 */
function hasMoved(
  { week, zone, validFrom, publishedAt, tzdata = '' }: PlacedOrder,
  now: number,
  { zoneRules = ownRules }: Pick<OrderOptions, 'zoneRules'>,
): boolean {
  if (zoneRules.version <= tzdata) return false;
  const promised = Date.parse(validFrom);
  if (zoneRules.mondayStart(week, zone) === promised) return false;
  return now < promised || publishedAt === undefined;
}

const ownRules: ZoneRules = { version: '', mondayStart };

/** When each zone of a week is published. Equal books give equal plans. */
export async function planWeek(
  book: Pick<OrderBook, 'ofWeek'>,
  { week, zones }: FrozenLists,
  { leadMs, zoneRules = ownRules, ...options }: OrderOptions,
): Promise<PublishPlan> {
  const loads = zones.map(({ zone, listeners }) => ({
    zone,
    listeners,
    monday: zoneRules.mondayStart(week, zone),
  }));
  if (leadMs !== undefined)
    return new Map(loads.map(({ zone, monday }) => [zone, monday - leadMs]));
  return publishPlan(loads, await rateBefore(book, week), options);
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
  { batchSize = defaultBatchSize, zoneRules = ownRules }: OrderOptions,
): Omit<PlacedOrder, 'publishAt'> {
  const { week } = lists;
  const listeners = lists.zones.find((entry) => entry.zone === zone)?.listeners ?? 0;
  return {
    id: orderId(week, zone, revision),
    week,
    zone,
    revision,
    lists: lists.fingerprint,
    validFrom: new Date(zoneRules.mondayStart(week, zone)).toISOString(),
    tzdata: zoneRules.version,
    backfill: isBackfill(week, zone, now, zoneRules),
    listeners,
    batchSize,
    batches: Math.ceil(listeners / batchSize),
    publishedAt: undefined,
    completedAt: undefined,
  };
}

/** A third less work for each list than with 50, see `npm run bench:delivery`. */
const defaultBatchSize = 200;

/** When the lists of a zone are due at the queue with a fixed lead, 6 h before Monday by default. */
export function publishTime(week: string, zone: string, leadMs = defaultLeadMs): number {
  return mondayStart(week, zone) - leadMs;
}

/** Whether a week is over in a zone: lists made for it now are neither on time nor late. */
export function isBackfill(week: string, zone: string, now: number, rules = ownRules): boolean {
  return now >= rules.mondayStart(addWeeks(week, 1), zone);
}

/** The newest order of each zone, by zone. What is older has been replaced. */
export function newestByZone(ofWeek: readonly PlacedOrder[]): Map<string, PlacedOrder> {
  const newest = new Map<string, PlacedOrder>();
  for (const order of ofWeek) {
    if (order.revision > (newest.get(order.zone)?.revision ?? 0)) newest.set(order.zone, order);
  }
  return newest;
}

/**
 * Orders in the order in which they are best worked on: those whose Monday is still to come, the
 * next one first; then those that are late already.
 */
export function byUrgency(orders: readonly PlacedOrder[], now: number): PlacedOrder[] {
  const key = ({ validFrom }: PlacedOrder) => {
    const monday = Date.parse(validFrom);
    return { isLate: monday <= now, monday };
  };
  return [...orders].sort((a, b) => {
    const [left, right] = [key(a), key(b)];
    return (
      Number(left.isLate) - Number(right.isLate) ||
      left.monday - right.monday ||
      (a.id < b.id ? -1 : 1)
    );
  });
}
