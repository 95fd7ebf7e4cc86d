import { createWriteStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ZipFile } from 'yazl';
import type { HistoryFunnel } from '../../pipelines/import/history/import-history.ts';
import { importHistoryOf, type ImportHistoryRequest } from '../../workers/import-history.ts';
import { queryLake, readRejects } from './sources.ts';

/** Where the fixtures of a format are: made by hand, true to what the services write. */
export function historyFixture(...names: string[]): string {
  return join(import.meta.dirname, '..', 'fixtures', 'history', ...names);
}

/** Imports into the lake of a home as the command does. */
export async function importInto(
  home: string,
  path: string,
  options: Partial<ImportHistoryRequest> = {},
): Promise<HistoryFunnel> {
  return importHistoryOf({ path, listener: 'ann', ...options }, { home });
}

/** Writes a zip archive of entries by name; gives its path. */
export async function writeZip(
  path: string,
  entries: Readonly<Record<string, string | Uint8Array>>,
  options: { compress?: boolean } = {},
): Promise<string> {
  const zip = new ZipFile();
  for (const [name, content] of Object.entries(entries)) {
    const bytes = typeof content === 'string' ? Buffer.from(content) : Buffer.from(content);
    zip.addBuffer(bytes, name, { mtime: new Date('2024-01-01'), ...options });
  }
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(path));
  return path;
}

/** The files below a folder by their path in it. */
export async function filesOf(folder: string): Promise<Record<string, Buffer>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files: Record<string, Buffer> = {};
  for (const entry of entries.filter((each) => each.isFile())) {
    const path = join(entry.parentPath, entry.name);
    files[relative(folder, path)] = await readFile(path);
  }
  return files;
}

/** The listens of a lake by time: time, artist, title, album, played_ms, client. */
export async function listensOf(home: string): Promise<unknown[][]> {
  const rows = await queryLake(
    home,
    `SELECT strftime(listened_at, '%Y-%m-%d %H:%M:%S.%g') AS t, artist, title, album, played_ms, client
     FROM lake.listens ORDER BY ALL`,
  );
  return rows.map((row) => Object.values(row));
}

/** The feedback of a lake by time: time, kind, artist, title, played_ms. */
export async function feedbackOf(home: string): Promise<unknown[][]> {
  const rows = await queryLake(
    home,
    `SELECT strftime(happened_at, '%Y-%m-%d %H:%M:%S.%g') AS t, kind, artist, title, played_ms
     FROM lake.feedback ORDER BY ALL`,
  );
  return rows.map((row) => Object.values(row));
}

/** What was kept aside of Ann's: file, line, reason. */
export async function reasonsOf(home: string): Promise<unknown[][]> {
  const rejects = await readRejects(home);
  return rejects.map(({ file, line, reason }) => [file.replace(/^ann: /, ''), line, reason]);
}

/** A row of Spotify's extended streaming history; what is not said is as in a plain play. */
export function spotifyRow(row: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    ts: '2020-01-01T00:03:00Z',
    platform: 'ios',
    ms_played: 180000,
    conn_country: 'GB',
    ip_addr: '203.0.113.7',
    master_metadata_track_name: 'Cody',
    master_metadata_album_artist_name: 'Mogwai',
    master_metadata_album_album_name: 'Come On Die Young',
    spotify_track_uri: 'spotify:track:0000000000000000000001',
    episode_name: null,
    episode_show_name: null,
    spotify_episode_uri: null,
    reason_start: 'trackdone',
    reason_end: 'trackdone',
    shuffle: false,
    skipped: false,
    offline: false,
    offline_timestamp: null,
    incognito_mode: false,
    ...row,
  };
}
