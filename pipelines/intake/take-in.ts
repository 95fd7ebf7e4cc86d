import { join } from 'node:path';
import { lakeIdentity, type HeldFile, type LakeUpdate, type WrittenFile } from '../lake.ts';
import type { Sql } from '../ports.ts';
import { quoted } from '../sql.ts';
import { lakeTables } from '../tables.ts';
import { loggedTables, logSource, type LoggedTable } from './log.ts';
import { createRejects, parseSpooled } from './parse.ts';
import type { SpooledFile } from './spool.ts';

/** What one micro-batch brought. */
export interface TakenIn {
  /** Rows that are new in the lake, by table. */
  readonly added: Readonly<Partial<Record<LoggedTable, number>>>;
  /** Rows that are in it or in the batch already. */
  readonly repeated: number;
  /** Rows of listeners who were erased after. */
  readonly erased: number;
  /** Rows that are of no use; they are in a file of `rejects`. */
  readonly rejected: number;
  /** Late listens that were not compared with their day, as it is too large. */
  readonly unchecked: number;
  readonly files: readonly WrittenFile[];
}

export interface TakeInOptions {
  readonly sql: Sql;
  readonly update: LakeUpdate;
  /** Of a day at most so many rows are read again for listens that come late. Default 5 million. */
  readonly comparedRows?: number;
}

/** Listens at most so long before the newest of a batch are on time. */
const onTime = 'INTERVAL 15 MINUTE';

/**
 * Writes a batch to files of the scratch folder: each identity once, none that the lake has from
 * the log, listens by their UTC day. The lake is not changed.
 */
export async function takeIn(
  spooled: readonly SpooledFile[],
  { sql, update, comparedRows = 5_000_000 }: TakeInOptions,
): Promise<TakenIn> {
  const held = update.held().filter(({ counts, source }) => counts && source === logSource);
  const added: Partial<Record<LoggedTable, number>> = {};
  const files: WrittenFile[] = [];
  let [repeated, erased, rejected, unchecked, numScratch] = [0, 0, 0, 0, 0];
  const scratchFile = () => join(update.scratch, `part-${numScratch++}`);
  await createRejects(sql);
  await gatherErasures(sql, spooled, held, scratchFile);
  for (const table of loggedTables) {
    const parts = spooled.filter((file) => file.table === table);
    if (parts.length === 0) continue;
    const parsed = await parseSpooled(sql, table, parts, scratchFile);
    rejected += parsed.rejected;
    const gone = await dropErased(sql, table);
    erased += gone;
    await sql.run(`CREATE OR REPLACE TEMP TABLE fresh AS
      SELECT * EXCLUDE (erasures_before, arrived_ms) FROM arrived
      QUALIFY row_number() OVER (PARTITION BY ${lakeIdentity[table].join(', ')} ORDER BY ${orderOf(table)}) = 1`);
    await sql.run('DROP TABLE arrived');
    const known = held.filter((file) => file.table === table);
    const days = table === 'listens' ? await daysOf(sql) : [undefined];
    let rows = 0;
    for (const day of days) {
      const ofDay = known.filter((file) => file.day === day);
      const left = await dropKnown(sql, table, day, ofDay, comparedRows);
      unchecked += left;
      const path = scratchFile();
      const count = await write(sql, table, day, path);
      rows += count;
      if (count > 0)
        files.push({ path, table, rows: count, ...(day === undefined ? {} : { day }) });
    }
    if (rows > 0) added[table] = rows;
    repeated += parsed.rows - gone - rows;
    await sql.run('DROP TABLE fresh');
  }
  if (rejected > 0) {
    const path = scratchFile();
    await sql.run(
      `COPY (SELECT * FROM rejects ORDER BY file, line, reason) TO ${quoted(path)} (FORMAT json)`,
    );
    files.push({ path, table: 'rejects', rows: rejected });
  }
  return { added, repeated, erased, rejected, unchecked, files };
}

/** The temporary table `erased`: who was erased, and when; of this batch also by its place in it. */
async function gatherErasures(
  sql: Sql,
  spooled: readonly SpooledFile[],
  held: readonly HeldFile[],
  scratchFile: () => string,
): Promise<void> {
  await sql.run(
    'CREATE OR REPLACE TEMP TABLE erased (listener_hash VARCHAR, happened_ms BIGINT, place INTEGER)',
  );
  const parts = spooled.filter(({ table }) => table === 'erasures');
  if (parts.length > 0) {
    await parseSpooled(sql, 'erasures', parts, scratchFile);
    await sql.run(
      `INSERT INTO erased SELECT listener_hash, epoch_ms(happened_at), erasures_before FROM arrived`,
    );
    // They are parsed again in their turn, with their faults.
    await createRejects(sql);
  }
  const since = Math.min(...spooled.map(({ arrivedMs }) => arrivedMs ?? Infinity));
  const files = held.filter(({ table }) => table === 'erasures').map(({ path }) => quoted(path));
  if (since < Infinity && files.length > 0) {
    await sql.run(`INSERT INTO erased SELECT listener_hash, epoch_ms(happened_at), NULL
      FROM read_parquet([${files.join(', ')}], hive_partitioning = false) WHERE epoch_ms(happened_at) > ${since}`);
  }
}

