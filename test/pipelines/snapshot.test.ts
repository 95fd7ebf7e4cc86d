import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openDuckdb } from '../../infra/duckdb.ts';
import type { Sql } from '../../pipelines/ports.ts';
import { snapshot } from '../../pipelines/snapshot.ts';
import { catalogueTables } from '../../pipelines/tables.ts';
import { temporaryFolder } from '../support/sources.ts';
import { runStage, type StageOutcome } from '../support/stage.ts';
import { writeTable, type Rows } from '../support/tables.ts';

/**
 * Artist 0 has tracks 0 and 1 (versions of work 0) and 2 (work 1); artist 1 has 3, 4, 5. Nobody
 * has played 4 and 5: 4 is listed from April 2014 on, 5 by no catalogue.
 */
const tracks: Rows = [
  { work_ix: 0, artist_ix: 0, popularity: 10, known_from: '2014-01-01' },
  { work_ix: 0, artist_ix: 0, popularity: 90, known_from: '2014-01-01' },
  { work_ix: 1, artist_ix: 0, popularity: 50, known_from: '2014-04-02' },
  { work_ix: 2, artist_ix: 1 },
  { work_ix: 3, artist_ix: 1, popularity: 5, known_from: '2014-04-02' },
  { work_ix: 4, artist_ix: 1 },
].map((row, track_ix) => ({ track_ix, genres: [], artists: ['-'], title: '-', ...row }));

const jakarta = 'Asia/Jakarta';
const makassar = 'Asia/Makassar'; // of the same country
const tokyo = 'Asia/Tokyo';

/** Listener, track, when, zone. The cut-off is 2014-04-01, the half-life ten days. */
const plays: readonly (readonly [number, number, string, string | null])[] = [
  [0, 0, '2014-03-12 00:00:00', tokyo], // two half-lives before: 0.25
  [0, 0, '2014-03-22 00:00:00', jakarta], // one: 0.5
  [0, 3, '2014-03-31 23:59:59', null], // now
  [0, 2, '2014-04-01 00:00:00', tokyo], // at the cut-off
  [1, 1, '2014-03-22 00:00:00', makassar],
  [2, 3, '2014-03-22 00:00:00', jakarta],
  [2, 2, '2014-03-22 00:00:00', jakarta],
  [3, 3, '2000-01-01 00:00:00', null], // hundreds of half-lives before
  [4, 4, '2014-05-01 00:00:00', tokyo], // unheard of before the cut-off
];

const memberships: Rows = [
  { playlist_ix: 0, track_ix: 2, added: '2014-03-01' },
  { playlist_ix: 0, track_ix: 2, added: '2014-03-05' },
  { playlist_ix: 1, track_ix: 2, added: '2014-03-31' },
  { playlist_ix: 2, track_ix: 2, added: '2014-04-01' },
  { playlist_ix: 2, track_ix: 4, added: '2014-04-03' },
];

const options = { cutoff: '2014-04-01T00:00:00.000Z', halfLifeDays: 10 };
const home = temporaryFolder();
const catalogue = join(home.path, 'catalogue');
let sql: Sql;
let outcome: StageOutcome;

beforeAll(async () => {
  await mkdir(catalogue);
  sql = await openDuckdb({ threads: 1 });
  const rows: Partial<Record<keyof typeof catalogueTables, Rows>> = {
    tracks,
    memberships,
    listens: plays.map(([listener_ix, track_ix, listened_at, zone]) => ({
      listener_ix,
      track_ix,
      listened_at,
      zone,
    })),
  };
  for (const [name, columns] of Object.entries(catalogueTables)) {
    await writeTable(sql, catalogue, name, columns, rows[name as keyof typeof rows] ?? []);
  }
  outcome = await run('all');
  await run('asof', { catalogueBefore: '2014-04-01' });
});

afterAll(() => {
  sql.dispose();
  home.remove();
});

function run(name: string, more: object = {}): Promise<StageOutcome> {
  return runStage(snapshot, {
    inputs: { catalogue },
    options: { ...options, ...more },
    output: join(home.path, name),
  });
}

/** A table of a snapshot in the order of its file. */
async function table(name: string, columns: string, of = 'all'): Promise<unknown[][]> {
  const rows = await sql.rows(
    `SELECT ${columns} FROM read_parquet('${join(home.path, of, `${name}.parquet`)}')`,
  );
  return rows.map((row) => Object.values(row));
}

test('only listens before the cut-off are known: one at that very instant is not', async () => {
  expect(await table('interactions', 'listener_ix, track_ix, plays')).toEqual([
    [0, 0, 2],
    [0, 3, 1],
    [1, 1, 1],
    [2, 2, 1],
    [2, 3, 1],
    [3, 3, 1],
  ]);
  expect(outcome).toMatchObject({
    rowsIn: 9,
    rowsOut: 7,
    dropped: { 'after the cut-off': 2 },
    figures: { listeners: 4 },
  });
});

test('a play counts half after every half-life, and never nothing', async () => {
  const confidence = await table('interactions', 'confidence');
  expect(confidence[0]).toEqual([0.75]);
  expect(confidence[1]![0]).toBeCloseTo(1, 5);
  expect(confidence[2]).toEqual([0.5]);
  expect(confidence[5]![0]).toBeGreaterThan(0);
});

