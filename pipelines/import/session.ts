import { Mistake } from '../../model/mistake.ts';
import type { ImportCounts, LakeSnapshot, WrittenFile } from '../lake.ts';
import { quoted } from '../sql.ts';
import type { Sql } from '../ports.ts';
import { readSql } from '../sql.ts';
import type { LakeTable } from '../tables.ts';
import { SegmentWriter } from './segment-writer.ts';
import { namesErased } from './erased-rows.ts';
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
  /** Files of the lake's table `erasures`. Default: nobody was erased. */
  readonly erasures?: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/** A file that was sorted into rows that can be used and rows that cannot, as two Parquet files. */
export interface ConvertedFile {
  /** Its name, for the rejects. */
  readonly file: string;
  /** Path of the usable rows: what the importer makes of them, and `repairs` (VARCHAR[]). */
  readonly rows: string;
  /** Path of the others: line (from 1), reason, raw. */
  readonly rejects: string;
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
    const { sql, folder, source, existing, erasures = [], signal } = options;
    this.sql = sql;
    this.folder = folder;
    this.#options = options;
    const tally = this.#tally;
    const scratchFile = () => this.#scratchFile('parquet');
    this.#reader = new SourceReader(sql, folder, tally, scratchFile);
    const reading = { sql, source, existing, erasures };
    this.#writer = new SegmentWriter({ ...reading, tally, scratchFile, signal });
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

  /**
   * Takes in files that were converted before: counts their rows and repairs, keeps aside what
   * cannot be used, and makes the view `name` of the usable rows, with the number of their file in
   * `files` (from 0) as `file_ix`.
   *
   * @throws Mistake `SOURCE_INVALID` where there are rows and none can be used, `SOURCE_EMPTY` where
   *   there are none
   */
  async takeConverted(name: string, files: readonly ConvertedFile[]): Promise<void> {
    this.#options.signal?.throwIfAborted();
    await this.sql.run(
      'CREATE TEMP TABLE converted_files (file_ix INTEGER, file VARCHAR, rows VARCHAR)',
    );
    await this.sql.append(
      'converted_files',
      files.map(({ file, rows }, ix) => [ix, file, rows]),
    );
    for (const { file, rejects } of files) {
      await this.rejected(`(SELECT ${quoted(file)} AS file, line, reason, raw
        FROM read_parquet(${quoted(rejects)}))`);
    }
    const paths = files.map(({ rows }) => quoted(rows)).join(', ');
    await this.sql.run(`CREATE TEMP VIEW ${name} AS
      SELECT p.* EXCLUDE (filename), file_ix
      FROM read_parquet([${paths}], filename = true) p
      JOIN converted_files f ON f.rows = p.filename`);
    const [{ usable }] = (await this.sql.rows(`SELECT count(*) AS usable FROM ${name}`)) as [
      { usable: number },
    ];
    this.#tally.rowsIn += usable;
    const repaired = await this.sql.rows<{ kind: string; values: number }>(
      `SELECT kind, count(*) AS values
       FROM (SELECT unnest(repairs) AS kind FROM ${name}) GROUP BY kind`,
    );
    for (const { kind, values } of repaired) this.#tally.repaired(kind, values);
    if (usable > 0) return;
    const [worst] = await this.sql.rows<{ reason: string; rows: number }>(
      `SELECT reason, count(*) AS rows FROM rejects GROUP BY reason ORDER BY rows DESC, reason LIMIT 1`,
    );
    throw new Mistake(
      worst === undefined ? 'SOURCE_EMPTY' : 'SOURCE_INVALID',
      `${this.folder.path}: expected rows that can be used, got none` +
        (worst === undefined ? '' : `; most often: ${worst.reason} (${worst.rows} rows)`),
    );
  }

  /**
   * Keeps rows aside that have not been counted yet.
   *
   * @param relation - a name, or a SELECT in brackets: file, line (from 1), reason, raw
   */
  async rejected(relation: string): Promise<void> {
    const counts = await this.sql.rows<{ reason: string; rows: number }>(
      `SELECT reason, count(*) AS rows FROM ${relation} GROUP BY reason`,
    );
    if (counts.length === 0) return;
    for (const { reason, rows } of counts) {
      this.#tally.dropped(reason, rows);
      this.#tally.rowsIn += rows;
    }
    await this.sql.run(`INSERT INTO rejects SELECT file, line, reason, raw FROM ${relation}`);
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
    const ofErased = namesErased(`concat_ws(' : ', file, raw)`, this.#options.erasures ?? []);
    if (ofErased !== undefined) await this.sql.run(`DELETE FROM rejects WHERE ${ofErased}`);
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
