import { lakeTableNames, type LakeSnapshot } from '../../pipelines/lake.ts';
import type { Sql } from '../../pipelines/ports.ts';
import { lakeTables, type LakeTable } from '../../pipelines/tables.ts';
import { writeTable, type Rows } from './tables.ts';

/** An article as a test writes it. */
export interface WrittenArticle {
  readonly id: string;
  /** ISO text, in UTC. */
  readonly published: string;
  readonly body: string;
  readonly fetched?: string;
  readonly kind?: 'prose' | 'lyrics';
  readonly language?: string;
}

export function articleRows(articles: readonly WrittenArticle[]): Rows {
  return articles.map(({ id, published, body, fetched, kind, language }) => ({
    ...{ article_id: id, url: `https://news.example/${id}`, feed: 'news', title: null, published },
    ...{ fetched: fetched ?? published, language: language ?? null, kind: kind ?? 'prose', body },
    source: 'log',
  }));
}

/** Writes tables of a lake to a folder; those left out have no files. */
export async function writeLake(
  sql: Sql,
  folder: string,
  id: string,
  rows: Partial<Record<LakeTable, Rows>>,
): Promise<LakeSnapshot> {
  const tables: Partial<Record<LakeTable, string[]>> = {};
  for (const name of lakeTableNames) {
    const own = rows[name];
    tables[name] = [];
    if (own === undefined || own.length === 0) continue;
    const table = await writeTable(sql, folder, name, lakeTables[name], own);
    tables[name] = [table.file as string];
  }
  return { id, tables: tables as LakeSnapshot['tables'] };
}