/** Rows that came before the erasure of their listener go. @returns how many */
async function dropErased(sql: Sql, table: LoggedTable): Promise<number> {
  if (!('listener' in lakeTables[table])) return 0;
  const [before] = await sql.rows<{ rows: number; erasures: number }>(
    'SELECT (SELECT count(*) FROM arrived) AS rows, (SELECT count(*) FROM erased) AS erasures',
  );
  if (before!.erasures === 0) return 0;
  await sql.run(`DELETE FROM arrived WHERE EXISTS (
    SELECT 1 FROM erased WHERE erased.listener_hash = sha256(arrived.listener)
      AND (erased.place >= arrived.erasures_before OR erased.happened_ms > arrived.arrived_ms))`);
  const [after] = await sql.rows<{ rows: number }>('SELECT count(*) AS rows FROM arrived');
  return before!.rows - after!.rows;
}

async function daysOf(sql: Sql): Promise<string[]> {
  const rows = await sql.rows<{ day: string }>(
    `SELECT DISTINCT strftime(listened_at, '%Y-%m-%d') AS day FROM fresh ORDER BY day`,
  );
  return rows.map(({ day }) => day);
}

/**
 * Removes from `fresh` what the segments hold. Segments are sorted by time, so a batch that is on
 * time is compared with their ends alone.
 *
 * @returns rows that were not compared
 */
async function dropKnown(
  sql: Sql,
  table: LoggedTable,
  day: string | undefined,
  known: readonly HeldFile[],
  comparedRows: number,
): Promise<number> {
  if (known.length === 0) return 0;
  const identity = lakeIdentity[table];
  const time = identity.find((column) => /_at$/.test(column));
  const files = known.map(({ path }) => quoted(path)).join(', ');
  // Few columns are read for the most common answer: nobody's instants are held already.
  const instants = identity.filter((column) => column === time || column === 'listener');
  const meet = async (where: string) => {
    const [row] = await sql.rows<{ found: boolean }>(
      `SELECT EXISTS (SELECT 1 FROM read_parquet([${files}], hive_partitioning = false) AS held
         SEMI JOIN (SELECT ${instants.join(', ')} FROM fresh WHERE ${where}) AS new
         ON ${instants.map((key) => `held.${key} IS NOT DISTINCT FROM new.${key}`).join(' AND ')}
         WHERE ${where}) AS found`,
    );
    return row!.found;
  };
  const compare = async (where: string) => {
    if (time !== undefined && !(await meet(where))) return;
    await sql.run(`DELETE FROM fresh WHERE rowid IN (
      SELECT fresh.rowid FROM fresh JOIN (
        SELECT ${identity.map((key, i) => `${key} AS k${i}`).join(', ')}
        FROM read_parquet([${files}], hive_partitioning = false) ${where === '' ? '' : `WHERE ${where}`}
      ) ON ${identity.map((key, i) => `${key} IS NOT DISTINCT FROM k${i}`).join(' AND ')}
      ${where === '' ? '' : `WHERE ${where}`})`);
  };
  if (time === undefined) {
    await compare('');
    return 0;
  }
  const ofDay = day === undefined ? 'true' : within(day);
  const bounds = async (where: string) => {
    const [row] = await sql.rows<{ rows: number; first: string; last: string }>(
      `SELECT count(*) AS rows, CAST(min(${time}) AS VARCHAR) AS first, CAST(max(${time}) AS VARCHAR) AS last
       FROM fresh WHERE ${ofDay} AND ${where}`,
    );
    return row!;
  };
  const between = ({ first, last }: { first: string; last: string }) =>
    `${time} >= TIMESTAMP '${first}' AND ${time} <= TIMESTAMP '${last}'`;
  const all = await bounds('true');
  if (all.rows === 0) return 0;
  const newest = await bounds(`${time} > TIMESTAMP '${all.last}' - ${onTime}`);
  await compare(between(newest));
  const late = await bounds(`${time} <= TIMESTAMP '${all.last}' - ${onTime}`);
  if (late.rows === 0) return 0;
  if (known.reduce((sum, { rows }) => sum + rows, 0) > comparedRows) return late.rows;
  await compare(between(late));
  return 0;
}

async function write(
  sql: Sql,
  table: LoggedTable,
  day: string | undefined,
  path: string,
): Promise<number> {
  const where = day === undefined ? 'true' : within(day);
  const [counted] = await sql.rows<{ rows: number }>(
    `SELECT count(*) AS rows FROM fresh WHERE ${where}`,
  );
  if (counted!.rows > 0) {
    await sql.run(
      `COPY (SELECT * FROM fresh WHERE ${where} ORDER BY ${orderOf(table)})
       TO ${quoted(path)} (FORMAT parquet, COMPRESSION zstd)`,
    );
  }
  return counted!.rows;
}

/** The identity first, then every column: no two different rows are equal. */
export function orderOf(table: LoggedTable): string {
  const columns = [...lakeIdentity[table], ...Object.keys(lakeTables[table])];
  return columns.map((column) => `${column} NULLS LAST`).join(', ');
}

function within(day: string): string {
  return `listened_at >= TIMESTAMP '${day} 00:00:00'
    AND listened_at < TIMESTAMP '${day} 00:00:00' + INTERVAL 1 DAY`;
}
