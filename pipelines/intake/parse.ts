import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Sql } from '../ports.ts';
import { quoted } from '../sql.ts';
import { lakeTables } from '../tables.ts';
import { logSource, type LoggedTable } from './log.ts';
import { faultsOf } from './required.ts';
import type { SpooledFile } from './spool.ts';

/** Longest line, bytes: what DuckDB reads as one object by default. */
const longestLine = 16 * 2 ** 20;

/**
 * Reads spooled files of one table into the temporary table `arrived`: the columns of the lake
 * table, and `erasures_before`, `arrived_ms` of {@link SpooledFile}. Rows that are of no use go to
 * the temporary table `rejects` instead, with the reason.
 *
 * DuckDB reads the files as they are. Only where it finds fault with one are the lines of it looked
 * at one by one.
 *
 * @param scratchFile - gives the path of a new file
 * @returns rows that are of use, and those that are not
 */
export async function parseSpooled(
  sql: Sql,
  table: LoggedTable,
  files: readonly SpooledFile[],
  scratchFile: () => string,
): Promise<{ rows: number; rejected: number }> {
  const columns = Object.entries(lakeTables[table]).map(([name, type]) => `${name} ${type}`);
  await sql.run(
    `CREATE OR REPLACE TEMP TABLE arrived (${columns.join(', ')}, erasures_before INTEGER, arrived_ms BIGINT)`,
  );
  let [rows, rejected] = [0, 0];
  for (const file of files) {
    const taken =
      (await takeWhole(sql, table, file)) ?? (await takeLines(sql, table, file, scratchFile));
    rows += taken.rows;
    rejected += taken.rejected;
  }
  return { rows, rejected };
}

/** Makes the temporary table that {@link parseSpooled} writes to. */
export async function createRejects(sql: Sql): Promise<void> {
  await sql.run(
    'CREATE OR REPLACE TEMP TABLE rejects (file VARCHAR, line BIGINT, reason VARCHAR, raw VARCHAR)',
  );
}

/** Undefined, and nothing done, where a row has a fault. */
async function takeWhole(
  sql: Sql,
  table: LoggedTable,
  file: SpooledFile,
): Promise<{ rows: number; rejected: number } | undefined> {
  const columns: Readonly<Record<string, string>> = lakeTables[table];
  const given = Object.entries(columns).filter(([name]) => name !== 'source');
  const types = given.map(([name, type]) => `${name}: '${type}'`).join(', ');
  try {
    await sql.run(`CREATE OR REPLACE TEMP TABLE read AS SELECT ${selection(columns, (name) => name)},
      ${ofFile(file)} FROM read_json(${quoted(file.path)}, format = 'newline_delimited', columns = {${types}})`);
  } catch {
    return undefined;
  }
  const faults = faultsOf(table).map(({ where }) => `(${where})`);
  const [counted] = await sql.rows<{ rows: number; faulty: number }>(
    `SELECT count(*) AS rows, count(*) FILTER (${faults.join(' OR ')}) AS faulty FROM read`,
  );
  if (counted!.faulty > 0) return undefined;
  await sql.run('INSERT INTO arrived SELECT * FROM read; DROP TABLE read');
  return { rows: counted!.rows, rejected: 0 };
}

function selection(
  columns: Readonly<Record<string, string>>,
  value: (name: string, type: string) => string,
): string {
  return Object.entries(columns)
    .map(([name, type]) =>
      name === 'source' ? `${quoted(logSource)} AS source` : `${value(name, type)} AS ${name}`,
    )
    .join(', ');
}

function ofFile({ erasuresBefore, arrivedMs }: SpooledFile): string {
  return `CAST(${erasuresBefore} AS INTEGER) AS erasures_before, CAST(${arrivedMs ?? 'NULL'} AS BIGINT) AS arrived_ms`;
}

