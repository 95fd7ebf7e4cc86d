import { Mistake } from '../../model/mistake.ts';
import { quoted } from '../sql.ts';
import type { Sql } from '../ports.ts';
import { fieldsOf, recordsOf, selectLines, type FieldFormat } from './lines.ts';
import type { SourceFolder } from './source-folder.ts';
import type { Tally } from './tally.ts';

export interface Columns {
  /** Columns that must be there. */
  readonly required: readonly string[];
  /** Columns that are NULL where they are not there. */
  readonly optional?: readonly string[];
  /** Whether a column that is in neither list is a mistake rather than ignored. Default false. */
  readonly closed?: boolean;
  /** Whether a file with a header alone is fine. Default false. */
  readonly mayBeEmpty?: boolean;
  /** Default `,` with quotation marks. */
  readonly format?: FieldFormat;
}

/**
 * Source files as views. For the view `v` of a file there are also `v_lines` (row, raw), the lines
 * that could be read, numbered from 0, `v_records`, the same with the lines of one record joined,
 * and `v_skipped`, which `lineOf` needs; lines that could not be read go to the table `rejects`
 * (file, line, reason, raw), which must exist.
 */
export class SourceReader {
  readonly #sql: Sql;
  readonly #folder: SourceFolder;
  readonly #tally: Tally;
  readonly #scratchFile: () => string;

