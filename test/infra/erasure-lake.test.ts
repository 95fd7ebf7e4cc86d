import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openDuckdb } from '../../infra/duckdb.ts';
import { eraseFromLake, ownPlaylists } from '../../infra/erasure/lake.ts';
import { nameFinder } from '../../infra/erasure/names.ts';
import { importFolder } from '../../infra/import-folder.ts';
import { openLake } from '../../infra/lake.ts';
import { queryLake, temporaryFolder, writeSources } from '../support/sources.ts';

const gone = 'ursula-11';
let root: ReturnType<typeof temporaryFolder>;
let home: string;
beforeEach(() => {
  root = temporaryFolder();
  home = join(root.path, 'home');
});
afterEach(() => root.remove());

const members = (ids: readonly string[]) => ids.map((id) => `${id},r1,2020-02-01`);

async function importPlaylists(header: string, playlists: readonly string[]): Promise<void> {
  const ids = [...new Set(playlists.map((line) => line.split(',')[0]!))];
  const data = await writeSources(join(root.path, 'data'), {
    'listens.csv': [
      'listened_at,listener,artist,title',
      `2020-01-01T10:00:00Z,${gone},Low,Words`,
      '2020-01-01T10:00:00Z,bob-22,Low,Words',
    ],
    'recordings.csv': ['recording_id,title,artists', 'r1,Words,Low'],
    'playlists.csv': [header, ...playlists],
    'memberships.csv': ['playlist_id,recording_id,added', ...members(ids)],
  });
  await importFolder(data, home);
}

async function erase(): Promise<Readonly<Record<string, number>>> {
  const playlists = await ownPlaylists(home, gone);
  return eraseFromLake(home, nameFinder(gone), '2026-01-01T00:00:00.000Z', playlists);
}

const playlistsIn = (table: string) =>
  queryLake<{ playlist_id: string; listener: string | null }>(
    home,
    `SELECT playlist_id, listener FROM lake.${table} ORDER BY ALL`,
  );

test('playlists that a source calls theirs go, with what is in them', async () => {
  await importPlaylists('playlist_id,name,listener', [
    `p1,Hers,${gone}`,
    'p2,His,bob-22',
    "p3,Nobody's,",
  ]);
  expect(await erase()).toMatchObject({ playlists: 1, memberships: 1 });
  for (const table of ['playlists', 'memberships']) {
    expect(await playlistsIn(table)).toEqual([
      { playlist_id: 'p2', listener: 'bob-22' },
      { playlist_id: 'p3', listener: null },
    ]);
  }
  expect(await ownPlaylists(home, gone)).toEqual([]);
});

test('so do rows of them from before the source said whose they are', async () => {
  await importPlaylists('playlist_id,name', ['p1,Hers', 'p2,His']);
  expect(await ownPlaylists(home, gone)).toEqual([]);
  await importPlaylists('playlist_id,name,listener', [`p1,Hers,${gone}`, 'p2,His,bob-22']);
  expect(await playlistsIn('playlists')).toHaveLength(4);
  expect(await erase()).toMatchObject({ playlists: 2, memberships: 2 });
  for (const table of ['playlists', 'memberships']) {
    expect((await playlistsIn(table)).map(({ playlist_id }) => playlist_id)).toEqual(['p2', 'p2']);
  }
});

test('an id that two listeners have in one source stays with the other', async () => {
  await importPlaylists('playlist_id,name', ['p1,Ours']);
  await importPlaylists('playlist_id,name,listener', [`p1,Hers,${gone}`, 'p1,His,bob-22']);
  expect(await ownPlaylists(home, gone)).toEqual([]);
  expect(await erase()).toMatchObject({ playlists: 1 });
  expect(await playlistsIn('playlists')).toEqual([
    { playlist_id: 'p1', listener: 'bob-22' },
    { playlist_id: 'p1', listener: null },
  ]);
});

test('segments without the column are read as nobody’s, and stay as they are', async () => {
  const sql = await openDuckdb({ threads: 1 });
  await openLake(home).update(async (update) => {
    const path = join(update.scratch, 'old');
    await sql.run(
      `COPY (SELECT 'p1' AS playlist_id, 'Old' AS name, 'Old' AS description, 'sp' AS source)
       TO '${path}' (FORMAT parquet)`,
    );
    const counts = { rowsIn: 1, rowsOut: 1, tables: { playlists: 1 }, dropped: {}, repaired: {} };
    await update.commit({ source: 'sp', fingerprint: 'f'.repeat(64), counts }, [
      { path, table: 'playlists', rows: 1 },
    ]);
  });
  sql.dispose();
  const before = await openLake(home).snapshot();
  expect(await erase()).toEqual({});
  const { playlists } = (await openLake(home).snapshot()).tables;
  expect(playlists).toEqual(before.tables.playlists);
  expect(await playlistsIn('playlists')).toEqual([{ playlist_id: 'p1', listener: null }]);
});

test('what a source brings again of them is not taken in', async () => {
  await importPlaylists('playlist_id,name,listener', [`p1,Hers,${gone}`, 'p2,His,bob-22']);
  await erase();
  await importPlaylists('playlist_id,name,description,listener', [
    `p1,Hers,again,${gone}`,
    'p2,His,again,bob-22',
  ]);
  for (const table of ['playlists', 'memberships']) {
    expect(await playlistsIn(table)).toEqual([{ playlist_id: 'p2', listener: 'bob-22' }]);
  }
});
