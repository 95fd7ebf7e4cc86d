import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openDuckdb } from '../../infra/duckdb.ts';
import type { Sql, SqlValue } from '../../pipelines/ports.ts';
import { catalogueTables, createTable, lakeTables, textTables } from '../../pipelines/tables.ts';
import { text } from '../../pipelines/text.ts';
import type { InputTable } from '../../pipelines/step.ts';
import { runStage, type StageOutcome } from '../support/stage.ts';

let folder: string;
let sql: Sql;
let inputs: Record<'catalogue' | 'lake', InputTable[]>;

/** Rows by column name; columns left out are null. */
type Rows = readonly Record<string, SqlValue | readonly string[]>[];

async function table(
  columns: Record<string, string>,
  schema: string,
  name: string,
  rows: Rows,
): Promise<InputTable> {
  const file = join(folder, `${schema}-${name}.parquet`);
  // Dates go in as text.
  const typed = Object.entries(columns).map(([c, type]) => [c, type === 'DATE' ? 'VARCHAR' : type]);
  await sql.run(
    createTable(`${schema}_${name}`, Object.fromEntries(typed) as Record<string, string>),
  );
  await sql.append(
    `${schema}_${name}`,
    rows.map((row) => Object.keys(columns).map((column) => row[column] ?? null)),
  );
  const casts = Object.entries(columns).map(([c, type]) => `CAST(${c} AS ${type}) AS ${c}`);
  await sql.run(
    `COPY (SELECT ${casts.join(', ')} FROM ${schema}_${name}) TO '${file}' (FORMAT parquet)`,
  );
  return { name, file };
}

/** Three artists called dreamy in three ways, one more by tags, and a decoy who resembles none. */
const artists = [
  ['Mira Vale', 'Her dreamy voice floats over guitars. Glass Harbour has whispery vocals.'],
  ['Nocturne Bay', 'The songs are dreamy and slow. He plays piano.'],
  ['Ola Lind', 'Critics described the music as dreamy, with whispery singing.'],
  [
    'Brick Furnace',
    'Their aggressive riffs and guttural vocals shook the hall. Thrash metal bands followed.',
  ],
  ['Iron Choir', 'An aggressive sound with guttural singing. Thrash metal is their home.'],
  ['Tagged Only', null],
  ['Silent', null],
] as const;

const tags: [artistIx: number, tag: string, tagged: string | null, taggers: number][] = [
  [0, 'dreampop', '2010-01-01', 2],
  [1, 'dream-pop', '2010-01-01', 3],
  [2, 'dream pop', '2010-01-01', 4],
  [5, 'dream pop', '2010-01-01', 5],
  [5, 'dreamy', '2013-01-01', 3],
  [0, 'dreamy', '2013-01-01', 2],
  [3, 'thrash metal', '2010-01-01', 4],
  [4, 'thrash metal', null, 2],
  [5, 'seen live', '2010-01-01', 9],
  [0, 'seen live', '2010-01-01', 9],
  [5, 'Tagged Only', '2010-01-01', 2],
  [4, 'my own shelf', '2010-01-01', 1],
];

const playlists = [
  ['Sad Songs', null],
  ['Workout Beats', 'Run, jump and lift'],
  ['Chill Vibes', null],
  ['Peaceful Piano', null],
  ['Baladas de amor', null],
  ['Top 50', null],
] as const;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'text-stage-'));
  sql = await openDuckdb({ threads: 1 });
  const texts = artists.flatMap(([, body], artist_ix) =>
    body === null
      ? []
      : [{ text_id: `t${artist_ix}`, source: 'test', artist_ix, published: '2012-06-01', body }],
  );
  const catalogue = (name: keyof typeof catalogueTables, rows: Rows) =>
    table(catalogueTables[name], 'catalogue', name, rows);
  inputs = {
    catalogue: [
      await catalogue(
        'artists',
        artists.map(([name], artist_ix) => ({ artist_ix, artist_id: `a${artist_ix}`, name })),
      ),
      await catalogue('tracks', [
        { track_ix: 0, artist_ix: 0, title: 'Tide', album: 'Glass Harbour', genres: ['indie'] },
        { track_ix: 1, artist_ix: 0, title: 'Fog', album: 'Unnamed Record', genres: [] },
        { track_ix: 2, artist_ix: 3, title: 'Cry lonely tears', album: null, genres: [] },
      ]),
      await catalogue('texts', texts),
      await catalogue(
        'artist_tags',
        tags.map(([artist_ix, tag, tagged, taggers]) => ({ artist_ix, tag, tagged, taggers })),
      ),
      await catalogue(
        'playlists',
        playlists.map(([name, description], playlist_ix) => ({
          playlist_ix,
          playlist_id: `p${playlist_ix}`,
          name,
          description,
        })),
      ),
      await catalogue('memberships', [
        { playlist_ix: 0, track_ix: 2, added: '2013-01-01' },
        { playlist_ix: 5, track_ix: 0, added: '2010-01-01' },
      ]),
    ],
    lake: [
      await table(
        lakeTables.texts,
        'lake',
        'texts',
        texts.map((row) => ({ ...row, artist: artists[row.artist_ix]![0] })),
      ),
    ],
  };
});

afterAll(async () => {
  sql.dispose();
  await rm(folder, { recursive: true });
});

const runs = { count: 0 };
/** In so small a world most artists share a term. */
async function run(options: object = {}): Promise<{ output: string; outcome: StageOutcome }> {
  const output = join(folder, `out-${runs.count++}`);
  const outcome = await runStage(text, {
    inputs,
    options: { maxShare: 1, ...options },
    output,
  });
  return { output, outcome };
}

