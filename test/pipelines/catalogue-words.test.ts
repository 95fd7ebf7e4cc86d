import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openDuckdb } from '../../infra/duckdb.ts';
import { catalogue } from '../../pipelines/catalogue.ts';
import type { Sql } from '../../pipelines/ports.ts';
import { lakeTables, type LakeTable } from '../../pipelines/tables.ts';
import { temporaryFolder } from '../support/sources.ts';
import { runStage, type StageOutcome } from '../support/stage.ts';
import { writeTable, type Rows } from '../support/tables.ts';

const day = (n: number) => `2014-05-0${n} 10:00:00`;
const said = (rows: readonly object[]): Rows =>
  rows.map((row, n) => ({ happened_at: day(n + 1), listener: 'ann', source: 'log', ...row }));

/** What is listened to and listed; what is said of it is spelled in other ways. */
const world: Partial<Record<LakeTable, Rows>> = {
  listens: [
    {
      artist: 'Queen',
      title: 'Bohemian Rhapsody',
      album: 'A Night at the Opera',
      played_ms: 29_999,
    },
    { artist: 'Queen', title: 'Under Pressure', album: 'Hot Space', played_ms: 30_000 },
    { artist: 'Zedd', title: 'Clarity', client: 'kids.example' },
    { artist: 'Zedd', title: 'Spectrum', client: 'spotify.com' },
    // Told twice: once that it was short, once that it was not.
    { artist: 'Zedd', title: 'Stay', played_ms: 1000, listened_at: day(9) },
    { artist: 'zedd', title: 'stay', played_ms: 200_000, listened_at: day(9) },
  ].map((row, n) => ({ listened_at: day(n + 1), listener: 'ann', source: 'np', ...row })),
  recordings: [
    { title: 'You’re My Best Friend', artists: ['Queen'], album: 'A Night at the Opera (Deluxe)' },
    { title: 'Radio Ga Ga', artists: ['Queen'], album: 'The Works' },
    { title: 'Stay', artists: ['Zedd'], album: 'The Works' },
  ].map((row, n) => ({ recording_id: `r${n}`, source: 'sp', genres: [], ...row })),
  playlists: [{ playlist_id: 'p1', name: 'Theirs', source: 'sp' }],
  memberships: [{ playlist_id: 'p1', recording_id: 'r0', added: '2014-01-01', source: 'sp' }],
};

const words: Partial<Record<LakeTable, Rows>> = {
  feedback: said([
    { kind: 'love', artist: 'QUEEN', title: 'Bohemian Rhapsody - Remastered 2011' },
    { kind: 'skip', artist: 'zedd', title: 'clarity', played_ms: 12_000 },
    { kind: 'hate', artist: 'Nobody', title: 'Nothing' },
    { kind: 'love', artist: 'Newcomer', title: 'First Song', listener: 'bob' },
  ]),
  blocks: said([
    { scope: 'artist', artist: 'the queen' },
    { scope: 'album', artist: 'Queen', name: 'A night at the opera [Remastered]' },
    { scope: 'track', artist: 'Zedd', name: 'CLARITY', until: '2014-06-01' },
    { scope: 'album', artist: 'Queen', name: 'Never Made' },
    { scope: 'artist', artist: 'Unheard Of' },
  ]),
  saves: said([{ scope: 'artist', artist: 'ZEDD', saved: true }]),
  exclusions: said([{ client: 'kids.example', lifted: false }]),
  searches: said([{ query: 'queen' }, { query: 'queen lyrics' }, { query: 'Unheard Of' }]),
  profiles: said([{ zone: 'Asia/Jakarta', country: 'ID', language: 'id', listener: 'cid' }]),
  playlist_changes: said([
    { change: 'create', name: 'Mine', playlist_id: 'p1' },
    { change: 'add', artist: 'Queen', title: 'Radio Ga Ga', playlist_id: 'p1' },
    { change: 'add', artist: 'queen', title: 'radio ga ga', playlist_id: 'p1' },
    { change: 'remove', artist: 'Queen', title: 'Radio Ga Ga', playlist_id: 'p1' },
    { change: 'add', artist: 'Zedd', title: 'Spectrum', playlist_id: 'p1' },
    { change: 'rename', name: 'Mine, later', playlist_id: 'p1' },
    { change: 'remove', artist: 'Zedd', title: 'Stay', playlist_id: 'p1' },
    { change: 'delete', playlist_id: 'p1' },
  ]),
};

const home = temporaryFolder();
let sql: Sql;
let outcome: StageOutcome;

beforeAll(async () => {
  sql = await openDuckdb({ threads: 1 });
  await build('plain', world);
  outcome = await build('said', { ...world, ...words });
});
afterAll(() => {
  sql.dispose();
  home.remove();
});

async function build(name: string, lake: Partial<Record<LakeTable, Rows>>, threads = 2) {
  const folder = join(home.path, `${name}-lake`);
  await mkdir(folder);
  for (const [table, columns] of Object.entries(lakeTables)) {
    await writeTable(sql, folder, table, columns, lake[table as LakeTable] ?? []);
  }
  const output = join(home.path, name);
  return runStage(catalogue, { inputs: { lake: folder }, output, threads });
}

