import type { Redis } from 'ioredis';
import type { Db } from 'mongodb';
import { documentId } from '../../pipelines/delivery/deliver.ts';
import type { BatchMessage } from '../../pipelines/lists.ts';
import { reaching } from '../mongo.ts';
import { eraseFiles, eraseFromReasons, picturesOf } from './mongo.ts';
import { nameFinder } from './names.ts';
import { eraseFromRedis } from './redis.ts';

export interface TakingBack {
  readonly db: Db;
  readonly redis: Redis;
  readonly namespace: string;
  /** Where pictures and covers are kept. */
  readonly home: string;
}

/**
 * Removes what the delivery of a batch may have written for listeners who were erased meanwhile:
 * their list of that week unless it is newer, their names in the batch's entry of the ledger and in
 * reasons, what Redis remembers, pictures and covers.
 */
export async function takeBackLists(
  { db, redis, namespace, home }: TakingBack,
  { order, batch }: BatchMessage,
  users: readonly string[],
): Promise<void> {
  const lists = db.collection<{ _id: string; revision: number }>('playlists');
  const entries = db.collection<{ _id: string; users: string[] }>('ledger');
  for (const user of users) {
    const finder = nameFinder(user);
    const pictures = await picturesOf({ db, redis, namespace }, user, [order.week]);
    const _id = documentId(user, order.week);
    await reaching(() => lists.deleteMany({ _id, revision: { $lte: order.revision } }));
    await reaching(() =>
      entries.updateOne({ _id: `${order.id}:${batch}` }, { $pull: { users: user } }),
    );
    await eraseFromReasons(db, finder);
    await eraseFromRedis(redis, namespace, finder, new Set(pictures.covers));
    await eraseFiles(db, home, pictures);
  }
}
