import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Sql } from '../../pipelines/ports.ts';
import { quoted } from '../../pipelines/sql.ts';
import type { NameFinder } from './names.ts';

/**
 * Columns whose text is what music, playlists and writing are called or say. A word there that is
 * also somebody's id is not them.
 */
const wordColumns = new Set([
  ...['artist', 'artists', 'title', 'album', 'name', 'names', 'description', 'body', 'query'],
  ...[
    'tag',
    'genre',
    'genres',
    'term',
    'shared',
    'text',
    'url',
    'feed',
    'mood',
    'kind',
    'spelling',
  ],
]);

/** Ids that are shorter are found where they are all of a value; in bytes they would be anywhere. */
export const shortestInBytes = 6;

/**
 * Whether a file names a listener: a Parquet file in a column of its own, any other anywhere in its
 * bytes.
 */
export async function isInFile(path: string, finder: NameFinder, sql: Sql): Promise<boolean> {
  if (await isParquet(path)) return isInParquet(path, finder, sql);
  if (finder.listener.length < shortestInBytes) return false;
  let kept: Buffer = Buffer.alloc(0);
  const overlap = Buffer.byteLength(finder.listener) * 6 + 8;
  for await (const chunk of createReadStream(path, {
    highWaterMark: 1 << 20,
  }) as AsyncIterable<Buffer>) {
    const bytes = kept.length === 0 ? chunk : Buffer.concat([kept, chunk]);
    if (finder.isInBytes(bytes)) return true;
    kept = Buffer.from(bytes.subarray(Math.max(0, bytes.length - overlap)));
  }
  return false;
}

async function isParquet(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return bytesRead === 4 && buffer.toString('latin1') === 'PAR1';
  } finally {
    await file.close();
  }
}

async function isInParquet(path: string, { listener }: NameFinder, sql: Sql): Promise<boolean> {
  const from = `read_parquet(${quoted(path)}, hive_partitioning = false)`;
  const columns = await sql.rows<{ column_name: string; column_type: string }>(
    `DESCRIBE SELECT * FROM ${from}`,
  );
  const tests = columns
    .filter(({ column_name }) => !wordColumns.has(column_name))
    .flatMap(({ column_name, column_type }) => {
      const column = `"${column_name.replaceAll('"', '""')}"`;
      if (column_type === 'VARCHAR') return [`${column} = $listener`];
      return column_type === 'VARCHAR[]' ? [`list_contains(${column}, $listener)`] : [];
    });
  if (tests.length === 0) return false;
  const found = await sql.rows(`SELECT 1 FROM ${from} WHERE ${tests.join(' OR ')} LIMIT 1`, {
    listener,
  });
  return found.length > 0;
}
