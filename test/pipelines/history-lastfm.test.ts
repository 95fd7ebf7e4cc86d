import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  feedbackOf,
  historyFixture,
  importInto,
  listensOf,
  reasonsOf,
} from '../support/history.ts';
import { queryLake, temporaryFolder, writeSources } from '../support/sources.ts';

let root: ReturnType<typeof temporaryFolder>;
let home: string;
beforeEach(() => {
  root = temporaryFolder();
  home = join(root.path, 'home');
});
afterEach(() => root.remove());

const gloryBox = ['2024-06-11 23:55:00.000', 'Portishead', 'Glory Box', 'Dummy', null, null];

describe('exports of last.fm as CSV', () => {
  test('the backup of ghan.nl: Unix time, else the date; what plays just now is no listen', async () => {
    const funnel = await importInto(home, historyFixture('lastfm', 'ghan.csv'));
    expect(funnel).toMatchObject({
      source: 'lastfm-49915e0d7d4b',
      format: 'lastfm-csv',
      rowsIn: 7,
    });
    expect(await listensOf(home)).toEqual([
      ['2024-06-10 12:00:00.000', 'Mogwai', 'Cody', null, null, null],
      ['2024-06-11 23:50:00.000', 'Tyler, The Creator', 'She said "Yes"', null, null, null],
      gloryBox,
    ]);
    expect(await reasonsOf(home)).toEqual([
      ['ghan.csv', 2, 'playing just now'],
      ['ghan.csv', 6, 'impossible date'],
      ['ghan.csv', 7, 'missing artist'],
      ['ghan.csv', 8, 'wrong number of columns'],
    ]);
    const [{ info }] = (await queryLake(
      home,
      `SELECT info FROM lake.listens WHERE title = 'Glory Box'`,
    )) as [{ info: string }];
    expect(JSON.parse(info)).toEqual({
      artist_mbid: '8f6bd1e4-fbe1-45d6-8f00-f9f14d7b5e34',
      track_mbid: 'd5e4b4c0-a2c6-4c41-a8c7-6f4e68d5af57',
    });
  });

  test('lastfmstats.com: semicolons, milliseconds, a byte-order mark', async () => {
    await importInto(home, historyFixture('lastfm', 'stats.csv'));
    expect(await listensOf(home)).toEqual([
      gloryBox,
      ['2024-06-12 00:00:00.000', 'AC/DC; live', 'T.N.T.', null, null, null],
    ]);
  });

  test('benjaminbenben.com: no header, dates to the minute', async () => {
    await importInto(home, historyFixture('lastfm', 'to-csv.csv'));
    expect(await listensOf(home)).toEqual([
      ['2024-06-11 23:50:00.000', 'Tyler The Creator', 'She said Yes', null, null, null],
      gloryBox,
    ]);
    expect(await reasonsOf(home)).toEqual([
      ['to-csv.csv', 1, 'playing just now'],
      ['to-csv.csv', 4, 'bad date'],
    ]);
  });

  test('what two exports of one account say alike is one listen', async () => {
    await importInto(home, historyFixture('lastfm', 'ghan.csv'));
    expect(await importInto(home, historyFixture('lastfm', 'stats.csv'))).toMatchObject({
      tables: { listens: 1 },
      dropped: { 'in the lake already': 1 },
    });
  });

  test('UTF-16, as spreadsheets save it, and a named encoding', async () => {
    const text = await readFile(historyFixture('lastfm', 'stats.csv'), 'utf8');
    const latin = 'Sigur Rós,,Hoppípolla,11 Jun 2024 23:50\r\n';
    const folder = await writeSources(root.path, {
      'utf16.csv': Buffer.from(text, 'utf16le'),
      'latin.csv': Buffer.from(latin, 'latin1'),
    });
    await importInto(home, join(folder, 'utf16.csv'));
    await importInto(home, join(folder, 'latin.csv'), { encoding: 'windows-1252' });
    expect(await listensOf(home)).toEqual([
      ['2024-06-11 23:50:00.000', 'Sigur Rós', 'Hoppípolla', null, null, null],
      gloryBox,
      ['2024-06-12 00:00:00.000', 'AC/DC; live', 'T.N.T.', null, null, null],
    ]);
  });

  test('a row that is not UTF-8 costs that row, and says which', async () => {
    const path = join(root.path, 'x.csv');
    await writeSources(root.path, {
      'x.csv': Buffer.concat([
        Buffer.from('Low,,A,11 Jun 2024 23:50\nSigur R'),
        Buffer.from([0xf3]),
        Buffer.from('s,,B,11 Jun 2024 23:51\nLow,,C,11 Jun 2024 23:52\n'),
      ]),
    });
    await importInto(home, path);
    expect((await listensOf(home)).map((row) => row[2])).toEqual(['A', 'C']);
    expect(await reasonsOf(home)).toEqual([['x.csv', 2, 'not valid UTF-8']]);
  });
});

