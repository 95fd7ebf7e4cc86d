import { setTimeout as pause } from 'node:timers/promises';
import { Mistake } from '../model/mistake.ts';
import {
  Unavailable,
  type Ledger,
  type OrderBook,
  type OrderCount,
  type PlacedOrder,
} from '../pipelines/delivery/ports.ts';
import type { Clock } from '../pipelines/ports.ts';

/** Counts are of lists, unless they say otherwise. */
export interface DeliverySummary {
  readonly week: string;
  /** Zones in it. */
  readonly zones: number;
  readonly listeners: number;
  /** Delivered by now, those that were so before included. */
  readonly delivered: number;
  /** Delivered before this call; where it equals `listeners` nothing was published. */
  readonly already: number;
  readonly late: number;
  /** In the dead-letter queue. */
  readonly failed: number;
  /** Not due yet: published by the scheduler at their time. */
  readonly scheduled: number;
  /** Zones of those. */
  readonly scheduledZones: number;
  readonly seconds: number;
  /** Delivered by this call, per second. */
  readonly listsPerSecond: number;
}

export interface Waiting {
  readonly signal?: AbortSignal | undefined;
  /** Called when it changes: lists delivered or failed, of those that are due. */
  readonly onProgress?: ((delivered: number, total: number) => void) | undefined;
  /** What the ledger said before. */
  readonly already?: ReadonlyMap<string, OrderCount>;
}

const pollMs = 100;
const maxPollMs = 1000;
/** Without progress for so long, what is missing is looked for. */
const stuckMs = 3000;
/** MongoDB may be away for so long. */
const patienceMs = 60_000;

/**
 * Resolves when every order that is due is in the ledger, delivered or failed.
 *
 * @throws Mistake `SERVER_DOWN` where MongoDB stays away for a minute; the signal's reason
 */
export async function waitForOrders(
  waitingOn: {
    readonly orders: OrderBook;
    readonly ledger: Ledger;
    readonly clock: Clock;
    /** Has what is missing published again. */
    readonly again: () => Promise<unknown>;
  },
  week: string,
  placed: readonly PlacedOrder[],
  { signal, onProgress, already = new Map<string, OrderCount>() }: Waiting,
): Promise<DeliverySummary> {
  const { orders, ledger, clock, again } = waitingOn;
  const started = performance.now();
  const due = placed.filter((order) => order.publishAt <= clock());
  const listeners = sum(due, (order) => order.listeners);
  const before = sum(due, (order) => already.get(order.id)?.delivered ?? 0);
  let counts: ReadonlyMap<string, OrderCount> = already;
  let settled = -1;
  let movedAt = started;
  let reachedAt = started;
  for (;;) {
    signal?.throwIfAborted();
    const askedAt = performance.now();
    try {
      counts = await ledger.counts(week);
      reachedAt = performance.now();
      const now = sum(
        due,
        ({ id }) => (counts.get(id)?.delivered ?? 0) + (counts.get(id)?.failed ?? 0),
      );
      if (now !== settled) {
        settled = now;
        movedAt = performance.now();
        onProgress?.(Math.min(now, listeners), listeners);
      }
      if (due.every((order) => isSettled(order, counts))) break;
      if (performance.now() - movedAt >= stuckMs) {
        movedAt = performance.now();
        await again();
      }
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      if (performance.now() - reachedAt >= patienceMs) {
        throw new Mistake('SERVER_DOWN', `the delivery of ${week} stopped: ${error.message}`, {
          cause: error,
        });
      }
    }
    // A long ledger is not counted all the time.
    const pauseMs = Math.min(maxPollMs, pollMs + 3 * (performance.now() - askedAt));
    await pause(pauseMs, undefined, signal === undefined ? {} : { signal });
  }
  for (const order of due) {
    const isWhole = (counts.get(order.id)?.delivered ?? 0) >= order.listeners;
    if (isWhole && order.completedAt === undefined) await orders.completed(order.id, clock());
  }
  const seconds = (performance.now() - started) / 1000;
  const delivered = sum(due, ({ id }) => counts.get(id)?.delivered ?? 0);
  const scheduled = placed.filter((order) => !due.includes(order));
  return {
    week,
    zones: placed.length,
    listeners: sum(placed, (order) => order.listeners),
    delivered,
    already: before,
    late: sum(due, ({ id }) => counts.get(id)?.late ?? 0),
    failed: sum(due, ({ id }) => counts.get(id)?.failed ?? 0),
    scheduled: sum(scheduled, (order) => order.listeners),
    scheduledZones: scheduled.length,
    seconds,
    listsPerSecond: seconds > 0 ? (delivered - before) / seconds : 0,
  };
}

function isSettled(
  { id, listeners }: PlacedOrder,
  counts: ReadonlyMap<string, OrderCount>,
): boolean {
  const { delivered = 0, failed = 0 } = counts.get(id) ?? {};
  return delivered + failed >= listeners;
}

function sum<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
