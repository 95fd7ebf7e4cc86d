import { MongoServerError, type Collection, type Db, type Filter } from 'mongodb';
import type { AlertBook, DeadlineAlert, KeptAlert } from '../../pipelines/delivery/watch.ts';
import type { SourceAlert } from '../../pipelines/sources/watch.ts';
import { reaching } from '../mongo.ts';

/** What is kept of an alert, whatever it is about. */
interface AlertDocument {
  _id: string;
  alert: object;
  times: number;
  state: KeptAlert['state'];
  at: Date;
  told: boolean;
}

/** The collection `alerts`: one document for each zone and week that was ever in danger. */
export function openAlerts(db: Db): AlertBook {
  return openBook<DeadlineAlert>(db, 'alerts', ({ week, zone }) => `${week}:${zone}`);
}

/** The collection `source_alerts`: one document for each source of data that was ever stale. */
export function openSourceAlerts(db: Db): AlertBook<SourceAlert> {
  return openBook<SourceAlert>(db, 'source_alerts', ({ source }) => source);
}

function openBook<Alert extends object>(
  db: Db,
  name: string,
  idOf: (alert: Alert) => string,
): AlertBook<Alert> {
  const collection = db.collection<AlertDocument>(name);
  const list = (filter: Filter<AlertDocument>) =>
    reaching(async () => {
      const found = await collection.find(filter).sort({ _id: 1 }).toArray();
      return found.map(({ alert, times, state, at }) => ({
        ...{ alert: alert as Alert, times, state },
        at: at.getTime(),
      }));
    });
  return {
    async raise(alert, at) {
      const raised = { alert, state: 'raised' as const, at: new Date(at), told: false };
      const first = { _id: idOf(alert), ...raised, times: 1 };
      if (await isNew(collection, first)) return true;
      const again = await reaching(() =>
        collection.updateOne(
          { _id: first._id, state: 'resolved' },
          { $set: raised, $inc: { times: 1 } },
        ),
      );
      return again.modifiedCount === 1;
    },
    async resolve(alert, at) {
      const resolved = { alert, state: 'resolved' as const, at: new Date(at), told: false };
      const changed = await reaching(() =>
        collection.updateOne({ _id: idOf(alert), state: 'raised' }, { $set: resolved }),
      );
      return changed.modifiedCount === 1;
    },
    raised: () => list({ state: 'raised' }),
    untold: () => list({ told: false }),
    async told({ alert, times, state }) {
      await reaching(() =>
        collection.updateOne({ _id: idOf(alert), state, times }, { $set: { told: true } }),
      );
    },
  };
}

async function isNew(
  collection: Collection<AlertDocument>,
  document: AlertDocument,
): Promise<boolean> {
  try {
    await reaching(() => collection.insertOne(document));
    return true;
  } catch (error) {
    if (error instanceof MongoServerError && error.code === 11000) return false;
    throw error;
  }
}
