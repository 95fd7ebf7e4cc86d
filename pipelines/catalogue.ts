import { z } from 'zod';
import {
  artistKey,
  isOneName,
  knownArtists,
  parseCredits,
  titleKeys,
  twoScripts,
} from '../model/matching.ts';
import type { Sql } from './ports.ts';
import { readSql } from './sql.ts';
import type { Stage, StageContext } from './stage.ts';
import { catalogueTables, lakeTables } from './tables.ts';

export const catalogueOptions = z.object({
  /** People who must have given a tag before it counts as an artist's genre, >= 1. Default 2. */
  minTaggers: z.int().positive().default(2),
  /** Genres that an artist's tags may give, >= 1. Default 5. */
  maxTagGenres: z.int().positive().default(5),
});
export type CatalogueOptions = z.infer<typeof catalogueOptions>;

/** Rows that are keyed in JavaScript at a time. */
const chunkRows = 50_000;

type IsKnown = (name: string) => boolean;

/**
 * The lake with its entities matched: which spelled names are one artist, which recordings and
 * listens one track and one work, with the attributes of a track merged over its recordings.
 *
 * Only distinct names and distinct pairs of artist and title are keyed here, in chunks; the rest is
 * SQL. Ids are hashes of keys and `*_ix` follow the ids, so the order of the input does not matter.
 */
export const catalogue: Stage<CatalogueOptions> = {
  name: 'catalogue',
  version: 2,
  options: catalogueOptions,
  async run(context) {
    const { options, sql, save, report } = context;
    await sql.run(
      `CREATE TEMP TABLE settings AS
       SELECT CAST($taggers AS INTEGER) AS min_taggers, CAST($genres AS INTEGER) AS max_tag_genres`,
      { taggers: options.minTaggers, genres: options.maxTagGenres },
    );
    const isKnown = await readKnownArtists(sql);
    await keyNames(context, isKnown);
    await keySpellings(context, isKnown);
    await sql.run(readSql(import.meta.url, 'catalogue.sql'));
    for (const table of Object.keys(lakeTables)) report.rowsIn(await count(sql, `lake.${table}`));
    for (const [table, columns] of Object.entries(catalogueTables)) {
      const names = Object.keys(columns).join(', ');
      report.rowsOut(await save(table, `(SELECT ${names} FROM temp.${table})`));
    }
    await reportFunnel(context);
  },
};

/**
 * Artists that a source other than the listens names, and those whom at least three listeners play
 * under a name that could not be two.
 */
async function readKnownArtists(sql: Sql): Promise<IsKnown> {
  const named = await sql.rows<{ name: string }>(
    `SELECT DISTINCT unnest(artists) AS name FROM lake.recordings
     UNION SELECT artist FROM lake.texts
     ORDER BY name`,
  );
  const played = await sql.rows<{ name: string }>(
    `SELECT artist AS name FROM lake.listens
     GROUP BY artist HAVING count(DISTINCT (source, listener)) >= 3 ORDER BY name`,
  );
  const typed = await sql.rows<{ name: string; people: number }>(
    `SELECT artist AS name, count(DISTINCT (source, listener)) AS people
     FROM (SELECT artist, source, listener FROM lake.artist_plays
           UNION ALL SELECT artist, source, listener FROM lake.artist_tags)
     GROUP BY artist ORDER BY artist`,
  );
  return knownArtists(
    [...named, ...played.filter(({ name }) => isOneName(name))].map(({ name }) => name),
    typed,
  );
}

async function keyNames(context: StageContext, isKnown: IsKnown): Promise<void> {
  const { sql } = context;
  await sql.run(`
    CREATE TEMP TABLE distinct_names AS
    SELECT CAST(row_number() OVER () - 1 AS INTEGER) AS ix, name
    FROM (SELECT unnest(artists) AS name FROM lake.recordings
          UNION SELECT artist FROM lake.texts
          UNION SELECT artist FROM lake.artist_plays
          UNION SELECT artist FROM lake.artist_tags);
    CREATE TEMP TABLE name_keys (
      ix INTEGER, lead VARCHAR, artist_key VARCHAR, other_key VARCHAR)`);
  for await (const rows of chunks<{ ix: number; name: string }>(context, 'distinct_names')) {
    await sql.append(
      'name_keys',
      rows.map(({ ix, name }) => {
        const { lead } = parseCredits(name, '', isKnown);
        return [ix, lead, artistKey(lead), twoScripts(lead)?.other ?? null];
      }),
    );
  }
}

