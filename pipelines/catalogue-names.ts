import type { CatalogueNames } from '../model/text/linking/names.ts';
import { prepareWorks, type PreparedWorks } from '../model/text/linking/works.ts';
import type { Sql } from './ports.ts';

/** Titles of an artist that are looked for, the most popular first. */
const mostTracks = 200;

/**
 * Reads the names to be found, by `artist_ix`; the more tracks, the better known.
 *
 * @param input - the name of the catalogue among the inputs
 */
export async function readCatalogueNames(sql: Sql, input = 'catalogue'): Promise<CatalogueNames> {
  const artists: string[] = [];
  const renown: number[] = [];
  const rows = sql.stream<{ name: string; tracks: number }>(
    `SELECT a.name, coalesce(t.tracks, 0) AS tracks
     FROM ${input}.artists a
     LEFT JOIN (SELECT artist_ix, CAST(count(*) AS INTEGER) AS tracks
                FROM ${input}.tracks GROUP BY artist_ix) t USING (artist_ix)
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

/** What is looked for of an artist. */
export interface ArtistWorksRow {
  readonly artist_ix: number;
  readonly name: string;
  readonly albums: string[];
  readonly titles: string[];
  /** By title. */
  readonly tracks: number[];
  readonly track_ids: string[];
  readonly genres: string[];
}

/**
 * A SELECT of what is looked for of artists.
 *
 * @param input - the name of the catalogue among the inputs
 * @param asked - a table of `artist_ix`
 */
export function artistWorks(input: string, asked: string): string {
  return `WITH listed AS (
      SELECT artist_ix, track_ix, track_id, title, album, genres
      FROM ${input}.tracks JOIN ${asked} USING (artist_ix)
      QUALIFY row_number() OVER (
        PARTITION BY artist_ix ORDER BY coalesce(popularity, 0) DESC, track_ix) <= ${mostTracks}
    )
    SELECT artist_ix, name,
           coalesce(list_sort(list_distinct(list(album) FILTER (album IS NOT NULL))), []) AS albums,
           coalesce(list(title ORDER BY track_ix) FILTER (title IS NOT NULL), []) AS titles,
           coalesce(list(track_ix ORDER BY track_ix) FILTER (title IS NOT NULL), []) AS tracks,
           coalesce(list(track_id ORDER BY track_ix) FILTER (title IS NOT NULL), []) AS track_ids,
           coalesce(list_sort(list_distinct(flatten(list(genres) FILTER (genres IS NOT NULL)))), [])
             AS genres
    FROM ${asked} JOIN ${input}.artists USING (artist_ix) LEFT JOIN listed USING (artist_ix)
    GROUP BY artist_ix, name`;
}

/** Ready to be found; a track is its place in the row. */
export function preparedWorks({ name, albums, titles, genres }: ArtistWorksRow): PreparedWorks {
  return prepareWorks({
    ...{ name, albums, genres },
    tracks: titles.map((title, n) => ({ title, track: n })),
  });
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
    const rows = await sql.rows<ArtistWorksRow>(
      `${artistWorks('catalogue', 'asked_artists')} ORDER BY artist_ix`,
    );
    for (const { artist_ix, name, albums, titles, tracks, genres } of rows) {
      const listed = titles.map((title, n) => ({ title, track: tracks[n]! }));
      this.#known.set(artist_ix, prepareWorks({ name, albums, tracks: listed, genres }));
    }
  }
}
