import type { ListArchive } from '../lists.ts';
import type { Clock } from '../ports.ts';
import { newestByZone, placeOrder, type OrderOptions } from './orders.ts';
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
  /** Orders placed for lists that had none. */
  placed: number;
  /** Orders found whole, or replaced by a newer one. */
  completed: number;
  /** Orders of which batches are missing; dispatched again. */
  missing: number;
}

/**
 * Finds whoever was missed: what is due and not delivered is dispatched again. Batches that failed
 * stay failed until someone delivers them again.
 *
 * @param weeks - weeks whose lists must have their orders; where one has none, it is placed
 */
export async function sweep(
  sweeping: Sweeping,
  weeks: readonly string[],
  signal?: AbortSignal,
): Promise<SweepReport> {
  const report: SweepReport = { placed: 0, completed: 0, missing: 0 };
  for (const week of weeks) report.placed += await placeMissing(sweeping, week);
  const open = await sweeping.orders.open(sweeping.clock());
  for (const week of [...new Set(open.map((order) => order.week))].sort()) {
    signal?.throwIfAborted();
    await sweepWeek(sweeping, week, report);
  }
  return report;
}

async function placeMissing(sweeping: Sweeping, week: string): Promise<number> {
  const { orders, archive, clock, dispatch, options = {} } = sweeping;
  const lists = await archive.find(week);
  if (lists === undefined) return 0;
  const newest = newestByZone(await orders.ofWeek(week));
  let placed = 0;
  for (const { zone, listeners } of lists.zones) {
    if (listeners === 0 || newest.get(zone)?.lists === lists.fingerprint) continue;
    await dispatch(await placeOrder(orders, lists, zone, clock(), options));
    placed++;
  }
  return placed;
}

async function sweepWeek(sweeping: Sweeping, week: string, report: SweepReport): Promise<void> {
  const { orders, ledger, archive, clock, dispatch } = sweeping;
  const [ofWeek, counts, lists] = await Promise.all([
    orders.ofWeek(week),
    ledger.counts(week),
    archive.find(week),
  ]);
  const newest = newestByZone(ofWeek);
  for (const order of ofWeek) {
    if (order.completedAt !== undefined || order.publishAt > clock()) continue;
    const { delivered = 0, failed = 0 } = counts.get(order.id) ?? {};
    const replaced = newest.get(order.zone)?.id !== order.id;
    if (replaced || delivered >= order.listeners) {
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

/** Whether batches are lost rather than on their way: published long ago, and nothing waits. */
async function isOverdue(
  { publisher, clock, graceMs = 300_000 }: Sweeping,
  order: PlacedOrder,
): Promise<boolean> {
  if (order.publishedAt === undefined) return true;
  return clock() - order.publishedAt >= graceMs && (await publisher.backlog()) === 0;
}
