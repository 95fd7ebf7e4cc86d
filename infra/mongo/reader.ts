import type { Db } from 'mongodb';
import type { PlaylistDocument } from '../../pipelines/lists.ts';
import type { PlaylistReader } from '../http/playlists.ts';
import { reaching } from '../mongo.ts';

/** Lists as the API reads them: a list shows from its Monday on. */
export function openPlaylistReader(db: Db): PlaylistReader {
  const collection = db.collection<PlaylistDocument>('playlists');
  const visible = (user: string, now: number) => ({ user, validFrom: { $lte: new Date(now) } });
  return {
    async current(user, now) {
      const found = await reaching(() =>
        collection.findOne(visible(user, now), { sort: { validFrom: -1 } }),
      );
      return found ?? undefined;
    },
    async nextValidFrom(user, now) {
      const found = await reaching(() =>
        collection.findOne(
          { user, validFrom: { $gt: new Date(now) } },
          { sort: { validFrom: 1 }, projection: { validFrom: 1 } },
        ),
      );
      return found?.validFrom.getTime();
    },
    async ofWeek(user, week, now) {
      const found = await reaching(() =>
        collection.findOne({ _id: `${user}:${week}`, ...visible(user, now) }),
      );
      return found ?? undefined;
    },
    archive(user, now, limit) {
      return reaching(() =>
        collection
          .find(visible(user, now), {
            projection: { user: 1, week: 1, zone: 1, validFrom: 1, revision: 1 },
          })
          .sort({ validFrom: -1 })
          .limit(limit)
          .toArray(),
      );
    },
  };
}