test('plays of an artist add up', async () => {
  expect(await table('artist_interactions', 'listener_ix, artist_ix, plays')).toEqual([
    [0, 0, 2],
    [0, 1, 1],
    [1, 0, 1],
    [2, 0, 1],
    [2, 1, 1],
    [3, 1, 1],
  ]);
});

test('a listener lives where their newest listen with a zone was; without one nowhere', async () => {
  expect(
    await table('listeners', 'listener_ix, zone, country, CAST(last_listen AS VARCHAR)'),
  ).toEqual([
    [0, jakarta, 'ID', '2014-03-31 23:59:59'],
    [1, makassar, 'ID', '2014-03-22 00:00:00'],
    [2, jakarta, 'ID', '2014-03-22 00:00:00'],
    [3, 'Etc/UTC', null, '2000-01-01 00:00:00'],
  ]);
});

test('who has played one version has heard the work', async () => {
  expect(await table('heard', '*')).toEqual([
    [0, 0],
    [0, 2],
    [1, 0],
    [2, 1],
    [2, 2],
    [3, 2],
  ]);
});

test('popularity counts each listener at most once, by place; ties by track', async () => {
  const places = await table('place_popularity', 'place, track_ix, score');
  const of = (place: string) =>
    places.filter(([name]) => name === place).map(([, track, score]) => [track, score]);
  expect(of(makassar)).toEqual([[1, 0.5]]);
  const close = (value: number) => expect.closeTo(value, 5) as unknown;
  expect(of(jakarta)).toEqual([
    [3, close(1.5)],
    [0, 0.75],
    [2, 0.5],
  ]);
  expect(of('ID')).toEqual([
    [3, close(1.5)],
    [0, 0.75],
    [1, 0.5],
    [2, 0.5],
  ]);
  expect(of('world')).toEqual(of('ID'));
  expect(of(tokyo)).toEqual([]);
  expect(await table('place_popularity', "list(rank) FILTER (place = 'ID')")).toEqual([
    [[1, 2, 3, 4]],
  ]);
});

describe('what can be recommended', () => {
  test('is what was played or is listed, where the whole catalogue is known', async () => {
    expect(await table('eligible', 'track_ix, listeners, playlists')).toEqual([
      [0, 1, 0],
      [1, 1, 0],
      [2, 1, 3],
      [3, 3, 0],
      [4, 0, 1],
    ]);
  });

  test('is what was played or was listed by then, where only that is known', async () => {
    expect(await table('eligible', 'track_ix, listeners, playlists', 'asof')).toEqual([
      [0, 1, 0],
      [1, 1, 0],
      [2, 1, 2],
      [3, 3, 0],
    ]);
  });

  test('of an artist are the best-known tracks, one version of each work', async () => {
    expect(await table('artist_tracks', 'artist_ix, track_ix, rank')).toEqual([
      [0, 0, 1],
      [0, 2, 2],
      [1, 3, 1],
      [1, 4, 2],
    ]);
  });
});

test('one thread and four write the same bytes', async () => {
  const many = join(home.path, 'many');
  await mkdir(many);
  for (const [name, columns] of Object.entries(catalogueTables)) {
    if (name !== 'listens' && name !== 'tracks') await writeTable(sql, many, name, columns, []);
  }
  // Small row groups, so that threads have something to share.
  await sql.run(
    `COPY (SELECT CAST(range AS INTEGER) AS track_ix, CAST(range // 2 AS INTEGER) AS work_ix,
                  CAST(range // 7 AS INTEGER) AS artist_ix, ['-'] AS artists, CAST(50 AS FLOAT) AS popularity,
                  DATE '2014-01-01' AS known_from
           FROM range(500)) TO '${join(many, 'tracks.parquet')}' (FORMAT parquet);
     COPY (SELECT CAST(hash(range) % 400 AS INTEGER) AS listener_ix,
                  CAST(hash(range, 1) % 500 AS INTEGER) AS track_ix,
                  TIMESTAMP '2014-01-01' + to_seconds(hash(range, 2) % 8000000) AS listened_at,
                  list_value('${jakarta}', '${makassar}', '${tokyo}', NULL)[CAST(1 + hash(range, 3) % 4 AS INTEGER)] AS zone
           FROM range(40000)) TO '${join(many, 'listens.parquet')}' (FORMAT parquet, ROW_GROUP_SIZE 2048)`,
  );
  for (const threads of [1, 4]) {
    const output = join(home.path, `threads-${threads}`);
    const { rowsOut } = await runStage(snapshot, {
      inputs: { catalogue: many },
      options,
      output,
      threads,
    });
    expect(rowsOut).toBeGreaterThan(30_000);
  }
  const files = (await readdir(join(home.path, 'threads-1'))).sort();
  expect(files).toHaveLength(10);
  for (const file of files) {
    const [one, four] = await Promise.all(
      [1, 4].map((threads) => readFile(join(home.path, `threads-${threads}`, file))),
    );
    expect([file, four!.equals(one!)]).toEqual([file, true]);
  }
});