const termsOf = (output: string, artistIx: number) =>
  sql.rows<{ term: string; kind: string; weight: number }>(
    `SELECT term, kind, weight FROM '${output}/artist_terms.parquet'
     WHERE artist_ix = $artistIx`,
    { artistIx },
  );

describe('the text stage', () => {
  test('writes its four tables as declared', async () => {
    const { output, outcome } = await run();
    let total = 0;
    for (const [name, columns] of Object.entries(textTables)) {
      const described = await sql.rows<{ column_name: string; column_type: string }>(
        `DESCRIBE SELECT * FROM '${output}/${name}.parquet'`,
      );
      expect(Object.fromEntries(described.map((c) => [c.column_name, c.column_type]))).toEqual(
        columns,
      );
      const [{ rows } = { rows: 0 }] = await sql.rows<{ rows: number }>(
        `SELECT count(*) AS rows FROM '${output}/${name}.parquet'`,
      );
      expect(rows).toBeGreaterThan(0);
      total += rows;
    }
    expect(outcome.rowsOut).toBe(total);
    expect(outcome.dropped).toEqual({
      'personal tag': 3,
      'name of an artist as tag': 1,
    });
  });

  test('artists called dreamy in any way have the adjective, the decoy has not', async () => {
    const { output } = await run();
    for (const artistIx of [0, 1, 2, 5]) {
      const dreamy = (await termsOf(output, artistIx)).find(({ term }) => term === 'dreamy');
      expect(dreamy?.kind).toBe('adjective');
    }
    const decoy = (await termsOf(output, 3)).map(({ term }) => term);
    expect(decoy.sort()).toEqual(['aggressive', 'guttural', 'thrash metal']);
    expect(await termsOf(output, 6)).toEqual([]);
  });

  test('spellings of a tag are one term, and weights of an artist have length 1', async () => {
    const { output } = await run();
    const all = await sql.rows<{ term: string }>(
      `SELECT DISTINCT term FROM '${output}/artist_terms.parquet' WHERE term LIKE 'dream%' ORDER BY term`,
    );
    expect(all.map(({ term }) => term)).toEqual(['dream pop', 'dreamy']);
    const weights = (await termsOf(output, 1)).map(({ weight }) => weight);
    expect(Math.hypot(...weights)).toBeCloseTo(1, 6);
  });

  test('neighbours are the artists described alike, sharing the adjective', async () => {
    const { output } = await run();
    const near = await sql.rows<{ a: number; b: number; similarity: number; shared: string }>(
      `SELECT artist_ix AS a, neighbour_ix AS b, similarity, shared
       FROM '${output}/artist_neighbours.parquet'`,
    );
    const of = (artist: number) => near.filter(({ a }) => a === artist);
    expect(new Set(of(0).map(({ b }) => b))).toEqual(new Set([1, 2, 5]));
    expect(of(5).map(({ shared }) => shared)).toEqual(['dreamy', 'dreamy', 'dreamy']);
    expect(of(3).map(({ b }) => b)).toEqual([4]);
    expect(['aggressive', 'guttural']).toContain(of(3)[0]!.shared);
    for (const { a, b, similarity } of near) {
      const back = near.find((other) => other.a === b && other.b === a);
      expect(back?.similarity).toBe(similarity);
      const dot = await sql.rows<{ dot: number }>(
        `SELECT sum(CAST(x.weight AS DOUBLE) * y.weight) AS dot
         FROM '${output}/artist_terms.parquet' x JOIN '${output}/artist_terms.parquet' y USING (term)
         WHERE x.artist_ix = $a AND y.artist_ix = $b`,
        { a, b },
      );
      expect(similarity).toBeCloseTo(dot[0]!.dot, 6);
    }
  });

  test('only an album that a text names has terms', async () => {
    const { output } = await run();
    const albums = await sql.rows<{ artist_ix: number; album: string; term: string }>(
      `SELECT artist_ix, album, term FROM '${output}/album_terms.parquet'`,
    );
    expect(albums).toEqual([{ artist_ix: 0, album: 'Glass Harbour', term: 'whispery' }]);
  });

  test('playlists have the moods of their titles', async () => {
    const { output } = await run();
    const moods = await sql.rows<{ mood: string }>(
      `SELECT mood FROM '${output}/playlist_moods.parquet' ORDER BY playlist_ix`,
    );
    expect(moods.map(({ mood }) => mood)).toEqual([
      'sad',
      'energetic',
      'calm',
      'calm',
      'romantic',
      'neutral',
    ]);
  });

  test('with a day, only what is dated before it is known', async () => {
    const { output, outcome } = await run({ asOf: '2012-01-01' });
    const rows = await sql.rows<{ term: string }>(
      `SELECT DISTINCT term FROM '${output}/artist_terms.parquet' ORDER BY term`,
    );
    expect(rows.map(({ term }) => term)).toEqual(['dream pop']);
    expect(outcome.dropped['text not known before the cut-off']).toBe(5);
    expect(outcome.dropped['tag not known before the cut-off']).toBe(3);
    const known = await sql.rows<{ playlist_ix: number }>(
      `SELECT playlist_ix FROM '${output}/playlist_moods.parquet'`,
    );
    expect(known).toEqual([{ playlist_ix: 5 }]);
  });

  test('two runs write the same bytes', async () => {
    const [first, second] = [await run(), await run()];
    for (const name of Object.keys(textTables)) {
      const bytes = (output: string) => readFile(join(output, `${name}.parquet`));
      expect((await bytes(first.output)).equals(await bytes(second.output))).toBe(true);
    }
  });
});

test('a day that is none is refused', () => {
  expect(() => text.options.parse({ asOf: '2012-13-01' })).toThrow();
});
