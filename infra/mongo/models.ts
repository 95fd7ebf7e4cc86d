import { MongoServerError, type Collection, type Db } from 'mongodb';
import type { z } from 'zod';
import {
  modelEvent,
  modelRecord,
  type ModelEvent,
  type ModelRecord,
  type ModelStore,
} from '../../pipelines/models.ts';
import { unreadable } from '../models/folder-store.ts';
import { reaching } from '../mongo.ts';

/** `_id` is `lake/version`, or `lake/id` of an event. */
type Kept<Value> = Value & { _id: string };

/** The collections `models` and `modelEvents`: documents are added, and never change. */
export async function openMongoModels(db: Db): Promise<ModelStore> {
  const models = db.collection<Kept<ModelRecord>>('models');
  const events = db.collection<Kept<ModelEvent>>('modelEvents');
  await reaching(() => models.createIndex({ lake: 1 }));
  await reaching(() => events.createIndex({ lake: 1 }));
  return {
    records: () => read(models, modelRecord),
    events: () => read(events, modelEvent),
    addRecord: (record) => add(models, { _id: `${record.lake}/${record.version}`, ...record }),
    addEvent: (event) => add(events, { _id: `${event.lake}/${event.id}`, ...event }),
  };
}

async function read<Value extends ModelRecord | ModelEvent>(
  collection: Collection<Kept<Value>>,
  schema: z.ZodType<Value>,
): Promise<Value[]> {
  const found = await reaching(() => collection.find().sort({ _id: 1 }).toArray());
  return found.map(({ _id, ...document }) => {
    try {
      return schema.parse(document);
    } catch (cause) {
      const where = `MongoDB, ${collection.collectionName} ${String(_id)}`;
      throw unreadable(where, JSON.stringify(document), cause);
    }
  });
}

async function add<Value extends ModelRecord | ModelEvent>(
  collection: Collection<Kept<Value>>,
  document: Kept<Value>,
): Promise<void> {
  try {
    await reaching(() => collection.insertOne(document as never));
  } catch (error) {
    if (!(error instanceof MongoServerError) || error.code !== 11000) throw error;
  }
}
