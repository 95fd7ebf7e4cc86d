import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { join } from 'node:path';
import { openDuckdb } from '../../infra/duckdb.ts';
import {
  feedbackOf,
  filesOf,
  historyFixture,
  importInto,
  listensOf,
  reasonsOf,
  writeZip,
} from '../support/history.ts';
import { queryLake, temporaryFolder, writeSources } from '../support/sources.ts';

let root: ReturnType<typeof temporaryFolder>;
let home: string;
beforeEach(() => {
  root = temporaryFolder();
  home = join(root.path, 'home');
});
afterEach(() => root.remove());

describe("ListenBrainz's export", () => {
  test('the archive gives listens, and feedback by the names that its listens have', async () => {
    const zip = await writeZip(
      join(root.path, 'listenbrainz_ann_1704000000.zip'),
      await filesOf(historyFixture('listenbrainz')),
    );
    const funnel = await importInto(home, zip);
    expect(funnel).toMatchObject({
      source: 'listenbrainz-49915e0d7d4b',
      rowsIn: 10,
      tables: { listens: 3, feedback: 2 },
      passedOver: ['pinned_recording.jsonl', 'user.json'],
    });
    expect(await listensOf(home)).toEqual([
      ['2023-12-31 00:00:00.000', 'Mogwai', 'Cody', 'Come On Die Young', 221000, 'spotify.com'],
      ['2023-12-31 00:05:00.500', 'Low', 'White Horses', null, null, 'foobar2000'],
      ['2024-01-01 00:00:00.000', 'mogwai', 'cody', null, 61000, 'rhythmbox'],
    ]);
    expect(await feedbackOf(home)).toEqual([
      ['2023-12-31 05:20:00.000', 'love', 'Low', 'White Horses', null],
      ['2023-12-31 05:21:40.000', 'hate', 'Mogwai', 'Cody', null],
    ]);
    expect(await reasonsOf(home)).toEqual([
      ['feedback.jsonl', 3, 'a recording that no listen names'],
      ['feedback.jsonl', 4, 'unknown score'],
      ['listens/2024/1.jsonl', 2, 'bad date'],
      ['listens/2024/1.jsonl', 3, 'not a JSON object'],
    ]);
  });

  test('the older single array, with the time under either name', async () => {
    await importInto(home, historyFixture('listenbrainz-old', 'ann_lb-2023.json'));
    expect((await listensOf(home)).map((row) => row.slice(0, 3))).toEqual([
      ['2014-01-01 00:00:00.000', 'Ann', 'Old'],
      ['2023-12-31 00:00:00.000', 'Mogwai', 'Cody'],
    ]);
  });
});

describe('the log of a player', () => {
  test('L is a listen and S a skip; remarks are no rows', async () => {
    const funnel = await importInto(home, historyFixture('scrobbler', 'utc.txt'));
    expect(funnel).toMatchObject({
      source: 'scrobbler-49915e0d7d4b',
      format: 'scrobbler-log',
      rowsIn: 6,
    });
    expect(await listensOf(home)).toEqual([
      ['2006-03-26 12:00:12.000', 'Metallica', 'Enter Sandman', 'Metallica', null, 'rockbox'],
      ['2006-03-26 12:06:19.000', 'Steppenwolf', 'The Pusher', 'Live', null, 'rockbox'],
    ]);
    expect(await feedbackOf(home)).toEqual([
      ['2006-03-26 12:06:17.000', 'skip', 'Portishead', 'Cowboys', null],
    ]);
    expect(await reasonsOf(home)).toEqual([
      ['utc.txt', 8, 'untagged file'],
      ['utc.txt', 9, 'wrong number of columns'],
      ['utc.txt', 10, 'unknown rating'],
    ]);
  });

  test('a clock of its place is that of the zone, in summer and in winter', async () => {
    // 12:00:12 on the day on which summer time began in Paris, and 02:00 in October.
    await importInto(home, historyFixture('scrobbler', 'local.txt'), { zone: 'Europe/Paris' });
    expect((await listensOf(home)).map((row) => row[0])).toEqual([
      '2006-03-26 10:00:12.000',
      '2006-10-22 00:00:00.000',
    ]);
    await expect(importInto(home, historyFixture('scrobbler', 'local.txt'))).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('expected --zone'),
    });
  });
});

