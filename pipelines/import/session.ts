import { Mistake } from '../../model/mistake.ts';
import {
  fromLake,
  lakeIdentity,
  quoted,
  type ImportCounts,
  type LakeSnapshot,
  type WrittenFile,
} from '../lake.ts';
import type { Sql } from '../ports.ts';
import { readSql } from '../sql.ts';
import { lakeTables, type LakeTable } from '../tables.ts';
import { fieldsOf, selectLines, type FieldFormat } from './lines.ts';
import type { SourceFolder } from './source-folder.ts';

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

export interface Columns {
  /** Columns that must be there. Others are allowed and NULL where they are not. */
  readonly required: readonly string[];
  readonly optional?: readonly string[];
  /** Whether a column that is in neither list is a mistake rather than ignored. Default false. */
  readonly closed?: boolean;
  /** Whether a file with a header alone is fine. Default false. */
  readonly mayBeEmpty?: boolean;
  /** Default `,` with quotation marks. */
  readonly format?: FieldFormat;
}

/**
 * One import in one SQL session: source files to views, views to rows that can be used and rows
 * that cannot, usable rows to segments. Nothing larger than a header is held in JavaScript.
 *
 * The macros of `text.sql` are there.
 */
export class ImportSession {
  readonly sql: Sql;
  readonly folder: SourceFolder;
  readonly source: string;
  readonly #scratch: string;
  readonly #existing: LakeSnapshot;
  readonly #signal: AbortSignal | undefined;
  readonly #files: WrittenFile[] = [];
  readonly #tables: Partial<Record<LakeTable, number>> = {};
  readonly #dropped = new Map<string, number>();
  readonly #repaired = new Map<string, number>();
  readonly #lines = new Map<string, { file: string; path: string }>();
  #rowsIn = 0;
  #serial = 0;

  private constructor(options: ImportSessionOptions) {
    this.sql = options.sql;
    this.folder = options.folder;
    this.source = options.source;
    this.#scratch = options.scratch;
    this.#existing = options.existing;
    this.#signal = options.signal;
  }

  static async open(options: ImportSessionOptions): Promise<ImportSession> {
    const session = new ImportSession(options);
    await session.sql.run(readSql(import.meta.url, 'text.sql'));
    await session.sql.run(
      'CREATE TEMP TABLE rejects (file VARCHAR, line BIGINT, reason VARCHAR, raw VARCHAR)',
    );
    return session;
  }

  /**
   * Makes the view `view` of a CSV file: `row` (BIGINT), `fault` (VARCHAR, why the line has no
   * fields, else NULL) and the columns as text, as they stand in the file.
   *
   * @throws Mistake `SOURCE_EMPTY`, `SOURCE_INVALID`
   */
  async readCsv(view: string, file: string, columns: Columns): Promise<void> {
    const { format = { delimiter: ',', quotes: true } } = columns;
    await this.#stageLines(view, file);
    const [first] = await this.sql.rows<{ header: string[] | null }>(
      `SELECT ${fieldsOf(`ltrim(raw, chr(65279))`, format)} AS header FROM ${view}_lines WHERE row = 0`,
    );
    const header = first?.header?.map((name) => name.trim());
    this.#checkHeader(file, header, columns);
    await this.#countRows(view, file, 1, columns.mayBeEmpty ?? false);
    const wanted = [...columns.required, ...(columns.optional ?? [])];
    const picked = wanted.map((name) => {
      const at = header!.indexOf(name);
      return `${at < 0 ? 'CAST(NULL AS VARCHAR)' : `fields[${at + 1}]`} AS "${name}"`;
    });
    await this.sql.run(`CREATE TEMP VIEW ${view} AS
      SELECT row,
             CASE WHEN fields IS NULL THEN 'quotation marks that do not match'
                  WHEN len(fields) <> ${header!.length} THEN 'wrong number of columns' END AS fault,
             ${picked.join(', ')}
      FROM (SELECT row, ${fieldsOf('raw', format)} AS fields
            FROM ${view}_lines WHERE row > 0 AND trim(raw) <> '')`);
  }

