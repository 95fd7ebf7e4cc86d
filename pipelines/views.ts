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
      if (files.length === 0) {
        const definitions = Object.entries(columns ?? {}).map(([key, type]) => `${key} ${type}`);
        await sql.run(`CREATE TABLE "${schema}"."${name}" (${definitions.join(', ')})`);
      } else {
        const list = files.map(quoted).join(', ');
        await sql.run(
          `CREATE VIEW "${schema}"."${name}" AS
           SELECT * FROM read_parquet([${list}], hive_partitioning = false)`,
        );
      }
    }
  }
}

/** Writes a relation to one Parquet file; gives the row count. */
export async function saveParquet(sql: Sql, path: string, relation: string): Promise<number> {
  await sql.run(`COPY ${relation} TO ${quoted(path)} (FORMAT parquet, COMPRESSION zstd)`);
  const [row] = await sql.rows<{ count: number }>(
    `SELECT count(*) AS count FROM read_parquet(${quoted(path)})`,
  );
  return row!.count;
}
