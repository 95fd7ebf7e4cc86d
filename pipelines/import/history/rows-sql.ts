import { Mistake } from '../../../model/mistake.ts';
import type { Sql } from '../../ports.ts';
import { quoted, readSql } from '../../sql.ts';
import { mappedColumns, type ColumnMap } from './column-map.ts';
import type { Layout } from './formats.ts';

export interface RowsSqlOptions {
  readonly zone?: string | undefined;
  readonly map?: ColumnMap | undefined;
}

/**
 * The SELECT that says what the rows of the view `given` mean: row, fault, kind (`listen`,
 * `feedback`), instant, artist, title, album, played_ms, client, info, said (`love`, `hate`, `none`,
 * `skip`; with a listen, whether its track was loved when the file was written: `love`, `none` or
 * NULL), msid and mbid (of the recording, where a row names it so), unsuitable (why the row is of no
 * use to anybody, else NULL).
 *
 * @throws Mistake `USAGE` where times are those of a place that was not said
 */
export async function rowsSql(
  sql: Sql,
  layout: Layout,
  label: string,
  options: RowsSqlOptions,
): Promise<string> {
  const select = readSql(import.meta.url, layout.sql);
  switch (layout.sql) {
    case 'mapped.sql':
      return filled(select, mappedExpressions(layout, options.map!));
    case 'lastfm-stats.sql':
      return filled(select, { date: layout.required!.at(-1)! });
    case 'scrobbler-log.sql':
      return filled(select, await playerOf(sql, label, options.zone));
    default:
      return select;
  }
}

function filled(select: string, values: Readonly<Record<string, string>>): string {
  return select.replace(/\{(\w+)\}/g, (_, name: string) => values[name]!);
}

function mappedExpressions(layout: Layout, map: ColumnMap): Record<string, string> {
  return Object.fromEntries(
    mappedColumns.map((column) => {
      const theirs = map[column];
      if (theirs === undefined) return [column, 'CAST(NULL AS VARCHAR)'];
      if (layout.kind !== 'json-lines') return [column, `"${theirs}"`];
      const path = theirs.split('.').map((key) => `."${key}"`);
      return [
        column,
        `coalesce(json ->> ${quoted(`$."${theirs}"`)}, json ->> ${quoted(`$${path.join('')}`)})`,
      ];
    }),
  );
}

/** What the head of a player's log says of its clock and of itself. */
async function playerOf(
  sql: Sql,
  label: string,
  zone: string | undefined,
): Promise<{ zone: string; client: string }> {
  const [head] = await sql.rows<{ clock: string | null; client: string | null }>(
    `SELECT arg_min(trim(raw), row) FILTER (starts_with(raw, '#TZ/')) AS clock,
            arg_min(trim(raw), row) FILTER (starts_with(raw, '#CLIENT/')) AS client
     FROM given WHERE starts_with(raw, '#')`,
  );
  const client = /^#CLIENT\/\s*(\S+)/.exec(head!.client ?? '')?.[1];
  const inUtc = /^#TZ\/\s*(UTC|GMT)$/i.test(head!.clock ?? '');
  if (!inUtc && zone === undefined) {
    throw new Mistake(
      'USAGE',
      `${label}: its times are those of the clock of the player; expected --zone with the zone ` +
        'that it showed, such as --zone Europe/Paris',
    );
  }
  return {
    zone: inUtc ? 'NULL' : quoted(zone!),
    client: client === undefined ? 'CAST(NULL AS VARCHAR)' : quoted(client),
  };
}