  /**
   * Makes the view `view` of a file of JSON objects, one a line: `row`, `fault` and `json` (NULL
   * where the line is no JSON object).
   *
   * @throws Mistake `SOURCE_EMPTY`, `SOURCE_INVALID`
   */
  async readJsonLines(view: string, file: string, mayBeEmpty = false): Promise<void> {
    await this.#stageLines(view, file);
    await this.#countRows(view, file, 0, mayBeEmpty);
    await this.sql.run(`CREATE TEMP VIEW ${view} AS
      SELECT row, CASE WHEN json IS NULL THEN 'not a JSON object' END AS fault, json
      FROM (SELECT row, CASE WHEN json_valid(raw) AND json_type(raw) = 'OBJECT'
                             THEN CAST(raw AS JSON) END AS json
            FROM (SELECT row, ltrim(raw, chr(65279)) AS raw
                  FROM ${view}_lines WHERE trim(raw) <> ''))`);
  }

  /**
   * Sorts the rows of a view into usable and not: evaluates `relation` (a name, or a SELECT in
   * brackets), which has the columns `row` (of `view`), `reason` (why the row cannot be used, else
   * NULL) and `repairs` (VARCHAR[], kinds of repaired values), and makes the view `name` of the
   * usable rows.
   *
   * @throws Mistake `SOURCE_INVALID` where there are rows and none can be used
   */
  async take(name: string, view: string, relation: string): Promise<void> {
    this.#signal?.throwIfAborted();
    const path = this.#scratchFile();
    await this.sql.run(`COPY (SELECT * FROM ${relation}) TO ${quoted(path)} (FORMAT parquet)`);
    const { file } = this.#lines.get(view)!;
    const rejected = await this.sql.rows<{ reason: string; rows: number }>(
      `SELECT reason, count(*) AS rows FROM read_parquet(${quoted(path)})
       WHERE reason IS NOT NULL GROUP BY reason ORDER BY rows DESC, reason`,
    );
    for (const { reason, rows } of rejected) this.#add(this.#dropped, reason, rows);
    if (rejected.length > 0) {
      await this.sql.run(`INSERT INTO rejects
        SELECT ${quoted(file)}, ${lineOf(`${view}_skipped`)}, reason, raw
        FROM (SELECT row, reason FROM read_parquet(${quoted(path)}) WHERE reason IS NOT NULL) r
        JOIN ${view}_lines USING (row)`);
    }
    const repaired = await this.sql.rows<{ kind: string; values: number }>(
      `SELECT kind, count(*) AS values
       FROM (SELECT unnest(repairs) AS kind FROM read_parquet(${quoted(path)}) WHERE reason IS NULL)
       GROUP BY kind`,
    );
    for (const { kind, values } of repaired) this.repaired(kind, values);
    await this.sql.run(`CREATE TEMP VIEW ${name} AS
      SELECT * EXCLUDE (reason, repairs) FROM read_parquet(${quoted(path)}) WHERE reason IS NULL`);
    await this.#refuseAllBroken(name, file);
  }

  /** Counts values repaired otherwise than row by row. */
  repaired(kind: string, values: number): void {
    this.#add(this.#repaired, kind, values);
  }

  /**
   * Writes a relation (a name, or a SELECT in brackets) with the columns of a lake table, `source`
   * apart, in any order: one row for each identity, and none that the lake has from this source.
   */
  async put(table: LakeTable, relation: string): Promise<void> {
    this.#signal?.throwIfAborted();
    const staged = this.#scratchFile();
    const columns = Object.entries(lakeTables[table]).map(([name, type]) =>
      name === 'source'
        ? `${quoted(this.source)} AS source`
        : `CAST(${name} AS ${type}) AS ${name}`,
    );
    const sort = table === 'listens' ? 'ORDER BY listened_at' : '';
    await this.sql.run(
      `COPY (SELECT ${columns.join(', ')} FROM ${relation} ${sort}) TO ${quoted(staged)} (FORMAT parquet)`,
    );
    const all = `read_parquet(${quoted(staged)})`;
    if (table !== 'listens') return this.#putSegment(table, all, this.#existing.tables[table]);
    const days = await this.sql.rows<{ day: string }>(
      `SELECT DISTINCT strftime(listened_at, '%Y-%m-%d') AS day FROM ${all} ORDER BY day`,
    );
    for (const { day } of days) {
      this.#signal?.throwIfAborted();
      const from = `TIMESTAMP '${day} 00:00:00'`;
      const ofDay = `(SELECT * FROM ${all} WHERE listened_at >= ${from} AND listened_at < ${from} + INTERVAL 1 DAY)`;
      const existing = this.#existing.tables.listens.filter((path) => path.includes(`day=${day}`));
      await this.#putSegment(table, ofDay, existing, day);
    }
  }

