import { z } from 'zod';
import { skippedBeforeMs } from '../model/skips.ts';
import { keyNames, keySpellings, keyWords, readKnownArtists } from './catalogue-keys.ts';
import type { Sql } from './ports.ts';
import { readSql } from './sql.ts';
import type { Stage, StageContext } from './stage.ts';
import { catalogueTables, lakeTables } from './tables.ts';

export const catalogueOptions = z.object({
  /** People who must have given a tag before it counts as an artist's genre, >= 1. Default 2. */
  minTaggers: z.int().positive().default(2),
  /** Genres that an artist's tags may give, >= 1. Default 5. */
  maxTagGenres: z.int().positive().default(5),
  /** Listens that ended within this time are skips, milliseconds. Default 30,000. */
  skippedBeforeMs: z.int().nonnegative().default(skippedBeforeMs),
});
export type CatalogueOptions = z.infer<typeof catalogueOptions>;

/**
 * The lake with its entities matched: which spelled names are one artist, which recordings and
 * listens one track and one work, with the attributes of a track merged over its recordings.
 *
 * Only distinct names and distinct pairs of artist and title are keyed here, in chunks; the rest is
 * SQL. Ids are hashes of keys and `*_ix` follow the ids, so the order of the input does not matter.
 */
export const catalogue: Stage<CatalogueOptions> = {
  name: 'catalogue',
  version: 3,
  options: catalogueOptions,
  async run(context) {
    const { options, sql, save, report } = context;
    await sql.run(
      `CREATE TEMP TABLE settings AS
       SELECT CAST($taggers AS INTEGER) AS min_taggers, CAST($genres AS INTEGER) AS max_tag_genres,
              CAST($skipped AS INTEGER) AS skipped_before_ms`,
      {
        taggers: options.minTaggers,
        genres: options.maxTagGenres,
        skipped: options.skippedBeforeMs,
      },
    );
    const isKnown = await readKnownArtists(sql);
    await keyNames(context, isKnown);
    await keySpellings(context, isKnown);
    await sql.run(readSql(import.meta.url, 'catalogue.sql'));
    await sql.run(readSql(import.meta.url, 'catalogue-playlists.sql'));
    await keyWords(context, isKnown);
    await sql.run(readSql(import.meta.url, 'catalogue-words.sql'));
    for (const table of Object.keys(lakeTables)) report.rowsIn(await count(sql, `lake.${table}`));
    for (const [table, columns] of Object.entries(catalogueTables)) {
      const names = Object.keys(columns).join(', ');
      report.rowsOut(await save(table, `(SELECT ${names} FROM temp.${table})`));
    }
    await reportFunnel(context);
  },
};

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
      (SELECT count(*) FROM lake.memberships SEMI JOIN lake.playlists
       USING (source, playlist_id)) AS listed_memberships,
      (SELECT count(*) FROM known_memberships) AS known_memberships,
      (SELECT count(*) FROM memberships) - (SELECT count(*) FROM own_memberships)
        AS kept_memberships,
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
  await reportWords({ sql, report });
  for (const key of Object.keys(figures)) if (!key.includes('_')) report.figure(key, figures[key]!);
  const share = (part: string) =>
    Math.round((1000 * figures[part]!) / Math.max(1, figures['all_listens']!)) / 1000;
  report.figure('versions', figures['tracks']! - figures['works']!);
  report.figure('shareOfListensOnCatalogueTracks', share('listensOnCatalogueTracks'));
  report.figure('shareOfListensOnCatalogueArtists', share('listensOnCatalogueArtists'));
}

/** What listeners said, and how much of it is of nothing in the catalogue, or said twice. */
async function reportWords({ sql, report }: Pick<StageContext, 'sql' | 'report'>): Promise<void> {
  for (const [table, reason] of [
    ['feedback', 'feedback on an unknown track'],
    ['blocks', 'block of an unknown thing'],
    ['saves', 'save of an unknown thing'],
    ['searches', 'search that names no artist'],
  ] as const) {
    const said = await count(sql, `lake.${table}`);
    if (said === 0) continue;
    const kept = await count(sql, table);
    report.figure(table, kept);
    report.dropped(reason, said - kept);
  }
  for (const [key, table] of [
    ['exclusions', 'exclusions'],
    ['profiles', 'profiles'],
    ['skippedListens', 'skipped_listens'],
    ['tracksInOwnPlaylists', 'own_tracks'],
  ] as const) {
    const rows = await count(sql, table);
    if (rows > 0) report.figure(key, rows);
  }
}

async function count(sql: Sql, table: string): Promise<number> {
  const [row] = await sql.rows<{ count: number }>(`SELECT count(*) AS count FROM ${table}`);
  return row!.count;
}
