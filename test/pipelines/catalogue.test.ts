import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openDuckdb } from '../../infra/duckdb.ts';
import { catalogue } from '../../pipelines/catalogue.ts';
import type { Sql } from '../../pipelines/ports.ts';
import { catalogueTables, createTable, lakeTables } from '../../pipelines/tables.ts';
import { runStage, type StageOutcome } from '../support/stage.ts';

type Lake = Partial<Record<keyof typeof lakeTables, readonly string[]>>;

/** A small world: two spellings of most things. Each line is what stands within VALUES (...). */
const world: Lake = {
  listens: [
    // listened_at, listener, zone, language, artist, title, source
    `'2014-05-01 10:00:00', 'ann', 'Asia/Jakarta', 'id', 'zedd feat. Foxes', 'clarity', 'np'`,
    `'2014-05-01 10:00:00', 'ann', 'Asia/Jakarta', 'id', 'Zedd', 'Clarity (feat. Foxes)', 'np'`,
    `'2014-05-02 10:00:00', 'bob', NULL, NULL, 'ZEDD', 'Clarity (Tiësto Remix)', 'np'`,
    `'2014-05-03 10:00:00', 'bob', NULL, NULL, 'Queen', 'Bohemian Rhapsody (Live at Wembley)', 'np'`,
    `'2014-05-03 11:00:00', 'bob', NULL, NULL, 'Slank', 'Ku Tak Bisa', 'np'`,
    `'2014-05-03 12:00:00', 'bob', NULL, NULL, 'slank', 'Ku Tak Bisa', 'np'`,
    `'2014-05-03 13:00:00', 'bob', NULL, NULL, '빅스 (VIXX)', 'Error', 'np'`,
    `'2014-05-03 14:00:00', 'bob', NULL, NULL, '빅스', 'Error', 'np'`,
  ],
  recordings: [
    // id, title, artists, album, album_id, length, released, popularity, genres, audio..., key, mode, known, source
    recording('r1', 'Clarity', ['Zedd', 'Foxes'], 'Clarity', 70, ['edm'], 0.4, '2021-05-09'),
    recording(
      'r2',
      'Clarity - Remastered 2012',
      ['Zedd'],
      'Hits',
      90,
      ['dance pop'],
      0.8,
      '2020-01-21',
    ),
    recording(
      'r3',
      'Clarity - Tiësto Remix',
      ['Zedd', 'Tiësto'],
      'Remixes',
      10,
      [],
      0.9,
      '2020-01-21',
    ),
    recording(
      'r4',
      'Bohemian Rhapsody - 2011 Remaster',
      ['Queen'],
      'Opera',
      80,
      ['rock'],
      0.3,
      '2020-01-21',
    ),
    recording('r5', 'Clarity', ['Foxes'], 'Other', 5, ['pop'], 0.1, '2020-01-21'),
  ],
  playlists: [`'p1', 'Road trip', NULL, 'sp'`],
  memberships: [
    `'p1', 'r1', '2020-01-01', NULL, 'sp'`,
    `'p1', 'r2', '2020-01-01', NULL, 'sp'`,
    `'p1', 'r4', '2020-02-01', '2020-03-01', 'sp'`,
    `'p1', 'gone', '2020-02-01', NULL, 'sp'`,
    `'p9', 'r1', '2020-02-01', NULL, 'sp'`,
  ],
  texts: [`'w1', 'Queen', '2020-01-01', 'A band.', 'wiki'`],
  artist_plays: [
    `'7', 'Queen', 10, '2011-05-01', 'lastfm'`,
    `'7', 'queen', 5, '2011-05-02', 'lastfm'`,
    `'8', 'Slank', 3, '2011-05-01', 'lastfm'`,
  ],
  artist_tags: [
    `'Slank', 'blues rock', '2010-01-01', '7', 'lastfm'`,
    `'slank', 'blues rock', '2010-01-01', '8', 'lastfm'`,
    `'Slank', 'seen live', '2010-01-01', '7', 'lastfm'`,
    `'Slank', 'seen live', '2010-01-01', '8', 'lastfm'`,
    `'Slank', 'jazz', NULL, '7', 'lastfm'`,
  ],
};