  constructor(sql: Sql, folder: SourceFolder, tally: Tally, scratchFile: () => string) {
    this.#sql = sql;
    this.#folder = folder;
    this.#tally = tally;
    this.#scratchFile = scratchFile;
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
    const [first] = await this.#sql.rows<{ header: string[] | null; broken: number }>(
      `SELECT ${fieldsOf('raw', format)} AS header, (SELECT count(*) FROM ${view}_broken) AS broken
       FROM (SELECT min(ltrim(raw, chr(65279))) AS raw FROM ${view}_lines WHERE row = 0)`,
    );
    const isBroken = first!.broken > 0;
    const header = this.#checkHeader(file, first!.header ?? [], isBroken, columns);
    await this.#joinLines(view, format, header.length);
    await this.#countRows(view, file, 1, columns.mayBeEmpty ?? false);
    const picked = [...columns.required, ...(columns.optional ?? [])].map((name) => {
      const at = header.indexOf(name);
      return `${at < 0 ? 'CAST(NULL AS VARCHAR)' : `fields[${at + 1}]`} AS "${name}"`;
    });
    await this.#sql.run(`CREATE TEMP VIEW ${view} AS
      SELECT row,
             CASE WHEN fields IS NULL THEN 'quotation marks that do not match'
                  WHEN len(fields) <> ${header.length} THEN 'wrong number of columns' END AS fault,
             ${picked.join(', ')}
      FROM (SELECT row, ${fieldsOf('raw', format)} AS fields
            FROM ${view}_records WHERE row > 0 AND trim(raw) <> '')`);
  }

  /**
   * Makes the view `view` of a file of JSON objects, one a line: `row`, `fault` and `json` (NULL
   * where the line is no JSON object).
   *
   * @throws Mistake `SOURCE_EMPTY`, `SOURCE_INVALID`
   */
  async readJsonLines(view: string, file: string, mayBeEmpty = false): Promise<void> {
    await this.readLines(view, file, mayBeEmpty);
    await this.#sql.run(`CREATE TEMP VIEW ${view} AS
      SELECT row, CASE WHEN json IS NULL THEN 'not a JSON object' END AS fault, json
      FROM (SELECT row, CASE WHEN json_valid(raw) AND json_type(raw) = 'OBJECT'
                             THEN CAST(raw AS JSON) END AS json
            FROM (SELECT row, ltrim(raw, chr(65279)) AS raw
                  FROM ${view}_records WHERE trim(raw) <> ''))`);
  }

  /**
   * Makes the views of a file of lines, `v` itself apart: each line is a record.
   *
   * @throws Mistake `SOURCE_EMPTY`, `SOURCE_INVALID`
   */
  async readLines(view: string, file: string, mayBeEmpty = false): Promise<void> {
    await this.#stageLines(view, file);
    await this.#sql.run(`CREATE TEMP VIEW ${view}_records AS SELECT * FROM ${view}_lines`);
    await this.#countRows(view, file, 0, mayBeEmpty);
  }

  async #stageLines(view: string, file: string): Promise<void> {
    const path = this.#scratchFile();
    const errors = `${view}_errors`;
    try {
      await this.#sql.run(
        `COPY (${selectLines(this.#folder.locate(file), errors)}) TO ${quoted(path)} (FORMAT parquet)`,
      );
    } catch (cause) {
      const why = (cause instanceof Error ? cause.message : String(cause)).split('\n')[0]!;
      throw new Mistake(
        'SOURCE_INVALID',
        `${this.#folder.locate(file)}: expected a readable text file, got: ${why}`,
        { cause },
      );
    }
    await this.#sql.run(`
      CREATE TEMP VIEW ${view}_lines AS
        SELECT file_row_number AS row, raw
        FROM read_parquet(${quoted(path)}, file_row_number = true);
      CREATE TEMP TABLE ${view}_broken AS
        SELECT line, min(error_type) AS error, min(csv_line) AS raw FROM ${errors} GROUP BY line;
      -- How many rows were read before the lines that were not.
      CREATE TEMP TABLE ${view}_skipped AS
        SELECT line - row_number() OVER (ORDER BY line) AS before FROM ${view}_broken;`);
    const broken = await this.#sql.rows<{ reason: string; rows: number }>(
      `SELECT ${brokenReason} AS reason, count(*) AS rows FROM ${view}_broken GROUP BY reason`,
    );
    for (const { reason, rows } of broken) this.#tally.dropped(reason, rows);
    await this.#sql.run(
      `INSERT INTO rejects SELECT ${quoted(file)}, line, ${brokenReason}, raw FROM ${view}_broken`,
    );
  }

  /** Makes `v_records` of `v_lines`: lines that are one record because a field holds line breaks. */
  async #joinLines(view: string, format: FieldFormat, numFields: number): Promise<void> {
    await this.#sql.run(
      format.quotes
        ? recordsOf(view, format, numFields)
        : `CREATE TEMP VIEW ${view}_records AS SELECT * FROM ${view}_lines`,
    );
  }

  async #countRows(
    view: string,
    file: string,
    headerLines: number,
    mayBeEmpty: boolean,
  ): Promise<void> {
    const [counted] = await this.#sql.rows<{ rows: number }>(
      `SELECT (SELECT count(*) FROM ${view}_records WHERE row >= ${headerLines} AND trim(raw) <> '')
            + (SELECT count(*) FROM ${view}_broken) AS rows`,
    );
    if (counted!.rows === 0 && !mayBeEmpty) {
      const got = headerLines > 0 ? 'a header alone' : 'an empty file';
      throw new Mistake(
        'SOURCE_EMPTY',
        `${this.#folder.locate(file)}: expected at least one row, got ${got}`,
      );
    }
    this.#tally.rowsIn += counted!.rows;
  }

  #checkHeader(
    file: string,
    fields: readonly string[],
    isBroken: boolean,
    columns: Columns,
  ): string[] {
    const { required, optional = [], closed = false } = columns;
    const header = fields.map((name) => name.trim());
    const known = [...required, ...optional];
    const expected =
      `expected the columns ${required.join(', ')}` +
      (optional.length > 0 ? ` and at will ${optional.join(', ')}` : '');
    const path = this.#folder.locate(file);
    if (header.every((name) => name === '')) {
      if (isBroken) throw new Mistake('SOURCE_INVALID', `${path}: ${expected}, got no text`);
      throw new Mistake('SOURCE_EMPTY', `${path}: ${expected}, got an empty file`);
    }
    const missing = required.some((name) => !header.includes(name));
    const unknown = closed && header.some((name) => !known.includes(name));
    const twice = known.some((name) => header.indexOf(name) !== header.lastIndexOf(name));
    if (missing || unknown || twice) {
      const got = header.join(', ');
      throw new Mistake(
        'SOURCE_INVALID',
        `${path}: ${expected}, got ${got.length > 400 ? `${got.slice(0, 400)}…` : got}`,
      );
    }
    return header;
  }
}

const brokenReason = `CASE error
  WHEN 'INVALID ENCODING' THEN 'not valid UTF-8'
  WHEN 'LINE SIZE OVER MAXIMUM' THEN 'line longer than 2 MB'
  ELSE 'unreadable line' END`;

/** SQL: the line of the file, counted from 1, in which `row` of a view stands. */
export function lineOf(view: string): string {
  return `row + 1 + (SELECT count(*) FROM ${view}_skipped WHERE before <= row)`;
}
