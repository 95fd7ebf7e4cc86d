import { join } from 'node:path';
import { lakeIdentity, type HeldFile, type LakeUpdate } from '../lake.ts';
import type { Sql } from '../ports.ts';
import { quoted } from '../sql.ts';
import { loggedTables, logSource, type LoggedTable } from './log.ts';
import { orderOf } from './take-in.ts';

export interface CompactOptions {
  /** How many segments of one size make one of the next, 2 or more. Default 8. */
  readonly fanIn?: number;
  /** What is merged at once holds at most so many rows and bytes. Default 2 million, 128 MiB. */
  readonly mostRows?: number;
  readonly mostBytes?: number;
}

/** Segments of about one size that are to become one. */
export interface Merge {
  readonly table: LoggedTable;
  readonly day: string | undefined;
  readonly files: readonly HeldFile[];
}

/**
 * The next merge: of one table (and day), as many segments of one size as make one of the next;
 * those first that are most. A row is so written again once for each size, some four times at most.
 * Undefined: none is due.
 */
export function nextMerge(
  held: readonly HeldFile[],
  { fanIn = 8, mostRows = 2_000_000, mostBytes = 128 * 2 ** 20 }: CompactOptions = {},
): Merge | undefined {
  const groups = new Map<string, HeldFile[]>();
  for (const file of held) {
    if (!file.counts || file.source !== logSource || !isLogged(file.table)) continue;
    // What is large enough stays.
    if (file.rows * fanIn > mostRows * 2 || file.bytes * fanIn > mostBytes * 2) continue;
    const size = Math.floor(Math.log(Math.max(1, file.rows)) / Math.log(fanIn));
    const key = [file.table, file.day, size].join(' ');
    groups.set(key, [...(groups.get(key) ?? []), file]);
  }
  const due = [...groups.values()]
    .filter((files) => files.length >= fanIn)
    .sort((a, b) => b.length - a.length || (a[0]!.path < b[0]!.path ? -1 : 1))[0];
  if (due === undefined) return undefined;
  const files: HeldFile[] = [];
  let [rows, bytes] = [0, 0];
  for (const file of due) {
    rows += file.rows;
    bytes += file.bytes;
    if (files.length >= 2 && (rows > mostRows || bytes > mostBytes)) break;
    files.push(file);
  }
  const { table, day } = files[0]!;
  return { table: table as LoggedTable, day, files };
}

function isLogged(table: string): table is LoggedTable {
  return (loggedTables as readonly string[]).includes(table);
}

/** Puts one segment in the place of several; of rows of one identity the first stays. */
export async function compact(sql: Sql, update: LakeUpdate, merge: Merge): Promise<void> {
  const { table, day, files } = merge;
  const path = join(update.scratch, 'merged');
  const list = files.map((file) => quoted(file.path)).join(', ');
  await sql.run(`COPY (
    SELECT * FROM read_parquet([${list}], hive_partitioning = false, union_by_name = true)
    QUALIFY row_number() OVER (PARTITION BY ${lakeIdentity[table].join(', ')} ORDER BY ${orderOf(table)}) = 1
    ORDER BY ${orderOf(table)}
  ) TO ${quoted(path)} (FORMAT parquet, COMPRESSION zstd)`);
  const [counted] = await sql.rows<{ rows: number }>(
    `SELECT count(*) AS rows FROM read_parquet(${quoted(path)})`,
  );
  await update.replace(
    files.map((file) => file.path),
    [{ path, table, rows: counted!.rows, ...(day === undefined ? {} : { day }) }],
  );
}
