import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openDuckdb } from '../../infra/duckdb.ts';
import { describe as describeLists } from '../../pipelines/describe.ts';
import type { Chosen } from '../../pipelines/names.ts';
import { weeklyList, type WeeklyList } from '../../pipelines/lists.ts';
import type { Sql } from '../../pipelines/ports.ts';
import type { InputTable } from '../../pipelines/step.ts';
import { createViews } from '../../pipelines/views.ts';
import { catalogueTables, textTables } from '../../pipelines/tables.ts';
import type { World } from '../../pipelines/world.ts';
import { temporaryFolder } from '../support/sources.ts';
import { writeTable, type Rows } from '../support/tables.ts';

/** Tracks 0..3 are by artists 0..3, track 4 is another one by artist 0. */
const artists = ['Mogwai', 'Sigur Rós', 'Portishead', 'AC/DC'];
const titles = ['Autorock', 'Hoppípolla', 'Glory Box', 'T.N.T.', 'Take Me Somewhere Nice'];
const artistOf = [0, 1, 2, 3, 0];
const places = ['ID', 'world', 'Etc/UTC', 'Asia/Jakarta'];

const home = temporaryFolder();
let sql: Sql;

beforeAll(async () => {
  sql = await openDuckdb({ threads: 1 });
  const write = (schema: string, name: string, columns: object, rows: Rows) =>
    writeTable(sql, join(home.path, schema), name, columns as Record<string, string>, rows);
  for (const schema of ['catalogue', 'snapshot', 'text']) await mkdir(join(home.path, schema));
  const catalogue: InputTable[] = [
    await write(
      'catalogue',
      'artists',
      catalogueTables.artists,
      artists.map((name, artist_ix) => ({ artist_ix, artist_id: `artist-${artist_ix}`, name })),
    ),
    await write(
      'catalogue',
      'tracks',
      catalogueTables.tracks,
      titles.map((title, track_ix) => ({
        track_ix,
        track_id: `track-${track_ix}`,
        work_ix: track_ix,
        artist_ix: artistOf[track_ix]!,
        title,
        artists: track_ix === 0 ? ['Mogwai', 'A Guest'] : [artists[artistOf[track_ix]!]!],
        album: track_ix === 0 ? 'Mr Beast' : null,
        length_s: track_ix === 0 ? 258 : null,
        genres: [],
      })),
    ),
    await write('catalogue', 'listeners', catalogueTables.listeners, [
      { listener_ix: 0, listener: 'ana' },
      { listener_ix: 1, listener: 'budi' },
    ]),
  ];
  const snapshot = [
    await write(
      'snapshot',
      'listeners',
      { listener_ix: 'INTEGER', zone: 'VARCHAR', country: 'VARCHAR' },
      [
        { listener_ix: 0, zone: 'Asia/Jakarta', country: 'ID' },
        { listener_ix: 1, zone: 'Etc/UTC', country: null },
      ],
    ),
  ];
  // 1 is dreamy like 0, 2 known for trip hop like 0, 3 like 0 without a word for it.
  const text = [
    await write('text', 'artist_neighbours', textTables.artist_neighbours, [
      { artist_ix: 0, neighbour_ix: 1, similarity: 0.5, shared: 'dreamy' },
      { artist_ix: 0, neighbour_ix: 2, similarity: 0.4, shared: 'trip hop' },
      { artist_ix: 0, neighbour_ix: 3, similarity: 0.1, shared: null },
    ]),
    await write('text', 'artist_terms', textTables.artist_terms, [
      { artist_ix: 0, term: 'dreamy', kind: 'tag', weight: 0.1 },
      { artist_ix: 0, term: 'dreamy', kind: 'adjective', weight: 0.3 },
      { artist_ix: 0, term: 'trip hop', kind: 'tag', weight: 0.3 },
    ]),
  ];
  await createViews(sql, {
    catalogue: { tables: catalogue },
    snapshot: { tables: snapshot },
    text: { tables: text },
  });
});

afterAll(() => {
  sql.dispose();
  home.remove();
});