function recording(
  id: string,
  title: string,
  artists: readonly string[],
  album: string,
  popularity: number,
  genres: readonly string[],
  energy: number,
  known: string,
): string {
  const list = (names: readonly string[]) => `[${names.map((name) => `'${name}'`).join(', ')}]`;
  return (
    `'${id}', '${title}', ${list(artists)}, '${album}', NULL, 200, DATE '2012-01-01', ${popularity}, ` +
    `CAST(${list(genres)} AS VARCHAR[]), 0.5, ${energy}, NULL, NULL, NULL, NULL, NULL, NULL, NULL, ` +
    `4, 1, DATE '${known}', 'sp'`
  );
}

const root = mkdtempSync(join(tmpdir(), 'catalogue-'));
let sql: Sql;

beforeAll(async () => {
  sql = await openDuckdb({ threads: 1 });
});
afterAll(() => {
  sql.dispose();
  rmSync(root, { recursive: true, force: true });
});

/** Null in these lakes. */
const laterColumns: Readonly<Record<string, readonly string[]>> = {
  listens: ['album', 'played_ms', 'client', 'info'],
  playlists: ['listener'],
  memberships: ['listener'],
};

/** Writes a lake, the rows of each table in the given order. */
async function writeLake(name: string, lake: Lake, reversed = false): Promise<string> {
  const folder = join(root, name);
  mkdirSync(folder);
  for (const [table, columns] of Object.entries(lakeTables)) {
    await sql.run(createTable('growing', columns));
    const rows = [...(lake[table as keyof typeof lakeTables] ?? [])];
    if (reversed) rows.reverse();
    const given = Object.keys(columns).filter(
      (column) => !(laterColumns[table] ?? []).includes(column),
    );
    for (const row of rows) {
      await sql.run(`INSERT INTO growing (${given.join(', ')}) VALUES (${row})`);
    }
    await sql.run(
      `COPY growing TO '${join(folder, table)}.parquet' (FORMAT parquet); DROP TABLE growing`,
    );
  }
  return folder;
}

async function build(name: string, lake: string, options = {}, threads = 2) {
  const output = join(root, name);
  const outcome = await runStage(catalogue, { inputs: { lake }, options, output, threads });
  return { output, outcome };
}

function rowsOf<Row>(output: string, query: string): Promise<Row[]> {
  return sql.rows<Row>(
    query.replace(/@(\w+)/g, (_, table) => `'${join(output, String(table))}.parquet'`),
  );
}

function hashes(folder: string): string[] {
  return readdirSync(folder)
    .sort()
    .map(
      (file) =>
        `${file} ${createHash('sha256')
          .update(readFileSync(join(folder, file)))
          .digest('hex')}`,
    );
}

