import { join } from 'node:path';
import type { Sql, SqlValue } from '../../pipelines/ports.ts';
import type { InputTable } from '../../pipelines/step.ts';
import { createTable } from '../../pipelines/tables.ts';

/** Rows by column name; columns left out are null. Dates and times are ISO text, in UTC. */
export type Rows = readonly Record<string, SqlValue | readonly string[]>[];

let tables = 0;

/** Writes a table as `<folder>/<name>.parquet`, as DuckDB itself does. */
export async function writeTable(
  sql: Sql,
  folder: string,
  name: string,
  columns: Readonly<Record<string, string>>,
  rows: Rows,
): Promise<InputTable> {
  const file = join(folder, `${name}.parquet`);
  const scratch = `written_${tables++}`;
  const isText = (type: string) => type === 'DATE' || type === 'TIMESTAMP';
  const appended = Object.entries(columns).map(
    ([column, type]) => [column, isText(type) ? 'VARCHAR' : type] as const,
  );
  await sql.run(createTable(scratch, Object.fromEntries(appended)));
  await sql.append(
    scratch,
    rows.map((row) => Object.keys(columns).map((column) => row[column] ?? null)),
  );
  const casts = Object.entries(columns).map(([c, type]) => `CAST(${c} AS ${type}) AS ${c}`);
  await sql.run(`COPY (SELECT ${casts.join(', ')} FROM ${scratch}) TO '${file}' (FORMAT parquet)`);
  return { name, file };
}
