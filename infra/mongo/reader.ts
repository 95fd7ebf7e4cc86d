import type { Db } from 'mongodb';
import { addWeeks, weekOf } from '../../model/week.ts';
import { documentId } from '../../pipelines/delivery/deliver.ts';
import type { NamedPlaylist, PlaylistReader } from '../http/playlists.ts';
import { gather, type Lookup } from '../gather.ts';
import { reaching } from '../mongo.ts';
import type { NameCache } from '../name-cache.ts';
import { coverOf, type StoredList } from './stored-list.ts';

const hourMs = 3_600_000;

/** Lists as the API reads them: a list shows from its Monday on. */
export function openPlaylistReader(db: Db, names: NameCache): PlaylistReader {
  const collection = db.collection<StoredList>('playlists', { promoteBuffers: true });
  const visible = (user: string, now: number) => ({ user, validFrom: { $lte: new Date(now) } });

  const byId = gather(async (ids) => {
    const filter = { _id: { $in: [...ids] } };
    const found = await reaching(() => collection.find(filter).toArray());
    return new Map(found.map((list) => [list._id, list]));
  });
  const ofWeek = async (user: string, week: string, now: number) => {
    const id = documentId(user, week);
    const found = (await byId([id])).get(id);
    return found === undefined || found.validFrom.getTime() > now ? undefined : found;
  };

  async function named(list: StoredList): Promise<NamedPlaylist> {
    const { user, week, zone, validFrom, revision, model } = list;
    const common = { user, week, zone, validFrom, revision, model };
    if (list.v === 1) return { ...common, tracks: list.tracks };
    return { ...common, tracks: await names.named(list) };
  }

  return {
    async current(user, now) {
      const near = await nearestLists(byId, user, now);
      const newest = near.findLast(({ validFrom }) => validFrom.getTime() <= now);
      const list =
        newest ??
        (await reaching(() => collection.findOne(visible(user, now), { sort: { validFrom: -1 } })));
      if (list === null) return undefined;
      const next = near.find(({ validFrom }) => validFrom.getTime() > now);
      return { list: await named(list), until: next?.validFrom.getTime() ?? now + 24 * hourMs };
    },
    async ofWeek(user, week, now) {
      const found = await ofWeek(user, week, now);
      return found && named(found);
    },
    async cover(user, week, now) {
      const found = await ofWeek(user, week, now);
      return found && coverOf(found);
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

/**
 * The user's lists of the weeks around now, found by their `_id`s alone, the earliest first: with
 * all whose Monday comes within a day, wherever that is (a zone is up to 14 hours ahead of UTC).
 */
async function nearestLists(
  byId: Lookup<StoredList>,
  user: string,
  now: number,
): Promise<StoredList[]> {
  const ids = weeksAround(Math.floor(now / hourMs)).map((week) => documentId(user, week));
  const found = await byId(ids);
  const lists = ids.map((id) => found.get(id)).filter((list) => list !== undefined);
  return lists.sort((a, b) => a.validFrom.getTime() - b.validFrom.getTime());
}

let around: { readonly hour: number; readonly weeks: readonly string[] } | undefined;

/** @param hour - hours since 1970 */
function weeksAround(hour: number): readonly string[] {
  if (around?.hour !== hour) {
    const last = weekOf((hour + 39) * hourMs, 'UTC');
    around = { hour, weeks: [last, addWeeks(last, -1), addWeeks(last, -2)] };
  }
  return around.weeks;
}