describe('the catalogue of a small world', () => {
  let output: string;
  let outcome: StageOutcome;

  beforeAll(async () => {
    ({ output, outcome } = await build('out', await writeLake('lake', world)));
  });

  test('has every table, with the columns in their order and type', async () => {
    for (const [table, columns] of Object.entries(catalogueTables)) {
      const described = await rowsOf<{ column_name: string; column_type: string }>(
        output,
        `DESCRIBE SELECT * FROM @${table}`,
      );
      expect(described.map(({ column_name, column_type }) => [column_name, column_type])).toEqual(
        Object.entries(columns),
      );
    }
  });

  test('knows one track for its spellings, remasters and live takes, and another for a remix', async () => {
    const tracks = await rowsOf<{ title: string; artist: string; recordings: number }>(
      output,
      `SELECT title, a.name AS artist,
              (SELECT count(*) FROM @recordings r WHERE r.track_ix = t.track_ix) AS recordings
       FROM @tracks t JOIN @artists a USING (artist_ix) ORDER BY artist, title`,
    );
    expect(tracks).toEqual(
      [
        { title: 'Clarity', artist: 'Foxes', recordings: 1 },
        { title: 'Bohemian Rhapsody - 2011 Remaster', artist: 'Queen', recordings: 1 },
        { title: 'Ku Tak Bisa', artist: 'Slank', recordings: 0 },
        { title: 'Error', artist: '빅스', recordings: 0 },
        { title: 'Clarity', artist: 'Zedd', recordings: 2 },
        { title: 'Clarity - Tiësto Remix', artist: 'Zedd', recordings: 1 },
      ].sort((a, b) => (a.artist + a.title < b.artist + b.title ? -1 : 1)),
    );
  });

  test('a remix is a track of the same work, the same title by another artist is not', async () => {
    const works = await rowsOf<{ titles: number }>(
      output,
      'SELECT count(*) AS titles FROM @tracks GROUP BY work_ix ORDER BY titles',
    );
    expect(works.map(({ titles }) => titles)).toEqual([1, 1, 1, 1, 2]);
  });

  test('merges the attributes of a track over its recordings', async () => {
    const [track] = await rowsOf<{ energy: number }>(
      output,
      `SELECT t.* FROM @tracks t JOIN @recordings r USING (track_ix) WHERE recording_id = 'r1'`,
    );
    expect(track).toMatchObject({
      title: 'Clarity',
      artists: ['Zedd', 'Foxes'],
      album: 'Clarity',
      length_s: 200,
      popularity: 90,
      genres: ['dance pop', 'edm'],
      musical_key: 4,
      known_from: new Date('2020-01-21'),
    });
    expect(track!.energy).toBeCloseTo(0.4, 6);
  });

  test("a track without genres has its artist's, or those that tags give", async () => {
    const genres = await rowsOf<{ title: string; genres: string[] }>(
      output,
      `SELECT title, genres FROM @tracks WHERE title LIKE '%Remix' OR title = 'Ku Tak Bisa' ORDER BY title`,
    );
    expect(genres).toEqual([
      { title: 'Clarity - Tiësto Remix', genres: ['dance pop', 'edm'] },
      { title: 'Ku Tak Bisa', genres: ['blues rock'] },
    ]);
  });

  test('one listen told in two spellings is one, the rest are all there', async () => {
    const listens = await rowsOf<{ listener: string; title: string }>(
      output,
      `SELECT listener, title FROM @listens JOIN @listeners USING (listener_ix)
       JOIN @tracks USING (track_ix) ORDER BY listener_ix, listened_at`,
    );
    expect(listens.map(({ listener, title }) => `${listener}: ${title}`)).toEqual([
      'ann: Clarity',
      'bob: Clarity - Tiësto Remix',
      'bob: Bohemian Rhapsody - 2011 Remaster',
      'bob: Ku Tak Bisa',
      'bob: Ku Tak Bisa',
      'bob: Error',
      'bob: Error',
    ]);
  });

  test('plays, tags and texts find their artist', async () => {
    const plays = await rowsOf(
      output,
      `SELECT person_ix, name, plays FROM @artist_plays JOIN @artists USING (artist_ix) ORDER BY person_ix`,
    );
    expect(plays).toEqual([
      { person_ix: 0, name: 'Queen', plays: 15 },
      { person_ix: 1, name: 'Slank', plays: 3 },
    ]);
    const tags = await rowsOf(
      output,
      `SELECT name, tag, taggers FROM @artist_tags JOIN @artists USING (artist_ix) ORDER BY tag`,
    );
    expect(tags).toEqual([
      { name: 'Slank', tag: 'blues rock', taggers: 2 },
      { name: 'Slank', tag: 'jazz', taggers: 1 },
      { name: 'Slank', tag: 'seen live', taggers: 2 },
    ]);
    expect(
      await rowsOf(output, 'SELECT text_id, name FROM @texts JOIN @artists USING (artist_ix)'),
    ).toEqual([{ text_id: 'w1', name: 'Queen' }]);
  });

  test('every index is dense from 0 in the order of the id', async () => {
    for (const [table, ix, id] of [
      ['artists', 'artist_ix', 'artist_id'],
      ['tracks', 'track_ix', 'track_id'],
      ['listeners', 'listener_ix', 'listener'],
      ['playlists', 'playlist_ix', 'playlist_id'],
    ] as const) {
      const rows = await rowsOf<{ ix: number; id: string }>(
        output,
        `SELECT ${ix} AS ix, ${id} AS id FROM @${table}`,
      );
      expect(rows.map((row) => row.ix)).toEqual(rows.map((_, at) => at));
      expect(rows.map((row) => row.id)).toEqual(rows.map((row) => row.id).sort());
      expect(new Set(rows.map((row) => row.id)).size).toBe(rows.length);
    }
    const [ids] = await rowsOf<{ odd: number }>(
      output,
      `SELECT count(*) AS odd FROM (SELECT track_id AS id FROM @tracks UNION ALL SELECT artist_id FROM @artists)
       WHERE NOT regexp_full_match(id, '[at][0-9a-f]{15}')`,
    );
    expect(ids!.odd).toBe(0);
  });

  test('reports what it read, what it dropped and why, and how well names matched', () => {
    expect(outcome.rowsIn).toBe(Object.values(world).reduce((sum, rows) => sum + rows.length, 0));
    expect(outcome.dropped).toEqual({
      'same listen twice': 1,
      'membership of an unknown playlist': 1,
      'membership of an unknown recording': 1,
      'same membership under two recordings': 1,
      'plays of one artist under two names': 1,
      'tags summed over people': 2,
    });
    expect(outcome.figures).toMatchObject({
      tracks: 6,
      works: 5,
      versions: 1,
      catalogueTracks: 4,
      recordingsMerged: 1,
      listensOnCatalogueTracks: 4,
      listensOnCatalogueArtists: 4,
      shareOfListensOnCatalogueTracks: 0.5,
    });
  });

  test('neither the order of the rows nor the number of threads shows in the bytes', async () => {
    const again = await build('again', await writeLake('reversed', world, true), {}, 1);
    expect(hashes(again.output)).toEqual(hashes(output));
  });

  test('ids stay when the lake grows', async () => {
    const more: Lake = {
      ...world,
      listens: [
        ...world.listens!,
        `'2014-06-01 10:00:00', 'cat', NULL, NULL, 'AAA', 'Before all others', 'np'`,
      ],
    };
    const grown = await build('grown', await writeLake('more', more));
    const ids = (folder: string) =>
      rowsOf<{ id: string }>(folder, 'SELECT track_id AS id FROM @tracks').then((rows) =>
        rows.map(({ id }) => id),
      );
    expect(await ids(grown.output)).toEqual(expect.arrayContaining(await ids(output)));
  });

  test('tags count as genres only from enough people', async () => {
    const strict = await build('strict', join(root, 'lake'), { minTaggers: 3 });
    const [track] = await rowsOf<{ genres: string[] }>(
      strict.output,
      `SELECT genres FROM @tracks WHERE title = 'Ku Tak Bisa'`,
    );
    expect(track!.genres).toEqual([]);
  });
});