test("Maloja's export: artists joined, seconds heard, where it came from in info", async () => {
  await importInto(home, historyFixture('maloja'));
  expect(await listensOf(home)).toEqual([
    ['2022-04-23 03:20:00.000', 'Red Velvet', 'Psycho', null, null, null],
    ['2022-04-23 03:25:24.000', 'Grimes, Janelle Monáe', 'Venus Fly', 'Art Angels', 196000, null],
  ]);
  expect((await reasonsOf(home)).map((row) => row[2])).toEqual(['missing artist', 'bad date']);
  const [{ info }] = (await queryLake(
    home,
    `SELECT info FROM lake.listens WHERE title = 'Venus Fly'`,
  )) as [{ info: string }];
  expect(JSON.parse(info)).toEqual({ origin: 'client:navidrome', length_s: 225 });
});

describe('tables of your own', () => {
  test('CSV with any separator; ISO 8601, Unix seconds and milliseconds side by side', async () => {
    const funnel = await importInto(home, historyFixture('own', 'listens.csv'), {
      map: 'listened_at=ts, artist=who, title=what, played_ms=ms',
    });
    expect(funnel).toMatchObject({
      source: 'history-49915e0d7d4b',
      format: 'csv',
      dropped: { 'bad play time': 1 },
      repaired: { 'impossible length': 1 },
    });
    expect(await listensOf(home)).toEqual([
      ['2024-06-11 21:55:00.000', 'Portishead', 'Glory Box', null, 301000, null],
      ['2024-06-11 23:50:00.000', 'Low', 'Days; Like These', null, null, null],
      ['2024-06-12 10:00:00.000', 'Mogwai', 'Cody', null, null, null],
    ]);
  });

  test('NDJSON, also of columns in objects', async () => {
    await importInto(home, historyFixture('own', 'listens.ndjson'), {
      map: 'listened_at=ts,artist=track.artist.name,title=track.name,client=player',
    });
    expect(await listensOf(home)).toEqual([
      ['2024-06-11 23:50:00.000', 'Mogwai', 'Cody', null, null, 'winamp'],
    ]);
    expect(await reasonsOf(home)).toEqual([['listens.ndjson', 2, 'missing artist']]);
  });

  test('Parquet with times of any type, on disk and in an archive', async () => {
    const path = join(root.path, 'own.parquet');
    const sql = await openDuckdb({ threads: 1 });
    await sql.run(`COPY (
      SELECT * FROM (VALUES
        (TIMESTAMP '2024-06-11 23:55:00', 1718150100, 'Portishead', 'Glory Box', 5),
        (TIMESTAMP '2024-06-11 23:59:00.25', 1718150340, NULL, 'Nobody', 6)
      ) t("when", unix, "the artist", title, ms)) TO '${path}' (FORMAT parquet)`);
    sql.dispose();
    const map = (time: string) => `listened_at=${time},artist=the artist,title=title,played_ms=ms`;
    const row = ['2024-06-11 23:55:00.000', 'Portishead', 'Glory Box', null, 5, null];
    await importInto(home, path, { map: map('when') });
    expect(await listensOf(home)).toEqual([row]);
    expect(await reasonsOf(home)).toEqual([['own.parquet', 2, 'missing artist']]);
    const files = await filesOf(root.path);
    const zip = await writeZip(join(root.path, 'own.zip'), { 'a.parquet': files['own.parquet']! });
    const other = join(root.path, 'other');
    await importInto(other, zip, { map: map('unix') });
    expect(await listensOf(other)).toEqual([row]);
  });

  test('a map is asked for, checked, and its columns must be there', async () => {
    const path = historyFixture('own', 'listens.csv');
    const folder = await writeSources(root.path, { 'x.parquet': 'PAR1 and nothing more' });
    const saying = async (options: object, place = path) =>
      importInto(home, place, options).then(
        () => 'imported',
        (error: Error) => error.message.split(root.path).join('').split(path).join('FILE'),
      );
    expect(await saying({})).toContain('say with --map');
    expect(await saying({ format: 'csv' })).toContain('--format csv: expected --map');
    expect(await saying({ format: 'cvs' })).toContain('--format: expected one of spotify,');
    expect(await saying({ format: 'maloja', map: 'listened_at=ts,artist=a,title=b' })).toContain(
      '--map: expected it with csv, ndjson, parquet, got it with maloja',
    );
    expect(await saying({ map: 'artist=who' })).toBe(
      '--map: expected listened_at=..., got "artist=who"',
    );
    expect(await saying({ map: 'listened_at=ts,artist=who,title=name' })).toBe(
      'FILE, line 1: expected the columns ts, who, name of --map, got ts;who;what;ms',
    );
    expect(
      await saying({ map: 'listened_at=ts,artist=who,title=name' }, join(folder, 'x.parquet')),
    ).toBe('/x.parquet: expected a Parquet file, got a damaged one');
  });
});
