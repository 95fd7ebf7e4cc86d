import { z } from 'zod';
import { areaOf, countryOf } from '../model/regions.ts';
import type { Stage } from './stage.ts';
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
] as const;

/**
 * What was known of the listens at a cut-off: interactions with time-decayed confidence, what each
 * listener has heard, popularity by zone, country and world, and what can be recommended.
 */
export const snapshot: Stage<SnapshotOptions> = {
  name: 'snapshot',
  version: 2,
  options: snapshotOptions,
  async run({ options, sql, save, report }) {
    await sql.run(
      `CREATE TEMP TABLE moment AS
       SELECT CAST($cutoff AS TIMESTAMP) AS cutoff, CAST($halfLife AS DOUBLE) AS half_life_days,
              CAST($before AS DATE) AS catalogue_before`,
      {
        cutoff: options.cutoff.replace('Z', ''),
        halfLife: options.halfLifeDays,
        before: options.catalogueBefore,
      },
    );
    const zones = await sql.rows<{ zone: string }>(
      'SELECT DISTINCT zone FROM catalogue.listens WHERE zone IS NOT NULL ORDER BY zone',
    );
    await sql.run('CREATE TEMP TABLE zone_places (zone VARCHAR, country VARCHAR, area VARCHAR)');
    await sql.append(
      'zone_places',
      zones.map(({ zone }) => [zone, countryOf(zone) ?? null, areaOf(zone)]),
    );
    await sql.run(readSql(import.meta.url, 'snapshot.sql'));
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
    for (const table of tables) await save(table, table);
  },
};
