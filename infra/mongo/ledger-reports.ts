import type { Collection } from 'mongodb';
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
    async *records(orders) {
      const cursor = entries
        .find({ order: { $in: [...orders] } }, { projection: withoutUsers })
        .sort({ order: 1, batch: 1 });
      try {
        for (;;) {
          const document = await reaching(() => cursor.next());
          if (document === null) return;
          yield recordOf(document);
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
    async recordsOf(user, orders) {
      const found = await reaching(() =>
        entries
          .find(
            { order: { $in: [...orders] }, state: 'delivered', users: user },
            { projection: withoutUsers },
          )
          .sort({ at: 1 })
          .toArray(),
      );
      return found.map(recordOf);
    },
  };
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
