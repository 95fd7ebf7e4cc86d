import { z } from 'zod';
import { weeklyTrend } from '../model/text/trend.ts';
import { readSql } from './sql.ts';
import type { Stage } from './stage.ts';
import { createTable, trendTables } from './tables.ts';

export const trendsOptions = z.object({
  /** Only articles published before it are known (ISO 8601, UTC). */
  cutoff: z.iso.datetime(),
  /** Weeks before the last that say what is usual, 1 or more. Default 8. */
  weeksBefore: z.int().positive().default(8),
  /** Articles of the week below which an artist is not in trend, 1 or more. Default 3. */
  minArticles: z.int().positive().default(3),
  /** Days after which the sentiment of an article counts half. Default 30. */
  halfLifeDays: z.number().positive().default(30),
});
export type TrendsOptions = z.infer<typeof trendsOptions>;

/**
 * Who is written about more than usual just before a cut-off, and how. Tables: `trendTables`.
 *
 * Input: `mentions`.
 */
export const trends: Stage<TrendsOptions> = {
  name: 'trends',
  version: 1,
  options: trendsOptions,
  async run({ options, sql, save, report }) {
    await sql.run(
      `CREATE TEMP TABLE moment AS
       SELECT CAST($cutoff AS TIMESTAMP) AS cutoff, CAST($weeks AS INTEGER) AS weeks_before,
              CAST($days AS DOUBLE) AS half_life_days`,
      {
        cutoff: options.cutoff.replace('Z', ''),
        weeks: options.weeksBefore,
        days: options.halfLifeDays,
      },
    );
    await sql.run(readSql(import.meta.url, 'trends.sql'));
    const [all] = await sql.rows<Record<'thisWeek' | 'before' | 'articles', number>>(
      `SELECT count(*) FILTER (of_week) AS "thisWeek", count(*) FILTER (NOT of_week) AS before,
              (SELECT count(*) FROM mentions.documents WHERE kind = 'article') AS articles
       FROM known_articles`,
    );
    const { thisWeek: allThisWeek, before: allBefore, articles } = all!;
    report.rowsIn(articles);
    report.dropped('article of another time', articles - allThisWeek - allBefore);
    report.figure('articlesThisWeek', allThisWeek);
    const rows = await sql.rows<{
      artist_ix: number;
      this_week: number;
      before: number;
      sentiment: number;
    }>('SELECT * FROM artist_articles ORDER BY artist_ix');
    await sql.run(createTable('artist_trends', trendTables.artist_trends));
    let inTrend = 0;
    await sql.append(
      'artist_trends',
      rows.map(({ artist_ix, this_week, before, sentiment }) => {
        const counts = { thisWeek: this_week, before, allThisWeek, allBefore };
        const { expected, trend } = weeklyTrend(counts, options.minArticles);
        if (trend > 0) inTrend++;
        return [artist_ix, this_week, before, expected, trend, sentiment];
      }),
    );
    report.figure('artistsInTrend', inTrend);
    report.rowsOut(await save('artist_trends', '(SELECT * FROM artist_trends ORDER BY artist_ix)'));
  },
};
