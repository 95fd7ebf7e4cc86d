import { EJSON } from 'bson';
import type { Redis } from 'ioredis';
import type { Db, Document, Filter } from 'mongodb';
import { coverKey } from '../../pipelines/delivery/cover.ts';
import { forgetCovers, forgetPicture } from '../covers.ts';
import { reaching } from '../mongo.ts';
import { rememberedPictures } from '../pictures/memory.ts';
import { inPictureTurn } from '../pictures/turn.ts';
import type { NameFinder } from './names.ts';

/** Collections that hold what music is called and what was read on the web, or hashes: nobody's ids. */
const ofNobody = new Set(['tracks', 'artists', 'names', 'models', 'modelEvents', 'erased']);

/** What a listener's covers and pictures are known by; to be read before their lists go. */
export interface ListenerPictures {
  /** Hashes of pictures that are or were to be on their covers. */
  readonly pictures: readonly string[];
  /** Keys of all covers that may have been made for them. */
  readonly covers: readonly string[];
}

/**
 * What is on their lists, what they uploaded last, and what was fetched for them last.
 *
 * @param weeks - all that lists were made for
 */
export async function picturesOf(
  { db, redis, namespace }: { readonly db: Db; readonly redis: Redis; readonly namespace: string },
  user: string,
  weeks: readonly string[],
): Promise<ListenerPictures> {
  const lists = await reaching(() =>
    db.collection<{ week: string; picture?: string }>('playlists').find({ user }).toArray(),
  );
  const upload = await reaching(() =>
    db.collection<{ _id: string; hash: string }>('pictures').findOne({ _id: user }),
  );
  const pictures = new Set(lists.flatMap(({ picture }) => picture ?? []));
  if (upload !== null) pictures.add(upload.hash);
  // Of a batch that failed, or was delivered to somebody with a newer list, no list tells.
  for (const hash of await rememberedPictures(redis, namespace, user)) pictures.add(hash);
  const ofWeeks = [...new Set([...weeks, ...lists.map(({ week }) => week)])].sort();
  return {
    pictures: [...pictures].sort(),
    covers: ofWeeks.flatMap((week) =>
      [undefined, ...pictures].map((picture) => coverKey(user, week, picture)),
    ),
  };
}

/** Documents that were removed, or changed, by collection. */
export async function eraseFromMongo(db: Db, finder: NameFinder): Promise<Record<string, number>> {
  const { listener: user } = finder;
  const removed: Record<string, number> = {};
  const count = (collection: string, documents: number) => {
    if (documents > 0) removed[collection] = (removed[collection] ?? 0) + documents;
  };
  const playlists = db.collection<Document & { _id: string }>('playlists');
  count('playlists', (await reaching(() => playlists.deleteMany({ user }))).deletedCount);
  const ledger = db.collection<LedgerDocument>('ledger');
  const pulled = await reaching(() =>
    ledger.updateMany({ users: user }, { $pull: { users: user } }),
  );
  count('ledger', pulled.modifiedCount);
  count('ledger', await eraseFromReasons(db, finder));
  const pictures = db.collection<Document & { _id: string }>('pictures');
  count('pictures', (await reaching(() => pictures.deleteOne({ _id: user }))).deletedCount);
  return removed;
}

/** Why batches failed may name somebody. @returns entries of the ledger that were changed */
export async function eraseFromReasons(db: Db, finder: NameFinder): Promise<number> {
  const ledger = db.collection<LedgerDocument>('ledger');
  const told = await reaching(() =>
    ledger.find(mentioning(finder.listener), { projection: { reason: 1 } }).toArray(),
  );
  let changed = 0;
  for (const { _id, reason } of told) {
    const text = finder.without(reason ?? '');
    if (text === reason) continue;
    await reaching(() => ledger.updateOne({ _id }, { $set: { reason: text } }));
    changed++;
  }
  return changed;
}

interface LedgerDocument {
  _id: string;
  users: string[];
  reason?: string;
}

function mentioning(user: string): Filter<LedgerDocument> {
  return { reason: { $regex: user.replaceAll(/[^\p{L}\p{N}]/gu, String.raw`\$&`) } };
}

/**
 * Deletes pictures that nobody else's covers have, and covers made for this listener alone.
 *
 * @returns how many pictures were deleted
 */
export async function eraseFiles(
  db: Db,
  home: string,
  { pictures, covers }: ListenerPictures,
): Promise<number> {
  let deleted = 0;
  for (const picture of pictures) {
    const isDeleted = await inPictureTurn(home, picture, async () => {
      const others = await Promise.all([
        reaching(() => db.collection('playlists').findOne({ picture })),
        reaching(() => db.collection('pictures').findOne({ hash: picture })),
      ]);
      if (others.some((other) => other !== null)) return false;
      await forgetPicture(home, picture);
      return true;
    });
    if (isDeleted) deleted++;
  }
  for (const key of covers) if (key.startsWith('g-')) await forgetCovers(home, key);
  return deleted;
}

/** Where MongoDB names a listener: `collection _id`, without the id. */
export async function searchMongo(db: Db, finder: NameFinder): Promise<string[]> {
  const { listener: user } = finder;
  const found: string[] = [];
  const tell = (collection: string, document: Document | null) => {
    if (document === null) return;
    found.push(`MongoDB: ${collection} ${finder.without(String(document['_id']))}`);
  };
  const collections = await reaching(() => db.listCollections({}, { nameOnly: true }).toArray());
  for (const { name } of collections) {
    if (ofNobody.has(name) || name.startsWith('crawl_')) continue;
    const collection = db.collection<Document>(name);
    // Too many to be read one by one.
    if (name === 'playlists') {
      tell(name, await reaching(() => collection.findOne({ user })));
    } else if (name === 'ledger') {
      tell(name, await reaching(() => collection.findOne({ users: user })));
      for await (const document of collection.find(mentioning(user) as Filter<Document>)) {
        if (finder.isIn(String(document['reason']))) tell(name, document);
      }
    } else {
      for await (const document of collection.find()) {
        if (finder.isIn(EJSON.stringify(document))) tell(name, document);
      }
    }
  }
  return found;
}
