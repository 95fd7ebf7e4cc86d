import type { Db } from 'mongodb';
import type { StoredLists } from '../../pipelines/delivery/story.ts';
import { reaching } from '../mongo.ts';
import { coverOf, type StoredList } from './stored-list.ts';

/** What is stored of lists, without their tracks. */
export function openStoredLists(db: Db): StoredLists {
  const collection = db.collection<StoredList>('playlists');
  return {
    async find(user, week) {
      const found = await reaching(() =>
        collection.findOne({ _id: `${user}:${week}` }, { projection: { tracks: 0 } }),
      );
      if (found === null) return undefined;
      const { zone, validFrom, model, revision, order, storedAt } = found;
      return {
        ...{ zone, model, revision, order, cover: coverOf(found) },
        validFrom: validFrom.getTime(),
        storedAt: storedAt.getTime(),
      };
    },
    async zoneOf(user) {
      const newest = await reaching(() =>
        collection.findOne({ user }, { sort: { validFrom: -1 }, projection: { zone: 1 } }),
      );
      return newest?.zone;
    },
    async countByOrder(week) {
      const counts = await reaching(() =>
        collection
          .aggregate<{ _id: string; lists: number }>([
            { $match: { week } },
            { $group: { _id: '$order', lists: { $sum: 1 } } },
          ])
          .toArray(),
      );
      return new Map(counts.map(({ _id, lists }) => [_id, lists]));
    },
  };
}