test('an artist whom three listeners play leads a pair, though no other source names them', async () => {
  const play = (listener: string, artist: string, title: string) =>
    `'2014-05-01 10:00:00', '${listener}', NULL, NULL, '${artist}', '${title}', 'np'`;
  const listens = [
    ...['ann', 'bob', 'cid'].map((listener) => play(listener, 'Slank', 'Virus')),
    ...['ann', 'bob'].map((listener) => play(listener, 'Padi', 'Sobat')),
    play('dan', 'Slank × Padi', 'Virus'),
    play('dan', 'Padi × Slank', 'Sobat'),
  ];
  const { output } = await build('pairs', await writeLake('lake-pairs', { listens }));
  const names = await rowsOf<{ name: string }>(output, 'SELECT name FROM @artists ORDER BY name');
  expect(names.map(({ name }) => name)).toEqual(['Padi', 'Padi × Slank', 'Slank']);
});

test('an empty lake makes an empty catalogue', async () => {
  const { output, outcome } = await build('nothing', await writeLake('empty', {}));
  for (const table of Object.keys(catalogueTables)) {
    expect(await rowsOf(output, `SELECT * FROM @${table}`)).toEqual([]);
  }
  expect(outcome.dropped).toEqual({});
  expect(outcome.figures).toMatchObject({
    tracks: 0,
    works: 0,
    shareOfListensOnCatalogueTracks: 0,
  });
});

test('options are refused where they make no sense', () => {
  expect(() => catalogue.options.parse({ minTaggers: 0 })).toThrow();
});
