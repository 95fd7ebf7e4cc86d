import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openDuckdb } from '../../infra/duckdb.ts';
import { idKeys } from '../../model/ids.ts';
import { ListEncoder, readReferences, type ListReferences } from '../../pipelines/list-encoder.ts';
import { idsOf, nameTracks, readNames } from '../../pipelines/listed.ts';
import { listedTrack, type ListedTrack } from '../../pipelines/lists.ts';
import { Mentioned } from '../../pipelines/mentioned.ts';
import { readArtistNames, readTrackNames } from '../../pipelines/names.ts';
import type { Sql } from '../../pipelines/ports.ts';
import type { InputTable } from '../../pipelines/step.ts';
import { createViews } from '../../pipelines/views.ts';
import { catalogueTables, textTables } from '../../pipelines/tables.ts';
import type { World } from '../../pipelines/world.ts';
import { idOf } from '../support/lists.ts';
import { chosenList, type ChosenTrack } from '../support/lists.ts';
import { temporaryFolder } from '../support/sources.ts';
import { writeTable, type Rows } from '../support/tables.ts';

/** Tracks 0..3 are by artists 0..3, track 4 is another one by artist 0. */
const artists = ['Mogwai', 'Sigur Rós', 'Portishead', 'AC/DC'];
const titles = ['Autorock', 'Hoppípolla', 'Glory Box', 'T.N.T.', 'Take Me Somewhere Nice'];
const artistOf = [0, 1, 2, 3, 0];
// Ids ascend with the index, as in every catalogue.
const trackIds = titles.map((title) => idOf('t', title)).sort();
const artistIds = artists.map((name) => idOf('a', name)).sort();
const places = ['ID', 'world', 'Etc/UTC', 'Asia/Jakarta'];

const home = temporaryFolder();
let sql: Sql;

beforeAll(async () => {
  sql = await openDuckdb({ threads: 1 });
  const write = (schema: string, name: string, columns: object, rows: Rows) =>
    writeTable(sql, join(home.path, schema), name, columns as Record<string, string>, rows);
  for (const schema of ['catalogue', 'text']) await mkdir(join(home.path, schema));
  const catalogue: InputTable[] = [
    await write(
      'catalogue',
      'artists',
      catalogueTables.artists,
      artists.map((name, artist_ix) => ({ artist_ix, artist_id: artistIds[artist_ix]!, name })),
    ),
    await write(
      'catalogue',
      'tracks',
      catalogueTables.tracks,
      titles.map((title, track_ix) => ({
        track_ix,
        track_id: trackIds[track_ix]!,
        work_ix: track_ix,
        artist_ix: artistOf[track_ix]!,
        title,
        artists: track_ix === 0 ? ['Mogwai', 'A Guest'] : [artists[artistOf[track_ix]!]!],
        album: track_ix === 0 ? 'Mr Beast' : null,
        length_s: track_ix === 0 ? 258 : null,
        genres: [],
      })),
    ),
  ];
  // 1 is dreamy like 0, 2 known for trip hop like 0, 3 like 0 without a word for it. For 2 dreamy is
  // no adjective.
  const text = [
    await write('text', 'artist_neighbours', textTables.artist_neighbours, [
      { artist_ix: 0, neighbour_ix: 1, similarity: 0.5, shared: 'dreamy' },
      { artist_ix: 0, neighbour_ix: 2, similarity: 0.4, shared: 'trip hop' },
      { artist_ix: 0, neighbour_ix: 3, similarity: 0.1, shared: null },
      { artist_ix: 2, neighbour_ix: 0, similarity: 0.4, shared: 'trip hop' },
      { artist_ix: 2, neighbour_ix: 1, similarity: 0.3, shared: 'dreamy' },
    ]),
    await write('text', 'artist_terms', textTables.artist_terms, [
      { artist_ix: 0, term: 'dreamy', kind: 'tag', weight: 0.1 },
      { artist_ix: 0, term: 'dreamy', kind: 'adjective', weight: 0.3 },
      { artist_ix: 0, term: 'trip hop', kind: 'tag', weight: 0.3 },
      { artist_ix: 2, term: 'dreamy', kind: 'noun', weight: 0.3 },
    ]),
  ];
  await createViews(sql, {
    catalogue: { tables: catalogue },
    text: { tables: text },
  });
});

afterAll(() => {
  sql.dispose();
  home.remove();
});

