import { rename } from 'node:fs/promises';
import type { Sql } from '../../pipelines/ports.ts';
import { quoted } from '../../pipelines/sql.ts';

/** Replaces a Parquet file by what is selected from it, in its order; a kill leaves `<path>.erasing`. */
export async function replaceRows(
  sql: Sql,
  path: string,
  { columns = '*', where }: { readonly columns?: string; readonly where?: string },
): Promise<void> {
  const scratch = `${path}.erasing`;
  await sql.run(
    `COPY (SELECT ${columns} FROM read_parquet(${quoted(path)}) ${where === undefined ? '' : `WHERE ${where}`})
     TO ${quoted(scratch)} (FORMAT parquet, COMPRESSION zstd)`,
  );
  await rename(scratch, path);
}