describe('pages of the API of last.fm as XML', () => {
  test('plain and extended tracks, entities and CDATA; what plays just now is no listen', async () => {
    const funnel = await importInto(home, historyFixture('lastfm', 'recent.xml'));
    expect(funnel).toMatchObject({
      source: 'lastfm-49915e0d7d4b',
      format: 'lastfm-xml',
      rowsIn: 4,
    });
    expect(await listensOf(home)).toEqual([
      ['2024-06-11 23:50:00.000', 'Sigur Rós', 'Hoppípolla', null, null, null],
      [
        '2024-06-11 23:55:00.000',
        'Simon & Garfunkel',
        'The <Boxer>',
        'Bridge Over Troubled Water',
        null,
        null,
      ],
    ]);
    expect(await reasonsOf(home)).toEqual([
      ['recent.xml', 4, 'playing just now'],
      ['recent.xml', 31, 'bad date'],
    ]);
  });

  test('loved tracks are feedback; a folder of pages is read whole', async () => {
    const pages = await writeSources(join(root.path, 'pages'), {
      'recent-1.xml': await readFile(historyFixture('lastfm', 'recent.xml')),
      'loved.xml': await readFile(historyFixture('lastfm', 'loved.xml')),
    });
    const funnel = await importInto(home, pages);
    expect(funnel.tables).toEqual({ listens: 2, feedback: 2 });
    expect(await feedbackOf(home)).toEqual([
      ['2008-07-18 08:58:34.000', 'love', 'Dream Theater', 'The Glass Prison', null],
      ['2024-06-11 23:50:00.000', 'love', 'Sigur Rós', 'Hoppípolla', null],
    ]);
  });

  test('a listen of a loved track is love by then, unless a row says when or a newer one denies it', async () => {
    const heard = (title: string, uts: number, loved?: 0 | 1) =>
      `<track><artist><name>Low</name></artist><name>${title}</name>` +
      `${loved === undefined ? '' : `<loved>${loved}</loved>`}<date uts="${uts}"/></track>`;
    const page = (...tracks: string[]) => `<recenttracks>${tracks.join('')}</recenttracks>`;
    const [monday, tuesday, friday] = [1_718_000_000, 1_718_100_000, 1_718_400_000];
    const listens = [
      ...[heard('Loved', monday, 1), heard('Loved', tuesday, 1)],
      ...[heard('No longer', monday, 1), heard('No longer', tuesday, 0)],
      ...[heard('Never', monday, 0), heard('Unsaid', monday)],
      ...[heard('Dated', monday, 1), heard('Twice', monday, 0), heard('Twice', monday, 1)],
    ];
    const dated = `<lovedtracks>${heard('Dated', 1_500_000_000)}</lovedtracks>`;
    const loves = [
      ['2017-07-14 02:40:00.000', 'love', 'Low', 'Dated', null],
      ['2024-06-11 10:00:00.000', 'love', 'Low', 'Loved', null],
    ];
    const pages = await writeSources(join(root.path, 'pages'), {
      'loved.xml': dated,
      'recent.xml': page(...listens),
    });
    expect((await importInto(home, pages)).tables).toEqual({ listens: 8, feedback: 2 });
    expect(await feedbackOf(home)).toEqual(loves);
    expect(await importInto(home, pages)).toMatchObject({ reused: true });
    expect(await feedbackOf(home)).toEqual(loves);
    // A longer export says it of what was heard since.
    await writeSources(pages, { 'recent.xml': page(...listens, heard('Loved', friday, 1)) });
    expect((await importInto(home, pages)).tables).toEqual({ listens: 1, feedback: 1 });
    expect(await feedbackOf(home)).toEqual([
      ...loves,
      ['2024-06-14 21:20:00.000', 'love', 'Low', 'Loved', null],
    ]);
  });

  test('the encoding that a page declares is that of its text', async () => {
    const page =
      '<?xml version="1.0" encoding="ISO-8859-1"?><recenttracks><track><artist>Sigur Rós</artist>' +
      '<name>Ágætis byrjun</name><date uts="1718149800"/></track></recenttracks>';
    await writeSources(root.path, { 'page.xml': Buffer.from(page, 'latin1') });
    await importInto(home, join(root.path, 'page.xml'));
    expect((await listensOf(home))[0]!.slice(1, 3)).toEqual(['Sigur Rós', 'Ágætis byrjun']);
  });
});