type Choice = Chosen['tracks'][number];

async function listsOf(chosen: Readonly<Record<number, readonly Choice[]>>): Promise<WeeklyList[]> {
  // Of the world only these two are looked at.
  const world = { tracks: { artist: Int32Array.from(artistOf) }, places } as unknown as World;
  return describeLists(
    sql,
    world,
    Object.entries(chosen).map(([listener, tracks]) => ({
      listener: Number(listener),
      candidates: 240,
      tracks,
    })),
    { week: '2014-W36', model: 'ranker-x' },
  );
}

test.each<[string, Choice]>([
  [
    'because you played Glory Box by Portishead',
    { track: 1, source: 'factors', because: 2, artistPlayed: false },
  ],
  [
    'played by listeners with your taste',
    { track: 1, source: 'factors', because: -1, artistPlayed: false },
  ],
  ['more by Mogwai', { track: 0, source: 'factors', because: 4, artistPlayed: true }],
  [
    'often playlisted with Take Me Somewhere Nice by Mogwai',
    { track: 0, source: 'playlists', because: 4, artistPlayed: true },
  ],
  [
    'described as dreamy, like Mogwai',
    { track: 1, source: 'text', because: 0, artistPlayed: false },
  ],
  [
    'known for trip hop, like Mogwai',
    { track: 2, source: 'text', because: 0, artistPlayed: false },
  ],
  [
    'described in the words used for Mogwai',
    { track: 3, source: 'text', because: 0, artistPlayed: false },
  ],
  ['more by Mogwai', { track: 0, source: 'artists', because: 0, artistPlayed: true }],
  [
    'new to you: fans of Portishead play it',
    { track: 1, source: 'artists', because: 2, artistPlayed: false },
  ],
  [
    'because you played Portishead',
    { track: 0, source: 'artists', because: 2, artistPlayed: true },
  ],
  ['popular in Jakarta', { track: 1, source: 'popularity', because: 3, artistPlayed: false }],
  ['popular in Indonesia', { track: 1, source: 'popularity', because: 0, artistPlayed: false }],
  ['popular around the world', { track: 1, source: 'popularity', because: 1, artistPlayed: false }],
  ['popular around the world', { track: 1, source: 'popularity', because: 2, artistPlayed: true }],
  [
    'popular around the world',
    { track: 1, source: 'popularity', because: -1, artistPlayed: false },
  ],
])('a reason in words: %s', async (words, choice) => {
  const [list] = await listsOf({ 0: [choice] });
  expect(list!.tracks[0]!.reason).toBe(words);
});

test('a list has ids, names, what is known of each track, and where its listener is', async () => {
  const choice = { source: 'factors', because: -1, artistPlayed: false } as const;
  const [ana, budi] = await listsOf({
    0: Array.from({ length: 30 }, (_, n) => ({ track: n === 0 ? 1 : 0, ...choice })),
    1: [{ track: 3, ...choice }],
  });
  expect(weeklyList.parse(ana)).toEqual(ana);
  expect(ana).toMatchObject({
    user: 'ana',
    week: '2014-W36',
    zone: 'Asia/Jakarta',
    country: 'ID',
    model: 'ranker-x',
  });
  expect(ana!.tracks.slice(0, 2)).toEqual([
    {
      trackId: 'track-1',
      title: 'Hoppípolla',
      artists: ['Sigur Rós'],
      artistId: 'artist-1',
      reason: 'played by listeners with your taste',
      source: 'factors',
    },
    {
      trackId: 'track-0',
      title: 'Autorock',
      artists: ['Mogwai', 'A Guest'],
      artistId: 'artist-0',
      album: 'Mr Beast',
      lengthS: 258,
      reason: 'played by listeners with your taste',
      source: 'factors',
    },
  ]);
  expect(budi).toMatchObject({ user: 'budi', zone: 'Etc/UTC' });
  expect(budi).not.toHaveProperty('country');
});

test('nobody chosen makes no lists', async () => {
  expect(await listsOf({})).toEqual([]);
});
