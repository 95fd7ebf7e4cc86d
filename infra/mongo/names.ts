import type { AnyBulkWriteOperation, Collection, Db } from 'mongodb';
import type { NamesStored, NameStore } from '../../pipelines/delivery/ports.ts';
import type { TrackName } from '../../pipelines/lists.ts';
import { reaching } from '../mongo.ts';
import type { NameSource } from '../name-cache.ts';

/** `_id` is the track's id. */
export type TrackDocument = Omit<TrackName, 'trackId'> & { _id: string };
/** `_id` is the artist's id. */
export type ArtistDocument = { _id: string; name: string };
/** `_id` is the fingerprint of the lists. */
type StoredDocument = NamesStored & { _id: string };

export interface Names extends NameStore, NameSource {}

/** The collections `tracks`, `artists` and `names`: whose names are stored how far. */
export function openNames(db: Db): Names {
  const tracks = db.collection<TrackDocument>('tracks');
  const artists = db.collection<ArtistDocument>('artists');
  const marks = db.collection<StoredDocument>('names');
  return {
    putTracks: (names) => put(tracks, names.map(trackDocument)),
    putArtists: (names) =>
      put(
        artists,
        names.map(({ artistId, name }) => ({ _id: artistId, name })),
      ),
    async stored(lists) {
      const found = await reaching(() => marks.findOne({ _id: lists }));
      return found ?? undefined;
    },
    async markStored(_id, stored) {
      await reaching(() => marks.replaceOne({ _id }, { ...stored }, { upsert: true }));
    },
    async tracks(ids) {
      const found = await read(tracks, ids);
      return new Map(found.map(({ _id, ...name }) => [_id, { trackId: _id, ...name }]));
    },
    async artists(ids) {
      const found = await read(artists, ids);
      return new Map(found.map(({ _id, name }) => [_id, name]));
    },
    async *anyTracks(limit) {
      for await (const { _id, ...name } of tracks.find({}, { limit, batchSize: 1000 })) {
        yield { trackId: _id, ...name };
      }
    },
    async *anyArtists(limit) {
      for await (const { _id, name } of artists.find({}, { limit, batchSize: 1000 })) {
        yield [_id, name] as const;
      }
    },
  };
}

type Named = TrackDocument | ArtistDocument;

function trackDocument({ trackId, title, artists, artistId, album, lengthS }: TrackName) {
  return {
    _id: trackId,
    title,
    artists,
    artistId,
    ...(album === undefined ? {} : { album }),
    ...(lengthS === undefined ? {} : { lengthS }),
  } satisfies TrackDocument;
}

function read<Document extends Named>(
  collection: Collection<Document>,
  ids: readonly string[],
): Promise<Document[]> {
  const filter = { _id: { $in: [...ids] } } as Parameters<typeof collection.find>[0];
  return reaching(() => collection.find(filter).toArray() as Promise<Document[]>);
}

/** Most names stay from week to week: only what is not there as it is now is written. */
async function put<Document extends Named>(
  collection: Collection<Document>,
  documents: readonly Document[],
): Promise<void> {
  if (documents.length === 0) return;
  const there = new Map(
    (
      await read(
        collection,
        documents.map(({ _id }) => _id),
      )
    ).map((document) => [document._id, JSON.stringify(document)]),
  );
  const writes = documents
    .filter((document) => there.get(document._id) !== JSON.stringify(document))
    .map((document) => {
      const { _id, ...replacement } = document;
      return { replaceOne: { filter: { _id }, replacement, upsert: true } };
    });
  if (writes.length === 0) return;
  const operations = writes as unknown as AnyBulkWriteOperation<Document>[];
  await reaching(() => collection.bulkWrite(operations, { ordered: false }));
}