async function takeLines(
  sql: Sql,
  table: LoggedTable,
  file: SpooledFile,
  scratchFile: () => string,
): Promise<{ rows: number; rejected: number }> {
  const columns: Readonly<Record<string, string>> = lakeTables[table];
  const path = scratchFile();
  const { numLines, refused } = await separate(file.path, path);
  // A value that is there and is not of its type is a fault as well.
  const given = Object.entries(columns).filter(([name]) => name !== 'source');
  const mistyped = given.map(
    ([name, type]) =>
      `WHEN ${name} IS NULL AND coalesce(json_type(row, '$.${name}'), 'NULL') <> 'NULL' THEN ${quoted(`${name}: expected ${type}`)}`,
  );
  const faults = faultsOf(table).map(({ where, reason }) => `WHEN ${where} THEN ${quoted(reason)}`);
  await sql.run(`CREATE OR REPLACE TEMP TABLE read AS
    SELECT *, CASE ${[...mistyped, ...faults].join('\n')} END AS reason
    FROM (SELECT n, row, ${selection(columns, (name, type) =>
      type.endsWith('[]')
        ? `TRY_CAST(row->'$.${name}' AS ${type})`
        : `TRY_CAST(row->>'$.${name}' AS ${type})`,
    )}, ${ofFile(file)}
      FROM read_json(${quoted(path)}, format = 'newline_delimited', ignore_errors = true,
        maximum_object_size = ${2 * longestLine}, columns = {n: 'BIGINT', row: 'JSON'})
      WHERE n IS NOT NULL)`);
  const names = [...Object.keys(columns), 'erasures_before', 'arrived_ms'].join(', ');
  await sql.run(`INSERT INTO arrived SELECT ${names} FROM read WHERE reason IS NULL`);
  await sql.run(
    `INSERT INTO rejects SELECT ${quoted(table)}, n, reason, CAST(row AS VARCHAR) FROM read WHERE reason IS NOT NULL`,
  );
  const read = new Set((await sql.rows<{ n: number }>('SELECT n FROM read')).map(({ n }) => n));
  for await (const { n, line } of linesOf(path)) {
    if (!read.has(n)) refused.push({ n, reason: 'expected JSON', raw: line });
  }
  await sql.append(
    'rejects',
    refused.map(({ n, reason, raw }) => [table, BigInt(n), reason, raw]),
  );
  const [counted] = await sql.rows<{ rows: number }>(
    'SELECT count(*) AS rows FROM read WHERE reason IS NULL; ',
  );
  await sql.run('DROP TABLE read');
  return { rows: counted!.rows, rejected: numLines - counted!.rows };
}

interface Refused {
  readonly n: number;
  readonly reason: string;
  readonly raw: string;
}

/** Writes lines that are JSON objects as `{"n":7,"row":…}`, each on a line; gives the others. */
async function separate(
  from: string,
  to: string,
): Promise<{ numLines: number; refused: Refused[] }> {
  const refused: Refused[] = [];
  const out = await open(to, 'w');
  let numLines = 0;
  let n = 0;
  try {
    for await (const bytes of linesIn(from)) {
      n++;
      if (bytes.length === 0) continue;
      numLines++;
      const reason = faultOf(bytes);
      if (reason === undefined) {
        await out.writev([Buffer.from(`{"n":${n},"row":`), bytes, Buffer.from('}\n')]);
      } else {
        refused.push({ n, reason, raw: bytes.subarray(0, longestLine).toString('utf8') });
      }
    }
  } finally {
    await out.close();
  }
  return { numLines, refused };
}

function faultOf(line: Buffer): string | undefined {
  if (line.length > longestLine) return `expected at most ${longestLine} bytes`;
  if (!isUtf8(line)) return 'expected UTF-8';
  try {
    const value: unknown = JSON.parse(line.toString('utf8'));
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? undefined : 'expected a JSON object';
  } catch {
    return 'expected JSON';
  }
}

/** Lines that {@link separate} wrote. */
async function* linesOf(path: string): AsyncGenerator<{ n: number; line: string }> {
  for await (const bytes of linesIn(path)) {
    const [, n, line] = /^\{"n":(\d+),"row":(.*)\}$/s.exec(bytes.toString('utf8')) ?? [];
    if (line !== undefined) yield { n: Number(n), line };
  }
}

/** Lines without their ends, empty ones too. */
async function* linesIn(path: string): AsyncGenerator<Buffer> {
  let rest: Buffer[] = [];
  for await (const chunk of createReadStream(path, {
    highWaterMark: 1 << 20,
  }) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      yield Buffer.concat([...rest, chunk.subarray(start, end)]);
      rest = [];
      start = end + 1;
    }
    if (start < chunk.length) rest.push(chunk.subarray(start));
  }
  if (rest.length > 0) yield Buffer.concat(rest);
}
