import { Mistake } from '../../model/mistake.ts';
import type { ImportCounts, LakeSnapshot, WrittenFile } from '../lake.ts';
import { quoted } from '../sql.ts';
import type { Sql } from '../ports.ts';
import { readSql } from '../sql.ts';
import type { LakeTable } from '../tables.ts';
import { SegmentWriter } from './segment-writer.ts';
import type { SourceFolder } from './source-folder.ts';
import { lineOf, SourceReader, type Columns } from './source-reader.ts';
import { Tally } from './tally.ts';

export interface ImportSessionOptions {
  readonly sql: Sql;
  readonly folder: SourceFolder;
  readonly source: string;
  /** Empty, writable. */
  readonly scratch: string;
  /** What the lake holds of this source. */
  readonly existing: LakeSnapshot;
  readonly signal?: AbortSignal | undefined;
}

/**
 * One import in one SQL session: source files to views (`read…`), views to rows that can be used
 * and rows that cannot (`take`), usable rows to segments (`put`). Nothing larger than a header is
 * held in JavaScript. The macros of `text.sql` are there.
 */
export class ImportSession {
  readonly sql: Sql;
  readonly folder: SourceFolder;
  readonly #options: ImportSessionOptions;
  readonly #tally = new Tally();
  readonly #reader: SourceReader;
  readonly #writer: SegmentWriter;
  readonly #fileOf = new Map<string, string>();
  #serial = 0;

  private constructor(options: ImportSessionOptions) {
    const { sql, folder, source, existing, signal } = options;
    this.sql = sql;
    this.folder = folder;
    this.#options = options;
    const tally = this.#tally;
    const scratchFile = () => this.#scratchFile('parquet');
    this.#reader = new SourceReader(sql, folder, tally, scratchFile);
    this.#writer = new SegmentWriter({ sql, source, existing, tally, scratchFile, signal });
  }

  static async open(options: ImportSessionOptions): Promise<ImportSession> {
    const session = new ImportSession(options);
    await session.sql.run(readSql(import.meta.url, 'text.sql'));
    await session.sql.run(
      'CREATE TEMP TABLE rejects (file VARCHAR, line BIGINT, reason VARCHAR, raw VARCHAR)',
    );
    return session;
  }

  /** See `SourceReader.readCsv`. */
  async readCsv(view: string, file: string, columns: Columns): Promise<void> {
    this.#options.signal?.throwIfAborted();
    this.#fileOf.set(view, file);
    await this.#reader.readCsv(view, file, columns);
  }

  /** See `SourceReader.readJsonLines`. */
  async readJsonLines(view: string, file: string, mayBeEmpty = false): Promise<void> {
    this.#options.signal?.throwIfAborted();
    this.#fileOf.set(view, file);
    await this.#reader.readJsonLines(view, file, mayBeEmpty);
  }

  /**
   * Sorts the rows of a file, read as `view`, into usable and not: evaluates `relation` (a name, or
   * a SELECT in brackets), which has the columns `row`, `reason` (why the row cannot be used, else
   * NULL) and `repairs` (VARCHAR[], kinds of repaired values), and makes the view `name` of the
   * usable rows.
   *
   * @throws Mistake `SOURCE_INVALID` where there are rows and none can be used
   */
  async take(name: string, view: string, relation: string): Promise<void> {
    this.#options.signal?.throwIfAborted();
    const path = this.#scratchFile('parquet');
    const file = this.#fileOf.get(view)!;
    await this.sql.run(`COPY (SELECT * FROM ${relation}) TO ${quoted(path)} (FORMAT parquet)`);
    const all = `read_parquet(${quoted(path)})`;
    const rejected = await this.sql.rows<{ reason: string; rows: number }>(
      `SELECT reason, count(*) AS rows FROM ${all} WHERE reason IS NOT NULL GROUP BY reason`,
    );
    for (const { reason, rows } of rejected) this.#tally.dropped(reason, rows);
    if (rejected.length > 0) {
      await this.sql.run(`INSERT INTO rejects
        SELECT ${quoted(file)}, ${lineOf(view)}, reason, raw
        FROM (SELECT row, reason FROM ${all} WHERE reason IS NOT NULL)
        JOIN ${view}_records USING (row)`);
    }
    const repaired = await this.sql.rows<{ kind: string; values: number }>(
      `SELECT kind, count(*) AS values
       FROM (SELECT unnest(repairs) AS kind FROM ${all} WHERE reason IS NULL) GROUP BY kind`,
    );
    for (const { kind, values } of repaired) this.#tally.repaired(kind, values);
    await this.sql.run(`CREATE TEMP VIEW ${name} AS
      SELECT * EXCLUDE (reason, repairs) FROM ${all} WHERE reason IS NULL`);
    await this.#refuseAllBroken(name, file);
  }

  /** Counts rows that say again what others said. */
  repeated(rows: number): void {
    this.#tally.dropped('repeated in the source', rows);
  }

  /** Counts values that were repaired otherwise than row by row. */
  repaired(kind: string, values: number): void {
    this.#tally.repaired(kind, values);
  }

  /** See `SegmentWriter.put`. */
  async put(table: LakeTable, relation: string): Promise<void> {
    this.#options.signal?.throwIfAborted();
    await this.#writer.put(table, relation);
  }

  /** What was counted, and the files to commit, rejects included. */
  async finish(): Promise<{ counts: ImportCounts; files: WrittenFile[] }> {
    const [{ rows }] = (await this.sql.rows('SELECT count(*) AS rows FROM rejects')) as [
      { rows: number },
    ];
    const files = [...this.#writer.files];
    if (rows > 0) {
      const path = this.#scratchFile('ndjson');
      await this.sql.run(`COPY (
        SELECT ${quoted(this.#options.source)} AS source, file, line, reason, raw
        FROM rejects ORDER BY file, line, reason
      ) TO ${quoted(path)} (FORMAT json)`);
      files.push({ path, table: 'rejects', rows });
    }
    return { counts: this.#tally.counts(), files };
  }

  async #refuseAllBroken(name: string, file: string): Promise<void> {
    const usable = await this.sql.rows(`SELECT 1 FROM ${name} LIMIT 1`);
    if (usable.length > 0) return;
    const [worst] = await this.sql.rows<{ line: number; reason: string; rows: number }>(
      `SELECT reason, count(*) AS rows, min(line) AS line FROM rejects WHERE file = ${quoted(file)}
       GROUP BY reason ORDER BY rows DESC, reason LIMIT 1`,
    );
    if (worst === undefined) return;
    throw new Mistake(
      'SOURCE_INVALID',
      `${this.folder.locate(file)}: expected rows that can be used, got none; most often: ` +
        `${worst.reason} (${worst.rows} rows, the first in line ${worst.line})`,
    );
  }

  #scratchFile(extension: string): string {
    return `${this.#options.scratch}/${this.#serial++}.${extension}`;
  }
}
