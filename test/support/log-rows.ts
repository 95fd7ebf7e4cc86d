import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openDuckdb } from '../../infra/duckdb.ts';
import { openLake } from '../../infra/lake.ts';
import type { WrittenFile } from '../../pipelines/lake.ts';
import { lakeTables, type LakeTable } from '../../pipelines/tables.ts';
import { writeTable, type Rows } from './tables.ts';

/** Puts rows into the lake of a home as the sink of a log would; `source` is set. */
export async function writeLog(
  home: string,
  offset: number,
  rows: Partial<Record<LakeTable, Rows>>,
): Promise<void> {
  const sql = await openDuckdb({ threads: 1 });
  try {
    await openLake(home).update(async (update) => {
      const files: WrittenFile[] = [];
      for (const [name, all] of Object.entries(rows)) {
        const table = name as LakeTable;
        const days = new Set(all.map((row) => dayOf(table, row)));
        for (const day of days) {
          const some = all.filter((row) => dayOf(table, row) === day);
          const folder = join(update.scratch, `${table}-${day ?? 'all'}`);
          await mkdir(folder);
          const filled = some.map((row) => ({ ...row, source: 'log' }));
          const { file } = await writeTable(sql, folder, table, lakeTables[table], filled);
          const dated = day === undefined ? {} : { day };
          files.push({ path: file as string, table, rows: some.length, ...dated });
        }
      }
      await update.commitLog('words', offset, files);
    });
  } finally {
    sql.dispose();
  }
}

function dayOf(table: LakeTable, row: Rows[number]): string | undefined {
  return table === 'listens' ? String(row['listened_at']).slice(0, 10) : undefined;
}
