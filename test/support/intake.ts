import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openDuckdb } from '../../infra/duckdb.ts';
import { openLake } from '../../infra/lake.ts';
import type { ArrivedEntry, LoggedTable, LogReader } from '../../pipelines/intake/log.ts';
import { runSink, type SinkOptions, type SinkTotals } from '../../pipelines/intake/sink.ts';
import { fromLake } from '../../pipelines/lake.ts';
import type { LakeTable } from '../../pipelines/tables.ts';
import { silentLog } from './servers.ts';

/** NDJSON of rows. */
export function ndjson(rows: readonly object[]): Buffer {
  return Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
}

/** An entry of these rows, or of this text. */
export function entry(
  offset: number,
  table: LoggedTable,
  rows: readonly object[] | string,
  arrivedMs = Date.parse('2026-11-20T12:00:00Z') + offset,
): ArrivedEntry {
  const body = typeof rows === 'string' ? Buffer.from(rows) : ndjson(rows);
  const count = typeof rows === 'string' ? 1 : rows.length;
  return { offset, mark: `m${offset}`, arrivedMs, table, rows: count, body };
}

/** A listen that differs with its number. */
export function listen(n: number, listenedAt = Date.parse('2026-11-20T10:00:00Z') + n * 1000) {
  return {
    listened_at: new Date(listenedAt).toISOString(),
    listener: `listener-${n % 7}`,
    artist: `Artist ${n % 5}`,
    title: `Title ${n}`,
  };
}

/** A log that is all there, as a broker would give it out. */
export function plantedReader(entries: readonly ArrivedEntry[], name = 'planted:log'): LogReader {
  return {
    name,
    last: () => Promise.resolve(entries.at(-1)?.offset ?? -1),
    async *read(from, signal) {
      for (const one of entries) if (one.offset >= from) yield await Promise.resolve(one);
      await new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error)),
      );
    },
    dispose: () => Promise.resolve(),
  };
}

/** Takes everything that a reader has into the lake of a home. */
export async function sinkOnce(
  home: string,
  reader: LogReader,
  options: Partial<SinkOptions> = {},
): Promise<SinkTotals> {
  const folder = join(home, 'ingest');
  await mkdir(folder, { recursive: true });
  const sql = await openDuckdb({ threads: 1 });
  try {
    return await runSink(
      {
        ...{ reader, sql, folder, log: silentLog, once: true },
        lake: openLake(home),
        clock: Date.now,
        wait: (_ms, signal) =>
          new Promise((resolve) => signal.addEventListener('abort', () => resolve())),
        ...options,
      },
      new AbortController().signal,
    );
  } finally {
    sql.dispose();
  }
}

/** Asks the lake of a home: `table` in the SQL is the lake table. */
export async function askLake<Row>(
  home: string,
  table: LakeTable,
  select: (table: string) => string,
): Promise<Row[]> {
  const { tables } = await openLake(home).snapshot();
  const sql = await openDuckdb({ threads: 1 });
  try {
    return await sql.rows<Row>(select(fromLake(table, tables[table])));
  } finally {
    sql.dispose();
  }
}

export function hashOf(listener: string): string {
  return createHash('sha256').update(listener).digest('hex');
}
