import { readNames, type Chosen } from './names.ts';
import { reasonOf } from './reason.ts';
import type { WeeklyList } from './lists.ts';
import type { Sql } from './ports.ts';
import type { World } from './world.ts';

/** Puts ids, names and reasons to chosen tracks. */
export async function describe(
  sql: Sql,
  world: World,
  chosen: readonly Chosen[],
  { week, model }: { week: string; model: string },
): Promise<WeeklyList[]> {
  const names = await readNames(sql, world, chosen);
  const listeners = await readListeners(
    sql,
    chosen.map(({ listener }) => listener),
  );
  return chosen.map(({ listener, tracks }) => {
    const { user, zone, country } = listeners.get(listener)!;
    return {
      user,
      week,
      zone,
      ...(country === null ? {} : { country }),
      tracks: tracks.map((choice) => {
        const found = names.tracks.get(choice.track)!;
        return {
          trackId: found.track_id,
          title: found.title,
          artists: found.artists,
          artistId: found.artist_id,
          ...(found.album === null ? {} : { album: found.album }),
          ...(found.length_s === null ? {} : { lengthS: found.length_s }),
          reason: reasonOf(found, choice, names),
          source: choice.source,
        };
      }),
      model,
    };
  });
}

async function readListeners(
  sql: Sql,
  listeners: readonly number[],
): Promise<Map<number, { user: string; zone: string; country: string | null }>> {
  await sql.run('CREATE OR REPLACE TEMP TABLE needed_listeners (listener_ix INTEGER)');
  await sql.append(
    'needed_listeners',
    listeners.map((listener) => [listener]),
  );
  const rows = await sql.rows<{
    listener_ix: number;
    user: string;
    zone: string;
    country: string | null;
  }>(
    `SELECT listener_ix, listener AS user, zone, country
     FROM needed_listeners
     JOIN catalogue.listeners USING (listener_ix)
     JOIN snapshot.listeners USING (listener_ix)`,
  );
  return new Map(rows.map(({ listener_ix, ...rest }) => [listener_ix, rest]));
}
