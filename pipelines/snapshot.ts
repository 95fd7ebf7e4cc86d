import { z } from 'zod';
import { areaOf, countryOf } from '../model/regions.ts';
import { placeName } from '../model/reasons.ts';
import { skippedBeforeMs } from '../model/skips.ts';
import { mondayStart, weekOf } from '../model/week.ts';
import { ianaZone } from '../model/zone-names.ts';
import type { Sql } from './ports.ts';
import type { Stage, StageContext } from './stage.ts';
import { readSql } from './sql.ts';

export const snapshotOptions = z.object({
  /** Only listens before this instant (ISO 8601, UTC) are known. */
  cutoff: z.iso.datetime(),
  /** Days after which a play counts half, > 0. Default 60. */
  halfLifeDays: z.number().positive().default(60),
  /**
   * Only catalogue entries and playlist memberships dated before this day are known; null: the
   * catalogue counts as known whatever its dates. Default null.
   */
  catalogueBefore: z.iso.date().nullable().default(null),
  /** Plays ended by a skip that was told by itself lasted at most this, milliseconds. Default 30,000. */
  skippedBeforeMs: z.int().nonnegative().default(skippedBeforeMs),
  /**
   * As how many plays at the time when it was said each word counts, >= 0, with the half-life of
   * plays: love, a save, what is in a playlist of one's own; a search, for the artist, once a day.
   * The scale is a choice: a channel counts the more the more deliberate it is (Loni et al.,
   * "Bayesian Personalized Ranking with Multi-Channel User Feedback", RecSys 2016).
   */
  wordPlays: z
    .object({
      love: z.number().nonnegative().default(5),
      save: z.number().nonnegative().default(1),
      playlist: z.number().nonnegative().default(2),
      search: z.number().nonnegative().default(0.25),
    })
    .prefault({}),
});
export type SnapshotOptions = z.infer<typeof snapshotOptions>;

/** The tables that the stage writes, a Parquet file each; columns in `snapshot.sql`. */
const tables = [
  'listeners',
  'interactions',
  'artist_interactions',
  'heard',
  'track_popularity',
  'place_popularity',
  'eligible',
  'artist_tracks',
  'barred',
  'profiles',
] as const;

/**
 * What was known of the listens at a cut-off: interactions with time-decayed confidence, what each
 * listener has heard, popularity by zone, country and world, and what can be recommended; and what
 * listeners had said by then:
 *
 * - Love, saves and tracks in playlists of one's own are interactions, without a listen too, and
 *   their works are not new. A search for an artist speaks a little for the artist.
 * - Of a hated work nothing counts, and it is `barred`, as is what is blocked in the week that the
 *   cut-off begins. `heard` holds what is barred too: no list has it, no example asks for it.
 * - Skipped listens and those that the listener has excluded are heard, but no interaction and no
 *   vote in the popularity: they say nothing of anybody's taste.
 * - `listeners` live where their newest profile says; `profiles` holds these.
 */
export const snapshot: Stage<SnapshotOptions> = {
  name: 'snapshot',
  version: 3,
  options: snapshotOptions,
  async run({ options, sql, save, report }) {
    await sql.run(
      `CREATE TEMP TABLE moment AS
       SELECT CAST($cutoff AS TIMESTAMP) AS cutoff, CAST($halfLife AS DOUBLE) AS half_life_days,
              CAST($before AS DATE) AS catalogue_before,
              CAST($skipped AS INTEGER) AS skipped_before_ms,
              CAST($love AS DECIMAL(18, 9)) AS love_plays, CAST($save AS DECIMAL(18, 9)) AS save_plays,
              CAST($playlist AS DECIMAL(18, 9)) AS playlist_plays,
              CAST($search AS DECIMAL(18, 9)) AS search_plays`,
      {
        cutoff: options.cutoff.replace('Z', ''),
        halfLife: options.halfLifeDays,
        before: options.catalogueBefore,
        skipped: options.skippedBeforeMs,
        ...options.wordPlays,
      },
    );
    await nameProfiles(sql);
    await placeZones(sql, options.cutoff);
    for (const file of ['snapshot-words.sql', 'snapshot.sql', 'snapshot-heard.sql']) {
      await sql.run(readSql(import.meta.url, file));
    }
    const [counts] = await sql.rows<{ all: number; known: number; listeners: number }>(
      `SELECT (SELECT count(*) FROM catalogue.listens) AS "all",
              (SELECT count(*) FROM known_listens) AS known,
              (SELECT count(*) FROM listeners) AS listeners`,
    );
    const { all, known, listeners } = counts!;
    report.rowsIn(all);
    report.rowsOut(known);
    report.dropped('after the cut-off', all - known);
    report.figure('listeners', listeners);
    await reportWords({ sql, report });
    for (const table of tables) await save(table, relations[table] ?? table);
  },
};

