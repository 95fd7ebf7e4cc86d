import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { readMatrix, writeMatrix } from '../../pipelines/matrix-file.ts';
import type { Sql } from '../../pipelines/ports.ts';
import { quoted } from '../../pipelines/sql.ts';
import { mendManifest } from './mend-manifest.ts';
import { replaceRows } from './replace-rows.ts';

const matrixFile = 'examples.matrix';
const groupsFile = 'groups.parquet';

/**
 * Takes a listener out of an artifact of the stage `examples`: their group leaves, all others stay,
 * and so does the artifact's fingerprint. First the group loses its name, then the rows go, then the
 * group, then the manifest is mended; a kill between any two is made good by doing it again, for
 * whichever listener.
 *
 * @returns groups that were taken out
 */
export async function eraseFromExamples(
  folder: string,
  listener: string,
  sql: Sql,
): Promise<number> {
  const path = join(folder, groupsFile);
  const isTheirs = `listener = ${quoted(listener)}`;
  const [found] = await sql.rows<{ theirs: number; nameless: number }>(
    `SELECT count(*) FILTER (${isTheirs}) AS theirs, count(*) FILTER (listener IS NULL) AS nameless
     FROM read_parquet(${quoted(path)})`,
  );
  const { theirs, nameless } = found!;
  if (theirs > 0) {
    const columns = `* REPLACE (CASE WHEN ${isTheirs} THEN NULL ELSE listener END AS listener)`;
    await replaceRows(sql, path, { columns });
  }
  if (theirs + nameless > 0) {
    await dropRows(folder, sql);
    await replaceRows(sql, path, { where: 'listener IS NOT NULL' });
  }
  const files = [matrixFile, groupsFile];
  const changed = new Set(theirs + nameless > 0 ? files : []);
  await mendManifest(folder, changed, (file) => files.includes(file));
  return theirs;
}

/** Drops the rows of the groups without a name, unless that is done. */
async function dropRows(folder: string, sql: Sql): Promise<void> {
  const path = join(folder, matrixFile);
  const groups = await sql.rows<{ is_kept: boolean; rows: number }>(
    `SELECT listener IS NOT NULL AS is_kept, rows FROM read_parquet(${quoted(join(folder, groupsFile))})`,
  );
  const { rows, columns, values } = await readMatrix(path);
  const kept = groups.filter(({ is_kept }) => is_kept).reduce((sum, group) => sum + group.rows, 0);
  if (rows === kept) return;
  const less = new Float32Array(kept * columns);
  let from = 0;
  let to = 0;
  for (const group of groups) {
    const length = group.rows * columns;
    if (group.is_kept) {
      less.set(values.subarray(from, from + length), to);
      to += length;
    }
    from += length;
  }
  await writeMatrix(`${path}.erasing`, { rows: kept, columns, values: less });
  await rename(`${path}.erasing`, path);
}

/** Whether the groups of an artifact say whose they are; older versions gave an index instead. */
export async function namesListeners(folder: string, sql: Sql): Promise<boolean> {
  const columns = await sql.rows<{ column_name: string }>(
    `DESCRIBE SELECT * FROM read_parquet(${quoted(join(folder, groupsFile))})`,
  );
  return columns.some(({ column_name }) => column_name === 'listener');
}
