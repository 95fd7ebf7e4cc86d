import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Mistake } from '../../../model/mistake.ts';
import type { Sql } from '../../ports.ts';
import { quoted, readSql } from '../../sql.ts';
import { encodingOf, textOf, utf8Of } from './encoding.ts';
import { headOf, type HistoryFile } from './files.ts';
import { headBytes, type Layout } from './formats.ts';
import { giveColumns, giveCsv, giveItems, giveJsonLines, giveLines } from './given.ts';
import { jsonItems, type JsonItem } from './json-items.ts';
import { lastfmTracks } from './lastfm-pages.ts';
import { rowsSql, type RowsSqlOptions } from './rows-sql.ts';

export interface ConvertOptions extends RowsSqlOptions {
  /** Opens a session that may spill to the given folder. */
  readonly openSql: (spillTo: string) => Promise<Sql>;
  /** Default: what the file itself says, else UTF-8. */
  readonly encoding?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told of bytes as they are read. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** The names of the two files that a converted file is. */
export const rowsFile = 'rows.parquet';
export const rejectsFile = 'rejects.parquet';

/**
 * Converts a file of a history to a folder of two Parquet files: `rows.parquet`, the rows that can
 * be used (kind, happened_at, artist, title, album, played_ms, client, info, said, msid, mbid,
 * repairs, line, raw), and `rejects.parquet`, those that cannot (line, reason, raw). The folder is
 * there whole or not at all.
 *
 * `line` and `raw` stand beside a usable row only where it names nothing yet but a recording's id.
 *
 * @param into - the folder; must not exist
 * @throws Mistake `SOURCE_INVALID` naming the file and, where it is broken, the line; `USAGE`
 */
export async function convert(
  file: HistoryFile,
  layout: Layout,
  into: string,
  options: ConvertOptions,
): Promise<void> {
  const scratch = `${into}.new`;
  await rm(scratch, { recursive: true, force: true });
  await mkdir(join(scratch, 'done'), { recursive: true });
  const sql = await options.openSql(join(scratch, 'spill'));
  try {
    await sql.run(readSql(new URL('../', import.meta.url).href, 'text.sql'));
    await sql.run(readSql(import.meta.url, 'history.sql'));
    await sql.run(
      'CREATE TEMP TABLE rejects (file VARCHAR, line BIGINT, reason VARCHAR, raw VARCHAR)',
    );
    await give(sql, file, layout, scratch, options);
    options.signal?.throwIfAborted();
    const sorted = join(scratch, 'sorted.parquet');
    const rows = await rowsSql(sql, layout, file.label, options);
    const select = readSql(import.meta.url, 'sorted.sql').replace('{rows}', () => rows);
    await sql.run(`COPY (${select}) TO ${quoted(sorted)} (FORMAT parquet)`);
    options.signal?.throwIfAborted();
    await part(sql, sorted, join(scratch, 'done'));
    await rename(join(scratch, 'done'), into);
  } finally {
    sql.dispose();
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Makes the views `given` and `given_records` of the file; see `given.ts`. */
async function give(
  sql: Sql,
  file: HistoryFile,
  layout: Layout,
  scratch: string,
  options: ConvertOptions,
): Promise<void> {
  const bytes = counted(file, options);
  if (layout.kind === 'columns') {
    const copy = join(scratch, 'given.parquet');
    if (file.path === undefined) await pipeline(bytes, createWriteStream(copy));
    else options.onBytes?.(file.size);
    return giveColumns(sql, file.path ?? copy, file.label, options.map!);
  }
  const encoding = await encodingFor(file, options);
  if (layout.kind === 'json' || layout.kind === 'xml') {
    const items =
      layout.kind === 'json'
        ? jsonItems(utf8Of(bytes, encoding), layout.items, file.label)
        : lastfmTracks(textOf(bytes, encoding), file.label);
    const path = join(scratch, 'given.ndjson');
    await pipeline(asLines(items, layout.leaveOut ?? []), createWriteStream(path));
    return giveItems(sql, path);
  }
  const path = join(scratch, 'given.txt');
  await pipeline(withHeader(utf8Of(bytes, encoding), layout.header), createWriteStream(path));
  let files = 0;
  const scratchFile = () => join(scratch, `lines-${files++}.parquet`);
  const text = { sql, path, label: file.label, scratchFile };
  if (layout.kind === 'csv') return giveCsv(text, layout);
  return layout.kind === 'lines' ? giveLines(text) : giveJsonLines(text);
}

async function encodingFor(file: HistoryFile, options: ConvertOptions): Promise<string> {
  const encoding = options.encoding ?? encodingOf(await headOf(file, headBytes, options.signal));
  try {
    return new TextDecoder(encoding).encoding;
  } catch (cause) {
    throw new Mistake(
      'SOURCE_INVALID',
      `${file.label}: expected text in an encoding that is known, got "${encoding}"`,
      { cause },
    );
  }
}

/** Parts what was sorted into the two files. */
async function part(sql: Sql, sorted: string, into: string): Promise<void> {
  const all = `read_parquet(${quoted(sorted)})`;
  await sql.run(`CREATE TEMP TABLE kept AS
    SELECT row, line, raw FROM given_records
    SEMI JOIN (SELECT row FROM ${all} WHERE reason IS NOT NULL OR artist IS NULL) USING (row)`);
  await sql.run(`COPY (
    SELECT s.* EXCLUDE (row, reason), line, raw FROM ${all} s LEFT JOIN kept USING (row)
    WHERE reason IS NULL
  ) TO ${quoted(join(into, rowsFile))} (FORMAT parquet, COMPRESSION zstd)`);
  await sql.run(`COPY (
    SELECT line, reason, raw FROM ${all} JOIN kept USING (row) WHERE reason IS NOT NULL
    UNION ALL SELECT line, reason, raw FROM rejects
  ) TO ${quoted(join(into, rejectsFile))} (FORMAT parquet, COMPRESSION zstd)`);
}

async function* counted(
  file: HistoryFile,
  { signal, onBytes }: ConvertOptions,
): AsyncIterable<Uint8Array> {
  for await (const chunk of file.read(signal)) {
    onBytes?.(chunk.byteLength);
    yield chunk;
  }
}

async function* asLines(
  batches: AsyncIterable<readonly JsonItem[]>,
  leaveOut: readonly string[],
): AsyncIterable<string> {
  let row = 0;
  for await (const items of batches) {
    let lines = '';
    for (const { line, value } of items) {
      if (typeof value === 'object' && value !== null) {
        for (const key of leaveOut) delete (value as Record<string, unknown>)[key];
      }
      lines += `{"row":${row++},"line":${line},"json":${jsonOf(value)}}\n`;
    }
    yield lines;
  }
}

/** Halves of surrogate pairs are no text: DuckDB refuses them. */
function jsonOf(value: unknown): string {
  const text = JSON.stringify(value);
  if (!text.includes('\\ud')) return text;
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'string' ? inner.replace(/\p{Surrogate}/gu, '\ufffd') : inner,
  );
}

async function* withHeader(
  chunks: AsyncIterable<Uint8Array>,
  header: readonly string[] | undefined,
): AsyncIterable<Uint8Array> {
  if (header !== undefined) yield Buffer.from(`${header.join(',')}\n`);
  yield* chunks;
}