async function keySpellings(context: StageContext, isKnown: IsKnown): Promise<void> {
  const { sql } = context;
  await sql.run(`
    CREATE TEMP TABLE distinct_spellings AS
    SELECT CAST(row_number() OVER () - 1 AS INTEGER) AS ix, *
    FROM (SELECT artist, title, CAST(sum(recordings) AS BIGINT) AS recordings,
                 CAST(sum(listens) AS BIGINT) AS listens
          FROM (SELECT artists[1] AS artist, title, count(*) AS recordings, 0 AS listens
                FROM lake.recordings GROUP BY ALL
                UNION ALL
                SELECT artist, title, 0, count(*) FROM lake.listens GROUP BY ALL)
          GROUP BY artist, title);
    CREATE TEMP TABLE spelling_keys (
      ix INTEGER, lead VARCHAR, artist_key VARCHAR, other_key VARCHAR, featured VARCHAR[],
      shown VARCHAR, track_key VARCHAR, work_key VARCHAR, stripped INTEGER)`);
  type Row = { ix: number; artist: string; title: string };
  for await (const rows of chunks<Row>(context, 'distinct_spellings')) {
    await sql.append(
      'spelling_keys',
      rows.map(({ ix, artist, title }) => {
        const { lead, featured, title: shown } = parseCredits(artist, title, isKnown);
        const { track, work, stripped } = titleKeys(shown);
        const other = twoScripts(lead)?.other ?? null;
        return [ix, lead, artistKey(lead), other, featured, shown, track, work, stripped];
      }),
    );
  }
}

/** The rows of a table with a dense `ix`, a chunk at a time; other statements may run in between. */
async function* chunks<Row>(context: StageContext, table: string): AsyncIterable<Row[]> {
  const { sql, report, signal } = context;
  const total = await count(sql, table);
  for (let from = 0; from < total; from += chunkRows) {
    signal.throwIfAborted();
    yield await sql.rows<Row>(
      `SELECT * FROM ${table}
       WHERE ix >= CAST($from AS INTEGER) AND ix < CAST($to AS INTEGER) ORDER BY ix`,
      { from, to: from + chunkRows },
    );
    report.progress(Math.min(from + chunkRows, total), total);
  }
}

async function reportFunnel({ sql, report }: StageContext): Promise<void> {
  const [row] = await sql.rows<Record<string, number>>(`
    SELECT
      (SELECT count(*) FROM artists) AS artists,
      (SELECT count(*) FROM tracks) AS tracks,
      (SELECT coalesce(max(work_ix) + 1, 0) FROM tracks) AS works,
      (SELECT count(*) FROM listeners) AS listeners,
      (SELECT count(*) FROM tracks WHERE len(genres) > 0) AS "tracksWithGenres",
      (SELECT count(*) FROM track_keys WHERE in_catalogue) AS "catalogueTracks",
      (SELECT count(*) FROM recordings) - (SELECT count(*) FROM track_keys WHERE in_catalogue)
        AS "recordingsMerged",
      (SELECT count(*) FROM lake.listens) AS all_listens,
      (SELECT count(*) FROM listens) AS kept_listens,
      (SELECT coalesce(sum(listens), 0) FROM spellings JOIN track_keys USING (artist_key, track_key)
       WHERE in_catalogue) AS "listensOnCatalogueTracks",
      (SELECT coalesce(sum(listens), 0) FROM spellings JOIN artists USING (artist_key)
       WHERE in_catalogue) AS "listensOnCatalogueArtists",
      (SELECT count(*) FROM lake.recordings) - (SELECT count(*) FROM recordings) AS twice_recorded,
      (SELECT count(*) FROM lake.memberships) AS all_memberships,
      (SELECT count(*) FROM lake.memberships SEMI JOIN numbered_playlists
       USING (source, playlist_id)) AS listed_memberships,
      (SELECT count(*) FROM known_memberships) AS known_memberships,
      (SELECT count(*) FROM memberships) AS kept_memberships,
      (SELECT count(*) FROM lake.artist_plays) - (SELECT count(*) FROM artist_plays) AS merged_plays,
      (SELECT count(*) FROM lake.artist_tags) - (SELECT count(*) FROM artist_tags) AS merged_tags`);
  const figures = row!;
  report.dropped('recording listed twice', figures['twice_recorded']!);
  report.dropped('same listen twice', figures['all_listens']! - figures['kept_listens']!);
  report.dropped(
    'membership of an unknown playlist',
    figures['all_memberships']! - figures['listed_memberships']!,
  );
  report.dropped(
    'membership of an unknown recording',
    figures['listed_memberships']! - figures['known_memberships']!,
  );
  report.dropped(
    'same membership under two recordings',
    figures['known_memberships']! - figures['kept_memberships']!,
  );
  report.dropped('plays of one artist under two names', figures['merged_plays']!);
  report.dropped('tags summed over people', figures['merged_tags']!);
  for (const key of Object.keys(figures)) if (!key.includes('_')) report.figure(key, figures[key]!);
  const share = (part: string) =>
    Math.round((1000 * figures[part]!) / Math.max(1, figures['all_listens']!)) / 1000;
  report.figure('versions', figures['tracks']! - figures['works']!);
  report.figure('shareOfListensOnCatalogueTracks', share('listensOnCatalogueTracks'));
  report.figure('shareOfListensOnCatalogueArtists', share('listensOnCatalogueArtists'));
}

async function count(sql: Sql, table: string): Promise<number> {
  const [row] = await sql.rows<{ count: number }>(`SELECT count(*) AS count FROM ${table}`);
  return row!.count;
}
