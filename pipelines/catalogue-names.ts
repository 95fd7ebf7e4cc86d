import type { CatalogueNames } from '../model/text/linking/names.ts';
import { prepareWorks, type PreparedWorks } from '../model/text/linking/works.ts';
import type { Sql } from './ports.ts';

/** Titles of an artist that are looked for, the most popular first. */
const mostTracks = 200;

/** Reads the names to be found, by `artist_ix`; the more tracks, the better known. */
export async function readCatalogueNames(sql: Sql): Promise<CatalogueNames> {
  const artists: string[] = [];
  const renown: number[] = [];
  const rows = sql.stream<{ name: string; tracks: number }>(
    `SELECT a.name, coalesce(t.tracks, 0) AS tracks
     FROM catalogue.artists a
     LEFT JOIN (SELECT artist_ix, CAST(count(*) AS INTEGER) AS tracks
                FROM catalogue.tracks GROUP BY artist_ix) t USING (artist_ix)
     ORDER BY artist_ix`,
  );
  for await (const chunk of rows) {
    for (const { name, tracks } of chunk) {
      artists.push(name);
      renown.push(tracks);
    }
  }
  return { artists, renown };
}

/** The works of artists, read when they are first asked for. */
export class CatalogueWorks {
  readonly #sql: Sql;
  readonly #known = new Map<number, PreparedWorks>();

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Of an artist that was read; without tracks they are empty. */
  of(artist: number): PreparedWorks | undefined {
    return this.#known.get(artist);
  }

  async read(artists: Iterable<number>): Promise<void> {
    const missing = [...new Set(artists)].filter((artist) => !this.#known.has(artist));
    if (missing.length === 0) return;
    const sql = this.#sql;
    await sql.run('CREATE OR REPLACE TEMP TABLE asked_artists (artist_ix INTEGER)');
    await sql.append(
      'asked_artists',
      missing.map((artist) => [artist]),
    );
    const rows = await sql.rows<{
      artist_ix: number;
      name: string;
      albums: string[];
      titles: string[];
      tracks: number[];
      genres: string[];
    }>(
      `WITH listed AS (
         SELECT artist_ix, track_ix, title, album, genres
         FROM catalogue.tracks JOIN asked_artists USING (artist_ix)
         QUALIFY row_number() OVER (
           PARTITION BY artist_ix ORDER BY coalesce(popularity, 0) DESC, track_ix) <= ${mostTracks}
       )
       SELECT artist_ix, name,
              coalesce(list_sort(list_distinct(list(album) FILTER (album IS NOT NULL))), []) AS albums,
              coalesce(list(title ORDER BY track_ix) FILTER (title IS NOT NULL), []) AS titles,
              coalesce(list(track_ix ORDER BY track_ix) FILTER (title IS NOT NULL), []) AS tracks,
              coalesce(list_sort(list_distinct(flatten(list(genres) FILTER (genres IS NOT NULL)))), [])
                AS genres
       FROM asked_artists JOIN catalogue.artists USING (artist_ix) LEFT JOIN listed USING (artist_ix)
       GROUP BY artist_ix, name ORDER BY artist_ix`,
    );
    for (const { artist_ix, name, albums, titles, tracks, genres } of rows) {
      const listed = titles.map((title, n) => ({ title, track: tracks[n]! }));
      this.#known.set(artist_ix, prepareWorks({ name, albums, tracks: listed, genres }));
    }
  }
}
