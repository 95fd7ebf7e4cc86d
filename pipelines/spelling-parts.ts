import { createHash } from 'node:crypto';
import { catalogue } from './catalogue.ts';
import type { LakeSnapshot } from './lake.ts';
import { spellings } from './spellings.ts';
import { step, type Source, type Step } from './step.ts';
import { lakeTables, type LakeTable } from './tables.ts';
import { lakeSource } from './week-plan.ts';

/** Tables whose rows spell artists and titles. */
const spellingTables = ['listens', 'recordings', 'texts', 'artist_plays', 'artist_tags'] as const;

/** Of a table that is not cut by days, files that are parts of their own at most. */
const mostFiles = 64;

/**
 * The catalogue of a lake. Where a log feeds the lake, from the spellings of its parts, which can be
 * made as they come; a lake that is imported as a whole gains nothing by parts. The result is the
 * same to the byte.
 */
export function catalogueOf(lake: LakeSnapshot): Step {
  const parts = isFedByLog(lake) ? spellingSteps(lake) : {};
  return step(catalogue, {}, { lake: lakeSource(lake), ...parts });
}

/** Whether a log has brought any row that spells an artist. */
function isFedByLog(lake: LakeSnapshot): boolean {
  return spellingTables.some((table) =>
    firstFiles(lake, table).some((file) => /[/\\](log|merged)-[^/\\]*$/.test(file)),
  );
}

/**
 * The files of a table that the snapshot was taken of, in their order: those that were erased in it
 * since are known by what they were, so that what was made before is still found.
 */
function firstFiles({ tables, replaced = {} }: LakeSnapshot, table: LakeTable): string[] {
  const erased = Object.keys(replaced).filter((path) => tableOf(path) === table);
  if (erased.length === 0) return [...tables[table]];
  const later = new Set(Object.values(replaced).flat());
  return [...tables[table].filter((path) => !later.has(path)), ...erased].sort((x, y) =>
    x < y ? -1 : Number(x > y),
  );
}

/** The lake keeps segments as `<table>/<name>`, listens as `listens/<day>/<name>`. */
function tableOf(file: string): string {
  const parts = file.split(/[/\\]/);
  return parts.at(parts.at(-2)!.startsWith('day=') ? -3 : -2)!;
}

/**
 * The spellings of a lake part by part, `spellings-<part>`: of the newest month of listens each day
 * is a part, before that each month; of other tables each file. What one part has does not change
 * when others come, so a new day costs the day, and a late listen its day or month.
 */
export function spellingSteps(lake: LakeSnapshot): Record<string, Step> {
  const parts = new Map<string, Partial<Record<LakeTable, string[]>>>();
  const put = (part: string, table: LakeTable, file: string) => {
    const tables = parts.get(part) ?? {};
    (tables[table] ??= []).push(file);
    parts.set(part, tables);
  };
  const listens = firstFiles(lake, 'listens');
  const newest = listens.map(dayOf).reduce((a, b) => (a > b ? a : b), '');
  for (const file of listens) {
    const day = dayOf(file);
    put(day.slice(0, 7) === newest.slice(0, 7) ? day : day.slice(0, 7), 'listens', file);
  }
  for (const table of spellingTables) {
    if (table === 'listens') continue;
    const files = firstFiles(lake, table);
    for (const file of files) {
      const hash = createHash('sha256').update(nameOf(file)).digest();
      const bucket = files.length <= mostFiles ? hash.toString('hex', 0, 4) : hash[0]! % mostFiles;
      put(`${table}-${bucket}`, table, file);
    }
  }
  // What took the place of several files is read once.
  const read = new Set<string>();
  const nowOf = (file: string) =>
    (lake.replaced?.[file] ?? [file]).filter((path) => !read.has(path) && read.add(path));
  return Object.fromEntries(
    [...parts]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([part, tables]) => [
        `spellings-${part}`,
        step(spellings, {}, { part: partSource(tables, nowOf) }, `spellings ${part}`),
      ]),
  );
}

/** The name of a segment says what is in it, so the names are what the part is known by. */
function partSource(
  tables: Partial<Record<LakeTable, readonly string[]>>,
  nowOf: (file: string) => readonly string[],
): Source {
  const hash = createHash('sha256');
  for (const table of spellingTables) {
    for (const file of tables[table] ?? []) hash.update(`${table} ${nameOf(file)}\n`);
  }
  return {
    fingerprint: hash.digest('hex').slice(0, 16),
    folder: '',
    tables: spellingTables.map((name) => ({
      name,
      file: (tables[name] ?? []).flatMap(nowOf),
      columns: lakeTables[name],
    })),
  };
}

/** The UTC day of a segment of listens: its folder is `day=2014-08-25`. */
function dayOf(file: string): string {
  const day = /[/\\]day=(\d{4}-\d{2}-\d{2})[/\\]/.exec(file)?.[1];
  if (day === undefined) throw new Error(`${file}: expected a segment of listens of one day`);
  return day;
}

/** Folder and name: `day=2014-08-25/<segment>.parquet`. */
function nameOf(file: string): string {
  return file.split(/[/\\]/).slice(-2).join('/');
}
