import { join } from 'node:path';
import type { LakeSource } from '../pipelines/sources/status.ts';
import type { Sql } from '../pipelines/ports.ts';
import { lakeTables, type LakeTable } from '../pipelines/tables.ts';
import { grouped } from '../pipelines/delivery/grouped.ts';
import { fromLake } from '../pipelines/lake.ts';
import { readManifest, type Manifest, type Segment } from './lake-manifest.ts';

/** Which column says when a row is of; tables without one say nothing of freshness. */
const timeColumns: Readonly<Partial<Record<LakeTable, string>>> = {
  listens: 'listened_at',
  memberships: 'added',
  texts: 'published',
  artist_tags: 'tagged',
  feedback: 'happened_at',
  blocks: 'happened_at',
  exclusions: 'happened_at',
  searches: 'happened_at',
  saves: 'happened_at',
  playlist_changes: 'happened_at',
  profiles: 'happened_at',
  articles: 'fetched',
  erasures: 'happened_at',
};

export interface LakeSources {
  readonly sources: readonly LakeSource[];
  /** Articles in the lake, by source of the crawler. */
  readonly articles: ReadonlyMap<string, number>;
  /** Up to which entry the lake holds each log. */
  readonly logs: Readonly<Record<string, number>>;
}

/**
 * What the lake has, by source. Segments do not change, so each is read once in the life of what
 * this returns.
 *
 * @param home - its lake is read
 */
export function openLakeSources(home: string): (sql: Sql) => Promise<LakeSources> {
  const folder = join(home, 'lake');
  const newest = new Map<string, number | null>();
  return async (sql) => {
    const manifest = await readManifest(folder);
    const segments = manifest.segments.filter(({ table }) => table !== 'rejects');
    await readNewest(sql, folder, segments, newest);
    const bySource = grouped(segments, ({ source }) => source);
    const sources = [...bySource].map(([source, own]) => sourceOf(source, own, newest));
    return {
      sources: sources.sort((a, b) => (a.source < b.source ? -1 : 1)),
      articles: await articlesOf(sql, folder, segments),
      logs: logsOf(manifest),
    };
  };
}

async function readNewest(
  sql: Sql,
  folder: string,
  segments: readonly Segment[],
  newest: Map<string, number | null>,
): Promise<void> {
  for (const [table, column] of Object.entries(timeColumns)) {
    const unread = segments.filter((one) => one.table === table && !newest.has(one.file));
    if (unread.length === 0) continue;
    const paths = unread.map(({ file }) => `'${join(folder, file).replaceAll("'", "''")}'`);
    const rows = await sql.rows<{ filename: string; newest: Date | null }>(
      `SELECT filename, CAST(max(${column}) AS TIMESTAMP) AS newest
       FROM read_parquet([${paths.join(', ')}], filename = true, union_by_name = true)
       GROUP BY filename ORDER BY filename`,
    );
    const found = new Map(rows.map((row) => [row.filename, row.newest?.getTime() ?? null]));
    for (const { file } of unread) newest.set(file, found.get(join(folder, file)) ?? null);
  }
}

function sourceOf(
  source: string,
  segments: readonly Segment[],
  newest: ReadonlyMap<string, number | null>,
): LakeSource {
  const tables: Record<string, number> = {};
  let [rows, latest] = [0, -Infinity];
  for (const { table, file, rows: more } of segments) {
    tables[table] = (tables[table] ?? 0) + more;
    rows += more;
    latest = Math.max(latest, newest.get(file) ?? -Infinity);
  }
  return { source, rows, tables, newest: latest === -Infinity ? null : latest };
}

async function articlesOf(
  sql: Sql,
  folder: string,
  segments: readonly Segment[],
): Promise<ReadonlyMap<string, number>> {
  const files = segments.filter(({ table }) => table === 'articles');
  if (files.length === 0) return new Map();
  const paths = files.map(({ file }) => join(folder, file));
  const rows = await sql.rows<{ feed: string; articles: number }>(
    `SELECT feed, count(*) AS articles FROM ${fromLake('articles', paths)} GROUP BY feed ORDER BY feed`,
  );
  return new Map(rows.map(({ feed, articles }) => [feed, articles]));
}

function logsOf({ logs }: Manifest): Record<string, number> {
  return Object.fromEntries(Object.entries(logs).map(([name, { offset }]) => [name, offset]));
}

/** A column that was renamed is found here, not in a failed look. */
for (const [table, column] of Object.entries(timeColumns)) {
  if (!(column in lakeTables[table as LakeTable])) throw new Error(`${table} has no ${column}`);
}
