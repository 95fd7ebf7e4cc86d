import type { Db } from 'mongodb';
import type { Clock } from '../../pipelines/ports.ts';
import { gather } from '../gather.ts';
import { reaching } from '../mongo.ts';
import { cleanPicture } from './clean.ts';
import { forgetPicture } from '../covers.ts';
import { keepPicture, pictureHash, picturesFolder } from './kept.ts';
import type { PictureProvider } from './provider.ts';
import { inPictureTurn } from './turn.ts';

/** A picture that a listener uploaded. */
export interface Upload {
  /** First 32 hexadecimal digits of the SHA-256 of what is kept of it. */
  readonly hash: string;
  /** Pixels of what is kept. */
  readonly width: number;
  readonly height: number;
  readonly uploadedAt: Date;
}

export interface Uploads extends PictureProvider {
  /**
   * Takes a picture in place of the one before, which stays on the covers of the lists that were
   * delivered with it; this is on those of lists that are delivered from now on.
   *
   * @throws RefusedPicture
   */
  put(user: string, bytes: Buffer): Promise<Upload>;
  find(user: string): Promise<Upload | undefined>;
  /**
   * Deletes the listener's picture, with its bytes and what was drawn from it unless somebody else
   * has uploaded the same, be it at this moment. Killed on the way it is finished by the next call.
   *
   * @returns whether there was one
   */
  remove(user: string): Promise<boolean>;
}

export interface UploadOptions {
  readonly db: Db;
  /** Pictures are kept under it by their hash, for the covers. */
  readonly home: string;
  readonly clock: Clock;
}

/**
 * The collection `pictures`: which picture each listener uploaded last (`_id` is the listener), with
 * an index on the hash from the first upload on.
 */
export function openUploads({ db, home, clock }: UploadOptions): Uploads {
  const collection = db.collection<Upload & { _id: string }>('pictures');
  const byUser = gather(async (users) => {
    const found = await reaching(() => collection.find({ _id: { $in: [...users] } }).toArray());
    return new Map(found.map(({ _id, ...upload }) => [_id, upload]));
  });
  let indexed: Promise<unknown> | undefined;
  const withIndex = () =>
    (indexed ??= reaching(() => collection.createIndex({ hash: 1 })).catch((error: unknown) => {
      indexed = undefined;
      throw error;
    }));
  return {
    name: 'upload',
    newest: (user, signal) =>
      new Promise((resolve) => {
        const stop = () => resolve(undefined);
        if (signal.aborted) return stop();
        signal.addEventListener('abort', stop, { once: true });
        byUser([user])
          .then((found) => found.get(user))
          .then(
            (upload) =>
              resolve(upload && { hash: upload.hash, since: upload.uploadedAt.getTime() }),
            stop,
          )
          .finally(() => signal.removeEventListener('abort', stop));
      }),
    async put(user, bytes) {
      const { bytes: kept, width, height } = await cleanPicture(bytes);
      const hash = pictureHash(kept);
      await withIndex();
      return inPictureTurn(home, hash, async () => {
        await keepPicture(picturesFolder(home), kept);
        const upload = { hash, width, height, uploadedAt: new Date(clock()) };
        await reaching(() => collection.replaceOne({ _id: user }, upload, { upsert: true }));
        return upload;
      });
    },
    find: async (user) => (await byUser([user])).get(user),
    async remove(user) {
      await withIndex();
      for (;;) {
        const found = await reaching(() => collection.findOne({ _id: user }));
        if (found === null) return false;
        const { hash } = found;
        const isGone = await inPictureTurn(home, hash, async () => {
          const other = { hash, _id: { $ne: user } };
          if ((await reaching(() => collection.findOne(other))) === null) {
            await forgetPicture(home, hash);
          }
          const { deletedCount } = await reaching(() => collection.deleteOne({ _id: user, hash }));
          return deletedCount > 0;
        });
        // Else they uploaded another one meanwhile, or deleted it twice at once.
        if (isGone) return true;
      }
    },
  };
}
