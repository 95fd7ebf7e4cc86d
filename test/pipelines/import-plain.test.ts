import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { gzipSync } from 'node:zlib';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { importFolder } from '../../infra/import-folder.ts';
import {
  lakeFiles,
  queryLake,
  readRejects,
  temporaryFolder,
  writeSources,
} from '../support/sources.ts';

let root: ReturnType<typeof temporaryFolder>;
let data: string;
let home: string;
beforeEach(() => {
  root = temporaryFolder();
  data = join(root.path, 'my data');
  home = join(root.path, 'home');
});
afterEach(() => root.remove());

const header = 'listened_at,listener,zone,language,artist,title';
const listens = [
  header,
  '2014-05-01T10:00:00Z,ann,Asia/Jakarta,id,Efek Rumah Kaca,Cinta Melulu',
  '2014-05-01T23:59:59Z,ann,Jakarta,id,Mogwai,Hunted by a Freak',
  '2014-05-02T00:00:00Z,bob,,,"Tyler, The Creator","She said ""Yes"""',
];

describe('the plain format', () => {
  test('listens alone are enough, and lie by UTC day', async () => {
    await writeSources(data, { 'listens.csv': listens });
    const [funnel] = await importFolder(data, home);
    expect(funnel).toMatchObject({
      source: 'plain-my-data',
      files: ['listens.csv'],
      rowsIn: 3,
      rowsOut: 3,
      tables: { listens: 3 },
      dropped: {},
      repaired: {},
      reused: false,
    });
    const rows = await queryLake(
      home,
      `SELECT strftime(listened_at, '%Y-%m-%d %H:%M:%S') AS t,
              * EXCLUDE (listened_at, album, played_ms, client, info)
       FROM lake.listens ORDER BY t`,
    );
    const source = 'plain-my-data';
    expect(rows).toEqual([
      {
        t: '2014-05-01 10:00:00',
        listener: 'ann',
        zone: 'Asia/Jakarta',
        language: 'id',
        artist: 'Efek Rumah Kaca',
        title: 'Cinta Melulu',
        source,
      },
      {
        t: '2014-05-01 23:59:59',
        listener: 'ann',
        zone: 'Asia/Jakarta',
        language: 'id',
        artist: 'Mogwai',
        title: 'Hunted by a Freak',
        source,
      },
      {
        t: '2014-05-02 00:00:00',
        listener: 'bob',
        zone: null,
        language: null,
        artist: 'Tyler, The Creator',
        title: 'She said "Yes"',
        source,
      },
    ]);
    const days = [...(await lakeFiles(home)).keys()].filter((file) => file.startsWith('listens'));
    expect(days.map((file) => file.split('/')[1])).toEqual(['day=2014-05-01', 'day=2014-05-02']);
  });

  test('every optional file becomes its table', async () => {
    await writeSources(data, {
      'listens.csv': listens,
      'recordings.csv': [
        'recording_id,title,artists,album,album_id,length_s,released,popularity,genres,danceability,tempo,musical_key,mode,known_from',
        'r1,Cinta Melulu,Efek Rumah Kaca,Efek Rumah Kaca,a1,265,2007,71,Indie ; Rock,0.5,120.5,11,1,2010-01-02',
        'r2,Duet,Ann ; Bob,,,,,,,,,,,',
      ],
      'playlists.csv': ['playlist_id,name,description', 'p1,Calm,"two', 'lines"'],
      'memberships.csv': [
        'playlist_id,recording_id,added,removed',
        'p1,r1,2014-01-01,2014-02-01',
        'p1,r2,2014-01-01,',
      ],
      'texts.jsonl': [
        '{"text_id":"t1","artist":"Mogwai","published":"2013-01-01","body":"A Scottish band."}',
      ],
      'artist_plays.csv': ['listener,artist,plays,known_from', 'x,Mogwai,12,2011-05-31'],
      'artist_tags.csv': ['artist,tag,tagged,listener', 'Mogwai,Post-Rock,2010-03-01,x'],
    });
    const [funnel] = await importFolder(data, home);
    expect(funnel).toMatchObject({
      rowsIn: 11,
      rowsOut: 11,
      dropped: {},
      repaired: { 'date without day': 1 },
    });
    const [recording] = await queryLake(
      home,
      `SELECT title, artists, genres, CAST(released AS VARCHAR) AS released, length_s, popularity,
              danceability, energy, musical_key, mode FROM lake.recordings WHERE recording_id = 'r1'`,
    );
    expect(recording).toEqual({
      title: 'Cinta Melulu',
      artists: ['Efek Rumah Kaca'],
      genres: ['indie', 'rock'],
      released: '2007-01-01',
      length_s: 265,
      popularity: 71,
      danceability: 0.5,
      energy: null,
      musical_key: 11,
      mode: 1,
    });
    expect(
      await queryLake(
        home,
        `SELECT artists, genres FROM lake.recordings WHERE recording_id = 'r2'`,
      ),
    ).toEqual([{ artists: ['Ann', 'Bob'], genres: [] }]);
    expect(await queryLake(home, 'SELECT description FROM lake.playlists')).toEqual([
      { description: 'two\nlines' },
    ]);
    expect(
      await queryLake(home, `SELECT count(*) AS n, count(removed) AS gone FROM lake.memberships`),
    ).toEqual([{ n: 2, gone: 1 }]);
    expect(await queryLake(home, 'SELECT artist, tag FROM lake.artist_tags')).toEqual([
      { artist: 'Mogwai', tag: 'post-rock' },
    ]);
    expect(await queryLake(home, 'SELECT plays FROM lake.artist_plays')).toEqual([{ plays: 12 }]);
    expect(await queryLake(home, 'SELECT body FROM lake.texts')).toEqual([
      { body: 'A Scottish band.' },
    ]);
  });

  test('a compressed file, a byte-order mark and Windows line ends change nothing', async () => {
    await writeSources(join(root.path, 'a/same'), { 'listens.csv': listens });
    await writeSources(join(root.path, 'b/same'), {
      'listens.csv.gz': gzipSync(`\u{feff}${listens.join('\r\n')}\r\n`),
    });
    await importFolder(join(root.path, 'a/same'), join(root.path, 'home-a'));
    await importFolder(join(root.path, 'b/same'), join(root.path, 'home-b'));
    const query = 'SELECT * FROM lake.listens ORDER BY ALL';
    expect(await queryLake(join(root.path, 'home-b'), query)).toEqual(
      await queryLake(join(root.path, 'home-a'), query),
    );
  });

  test('importing the same twice changes nothing, and says so', async () => {
    await writeSources(data, { 'listens.csv': listens });
    const [first] = await importFolder(data, home);
    const before = await lakeFiles(home);
    const [second] = await importFolder(data, home);
    expect(await lakeFiles(home)).toEqual(before);
    expect(second).toEqual({ ...first, reused: true, seconds: second!.seconds });
  });

  test('the same sources give the same bytes', async () => {
    await writeSources(data, { 'listens.csv': [...listens, listens[1]!] });
    await importFolder(data, home, { duckdb: { threads: 1 } });
    await importFolder(data, `${home}2`, { duckdb: { threads: 4 } });
    expect(await lakeFiles(`${home}2`)).toEqual(await lakeFiles(home));
  });

  test('a grown file adds only its new rows', async () => {
    await writeSources(data, { 'listens.csv': listens.slice(0, 3) });
    await importFolder(data, home);
    const before = await lakeFiles(home);
    const more = '2014-05-01T12:00:00Z,cyn,Asia/Tokyo,ja,嵐,Love so sweet';
    await writeSources(data, { 'listens.csv': [...listens, more] });
    const [grown] = await importFolder(data, home);
    expect(grown).toMatchObject({
      rowsIn: 4,
      rowsOut: 2,
      dropped: { 'in the lake already': 2 },
      reused: false,
    });
    expect(await queryLake(home, 'SELECT count(*) AS n FROM lake.listens')).toEqual([{ n: 4 }]);
    const after = await lakeFiles(home);
    for (const [file, bytes] of before) {
      if (file !== 'manifest.json') expect(after.get(file)).toBe(bytes);
    }
  });

  test('a row that stands twice in a file counts once', async () => {
    await writeSources(data, { 'listens.csv': [...listens, listens[1]!, listens[1]!] });
    const [funnel] = await importFolder(data, home);
    expect(funnel).toMatchObject({
      rowsIn: 5,
      rowsOut: 3,
      dropped: { 'repeated in the source': 2 },
    });
  });

  test('every broken row is counted by its reason and kept aside with its line', async () => {
    const lines = [
      header, // 1
      '2014-05-01T10:00:00Z,ann,Asia/Jakarta,id,Mogwai,Cody', // 2
      '2014-05-01T10:00:00Z,ann,Asia/Jakarta,id,Mogwai', // 3
      '2014-05-01T10:00:00Z,ann,Asia/Jakarta,id,Mogwai,Cody,more', // 4
      '2014-02-30T10:00:00Z,ann,Asia/Jakarta,id,Mogwai,Cody', // 5
      '2014-05-01,ann,Asia/Jakarta,id,Mogwai,Cody', // 6
      '1970-01-01T00:00:00Z,ann,Asia/Jakarta,id,Mogwai,Cody', // 7
      '2014-05-01T10:00:00Z,,Asia/Jakarta,id,Mogwai,Cody', // 8
      '', // 9, blank: not a row
      '2014-05-01T10:00:00Z,ann,Mars/Olympus,id,Mogwai,Cody', // 10
      '2014-05-01T10:00:00Z,ann,Asia/Jakarta,id,  ,Cody', // 11
      '2014-05-01T10:00:00Z,ann,Asia/Jakarta,id,Mogwai,', // 12
      '2014-05-01T10:00:00Z,ann,Asia/Jakarta,id,"Mogwai,Cody', // 13
      'BYTES', // 14
      '2014-05-01T11:00:00Z,ann,Asia/Jakarta,id,Mogwai,"Stray" quote', // 15
      '2014-05-01T11:00:00Z,ann,Asia/Jakarta,id,Mogwai,Helicon 1', // 16
      'x', // 17
    ];
    const [head, tail] = lines.join('\n').split('BYTES');
    await writeSources(data, {
      'listens.csv': Buffer.concat([
        Buffer.from(head!),
        Buffer.from([0x61, 0xff, 0xfe]),
        Buffer.from(tail!),
      ]),
    });
    const [funnel] = await importFolder(data, home);
    expect(funnel).toMatchObject({
      rowsIn: 15,
      rowsOut: 2,
      dropped: {
        'bad date': 2,
        'impossible date': 1,
        'missing artist': 1,
        'missing listener': 1,
        'missing title': 1,
        'not valid UTF-8': 1,
        'quotation marks that do not match': 2,
        'unknown time zone': 1,
        'wrong number of columns': 3,
      },
    });
    const rejects = await readRejects(home);
    expect(rejects.map(({ line, reason }) => [line, reason])).toEqual([
      [3, 'wrong number of columns'],
      [4, 'wrong number of columns'],
      [5, 'bad date'],
      [6, 'bad date'],
      [7, 'impossible date'],
      [8, 'missing listener'],
      [10, 'unknown time zone'],
      [11, 'missing artist'],
      [12, 'missing title'],
      [13, 'quotation marks that do not match'],
      [14, 'not valid UTF-8'],
      [15, 'quotation marks that do not match'],
      [17, 'wrong number of columns'],
    ]);
    expect(rejects[0]).toEqual({
      source: 'plain-my-data',
      file: 'listens.csv',
      line: 3,
      reason: 'wrong number of columns',
      raw: lines[2],
    });
    expect(rejects.filter(({ line }) => line !== 14).map(({ line, raw }) => [line, raw])).toEqual(
      rejects.filter(({ line }) => line !== 14).map(({ line }) => [line, lines[line - 1]]),
    );
  });

  test('a stray quotation mark costs its own row, and fields may hold line breaks', async () => {
    const row = (n: number, title: string) => `2014-05-01T10:00:0${n}Z,ann,,,Artist ${n},${title}`;
    await writeSources(data, {
      'listens.csv': [
        header,
        row(1, '"never closed'),
        row(2, '"two'),
        'lines"'.concat(''),
        row(3, '"three'),
        '',
        'lines, ""quoted"""',
        row(4, 'plain'),
        row(5, '"not closed either'),
      ],
    });
    const [funnel] = await importFolder(data, home);
    expect(funnel).toMatchObject({
      rowsIn: 5,
      rowsOut: 3,
      dropped: { 'quotation marks that do not match': 2 },
    });
    expect(await queryLake(home, 'SELECT title FROM lake.listens ORDER BY listened_at')).toEqual([
      { title: 'two\nlines' },
      { title: 'three\n\nlines, "quoted"' },
      { title: 'plain' },
    ]);
    expect((await readRejects(home)).map(({ line }) => line)).toEqual([2, 9]);
  });

  test('names that were decoded or escaped wrongly are repaired, and others left alone', async () => {
    const artists = [
      'AsFÃ¢r',
      'Simon &amp; Garfunkel',
      'Fur.\u200b',
      'BEYONCÉ’S',
      'Ã',
      '可苦可樂',
      'M&M',
    ];
    await writeSources(data, {
      'listens.csv': [
        header,
        ...artists.map((artist, i) => `2014-05-01T10:00:0${i}Z,ann,,,${artist},x`),
      ],
    });
    const [funnel] = await importFolder(data, home);
    expect(await queryLake(home, 'SELECT artist FROM lake.listens ORDER BY listened_at')).toEqual(
      ['AsFâr', 'Simon & Garfunkel', 'Fur.', 'BEYONCÉ’S', 'Ã', '可苦可樂', 'M&M'].map((artist) => ({
        artist,
      })),
    );
    expect(funnel!.repaired).toEqual({
      'HTML entity': 1,
      'invisible character': 1,
      'wrong encoding': 1,
    });
  });

  test("a missing zone is that of the listener's listen nearest in time", async () => {
    const row = (time: string, listener: string, zone: string) =>
      `2014-05-01T${time}:00Z,${listener},${zone},,Artist,at ${time}`;
    await writeSources(data, {
      'listens.csv': [
        header,
        row('10:00', 'ann', 'Asia/Tokyo'),
        row('11:00', 'ann', ''), // nearer to 10:00
        row('13:00', 'ann', ''), // as near to 10:00 as to 16:00: the earlier
        row('15:00', 'ann', ''), // nearer to 16:00
        row('16:00', 'ann', 'Europe/Paris'),
        row('18:00', 'ann', ''),
        row('10:00', 'bob', ''), // of whom nothing is known
      ],
    });
    const [funnel] = await importFolder(data, home);
    expect(funnel!.repaired).toEqual({ "zone of the listener's nearest listen": 4 });
    const zones = await queryLake<{ zone: string | null }>(
      home,
      'SELECT zone FROM lake.listens ORDER BY listener, listened_at',
    );
    expect(zones.map(({ zone }) => zone)).toEqual([
      'Asia/Tokyo',
      'Asia/Tokyo',
      'Asia/Tokyo',
      'Europe/Paris',
      'Europe/Paris',
      'Europe/Paris',
      null,
    ]);
  });

  test('missing lengths, impossible dates and impossible features are repaired', async () => {
    await writeSources(data, {
      'listens.csv': listens,
      'recordings.csv': [
        'recording_id,title,artists,length_s,released,energy,popularity',
        'r1,Song,Ann,200,2014-13-01,0.5,50',
        'r2,song,ANN,0,2014-06,7,900',
        'r3,Song,Bob,,NA,,',
        'r4,Song,Ann,-5,2014,,',
        'r5,Song,Ann,210.4,2014-06-01,,',
        'r6,Song,Ann,200,0000-00-00,,',
      ],
    });
    const [funnel] = await importFolder(data, home);
    expect(funnel!.dropped).toEqual({ 'bad length': 1 });
    expect(funnel!.repaired).toEqual({
      'date without day': 1,
      'impossible audio feature': 1,
      'impossible date': 2,
      'impossible popularity': 1,
      'missing length': 1,
    });
    const rows = await queryLake<{ r: string; length_s: number; released: string }>(
      home,
      `SELECT recording_id AS r, length_s, CAST(released AS VARCHAR) AS released
       FROM lake.recordings ORDER BY r`,
    );
    expect(rows.map(({ r, length_s, released }) => [r, length_s, released])).toEqual([
      ['r1', 200, null],
      ['r2', 200, '2014-06-01'],
      ['r3', null, null],
      ['r5', 210, '2014-06-01'],
      ['r6', 200, null],
    ]);
  });

  test('broken lines of JSON and members of unknown playlists are kept aside', async () => {
    await writeSources(data, {
      'listens.csv': listens,
      'texts.jsonl': [
        '{"text_id":"t1","artist":"A","published":"2013-01-01","body":"x"}',
        '{"text_id":"t2","artist":"A","published":"2013-01-01","bo',
        '[1]',
        '{"text_id":"t3","artist":"A","published":"2013-99-01","body":"x"}',
        '{"text_id":"t4","published":"2013-01-01","body":"x"}',
      ],
      'recordings.csv': ['recording_id,title,artists', 'r1,Song,Ann'],
      'playlists.csv': ['playlist_id,name', 'p1,Calm'],
      'memberships.csv': [
        'playlist_id,recording_id,added,removed',
        'p1,r1,2014-01-01,',
        'p2,r1,2014-01-01,',
        'p1,r2,2014-01-01,',
        'p1,r1,2014-01-01,2013-01-01',
      ],
    });
    const [funnel] = await importFolder(data, home);
    expect(funnel!.tables).toEqual({
      listens: 3,
      memberships: 1,
      playlists: 1,
      recordings: 1,
      texts: 1,
    });
    expect((await readRejects(home)).map(({ file, line, reason }) => [file, line, reason])).toEqual(
      [
        ['memberships.csv', 3, 'unknown playlist'],
        ['memberships.csv', 4, 'unknown track'],
        ['memberships.csv', 5, 'removed before added'],
        ['texts.jsonl', 2, 'not a JSON object'],
        ['texts.jsonl', 3, 'not a JSON object'],
        ['texts.jsonl', 4, 'bad date'],
        ['texts.jsonl', 5, 'missing artist'],
      ],
    );
  });

  test('a file with a header alone is fine beside the listens', async () => {
    await writeSources(data, {
      'listens.csv': listens,
      'recordings.csv': ['recording_id,title,artists'],
    });
    const [funnel] = await importFolder(data, home);
    expect(funnel!.tables).toEqual({ listens: 3 });
  });

  test('an aborted import stops and leaves the lake as it was', async () => {
    await writeSources(data, { 'listens.csv': listens });
    await importFolder(data, home);
    const before = await lakeFiles(home);
    await writeFile(join(data, 'listens.csv'), `${header}\n${listens[1]!.replace('10:', '11:')}\n`);
    const stop = new Error('stopped');
    await expect(importFolder(data, home, { signal: AbortSignal.abort(stop) })).rejects.toBe(stop);
    expect(await lakeFiles(home)).toEqual(before);
  });
});
