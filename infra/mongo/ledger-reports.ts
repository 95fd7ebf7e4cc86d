import type { Collection, Filter } from 'mongodb';
import type { LedgerEntry } from '../../pipelines/delivery/ports.ts';
import type { BatchRecord, LedgerReports } from '../../pipelines/delivery/proof.ts';
import { reaching } from '../mongo.ts';
import type { EntryDocument } from './ledger.ts';

/** See `LedgerReports`. Nothing here reads the listeners of a batch but to find one of them. */
export function ledgerReports(entries: Collection<EntryDocument>): LedgerReports {
  const withoutUsers = { order: 1, batch: 1, state: 1, lists: 1, late: 1, at: 1, reason: 1 };
  return {
    async tally(week) {
      const sums = await reaching(() =>
        entries
          .aggregate<{
            _id: { order: string; state: LedgerEntry['state']; quarter: number };
            lists: number;
            late: number;
          }>([
            { $match: { week } },
            {
              $group: {
                _id: { order: '$order', state: '$state', quarter: stepOf(quarterMs) },
                lists: { $sum: '$lists' },
                late: { $sum: '$late' },
              },
            },
          ])
          .toArray(),
      );
      return sums.map(({ _id: { order, state, quarter }, lists, late }) => ({
        ...{ order, state, lists, late },
        quarter: Number(quarter) * quarterMs,
      }));
    },
    async *records(week, orders) {
      const cursor = entries
        .find(ofOrders(week, orders), { projection: withoutUsers })
        .batchSize(10_000);
      const wanted = new Set(orders);
      try {
        for (;;) {
          const document = await reaching(() => cursor.next());
          if (document === null) return;
          if (wanted.has(document.order)) yield recordOf(document);
        }
      } finally {
        await cursor.close();
      }
    },
    async failures(week) {
      const sums = await reaching(() =>
        entries
          .aggregate<{ _id: { order: string; reason?: string }; lists: number }>([
            { $match: { week, state: 'failed' } },
            {
              $group: { _id: { order: '$order', reason: '$reason' }, lists: { $sum: '$lists' } },
            },
          ])
          .toArray(),
      );
      return sums.map(({ _id: { order, reason }, lists }) => ({
        ...{ order, lists },
        reason: reason ?? 'unknown',
      }));
    },
    async recent(since, until) {
      const sums = await reaching(() =>
        entries
          .aggregate<{ _id: { order: string; minute: number }; lists: number }>([
            {
              $match: { at: { $gte: new Date(since), $lte: new Date(until) }, state: 'delivered' },
            },
            {
              $group: {
                _id: { order: '$order', minute: stepOf(minuteMs) },
                lists: { $sum: '$lists' },
              },
            },
          ])
          .toArray(),
      );
      return sums.map(({ _id: { order, minute }, lists }) => ({
        ...{ order, lists },
        minute: Number(minute),
      }));
    },
    async newestAt() {
      const newest = await reaching(() =>
        entries
          .find({ state: 'delivered' }, { projection: { at: 1 } })
          .sort({ at: -1 })
          .limit(1)
          .next(),
      );
      return newest?.at.getTime();
    },
    async recordsOf(user, week, orders) {
      const found = await reaching(() =>
        entries
          .find(
            { ...ofOrders(week, orders), state: 'delivered', users: user },
            { projection: withoutUsers },
          )
          .sort({ at: 1 })
          .toArray(),
      );
      return found.filter(({ order }) => orders.includes(order)).map(recordOf);
    },
  };
}

/** Many orders are most of a week's: then one look at the week is cheaper than a look for each. */
function ofOrders(week: string, orders: readonly string[]): Filter<EntryDocument> {
  return orders.length > 20 ? { week } : { order: { $in: [...orders] } };
}

const minuteMs = 60_000;
const quarterMs = 15 * minuteMs;

/** How many whole steps of so many milliseconds `at` is after 1970. */
function stepOf(ms: number): object {
  return { $floor: { $divide: [{ $subtract: ['$at', new Date(0)] }, ms] } };
}

type RecordDocument = Omit<EntryDocument, 'users' | 'week' | 'zone'>;

function recordOf({ order, batch, state, lists, late, at, reason }: RecordDocument): BatchRecord {
  return {
    ...{ order, batch, state, lists, late, at: at.getTime() },
    ...(reason === undefined ? {} : { reason }),
  };
}
