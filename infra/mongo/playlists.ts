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
  return {
    collection,
    upsert: (documents) => reaching(() => upsert(collection, documents)),
    revisions: (ids) => reaching(() => revisions(collection, ids)),
  };
}

/**
 * Replaces what is older, adds what is absent. Where something newer or the same revision is
 * there, the filter misses it and the insert hits its key: that error is the answer "leave it".
 */
async function upsert(
  collection: Collection<PlaylistDocument>,
  documents: readonly PlaylistDocument[],
): Promise<void> {
  if (documents.length === 0) return;
  try {
    await collection.bulkWrite(
      documents.map((document) => ({
        replaceOne: {
          filter: { _id: document._id, revision: { $lt: document.revision } },
          replacement: document,
          upsert: true,
        },
      })),
      { ordered: false },
    );
  } catch (error) {
    if (!(error instanceof MongoBulkWriteError)) throw error;
    const errors = [error.writeErrors].flat();
    if (errors.length === 0 || errors.some(({ code }) => code !== duplicateKey)) throw error;
  }
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
