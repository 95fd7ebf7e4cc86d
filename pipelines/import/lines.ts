import { quoted } from '../lake.ts';

/**
 * Reading text files a physical line at a time, so that one broken row costs one row and every row
 * knows its line: a stray quotation mark must not swallow the lines after it. The price: a quoted
 * field cannot hold a line break.
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
  readonly delimiter: ',' | '\t';
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