  /** What was counted, and the files to commit, rejects included. */
  async finish(): Promise<{ counts: ImportCounts; files: WrittenFile[] }> {
    const [{ rows }] = (await this.sql.rows('SELECT count(*) AS rows FROM rejects')) as [
      { rows: number },
    ];
    if (rows > 0) {
      const path = this.#scratchFile('ndjson');
      await this.sql.run(`COPY (
        SELECT ${quoted(this.source)} AS source, file, line, reason, raw
        FROM rejects ORDER BY file, line, reason
      ) TO ${quoted(path)} (FORMAT json)`);
      this.#files.push({ path, table: 'rejects', rows });
    }
    const counts: ImportCounts = {
      rowsIn: this.#rowsIn,
      rowsOut: Object.values(this.#tables).reduce((sum, n) => sum + n, 0),
      tables: this.#tables,
      dropped: sorted(this.#dropped),
      repaired: sorted(this.#repaired),
    };
    return { counts, files: this.#files };
  }

  async #stageLines(view: string, file: string): Promise<void> {
    this.#signal?.throwIfAborted();
    const path = this.#scratchFile();
    const errors = `${view}_errors`;
    try {
      await this.sql.run(
        `COPY (${selectLines(this.folder.locate(file), errors)}) TO ${quoted(path)} (FORMAT parquet)`,
      );
    } catch (cause) {
      const why = (cause instanceof Error ? cause.message : String(cause)).split('\n')[0]!;
      throw this.#invalid(file, `expected a readable text file, got: ${why}`, cause);
    }
    this.#lines.set(view, { file, path });
    await this.sql.run(`
      CREATE TEMP VIEW ${view}_lines AS
        SELECT file_row_number AS row, raw
        FROM read_parquet(${quoted(path)}, file_row_number = true);
      CREATE TEMP TABLE ${view}_broken AS
        SELECT line, min(error_type) AS error, min(csv_line) AS raw FROM ${errors} GROUP BY line;
      -- How many lines that could not be read precede the line of a given row.
      CREATE TEMP TABLE ${view}_skipped AS
        SELECT line - row_number() OVER (ORDER BY line) AS before FROM ${view}_broken;`);
    const broken = await this.sql.rows<{ reason: string; rows: number }>(
      `SELECT ${brokenReason} AS reason, count(*) AS rows FROM ${view}_broken GROUP BY reason`,
    );
    for (const { reason, rows } of broken) this.#add(this.#dropped, reason, rows);
    await this.sql.run(
      `INSERT INTO rejects SELECT ${quoted(file)}, line, ${brokenReason}, raw FROM ${view}_broken`,
    );
  }

  async #countRows(
    view: string,
    file: string,
    headerLines: number,
    mayBeEmpty: boolean,
  ): Promise<void> {
    const [{ rows }] = (await this.sql.rows(
      `SELECT (SELECT count(*) FROM ${view}_lines WHERE row >= ${headerLines} AND trim(raw) <> '')
            + (SELECT count(*) FROM ${view}_broken) AS rows`,
    )) as [{ rows: number }];
    if (rows === 0 && !mayBeEmpty) {
      const got = headerLines > 0 ? 'a header alone' : 'an empty file';
      throw new Mistake(
        'SOURCE_EMPTY',
        `${this.folder.locate(file)}: expected at least one row, got ${got}`,
      );
    }
    this.#rowsIn += rows;
  }

  #checkHeader(file: string, header: readonly string[] | undefined, columns: Columns): void {
    const known = [...columns.required, ...(columns.optional ?? [])];
    const expected = `expected the columns ${columns.required.join(', ')}${
      columns.optional?.length ? ` (and, as you like, ${columns.optional.join(', ')})` : ''
    }`;
    if (header === undefined || header.every((name) => name === '')) {
      throw new Mistake(
        'SOURCE_EMPTY',
        `${this.folder.locate(file)}: ${expected}, got an empty file`,
      );
    }
    const missing = columns.required.some((name) => !header.includes(name));
    const unknown = columns.closed === true && header.some((name) => !known.includes(name));
    const twice = known.some((name) => header.indexOf(name) !== header.lastIndexOf(name));
    if (missing || unknown || twice) {
      const got = header.map((name) => (name.length > 40 ? `${name.slice(0, 40)}…` : name));
      throw this.#invalid(file, `${expected}, got ${got.slice(0, 40).join(', ')}`);
    }
  }

  async #refuseAllBroken(name: string, file: string): Promise<void> {
    const usable = await this.sql.rows(`SELECT 1 FROM ${name} LIMIT 1`);
    if (usable.length > 0) return;
    const [worst] = await this.sql.rows<{ line: number; reason: string; rows: number }>(
      `SELECT reason, count(*) AS rows, min(line) AS line FROM rejects WHERE file = ${quoted(file)}
       GROUP BY reason ORDER BY rows DESC, reason LIMIT 1`,
    );
    if (worst === undefined) return;
    throw this.#invalid(
      file,
      `expected rows that can be used, got none; most often: ${worst.reason} ` +
        `(${worst.rows} rows, the first in line ${worst.line})`,
    );
  }

  async #putSegment(
    table: LakeTable,
    relation: string,
    existing: readonly string[],
    day?: string,
  ): Promise<void> {
    const identity = lakeIdentity[table];
    const columns = Object.keys(lakeTables[table]);
    const order = [...identity, ...columns].map((column) => `${column} NULLS LAST`).join(', ');
    const known = `(SELECT ${identity.map((expression, i) => `${expression} AS k${i}`).join(', ')}
      FROM ${fromLake(table, existing)} WHERE source = ${quoted(this.source)})`;
    const same = identity.map((expression, i) => `${expression} IS NOT DISTINCT FROM k${i}`);
    const path = this.#scratchFile();
    await this.sql.run(`COPY (
      SELECT ${columns.join(', ')} FROM (
        SELECT * FROM ${relation}
        QUALIFY row_number() OVER (PARTITION BY ${identity.join(', ')} ORDER BY ${order}) = 1
      ) ${existing.length > 0 ? `ANTI JOIN ${known} ON ${same.join(' AND ')}` : ''}
      ORDER BY ${order}
    ) TO ${quoted(path)} (FORMAT parquet, COMPRESSION zstd)`);
    const [counted] = await this.sql.rows<{ given: number; distinct: number; rows: number }>(
      `SELECT (SELECT count(*) FROM ${relation}) AS given,
              (SELECT count(*) FROM (SELECT DISTINCT ${identity.join(', ')} FROM ${relation})) AS "distinct",
              (SELECT count(*) FROM read_parquet(${quoted(path)})) AS rows`,
    );
    const { given, distinct, rows } = counted!;
    this.#add(this.#dropped, 'repeated in the source', given - distinct);
    this.#add(this.#dropped, 'in the lake already', distinct - rows);
    if (rows === 0) return;
    this.#tables[table] = (this.#tables[table] ?? 0) + rows;
    this.#files.push({ path, table, rows, ...(day === undefined ? {} : { day }) });
  }

  #scratchFile(extension = 'parquet'): string {
    return `${this.#scratch}/${this.#serial++}.${extension}`;
  }

  #add(counts: Map<string, number>, key: string, count: number): void {
    if (count > 0) counts.set(key, (counts.get(key) ?? 0) + count);
  }

  #invalid(file: string, message: string, cause?: unknown): Mistake {
    return new Mistake('SOURCE_INVALID', `${this.folder.locate(file)}: ${message}`, { cause });
  }
}

const brokenReason = `CASE error
  WHEN 'INVALID ENCODING' THEN 'not valid UTF-8'
  WHEN 'LINE SIZE OVER MAXIMUM' THEN 'line longer than 2 MB'
  ELSE 'unreadable line' END`;

/** SQL: the 1-based line of the file in which `row` stands. */
function lineOf(skipped: string): string {
  return `row + 1 + (SELECT count(*) FROM ${skipped} WHERE before <= row)`;
}

function sorted(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}
