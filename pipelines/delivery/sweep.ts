import type { FrozenLists, ListArchive } from '../lists.ts';
import type { Clock } from '../ports.ts';
import {
  byUrgency,
  isUpToDate,
  newestByZone,
  placeOrder,
  planWeek,
  type OrderOptions,
} from './orders.ts';
import type { BatchPublisher, Ledger, OrderBook, PlacedOrder } from './ports.ts';

export interface Sweeping {
  readonly orders: OrderBook;
  readonly ledger: Ledger;
  readonly archive: ListArchive;
  readonly publisher: Pick<BatchPublisher, 'backlog'>;
  readonly clock: Clock;
  /** Has an order published when it is due. Called twice for one order, it may publish once. */
  readonly dispatch: (order: PlacedOrder) => Promise<void>;
  readonly options?: OrderOptions;
  /** How long published batches may be under way before they are looked for. Default 5 minutes. */
  readonly graceMs?: number;
}

export interface SweepReport {
  /** Orders placed for lists that had none, or none with the Monday that they now have. */
  placed: number;
  /** Orders found whole, or replaced by a newer one. */
  completed: number;
  /** Orders of which batches are missing; dispatched again. */
  missing: number;
}

/**
 * Finds whoever was missed: what is due and not delivered is dispatched again, the newest week
 * first, in it by urgency. Batches that failed stay failed until someone delivers them again.
 *
 * @param weeks - weeks whose lists must have their orders; where one has none, it is placed. So it
 *   is where the rules of a zone have changed: then with the right Monday
 */
export async function sweep(
  sweeping: Sweeping,
  weeks: readonly string[],
  signal?: AbortSignal,
): Promise<SweepReport> {
  const report: SweepReport = { placed: 0, completed: 0, missing: 0 };
  for (const week of newestFirst(weeks)) {
    signal?.throwIfAborted();
    report.placed += await placeMissing(sweeping, week);
  }
  const open = await sweeping.orders.open(sweeping.clock());
  for (const week of newestFirst(open.map((order) => order.week))) {
    signal?.throwIfAborted();
    await sweepWeek(sweeping, week, report);
  }
  return report;
}

function newestFirst(weeks: readonly string[]): string[] {
  return [...new Set(weeks)].sort().reverse();
}

async function placeMissing(sweeping: Sweeping, week: string): Promise<number> {
  const { orders, archive, clock, dispatch, options = {} } = sweeping;
  const lists = await archive.find(week);
  if (lists === undefined) return 0;
  const newest = newestByZone(await orders.ofWeek(week));
  const zones = lists.zones.filter(
    ({ zone, listeners }) =>
      listeners > 0 && !isUpToDate(newest.get(zone), lists, clock(), options),
  );
  if (zones.length === 0) return 0;
  const plan = await planWeek(orders, lists, options);
  const placed: PlacedOrder[] = [];
  for (const { zone } of zones) {
    placed.push(await placeOrder(orders, lists, zone, clock(), { ...options, plan }));
  }
  for (const order of byUrgency(placed, clock())) await dispatch(order);
  return placed.length;
}

async function sweepWeek(sweeping: Sweeping, week: string, report: SweepReport): Promise<void> {
  const { orders, ledger, archive, clock, dispatch } = sweeping;
  const [ofWeek, counts, lists] = await Promise.all([
    orders.ofWeek(week),
    ledger.counts(week),
    archive.find(week),
  ]);
  const newest = newestByZone(ofWeek);
  for (const order of byUrgency(ofWeek, clock())) {
    if (order.completedAt !== undefined || order.publishAt > clock()) continue;
    const { delivered = 0, failed = 0 } = counts.get(order.id) ?? {};
    if (isReplaced(order, newest, lists) || delivered >= order.listeners) {
      await orders.completed(order.id, clock());
      report.completed++;
    } else if (
      delivered + failed < order.listeners &&
      lists?.fingerprint === order.lists &&
      (await isOverdue(sweeping, order))
    ) {
      await dispatch(order);
      report.missing++;
    }
  }
}

/** By a newer order of its zone, or by lists made anew that have nobody in that zone. */
function isReplaced(
  order: PlacedOrder,
  newest: ReadonlyMap<string, PlacedOrder>,
  lists: FrozenLists | undefined,
): boolean {
  if (newest.get(order.zone)?.id !== order.id) return true;
  if (lists === undefined || lists.fingerprint === order.lists) return false;
  return lists.zones.every(({ zone, listeners }) => zone !== order.zone || listeners === 0);
}

/** Whether batches are lost rather than on their way: published long ago, and nothing waits. */
async function isOverdue(
  { publisher, clock, graceMs = 300_000 }: Sweeping,
  order: PlacedOrder,
): Promise<boolean> {
  if (order.publishedAt === undefined) return true;
  return clock() - order.publishedAt >= graceMs && (await publisher.backlog()) === 0;
}
