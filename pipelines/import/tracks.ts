import { readSql } from '../sql.ts';
import type { Importer } from './importer.ts';
import { putRecordings } from './recordings.ts';

const file = 'tracks/spotify_songs.csv';

/**
 * Tracks of 471 playlists with genre, release date and audio features, as of 2020-01-21
 * (TidyTuesday); a row is a track in a playlist.
 */
export const tracks: Importer = {
  version: 1,
  layout: file,
  bringsListens: false,
  source: () => 'spotify-songs-2020',
  find: (folder) => [folder.find(file) ?? []].flat(),
  async run(session) {
    const { sql, folder } = session;
    await session.readCsv('songs', folder.find(file)!, {
      required: [
        ...['track_id', 'track_name', 'track_artist', 'track_popularity', 'track_album_id'],
        ...['track_album_name', 'track_album_release_date', 'playlist_name', 'playlist_id'],
        ...['playlist_genre', 'playlist_subgenre', 'danceability', 'energy', 'key', 'loudness'],
        ...['mode', 'speechiness', 'acousticness', 'instrumentalness', 'liveness', 'valence'],
        ...['tempo', 'duration_ms'],
      ],
    });
    await sql.run(readSql(import.meta.url, 'tracks-checks.sql'));
    await session.take('usable_songs', 'songs', 'checked_songs');
    await sql.run(readSql(import.meta.url, 'tracks-tables.sql'));
    await session.put('playlists', 'song_playlists');
    await putRecordings(session, 'song_recordings');
    await session.put('memberships', 'song_memberships');
  },
};
