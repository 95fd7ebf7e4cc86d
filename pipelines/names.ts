import type { ArtistName, TrackName } from './lists.ts';
import type { Sql } from './ports.ts';

/** What the catalogue calls tracks, by id. */
export async function* readTrackNames(sql: Sql, tracks: Int32Array): AsyncGenerator<TrackName> {
  await ask(sql, tracks);
  const rows = sql.stream<TrackRow>(
    `SELECT track_id, title, artists, album, length_s, artist_id
     FROM asked JOIN catalogue.tracks ON ix = track_ix JOIN catalogue.artists USING (artist_ix)
     ORDER BY track_id`,
  );
  for await (const chunk of rows) {
    for (const { track_id, title, artists, album, length_s, artist_id } of chunk) {
      yield {
        trackId: track_id,
        title,
        artists,
        artistId: artist_id,
        ...(album === null ? {} : { album }),
        ...(length_s === null ? {} : { lengthS: length_s }),
      };
    }
  }
}

/** What the catalogue calls artists, by id. */
export async function* readArtistNames(sql: Sql, artists: Int32Array): AsyncGenerator<ArtistName> {
  await ask(sql, artists);
  const rows = sql.stream<{ artist_id: string; name: string }>(
    `SELECT artist_id, name FROM asked JOIN catalogue.artists ON ix = artist_ix
     ORDER BY artist_id`,
  );
  for await (const chunk of rows) {
    for (const { artist_id, name } of chunk) yield { artistId: artist_id, name };
  }
}

interface TrackRow {
  readonly track_id: string;
  readonly title: string;
  readonly artists: string[];
  readonly album: string | null;
  readonly length_s: number | null;
  readonly artist_id: string;
}

async function ask(sql: Sql, indices: Int32Array): Promise<void> {
  await sql.run('CREATE OR REPLACE TEMP TABLE asked (ix INTEGER)');
  await sql.append(
    'asked',
    (function* () {
      for (const index of indices) yield [index];
    })(),
  );
}
