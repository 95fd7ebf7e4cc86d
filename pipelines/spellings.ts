import { z } from 'zod';
import { settledCredits } from '../model/matching.ts';
import { nameColumns, nameRow, spellingColumns, spellingRow } from './keyed-rows.ts';
import type { Sql } from './ports.ts';
import type { Stage, StageContext } from './stage.ts';
import { createTable } from './tables.ts';

export const spellingsOptions = z.object({});
export type SpellingsOptions = z.infer<typeof spellingsOptions>;

/** Rows that are keyed at a time. */
const chunkRows = 50_000;

/**
 * The spellings of a part of the lake (`spelling-parts.ts`), counted and keyed. The part never
 * changes, so this is done once, between Mondays where something calls `prepare`; the catalogue
 * adds the parts up. Where a key depends on which artists the whole lake knows, it is left null for
 * the catalogue to find.
 *
 * Writes `spellings` (artist, title, recordings, listens and the columns of `spellingRow`) and
 * `names` (name and those of `nameRow`), ordered.
 */
export const spellings: Stage<SpellingsOptions> = {
  name: 'spellings',
  // Raise it with every change of a key in `model/matching`.
  version: 1,
  options: spellingsOptions,
  async run(context) {
    const { sql, save, report } = context;
    await sql.run(`
      CREATE TEMP TABLE found_spellings AS
      SELECT CAST(row_number() OVER (ORDER BY artist, title) - 1 AS INTEGER) AS ix, *
      FROM (SELECT artist, title, CAST(sum(recordings) AS BIGINT) AS recordings,
                   CAST(sum(listens) AS BIGINT) AS listens
            FROM (SELECT artists[1] AS artist, title, count(*) AS recordings, 0 AS listens
                  FROM part.recordings GROUP BY ALL
                  UNION ALL
                  SELECT artist, title, 0, count(*) FROM part.listens GROUP BY ALL)
            GROUP BY artist, title);
      CREATE TEMP TABLE found_names AS
      SELECT CAST(row_number() OVER (ORDER BY name) - 1 AS INTEGER) AS ix, name
      FROM (SELECT unnest(artists) AS name FROM part.recordings
            UNION SELECT artist FROM part.texts
            UNION SELECT artist FROM part.artist_plays
            UNION SELECT artist FROM part.artist_tags)`);
    await keyRows(context, 'found_spellings', spellingColumns, (row) => {
      const credits = settledCredits(row.artist!, row.title!);
      return credits && spellingRow(credits);
    });
    await keyRows(context, 'found_names', nameColumns, (row) => {
      const credits = settledCredits(row.name!, '');
      return credits && nameRow(credits);
    });
    report.rowsIn((await count(sql, 'part.listens')) + (await count(sql, 'part.recordings')));
    const keys = Object.keys(spellingColumns).join(', ');
    report.rowsOut(
      await save(
        'spellings',
        `(SELECT artist, title, recordings, listens, ${keys}
          FROM found_spellings LEFT JOIN found_spellings_keys USING (ix) ORDER BY ix)`,
      ),
    );
    await save(
      'names',
      `(SELECT name, ${Object.keys(nameColumns).join(', ')}
        FROM found_names LEFT JOIN found_names_keys USING (ix) ORDER BY ix)`,
    );
    report.figure(
      'open',
      await count(sql, 'found_spellings ANTI JOIN found_spellings_keys USING (ix)'),
    );
  },
};

type Named = Readonly<Partial<Record<'artist' | 'title' | 'name', string>>> & { ix: number };

/** Fills `<table>_keys` with what has keys. */
async function keyRows(
  { sql, report, signal }: StageContext<SpellingsOptions>,
  table: string,
  columns: Record<string, string>,
  keysOf: (row: Named) => ReturnType<typeof nameRow> | undefined,
): Promise<void> {
  await sql.run(createTable(`${table}_keys`, { ix: 'INTEGER', ...columns }));
  const total = await count(sql, table);
  for (let from = 0; from < total; from += chunkRows) {
    signal.throwIfAborted();
    const rows = await sql.rows<Named>(
      `SELECT * FROM ${table}
       WHERE ix >= CAST($from AS INTEGER) AND ix < CAST($to AS INTEGER) ORDER BY ix`,
      { from, to: from + chunkRows },
    );
    const keyed = rows.map((row) => [row.ix, keysOf(row)] as const);
    await sql.append(
      `${table}_keys`,
      keyed.flatMap(([ix, keys]) => (keys === undefined ? [] : [[ix, ...keys]])),
    );
    report.progress(Math.min(from + chunkRows, total), total);
  }
}

async function count(sql: Sql, relation: string): Promise<number> {
  const [row] = await sql.rows<{ count: number }>(`SELECT count(*) AS count FROM ${relation}`);
  return row!.count;
}
