import type { Sql } from './ports.ts';
import { quoted } from './sql.ts';
import type { InputTable } from './step.ts';

/** One schema of views for each input. */
export async function createViews(
  sql: Sql,
  inputs: Readonly<Record<string, { readonly tables: readonly InputTable[] }>>,
): Promise<void> {
  for (const [schema, { tables }] of Object.entries(inputs)) {
    await sql.run(`CREATE SCHEMA "${schema}"`);
    for (const { name, file, columns } of tables) {
      const files = typeof file === 'string' ? [file] : file;
      const select = columns === undefined ? selectFiles(files) : selectColumns(columns, files);
      await sql.run(`CREATE VIEW "${schema}"."${name}" AS ${select}`);
    }
  }
}

/**
 * A SELECT over Parquet files as one table with these columns, in this order. A column that a file
 * was written without is null, and without files there are no rows.
 *
 * @param columns - name -> DuckDB type
 */
export function selectColumns(
  columns: Readonly<Record<string, string>>,
  files: readonly string[],
): string {
  const typed = Object.entries(columns).map(([name, type]) => `CAST(NULL AS ${type}) AS ${name}`);
  const none = `SELECT ${typed.join(', ')} WHERE false`;
  return files.length === 0 ? none : `${none} UNION ALL BY NAME ${selectFiles(files)}`;
}

function selectFiles(files: readonly string[]): string {
  const list = files.map(quoted).join(', ');
  return `SELECT * FROM read_parquet([${list}], hive_partitioning = false, union_by_name = true)`;
}

/** Writes a relation to one Parquet file; gives the row count. */
export async function saveParquet(sql: Sql, path: string, relation: string): Promise<number> {
  await sql.run(`COPY ${relation} TO ${quoted(path)} (FORMAT parquet, COMPRESSION zstd)`);
  const [row] = await sql.rows<{ count: number }>(
    `SELECT count(*) AS count FROM read_parquet(${quoted(path)})`,
  );
  return row!.count;
}
