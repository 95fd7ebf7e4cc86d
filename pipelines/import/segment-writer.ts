import { fromLake, lakeIdentity, type LakeSnapshot, type WrittenFile } from '../lake.ts';
import { quoted } from '../sql.ts';
import type { Sql } from '../ports.ts';
import { lakeTables, type LakeTable } from '../tables.ts';
import { isErased } from './erased-rows.ts';
import type { Tally } from './tally.ts';

export interface SegmentWriterOptions {
  readonly sql: Sql;
  readonly source: string;
  /** What the lake holds of this source. */
  readonly existing: LakeSnapshot;
  /** Files of the lake's table `erasures`, of all sources: rows of these listeners are left out. */
  readonly erasures: readonly string[];
  readonly tally: Tally;
  readonly scratchFile: () => string;
  readonly signal: AbortSignal | undefined;
}

/** Days are written together up to so many rows: what one step holds in memory. */
const rowsAtOnce = 1_000_000;

/**
 * Writes rows of lake tables to Parquet files in the scratch folder: each identity once, none that
 * the lake has, in the order of the identity; of rows of one identity, the one that sorts first.
 */
export class SegmentWriter {
  readonly files: WrittenFile[] = [];
  readonly #options: SegmentWriterOptions;

  constructor(options: SegmentWriterOptions) {
    this.#options = options;
  }

  /**
   * @param relation - a name, or a SELECT in brackets, with the columns of the table in any order,
   *   `source` apart; one that it lacks is null
   */
  async put(table: LakeTable, relation: string): Promise<void> {
    const { sql, source, existing, erasures, tally, scratchFile, signal } = this.#options;
    const staged = scratchFile();
    const given = await sql.rows<{ column_name: string }>(`DESCRIBE SELECT * FROM ${relation}`);
    const has = new Set(given.map(({ column_name }) => column_name));
    const columns = Object.entries(lakeTables[table]).map(([name, type]) =>
      name === 'source'
        ? `${quoted(source)} AS source`
        : `CAST(${has.has(name) ? name : 'NULL'} AS ${type}) AS ${name}`,
    );
    await sql.run(
      `COPY (SELECT ${columns.join(', ')} FROM ${relation}
        ${table === 'listens' ? 'ORDER BY listened_at' : ''}
      ) TO ${quoted(staged)} (FORMAT parquet)`,
    );
    const stagedRows = `read_parquet(${quoted(staged)})`;
    const erased = isErased(table, erasures);
    const all = `SELECT * FROM ${stagedRows}${erased === undefined ? ' WHERE true' : ` WHERE NOT (${erased})`}`;
    if (erased !== undefined) {
      const [gone] = await sql.rows<{ rows: number }>(
        `SELECT count(*) AS rows FROM ${stagedRows} WHERE ${erased}`,
      );
      tally.dropped('of an erased listener', gone!.rows);
    }
    const known = existing.tables[table];
    if (table !== 'listens') {
      await this.#addNew(table, all, known);
      await this.#write(table, 'true');
      return;
    }
    const days = await sql.rows<{ day: string; rows: number }>(
      `SELECT strftime(listened_at, '%Y-%m-%d') AS day, count(*) AS rows
       FROM (${all}) GROUP BY day ORDER BY day`,
    );
    for (const batch of batches(days)) {
      signal?.throwIfAborted();
      const [first, last] = [batch[0]!, batch.at(-1)!];
      const named = new Set(batch.map((day) => `day=${day}`));
      await this.#addNew(
        table,
        `${all} AND ${within(first, last)}`,
        known.filter((path) => named.has(path.split('/').at(-2)!)),
      );
      for (const day of batch) await this.#write(table, within(day, day), day);
    }
  }

  /** Makes the table `addition` of the rows to add, and counts those that are not. */
  async #addNew(table: LakeTable, select: string, known: readonly string[]): Promise<void> {
    const { sql, source, tally } = this.#options;
    const identity = lakeIdentity[table];
    const keys = identity.join(', ');
    const knownKeys = `(SELECT ${identity.map((key, i) => `${key} AS k${i}`).join(', ')}
      FROM ${fromLake(table, known)} WHERE source = ${quoted(source)})`;
    const same = identity.map((key, i) => `${key} IS NOT DISTINCT FROM k${i}`).join(' AND ');
    await sql.run(`
      CREATE OR REPLACE TEMP TABLE single AS
        SELECT * FROM (${select})
        QUALIFY row_number() OVER (PARTITION BY ${keys} ORDER BY ${orderOf(table)}) = 1;
      CREATE OR REPLACE TEMP TABLE addition AS
        SELECT * FROM single ${known.length > 0 ? `ANTI JOIN ${knownKeys} ON ${same}` : ''}
        ORDER BY ${orderOf(table)};`);
    const [counted] = await sql.rows<{ given: number; single: number; added: number }>(
      `SELECT (SELECT count(*) FROM (${select})) AS given,
              (SELECT count(*) FROM single) AS single,
              (SELECT count(*) FROM addition) AS added`,
    );
    const { given, single, added } = counted!;
    tally.dropped('repeated in the source', given - single);
    tally.dropped('in the lake already', single - added);
    tally.rowsOut(table, added);
  }

  async #write(table: LakeTable, condition: string, day?: string): Promise<void> {
    const { sql, scratchFile } = this.#options;
    const [{ rows }] = (await sql.rows(
      `SELECT count(*) AS rows FROM addition WHERE ${condition}`,
    )) as [{ rows: number }];
    if (rows === 0) return;
    const path = scratchFile();
    await sql.run(`COPY (
      SELECT * FROM addition WHERE ${condition} ORDER BY ${orderOf(table)}
    ) TO ${quoted(path)} (FORMAT parquet, COMPRESSION zstd)`);
    this.files.push({ path, table, rows, ...(day === undefined ? {} : { day }) });
  }
}

/** The identity first, then every column: no two different rows are equal. */
function orderOf(table: LakeTable): string {
  const columns = [...lakeIdentity[table], ...Object.keys(lakeTables[table])];
  return columns.map((column) => `${column} NULLS LAST`).join(', ');
}

function within(firstDay: string, lastDay: string): string {
  return `listened_at >= TIMESTAMP '${firstDay} 00:00:00'
    AND listened_at < TIMESTAMP '${lastDay} 00:00:00' + INTERVAL 1 DAY`;
}

function* batches(days: readonly { day: string; rows: number }[]): Generator<string[]> {
  let batch: string[] = [];
  let size = 0;
  for (const { day, rows } of days) {
    if (batch.length > 0 && size + rows > rowsAtOnce) {
      yield batch;
      batch = [];
      size = 0;
    }
    batch.push(day);
    size += rows;
  }
  if (batch.length > 0) yield batch;
}
