import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openDuckdb } from '../../infra/duckdb.ts';
import { openLake } from '../../infra/lake.ts';
import { openProfileUrls } from '../../infra/pictures/profile-urls.ts';
import { createTable, lakeTables } from '../../pipelines/tables.ts';
import { saveParquet } from '../../pipelines/views.ts';

let home: string;
let now = 0;
const silent = () => undefined;
const log = { info: silent, warn: silent, error: silent };

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'profiles-'));
});

afterEach(() => rm(home, { recursive: true }));

type Row = [happenedAt: string, listener: string, url: string | null];

async function add(fingerprint: string, rows: readonly Row[]): Promise<void> {
  const sql = await openDuckdb({ threads: 1 });
  await openLake(home).update(async (update) => {
    const path = join(update.scratch, 'profiles.parquet');
    await sql.run(createTable('profiles', lakeTables.profiles));
    for (const [at, listener, url] of rows) {
      await sql.run(
        `INSERT INTO profiles BY NAME SELECT CAST($at AS TIMESTAMP) AS happened_at,
           $listener AS listener, $url AS picture_url, 'test' AS source`,
        { at, listener, url },
      );
    }
    const written = await saveParquet(sql, path, 'profiles');
    const counts = { rowsIn: written, rowsOut: written, tables: {}, dropped: {}, repaired: {} };
    await update.commit({ source: 'test', fingerprint, counts }, [
      { path, table: 'profiles', rows: written },
    ]);
  });
  sql.dispose();
}

test('the newest profile says where the picture is, and new ones are read within a minute', async () => {
  const urls = openProfileUrls(home, () => now, log);
  expect(await urls.pictureUrlOf('ana')).toBeUndefined();
  await add('1', [
    ['2014-01-01 00:00:00', 'ana', 'https://pictures.example/old.png'],
    ['2014-02-01 00:00:00', 'ana', "https://pictures.example/o'brien.png"],
    ['2014-01-01 00:00:00', "b'u", 'https://pictures.example/b.png'],
    ['2014-01-01 00:00:00', 'citra', 'https://pictures.example/c.png'],
    ['2014-02-01 00:00:00', 'citra', null],
  ]);
  now += 60_000;
  const users = ['ana', "b'u", 'citra', 'nobody'];
  const found = await Promise.all(users.map((user) => urls.pictureUrlOf(user)));
  expect(found).toEqual([
    { url: "https://pictures.example/o'brien.png", givenAt: Date.parse('2014-02-01T00:00:00Z') },
    { url: 'https://pictures.example/b.png', givenAt: Date.parse('2014-01-01T00:00:00Z') },
    undefined,
    undefined,
  ]);
  await add('2', [['2014-03-01 00:00:00', 'ana', null]]);
  expect(await urls.pictureUrlOf('ana')).toBeDefined();
  now += 60_000;
  expect(await urls.pictureUrlOf('ana')).toBeUndefined();
  await urls.dispose();
  await urls.dispose();
});