const world = {
  tracks: { artist: Int32Array.from(artistOf), numArtists: artists.length },
  places,
} as unknown as World; // nothing else of it is looked at

/** Encoded, and read again with the names of the catalogue. */
async function listOf(tracks: readonly ChosenTrack[]): Promise<ListedTrack[]> {
  const references = await readReferences(sql, world);
  const stored = new ListEncoder(references).encode(chosenList(tracks));
  const mentioned = new Mentioned(references);
  mentioned.add(stored);
  const names = await readNames(
    readTrackNames(sql, mentioned.tracks()),
    readArtistNames(sql, mentioned.artists()),
  );
  return nameTracks(stored, names);
}

test.each<[string, ChosenTrack]>([
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
    'known for dreamy, like Portishead',
    { track: 1, source: 'text', because: 2, artistPlayed: false },
  ],
  [
    'known for trip hop, like Portishead',
    { track: 4, source: 'text', because: 2, artistPlayed: false },
  ],
  [
    'described in the words used for AC/DC',
    { track: 1, source: 'text', because: 3, artistPlayed: false },
  ],
  ['more by Mogwai', { track: 4, source: 'text', because: 0, artistPlayed: true }],
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
  const [track] = await listOf([choice]);
  expect(track!.reason).toBe(words);
  expect(track!.source).toBe(choice.source);
});

test('a track has its id and what is known of it', async () => {
  const choice = { source: 'factors', because: -1, artistPlayed: false } as const;
  const tracks = await listOf([
    { track: 1, ...choice },
    { track: 0, ...choice },
  ]);
  expect(tracks.map((track) => listedTrack.parse(track))).toEqual(tracks);
  expect(tracks).toEqual([
    {
      trackId: trackIds[1],
      title: 'Hoppípolla',
      artists: ['Sigur Rós'],
      artistId: artistIds[1],
      reason: 'played by listeners with your taste',
      source: 'factors',
    },
    {
      trackId: trackIds[0],
      title: 'Autorock',
      artists: ['Mogwai', 'A Guest'],
      artistId: artistIds[0],
      album: 'Mr Beast',
      lengthS: 258,
      reason: 'played by listeners with your taste',
      source: 'factors',
    },
  ]);
});

test('one encoder writes list after list, each with its own words', async () => {
  const encoder = new ListEncoder(await readReferences(sql, world));
  const dreamy: ChosenTrack = { track: 1, source: 'text', because: 0, artistPlayed: false };
  const local: ChosenTrack = { track: 1, source: 'popularity', because: 3, artistPlayed: false };
  const plain: ChosenTrack = { track: 1, source: 'factors', because: -1, artistPlayed: false };
  const lists = [[dreamy, local, dreamy], [local], [plain], []].map((tracks) =>
    encoder.encode(chosenList(tracks)),
  );
  expect(lists.map(({ words }) => words)).toEqual([
    ['dreamy', 'Asia/Jakarta'],
    ['Asia/Jakarta'],
    undefined,
    undefined,
  ]);
  expect(lists.map((list) => idsOf(list).tracks.length)).toEqual([3, 1, 1, 0]);
  expect(idsOf(lists[0]!).artists).toEqual([artistIds[0], artistIds[0]]);
});

test('all that lists mention is found again, and what is unknown refused', async () => {
  const references = await readReferences(sql, world);
  const encoder = new ListEncoder(references);
  const mentioned = new Mentioned(references);
  expect([[...mentioned.tracks()], [...mentioned.artists()]]).toEqual([[], []]);
  mentioned.add(
    encoder.encode(
      chosenList([
        { track: 4, source: 'playlists', because: 2, artistPlayed: false },
        { track: 1, source: 'artists', because: 3, artistPlayed: false },
      ]),
    ),
  );
  mentioned.add(
    encoder.encode(chosenList([{ track: 1, source: 'text', because: 0, artistPlayed: false }])),
  );
  expect([...mentioned.tracks()]).toEqual([1, 2, 4]);
  expect([...mentioned.artists()]).toEqual([0, 3]);

  const elsewhere: ListReferences = {
    ...references,
    trackKeys: idKeys(trackIds.map((_, n) => `t00000000000000${n}`)),
  };
  const foreign = new ListEncoder(elsewhere).encode(
    chosenList([{ track: 1, source: 'factors', because: -1, artistPlayed: false }]),
  );
  expect(() => mentioned.add(foreign)).toThrow(
    'list: expected a known track, got t000000000000001',
  );
});
