import { MongoBulkWriteError, type Collection, type Db } from 'mongodb';
import {
  Unavailable,
  type PlaylistStore,
  type StoredRevision,
} from '../../pipelines/delivery/ports.ts';
import type { PlaylistDocument } from '../../pipelines/lists.ts';
import { reaching } from '../mongo.ts';

const duplicateKey = 11000;

export interface Playlists extends PlaylistStore {
  readonly collection: Collection<PlaylistDocument>;
}

/** The collection `playlists`; bytes are read as bytes. */
export function playlistCollection(db: Db): Collection<PlaylistDocument> {
  return db.collection<PlaylistDocument>('playlists', { promoteBuffers: true });
}

/** The collection `playlists`, one document for each (listener, week), with its indexes. */
export async function openPlaylists(db: Db): Promise<Playlists> {
  const collection = playlistCollection(db);
  await reaching(() => collection.createIndex({ user: 1, validFrom: -1 }));
  await reaching(() => collection.createIndex({ week: 1, zone: 1 }));
  // Who else has a picture, before it is deleted. Lists without one cost nothing.
  await reaching(() => collection.createIndex({ picture: 1 }, { sparse: true }));
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
 *
 * An addition is proven where the answer counts it and names no error of it. Counts of replacements
 * prove nothing: of one that missed they say as little as of one that was repeated.
 */
async function upsert(
  collection: Collection<PlaylistDocument>,
  documents: readonly PlaylistDocument[],
): Promise<string[]> {
  if (documents.length === 0) return [];
  const unproven = await insertAbsent(collection, documents);
  const older = new Map(unproven.map((document) => [document._id, document]));
  const ids = [...older.keys()];
  // A replacement that missed was overtaken by a higher revision: this ends.
  for (;;) {
    if (ids.length === 0) return [];
    const there = await revisions(collection, ids);
    const replacing = [...older.values()].flatMap((replacement) => {
      const revision = there.get(replacement._id)?.revision;
      return revision === undefined || revision >= replacement.revision
        ? []
        : [{ replaceOne: { filter: { _id: replacement._id, revision }, replacement } }];
    });
    if (replacing.length === 0) return ids;
    await collection.bulkWrite(replacing, { ordered: false });
  }
}

/** @returns those of which the answer does not say that they were added */
async function insertAbsent(
  collection: Collection<PlaylistDocument>,
  documents: readonly PlaylistDocument[],
): Promise<readonly PlaylistDocument[]> {
  try {
    const { insertedCount } = await collection.insertMany([...documents], { ordered: false });
    return insertedCount === documents.length ? [] : documents;
  } catch (error) {
    if (!(error instanceof MongoBulkWriteError)) throw error;
    const errors = [error.writeErrors].flat();
    const other = errors.find(({ code }) => code !== duplicateKey);
    if (other !== undefined) throw error;
    if (errors.length === 0) {
      // Written, but not by as many members as the write concern asks for.
      throw new Unavailable(`MongoDB: ${error.message}`, { cause: error });
    }
    // The stand-in counts those that failed as well.
    if (error.insertedCount < documents.length - errors.length) return documents;
    return errors.map(({ index }) => documents[index]!);
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