/** Where a table is not called as its file. */
const relations: Readonly<Record<string, string>> = { profiles: 'latest_profiles' };

/** Fills `profile_zones` and `profile_countries`: those of profiles that exist, and have a name. */
async function nameProfiles(sql: Sql): Promise<void> {
  await sql.run(`CREATE TEMP TABLE profile_zones (zone VARCHAR, iana VARCHAR);
                 CREATE TEMP TABLE profile_countries (country VARCHAR)`);
  const said = await sql.rows<{ zone: string }>(
    'SELECT DISTINCT zone FROM catalogue.profiles WHERE zone IS NOT NULL ORDER BY zone',
  );
  await sql.append(
    'profile_zones',
    said.flatMap(({ zone }) => {
      const iana = ianaZone(zone);
      return iana === undefined ? [] : [[zone, iana]];
    }),
  );
  const countries = await sql.rows<{ country: string }>(
    'SELECT DISTINCT country FROM catalogue.profiles WHERE country IS NOT NULL ORDER BY country',
  );
  await sql.append(
    'profile_countries',
    countries
      .filter(({ country }) => placeName(country) !== undefined)
      .map(({ country }) => [country]),
  );
}

/** Fills `zone_places`: every zone of a listener, and when the week of the cut-off begins there. */
async function placeZones(sql: Sql, cutoff: string): Promise<void> {
  await sql.run(
    'CREATE TEMP TABLE zone_places (zone VARCHAR, country VARCHAR, area VARCHAR, week_begins_ms BIGINT)',
  );
  const zones = await sql.rows<{ zone: string }>(
    `SELECT zone FROM catalogue.listens WHERE zone IS NOT NULL
     UNION SELECT iana FROM profile_zones ORDER BY zone`,
  );
  const week = weekOf(Date.parse(cutoff), 'Etc/UTC');
  await sql.append(
    'zone_places',
    zones.map(({ zone }) => [
      ...[zone, countryOf(zone) ?? null, areaOf(zone)],
      BigInt(mondayStart(week, zone)),
    ]),
  );
}

/** How much listeners had said, and how much it set aside and barred, by reason. */
async function reportWords({ sql, report }: Pick<StageContext, 'sql' | 'report'>): Promise<void> {
  const figures = await sql.rows<{ key: string; rows: number }>(
    `SELECT kind || 's' AS key, count(*) AS rows FROM opinions WHERE kind <> 'none' GROUP BY kind
     UNION ALL SELECT 'listens ' || reason, count(*) FROM set_aside GROUP BY reason
     UNION ALL SELECT 'blocks', count(*) FROM blocks_in_force
     UNION ALL SELECT 'exclusions', count(*) FROM exclusions_in_force
     UNION ALL SELECT 'saves', count(*) FROM saves WHERE saved
     UNION ALL SELECT 'tracks in own playlists', count(*) FROM own_tracks WHERE is_there
     UNION ALL SELECT 'profiles', count(*) FROM latest_profiles
     UNION ALL SELECT 'works ' || reason, count(*) FROM barred GROUP BY reason
     ORDER BY key`,
  );
  for (const { key, rows } of figures) if (rows > 0) report.figure(key, rows);
}
