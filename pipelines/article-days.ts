import { createHash } from 'node:crypto';
import { fromLake, type LakeSnapshot } from './lake.ts';
import { mentions } from './mentions.ts';
import type { Sql } from './ports.ts';
import { catalogueOf } from './spelling-parts.ts';
import { step, type Source, type Step } from './step.ts';
import { lakeSource } from './week-plan.ts';

/** Who is named in the prose of a lake. */
export function mentionsOf(lake: LakeSnapshot, helpedBy: readonly Step[] = []): Step {
  const inputs = { catalogue: catalogueOf(lake), lake: lakeSource(lake) };
  return step(mentions, {}, inputs, undefined, helpedBy);
}

/**
 * Who is named in the articles that came since a week was made, day by day, by the catalogue of that
 * week: `prepare` makes them, and the next week takes over what its own catalogue does not change.
 * A day is what was fetched on it (UTC), in whatever files; a late article makes its day another one.
 *
 * @param before - the lake of that week
 * @returns by day (`2026-01-05`), ascending; those whose articles are other than they were
 */
export async function newDays(
  sql: Sql,
  before: LakeSnapshot,
  now: LakeSnapshot,
): Promise<Map<string, Step>> {
  const [old, own] = [await rowsByDay(sql, before), await rowsByDay(sql, now)];
  const days = [...own].filter(([day, rows]) => old.get(day) !== rows).map(([day]) => day);
  const content = await contentByDay(sql, now, days);
  const catalogue = catalogueOf(before);
  return new Map(
    days.sort().map((day) => {
      const inputs = { catalogue, lake: daySource(now, content.get(day)!) };
      return [day, step(mentions, { fetchedOn: day }, inputs, `mentions ${day}`)];
    }),
  );
}

/** What helps with the mentions of a lake: all that was made with the catalogue of a week before. */
export async function mentionsHelp(
  sql: Sql,
  before: LakeSnapshot,
  now: LakeSnapshot,
): Promise<readonly Step[]> {
  if (now.tables.articles.length === 0) return [];
  return [mentionsOf(before), ...(await newDays(sql, before, now)).values()];
}

/** Which rows a day has: a row is known by its article and when it was fetched. */
async function rowsByDay(sql: Sql, lake: LakeSnapshot): Promise<Map<string, string>> {
  return hashByDay(
    sql,
    `SELECT DISTINCT CAST(fetched AS DATE) AS day, concat_ws(' ', article_id, fetched, source) AS row
     FROM ${fromLake('articles', lake.tables.articles)}`,
  );
}

/** All that is in the rows of some days. */
async function contentByDay(
  sql: Sql,
  lake: LakeSnapshot,
  days: readonly string[],
): Promise<Map<string, string>> {
  if (days.length === 0) return new Map();
  return hashByDay(
    sql,
    `SELECT CAST(fetched AS DATE) AS day, CAST(md5(CAST(a AS VARCHAR)) AS VARCHAR) AS row
     FROM ${fromLake('articles', lake.tables.articles)} a
     WHERE CAST(fetched AS DATE) IN (${days.map((day) => `DATE '${day}'`).join(', ')})`,
  );
}

/** @param rows - a SELECT of `day` and `row` */
async function hashByDay(sql: Sql, rows: string): Promise<Map<string, string>> {
  const hashes = await sql.rows<{ day: string; hash: string }>(
    `SELECT CAST(day AS VARCHAR) AS day, md5(string_agg(row, chr(10) ORDER BY row)) AS hash
     FROM (${rows}) GROUP BY day ORDER BY day`,
  );
  return new Map(hashes.map(({ day, hash }) => [day, hash]));
}

/** Known by what the day's rows hold, wherever they lie. */
function daySource(lake: LakeSnapshot, content: string): Source {
  const { tables } = lakeSource(lake);
  return {
    fingerprint: createHash('sha256').update(`articles ${content}`).digest('hex').slice(0, 16),
    folder: '',
    // The texts are no part of it.
    tables: tables.map((table) => (table.name === 'articles' ? table : { ...table, file: [] })),
  };
}
