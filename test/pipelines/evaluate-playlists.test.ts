import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openDuckdb } from '../../infra/duckdb.ts';
import { answerPlaylists, type PlaylistsAnswer } from '../../pipelines/evaluate/playlists.ts';
import { saveParquet } from '../../pipelines/views.ts';
import { writeCatalogue } from '../support/catalogue-folder.ts';
import { temporaryFolder } from '../support/sources.ts';

/** Playlist, track, added, removed. */
const memberships: readonly (readonly [number, number, string, string | null])[] = [
  // Playlist 0 holds 0 and 1 on 2021-01-01; 2 has left it.
  [0, 0, '2020-01-01', null],
  [0, 1, '2020-12-31', '2021-01-01'],
  [0, 2, '2020-01-01', '2020-06-01'],
  // It gains 2 again, 3, and 7, which nobody had; 0 is added again while it is there.
  [0, 2, '2021-02-01', null],
  [0, 3, '2021-01-01', null],
  [0, 7, '2021-02-01', null],
  [0, 0, '2021-02-01', null],
  // Popular are 3 (three times), 4 (twice), 5 (once).
  [1, 3, '2020-01-01', null],
  [2, 3, '2020-01-01', null],
  [3, 3, '2020-01-01', null],
  [1, 4, '2020-01-01', null],
  [2, 4, '2020-01-01', null],
  [3, 5, '2020-01-01', null],
  // Playlist 4 was empty, playlist 5 is new.
  [4, 5, '2020-01-01', '2020-02-01'],
  [4, 3, '2021-01-05', null],
  [5, 3, '2021-01-05', null],
];

const { path: root, remove } = temporaryFolder();
afterAll(remove);

async function answerOf(until: string | null, cutoff = '2021-01-01'): Promise<PlaylistsAnswer> {
  const sql = await openDuckdb({ threads: 1 });
  try {
    await sql.run('CREATE SCHEMA catalogue');
    for (const table of ['playlists', 'tracks', 'memberships']) {
      const file = join(root, 'catalogue', `${table}.parquet`);
      await sql.run(`CREATE VIEW catalogue.${table} AS SELECT * FROM read_parquet('${file}')`);
    }
    return await answerPlaylists(sql, cutoff, until, 1);
  } finally {
    sql.dispose();
  }
}

let answer: PlaylistsAnswer;
beforeAll(async () => {
  const sql = await openDuckdb({ threads: 1 });
  const folder = join(root, 'catalogue');
  await writeCatalogue(sql, folder, {});
  const rows = memberships.map(([playlist, track, added, removed]) => {
    const left = removed === null ? 'NULL' : `DATE '${removed}'`;
    return `(${playlist}, ${track}, DATE '${added}', ${left})`;
  });
  await saveParquet(
    sql,
    join(folder, 'memberships.parquet'),
    `(SELECT * FROM (VALUES ${rows.join(', ')}) m(playlist_ix, track_ix, added, removed))`,
  );
  for (const [table, count] of [['playlists', 6] as const, ['tracks', 8] as const]) {
    await saveParquet(
      sql,
      join(folder, `${table}.parquet`),
      `(SELECT CAST(range AS INTEGER) AS ix FROM range(${count}))`,
    );
  }
  sql.dispose();
  answer = await answerOf(null);
});

test('what a playlist gained is what it did not hold, and what was known is counted', () => {
  expect(answer).toMatchObject({
    playlists: 1,
    playlistsUnknownBefore: 2,
    additions: 3, // 2, 3 and 7
    additionsKnownBefore: 2, // 2 and 3
    tracksKnownBefore: 6, // 0 to 5
  });
});

describe('popularity, computed by hand', () => {
  // Playlist 0 holds 0 and 1, as it lost 1 only on the day itself: 3, 4 and 5 are left, in this order.
  const gain = 1;
  const ideal = 1 + 1 / Math.log2(3);

  test('against all tracks gained', () => {
    const { rPrecision, clicks, ...rest } = answer.all.ways.popularity;
    expect({ rPrecision, clicks }).toEqual({ rPrecision: 1 / 3, clicks: 0 });
    expect(rest['ndcg@500']).toBeCloseTo(gain / (ideal + 1 / 2), 12);
    expect(rest['recall@500']).toBe(1 / 3);
  });

  test('against those known before', () => {
    const { rPrecision, ...rest } = answer.known.ways.popularity;
    expect(rPrecision).toBe(1 / 2);
    expect(rest['ndcg@500']).toBeCloseTo(gain / ideal, 12);
    expect(answer.known.playlists).toBe(1);
  });
});

test('a horizon leaves out what came after it', async () => {
  const january = await answerOf('2021-02-01');
  expect(january).toMatchObject({ playlists: 1, additions: 1, additionsKnownBefore: 1 });
  expect(january.all.ways.popularity.rPrecision).toBe(1);
});

test('where nothing is to be found the mistake says what there is', async () => {
  await expect(answerOf(null, '2022-01-01')).rejects.toThrow(
    '--cutoff 2022-01-01: expected tracks in playlists before it and tracks added from it on, got memberships dated 2020-01-01 to 2021-02-01',
  );
});

test('the same again gives the same bytes', async () => {
  expect(JSON.stringify(await answerOf(null))).toBe(JSON.stringify(answer));
});
