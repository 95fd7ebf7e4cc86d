import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  fromLake,
  type HeldFile,
  type LakeUpdate,
  type WrittenFile,
} from '../../pipelines/lake.ts';
import type { Sql } from '../../pipelines/ports.ts';
import { quoted } from '../../pipelines/sql.ts';
import { lakeTables, type LakeTable } from '../../pipelines/tables.ts';
import { openDuckdb } from '../duckdb.ts';
import { openLake } from '../lake.ts';
import { hashOf } from '../mongo/erased.ts';
import type { NameFinder } from './names.ts';

/** The source that rows of `erasures` carry which an erasure wrote itself. */
export const erasureSource = 'erasure';

/** Homes of the lakes of a home: its own, and those of simulations. */
export async function lakeHomes(home: string): Promise<string[]> {
  const simulated = await readdir(join(home, 'simulated'), { withFileTypes: true }).catch(() => []);
  return [
    home,
    ...simulated
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(home, 'simulated', entry.name))
      .sort(),
  ];
}

/** A playlist of the lake: its source, and its id there. */
export type OwnPlaylist = readonly [source: string, playlistId: string];

/**
 * Playlists of a lake that are this listener's and nobody else's, ascending. Segments that were
 * written before a source said whose they are hold rows of them without an owner.
 */
export async function ownPlaylists(
  lakeHome: string,
  listener: string,
  signal?: AbortSignal,
): Promise<OwnPlaylist[]> {
  const lake = openLake(lakeHome, { verifyMb: 0, waitMs: 3_600_000 });
  const sql = await openDuckdb({ threads: 2, memoryMb: 512, spillTo: join(lakeHome, 'spill') });
  try {
    return await lake.update(async (update) => {
      const files = update.held().filter(({ table }) => table === 'playlists');
      const found = await sql.rows<{ source: string; playlist_id: string }>(
        `SELECT source, playlist_id
         FROM ${fromLake(
           'playlists',
           files.map(({ path }) => path),
         )}
         GROUP BY source, playlist_id
         HAVING bool_or(listener = $listener) AND bool_and(coalesce(listener = $listener, true))
         ORDER BY source, playlist_id`,
        { listener },
      );
      return found.map(({ source, playlist_id }): OwnPlaylist => [source, playlist_id]);
    }, signal);
  } finally {
    sql.dispose();
  }
}

/** What was removed from a lake, in rows by table. */
export type LakeErasure = Readonly<Record<string, number>>;

/**
 * Removes a listener from a lake: first the lake says that they are erased, so that no import brings
 * back what they did before; then every file with rows of theirs gives its place to one without
 * them, whether it counts, was replaced before, or holds rejects.
 *
 * @param at - ISO 8601: rows from before do not come back
 * @param playlists - see {@link ownPlaylists}
 */
export async function eraseFromLake(
  lakeHome: string,
  finder: NameFinder,
  at: string,
  playlists: readonly OwnPlaylist[] = [],
  signal?: AbortSignal,
): Promise<LakeErasure> {
  const lake = openLake(lakeHome, { verifyMb: 0, waitMs: 3_600_000 });
  const sql = await openDuckdb({ threads: 2, memoryMb: 512, spillTo: join(lakeHome, 'spill') });
  const removed: Record<string, number> = {};
  try {
    await lake.update(async (update) => {
      await sayErased(sql, update, finder.listener, at);
      for (const group of groups(update.held())) {
        signal?.throwIfAborted();
        const files: WrittenFile[] = [];
        const touched: string[] = [];
        for (const file of group) {
          const found = await rewrite(sql, update, file, { finder, playlists }, touched.length);
          if (found === undefined) continue;
          touched.push(file.path);
          if (found.written !== undefined) files.push(found.written);
          removed[file.table] = (removed[file.table] ?? 0) + found.rows;
        }
        if (touched.length > 0) await update.replace(touched, files, { erase: true });
      }
    }, signal);
  } finally {
    sql.dispose();
  }
  return removed;
}

