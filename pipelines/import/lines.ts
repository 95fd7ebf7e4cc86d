import { quoted } from '../sql.ts';

/**
 * Reading text files a physical line at a time, so that one broken row costs one row and every row
 * knows its line: a stray quotation mark must not swallow the lines after it. (DuckDB's own reader
 * of CSV goes on to the end of its buffer, and counts what it skipped as one error.)
 */

/** Four control characters in a row: they end no line of text and split none. */
const neverThere = '\u0001\u0002\u0003\u0004';

/**
 * A SELECT of the lines of a file (`raw`, NULL where blank), in order. Lines that are not UTF-8 or
 * longer than 2 MB go to the temporary table `rejectsTable` (`line` counts from 1) instead.
 */
export function selectLines(path: string, rejectsTable: string): string {
  return `SELECT raw FROM read_csv(${quoted(path)},
    auto_detect = false, header = false, columns = {'raw': 'VARCHAR'},
    delim = '${neverThere}', quote = '', escape = '', strict_mode = false,
    max_line_size = 2000000, store_rejects = true, rejects_limit = 0,
    rejects_table = ${quoted(rejectsTable)}, rejects_scan = ${quoted(`${rejectsTable}_scan`)})`;
}

export interface FieldFormat {
  readonly delimiter: ',' | ';' | '\t';
  /** Whether `"` encloses fields (RFC 4180); without, it is a character like others. */
  readonly quotes: boolean;
}

/** SQL: the fields of the line `raw` as a list; NULL where the quotation marks do not match. */
export function fieldsOf(raw: string, { delimiter, quotes }: FieldFormat): string {
  const mark = quoted(delimiter);
  if (!quotes) return `string_split(${raw}, ${mark})`;
  const field = `"(?:[^"]|"")*"|[^${delimiter}"][^${delimiter}]*|`;
  const whole = quoted(`(?:${delimiter}(?:${field}))*`);
  const each = quoted(`${delimiter}(${field})`);
  const line = `${mark} || ${raw}`;
  return `CASE
    WHEN NOT contains(${raw}, '"') THEN string_split(${raw}, ${mark})
    WHEN regexp_full_match(${line}, ${whole}) THEN list_transform(
      regexp_extract_all(${line}, ${each}, 1),
      lambda f: CASE WHEN starts_with(f, '"') THEN replace(f[2:-2], '""', '"') ELSE f END)
    END`;
}

/** A record of more lines than that is taken for a stray quotation mark. */
const mostLinesOfRecord = 100;

/**
 * SQL: makes the view `<view>_records` of `<view>_lines` (row, raw), numbered by the first line.
 *
 * Lines with an odd number of quotation marks open or close a field that holds line breaks. Two
 * such neighbours and what is between them are one record where that gives the right number of
 * fields; otherwise each line stays for itself, and the broken one is found out later.
 */
export function recordsOf(view: string, format: FieldFormat, numFields: number): string {
  return `
    CREATE TEMP TABLE ${view}_open AS
      SELECT row, lead(row) OVER (ORDER BY row) AS next
      FROM ${view}_lines
      WHERE row > 0 AND contains(raw, '"')
        AND (length(raw) - length(replace(raw, '"', ''))) % 2 = 1;
    CREATE TEMP TABLE ${view}_joined AS
      WITH
        pairs AS (
          SELECT row, next, row_number() OVER (ORDER BY row) AS nth FROM ${view}_open
        ),
        texts AS (
          SELECT p.row, p.next, p.nth, string_agg(coalesce(l.raw, ''), chr(10) ORDER BY l.row) AS raw
          FROM (SELECT *, unnest(range(row, next + 1)) AS line FROM pairs
                WHERE next - row < ${mostLinesOfRecord}) p
          JOIN ${view}_lines l ON l.row = p.line
          GROUP BY p.row, p.next, p.nth
        ),
        records AS (
          SELECT *, nth - row_number() OVER (ORDER BY nth) AS run
          FROM texts WHERE len(${fieldsOf('raw', format)}) = ${numFields}
        )
      -- Of neighbouring pairs that share a line, the first.
      SELECT row, next, raw FROM records
      QUALIFY row_number() OVER (PARTITION BY run ORDER BY nth) % 2 = 1;
    CREATE TEMP TABLE ${view}_covered AS
      SELECT unnest(range(row, next + 1)) AS row FROM ${view}_joined;
    CREATE TEMP VIEW ${view}_records AS
      SELECT row, raw FROM ${view}_lines ANTI JOIN ${view}_covered USING (row)
      UNION ALL
      SELECT row, raw FROM ${view}_joined;`;
}
