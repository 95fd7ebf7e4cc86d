import { MongoBulkWriteError, type Collection, type Db } from 'mongodb';
import type { PlaylistStore, StoredRevision } from '../../pipelines/delivery/ports.ts';
import type { PlaylistDocument } from '../../pipelines/lists.ts';
import { reaching } from '../mongo.ts';

const duplicateKey = 11000;

export interface Playlists extends PlaylistStore {
  readonly collection: Collection<PlaylistDocument>;
}

/** The collection `playlists`, one document for each (listener, week), with its indexes. */
export async function openPlaylists(db: Db): Promise<Playlists> {
  const collection = db.collection<PlaylistDocument>('playlists');
  await reaching(() => collection.createIndex({ user: 1, validFrom: -1 }));
  await reaching(() => collection.createIndex({ week: 1, zone: 1 }));
  await reaching(() => helpStandIn(db, collection));
  return {
    collection,
    upsert: (documents) => reaching(() => upsert(collection, documents)),
    revisions: (ids) => reaching(() => revisions(collection, ids)),
  };
}

/**
 * Adds what is absent and replaces what is older, each document for itself. A replacement names
 * the revision that it replaces, so that of two writers at once the newer revision stays.
 */
async function upsert(
  collection: Collection<PlaylistDocument>,
  documents: readonly PlaylistDocument[],
): Promise<void> {
  if (documents.length === 0 || (await insertAbsent(collection, documents))) return;
  const ids = documents.map(({ _id }) => _id);
  // A replacement that missed was overtaken by a higher revision: this ends.
  for (;;) {
    const there = await revisions(collection, ids);
    const replacing = documents.flatMap((replacement) => {
      const revision = there.get(replacement._id)?.revision;
      return revision === undefined || revision >= replacement.revision
        ? []
        : [{ replaceOne: { filter: { _id: replacement._id, revision }, replacement } }];
    });
    if (replacing.length === 0) return;
    await collection.bulkWrite(replacing, { ordered: false });
  }
}

/** @returns whether all were absent */
async function insertAbsent(
  collection: Collection<PlaylistDocument>,
  documents: readonly PlaylistDocument[],
): Promise<boolean> {
  try {
    await collection.insertMany([...documents], { ordered: false });
    return true;
  } catch (error) {
    if (!(error instanceof MongoBulkWriteError)) throw error;
    const errors = [error.writeErrors].flat();
    if (errors.length === 0 || errors.some(({ code }) => code !== duplicateKey)) throw error;
    return false;
  }
}

/**
 * The stand-in uses an index only where it has just the keys of the filter, and otherwise reads
 * the whole collection. MongoDB finds a document by its `_id` and then looks at the revision.
 */
async function helpStandIn(db: Db, collection: Collection<PlaylistDocument>): Promise<void> {
  const { gitVersion } = await db.command({ buildInfo: 1 });
  if (gitVersion !== undefined) return;
  await collection.createIndex({ _id: 1, revision: 1 }, { unique: true });
}

async function revisions(
  collection: Collection<PlaylistDocument>,
  ids: readonly string[],
): Promise<Map<string, StoredRevision>> {
  const found = await collection
    .find({ _id: { $in: [...ids] } }, { projection: { revision: 1, order: 1, storedAt: 1 } })
    .toArray();
  return new Map(
    found.map(({ _id, revision, order, storedAt }) => [
      _id,
      { revision, order, storedAt: storedAt.getTime() },
    ]),
  );
}