/** Files that may be replaced together: of one source, all counting or none; 500 at most. */
function groups(held: readonly HeldFile[]): HeldFile[][] {
  const byKind = new Map<string, HeldFile[]>();
  for (const file of held) {
    if (file.table !== 'rejects' && !('listener' in lakeTables[file.table])) continue;
    const key = JSON.stringify([file.source, file.counts]);
    byKind.set(key, [...(byKind.get(key) ?? []), file]);
  }
  return [...byKind.values()].flatMap((files) =>
    Array.from({ length: Math.ceil(files.length / 500) }, (_, n) =>
      files.slice(n * 500, (n + 1) * 500),
    ),
  );
}

/** What takes the place of a file; undefined where nothing of the listener is in it. */
async function rewrite(
  sql: Sql,
  { scratch }: LakeUpdate,
  file: HeldFile,
  { finder, playlists }: { finder: NameFinder; playlists: readonly OwnPlaylist[] },
  number: number,
): Promise<{ rows: number; written: WrittenFile | undefined } | undefined> {
  const { path, table, day } = file;
  const to = join(scratch, `erased-${number}`);
  const place = { path: to, table, ...(day === undefined ? {} : { day }) };
  if (table === 'rejects') {
    const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '');
    const kept = lines.filter((line) => !finder.isIn(rawOf(line)));
    if (kept.length === lines.length) return undefined;
    if (kept.length > 0) await writeFile(to, `${kept.join('\n')}\n`);
    return {
      rows: lines.length - kept.length,
      written: kept.length === 0 ? undefined : { ...place, rows: kept.length },
    };
  }
  const isTheirs = theirRows(table, finder.listener, playlists);
  // A file may be older than a column of its table.
  const rows = fromLake(table, [path]);
  const [counted] = await sql.rows<{ all: number; theirs: number }>(
    `SELECT count(*) AS "all", count(*) FILTER (${isTheirs}) AS theirs FROM ${rows}`,
  );
  const { all, theirs } = counted!;
  if (theirs === 0) return undefined;
  if (theirs < all) {
    await sql.run(
      `COPY (SELECT * FROM ${rows} WHERE NOT (${isTheirs}))
       TO ${quoted(to)} (FORMAT parquet, COMPRESSION zstd)`,
    );
  }
  return {
    rows: theirs,
    written: theirs === all ? undefined : { ...place, rows: all - theirs },
  };
}

/** Never null. */
function theirRows(table: LakeTable, listener: string, playlists: readonly OwnPlaylist[]): string {
  const named = `coalesce(listener = ${quoted(listener)}, false)`;
  if ((table !== 'playlists' && table !== 'memberships') || playlists.length === 0) return named;
  const own = playlists.map(([source, id]) => `(${quoted(source)}, ${quoted(id)})`);
  return `(${named} OR (listener IS NULL AND (source, playlist_id) IN (${own.join(', ')})))`;
}

/** The raw row in a line of rejects; the line itself where it is something else. */
function rawOf(line: string): string {
  try {
    const { raw } = JSON.parse(line) as { raw?: unknown };
    return typeof raw === 'string' ? `${raw} ${line}` : line;
  } catch {
    return line;
  }
}

/** Adds the row of `erasures`, once. */
async function sayErased(
  sql: Sql,
  update: LakeUpdate,
  listener: string,
  at: string,
): Promise<void> {
  const hash = hashOf(listener);
  const fingerprint = createHash('sha256').update(`${hash} ${at}`).digest('hex');
  if (update.imported(erasureSource, fingerprint) !== undefined) return;
  const path = join(update.scratch, 'erasure');
  await mkdir(update.scratch, { recursive: true });
  await sql.run(
    `COPY (SELECT CAST(${quoted(at.replace('Z', ''))} AS TIMESTAMP) AS happened_at,
                  ${quoted(hash)} AS listener_hash, ${quoted(erasureSource)} AS source)
     TO ${quoted(path)} (FORMAT parquet, COMPRESSION zstd)`,
  );
  const counts = { rowsIn: 1, rowsOut: 1, tables: { erasures: 1 }, dropped: {}, repaired: {} };
  await update.commit({ source: erasureSource, fingerprint, counts }, [
    { path, table: 'erasures', rows: 1 },
  ]);
}