/** Rows of a query over the catalogue with words, its tables as `@name`. */
async function rows(query: string, of = 'said'): Promise<unknown[][]> {
  const found = await sql.rows(
    query.replace(/@(\w+)/g, (_, table) => `'${join(home.path, of, `${String(table)}.parquet`)}'`),
  );
  return found.map((row) => Object.values(row));
}

const titled = `JOIN @tracks t USING (track_ix) JOIN @listeners USING (listener_ix)`;

test('a word finds its track however it is spelled, and a liked one is new to the catalogue', async () => {
  expect(
    await rows(
      `SELECT listener, title, kind, played_ms FROM @feedback ${titled} ORDER BY happened_at`,
    ),
  ).toEqual([
    ['ann', 'Bohemian Rhapsody', 'love', null],
    ['ann', 'Clarity', 'skip', 12_000],
    ['bob', 'First Song', 'love', null],
  ]);
  expect(
    await rows(`SELECT name FROM @artists WHERE name IN ('Nobody', 'Unheard Of', 'Newcomer')`),
  ).toEqual([['Newcomer']]);
  expect(await rows(`SELECT known_from FROM @tracks WHERE title = 'First Song'`)).toEqual([[null]]);
});

test('a block finds artist, album in any edition, or track', async () => {
  expect(
    await rows(
      `SELECT scope, name, album_ix IS NOT NULL, title
       FROM @blocks b LEFT JOIN @artists a ON a.artist_ix = b.artist_ix
       LEFT JOIN @tracks t ON t.track_ix = b.track_ix ORDER BY happened_at`,
    ),
  ).toEqual([
    ['artist', 'Queen', false, null],
    ['album', 'Queen', true, null],
    ['track', null, false, 'Clarity'],
    ['album', 'Queen', true, null],
  ]);
  expect(
    await rows(
      `SELECT title FROM @album_tracks JOIN @tracks USING (track_ix)
       JOIN (SELECT album_ix FROM @blocks WHERE scope = 'album' ORDER BY happened_at LIMIT 1) USING (album_ix)
       ORDER BY title`,
    ),
  ).toEqual([['Bohemian Rhapsody'], ['You’re My Best Friend']]);
});

test('a search counts where it is the name of an artist', async () => {
  expect(await rows('SELECT name FROM @searches JOIN @artists USING (artist_ix)')).toEqual([
    ['Queen'],
  ]);
});

test('listens under thirty seconds are skips, unless another source heard more', async () => {
  expect(await rows(`SELECT title FROM @skipped_listens ${titled}`)).toEqual([
    ['Bohemian Rhapsody'],
  ]);
});

test('clients are kept of the listens that an exclusion means', async () => {
  expect(await rows(`SELECT title, client FROM @listen_clients ${titled}`)).toEqual([
    ['Clarity', 'kids.example'],
  ]);
});

test('a playlist of one’s own is a playlist, its tracks in it for as long as they were', async () => {
  expect(
    await rows(
      `SELECT title, CAST(added AS VARCHAR), CAST(removed AS VARCHAR) FROM @own_tracks ${titled} ORDER BY added`,
    ),
  ).toEqual([
    ['Radio Ga Ga', day(2), day(4)],
    ['Spectrum', day(5), day(8)],
  ]);
  expect(
    await rows(
      `SELECT name, title, CAST(added AS VARCHAR), CAST(removed AS VARCHAR)
       FROM @memberships JOIN @playlists USING (playlist_ix) JOIN @tracks USING (track_ix) ORDER BY added`,
    ),
  ).toEqual([
    ['Theirs', 'You’re My Best Friend', '2014-01-01', null],
    ['Mine, later', 'Radio Ga Ga', '2014-05-02', '2014-05-04'],
    ['Mine, later', 'Spectrum', '2014-05-05', '2014-05-08'],
  ]);
});

test('whoever says something is a listener', async () => {
  expect(await rows('SELECT listener FROM @listeners')).toEqual([['ann'], ['bob'], ['cid']]);
});

test('words change nothing of who is who: without them the rest is the same', async () => {
  for (const table of ['@recordings', '@listens']) {
    const of = (name: string) =>
      rows(
        `SELECT * EXCLUDE (track_ix, work_ix, artist_ix) FROM ${table} JOIN @tracks USING (track_ix) ORDER BY ALL`,
        name,
      );
    expect(await of('said')).toEqual(await of('plain'));
  }
});

test('the funnel counts words, and those of which the catalogue knows nothing', () => {
  expect(outcome.figures).toMatchObject({ feedback: 3, blocks: 4, saves: 1, searches: 1 });
  expect(outcome.dropped).toMatchObject({
    'feedback on an unknown track': 1,
    'block of an unknown thing': 1,
    'search that names no artist': 2,
  });
});
