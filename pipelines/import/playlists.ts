import { readSql } from '../sql.ts';
import { allOrNone, type Importer } from './importer.ts';
import { putRecordings } from './recordings.ts';

const lists = 'playlists/playlists.csv';
const tracks = 'playlists/tracks.csv';
const current = 'playlists/playlist_tracks_2021-05-09.csv';
const history = 'playlists/playlist_track_history.csv';

/**
 * Named playlists with the dated history of what was in them, and what was in them on 2021-05-09.
 * What is in them that day and not in the history counts as added that day.
 */
export const playlists: Importer = {
  version: 1,
  layout: 'playlists/playlists.csv',
  bringsListens: false,
  source: () => 'playlists-2021',
  find: (folder) => allOrNone(folder, [lists, tracks, current, history]),
  async run(session) {
    const { sql, folder } = session;
    await session.readCsv('lists', folder.find(lists)!, {
      required: ['playlist_id', 'name', 'description'],
    });
    await session.readCsv('tracks', folder.find(tracks)!, {
      required: ['track_id', 'title', 'artists', 'album', 'album_id', 'length_s'],
    });
    await session.readCsv('current', folder.find(current)!, {
      required: ['playlist_id', 'track_id', 'length_s'],
    });
    await session.readCsv('history', folder.find(history)!, {
      required: ['playlist_id', 'track_id', 'added', 'removed'],
    });
    await sql.run(readSql(import.meta.url, 'playlists-names.sql'));
    await session.take('usable_lists', 'lists', 'checked_lists');
    await session.take('usable_tracks', 'tracks', 'checked_tracks');
    await sql.run(readSql(import.meta.url, 'playlists-checks.sql'));
    await session.take('usable_current', 'current', 'checked_current');
    await session.take('usable_history', 'history', 'checked_history');
    await sql.run(readSql(import.meta.url, 'playlists-tables.sql'));
    const [{ repeated }] = (await sql.rows(
      `SELECT (SELECT count(*) FROM usable_history) - (SELECT count(*) FROM stays) AS repeated`,
    )) as [{ repeated: number }];
    session.repeated(repeated);
    await session.put('playlists', 'usable_lists');
    await putRecordings(session, 'listed_recordings', 'listed_lengths');
    await session.put('memberships', 'listed_memberships');
  },
};
