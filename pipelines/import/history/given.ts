import { Mistake } from '../../../model/mistake.ts';
import type { Sql } from '../../ports.ts';
import { quoted } from '../../sql.ts';
import type { SourceFolder } from '../source-folder.ts';
import { lineOf, SourceReader } from '../source-reader.ts';
import { Tally } from '../tally.ts';
import type { ColumnMap } from './column-map.ts';
import type { Layout } from './formats.ts';

/**
 * A file as it was given, before anybody asks what it means, as two views:
 *
 * - `given` (row, fault, and what the layout has: `json`, `raw`, or the columns as text): `row`
 *   counts from 0 in the order of the file; `fault` is why the row has no content, else NULL.
 * - `given_records` (row, line, raw): the line of the file in which the row begins, from 1.
 *
 * Lines that could not be read are in the table `rejects`.
 */
export interface GivenText {
  readonly sql: Sql;
  /** The text in UTF-8. */
  readonly path: string;
  /** The file, for messages. */
  readonly label: string;
  /** An unused name of a file to write, each time. */
  readonly scratchFile: () => string;
}

/** @param path - lines of JSON: row, line, json */
export async function giveItems(sql: Sql, path: string): Promise<void> {
  const columns = `{'row': 'BIGINT', 'line': 'BIGINT', 'json': 'JSON'}`;
  await sql.run(`
    CREATE TEMP VIEW items AS SELECT * FROM read_json(${quoted(path)},
      format = 'newline_delimited', columns = ${columns}, maximum_object_size = 16777216);
    CREATE TEMP VIEW given AS
      SELECT row, CASE WHEN json_type(json) IS DISTINCT FROM 'OBJECT' THEN 'not a JSON object' END AS fault,
             json
      FROM items;
    CREATE TEMP VIEW given_records AS SELECT row, line, CAST(json AS VARCHAR) AS raw FROM items;`);
}

export async function giveLines(text: GivenText): Promise<void> {
  await renamed(text, async () => {
    await readerOf(text).readLines('source', text.path, true);
    await text.sql.run(`
      CREATE TEMP VIEW given AS SELECT row, raw FROM source_records WHERE raw IS NOT NULL;
      ${records(0)}`);
  });
}

export async function giveJsonLines(text: GivenText): Promise<void> {
  await renamed(text, async () => {
    await readerOf(text).readJsonLines('source', text.path, true);
    await text.sql.run(`CREATE TEMP VIEW given AS SELECT * FROM source; ${records(0)}`);
  });
}

/** A file to which its header was added has one more line than it is to have. */
export async function giveCsv(text: GivenText, layout: Layout): Promise<void> {
  await renamed(text, async () => {
    await readerOf(text).readCsv('source', text.path, {
      required: layout.required!,
      optional: layout.optional ?? [],
      mayBeEmpty: true,
      format: { delimiter: layout.delimiter!, quotes: true },
    });
    const shift = layout.header === undefined ? 0 : -1;
    await text.sql.run(`
      CREATE TEMP VIEW given AS SELECT * FROM source;
      UPDATE rejects SET line = line + ${shift};
      ${records(shift)}`);
  });
}

/** @throws Mistake `SOURCE_INVALID` where it is no Parquet or a column is not there */
export async function giveColumns(
  sql: Sql,
  path: string,
  label: string,
  map: ColumnMap,
): Promise<void> {
  const file = `read_parquet(${quoted(path)}, file_row_number = true)`;
  const names = [...new Set(Object.values(map))];
  const described = await sql
    .rows<{ column_name: string }>(`DESCRIBE SELECT * FROM ${file}`)
    .catch((cause: unknown) => {
      throw new Mistake('SOURCE_INVALID', `${label}: expected a Parquet file, got a damaged one`, {
        cause,
      });
    });
  const has = described.map(({ column_name }) => column_name);
  const missing = names.find((name) => !has.includes(name));
  if (missing !== undefined) {
    throw new Mistake(
      'SOURCE_INVALID',
      `${label}: expected the column ${missing} of --map, got ${has.slice(0, -1).join(', ')}`,
    );
  }
  const columns = names.map((name) => `CAST("${name}" AS VARCHAR) AS "${name}"`).join(', ');
  await sql.run(`
    CREATE TEMP VIEW given AS
      SELECT file_row_number AS row, CAST(NULL AS VARCHAR) AS fault, ${columns} FROM ${file};
    CREATE TEMP VIEW given_records AS
      SELECT row, row + 1 AS line, CAST(to_json(struct_pack(${names.map((name) => `"${name}" := "${name}"`).join(', ')})) AS VARCHAR) AS raw
      FROM given;`);
}

function records(shift: number): string {
  return `CREATE TEMP VIEW given_records AS
    SELECT row, ${lineOf('source')} + ${shift} AS line, raw FROM source_records`;
}

function readerOf({ sql, path, scratchFile }: GivenText): SourceReader {
  const folder: SourceFolder = {
    path,
    find: (file) => file,
    locate: (file) => file,
    size: () => Promise.reject(new Error('not asked for')),
    hash: () => Promise.reject(new Error('not asked for')),
  };
  return new SourceReader(sql, folder, new Tally(), scratchFile);
}

/** What the reader complains of is the listener's file, not the text that was made of it. */
async function renamed({ path, label }: GivenText, read: () => Promise<void>): Promise<void> {
  try {
    await read();
  } catch (error) {
    if (!(error instanceof Mistake)) throw error;
    throw new Mistake(error.code, error.message.replaceAll(path, label), { cause: error });
  }
}
