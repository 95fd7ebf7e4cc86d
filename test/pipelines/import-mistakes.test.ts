import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { importFolder } from '../../infra/import-folder.ts';
import { Mistake } from '../../model/mistake.ts';
import { temporaryFolder, writeSources } from '../support/sources.ts';

let root: ReturnType<typeof temporaryFolder>;
let data: string;
let home: string;
beforeEach(() => {
  root = temporaryFolder();
  data = join(root.path, 'data');
  home = join(root.path, 'home');
});
afterEach(() => root.remove());

/** The mistake that importing the folder gives, `<data>` for the folder. */
async function mistakeOf(folder = data): Promise<[string, string]> {
  const error = await importFolder(folder, home).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(Mistake);
  const { code, message } = error as Mistake;
  return [code, message.replaceAll(data, '<data>')];
}

const listens = [
  'listened_at,listener,zone,language,artist,title',
  '2014-05-01T10:00:00Z,ann,Asia/Jakarta,id,Mogwai,Cody',
];

describe('a mistake in the sources gives one line', () => {
  test('no such folder', async () => {
    expect(await mistakeOf()).toEqual([
      'SOURCE_MISSING',
      '<data>: expected a folder with sources, found nothing',
    ]);
  });

  test('a file where a folder should be', async () => {
    await writeSources(root.path, { data: 'x' });
    expect(await mistakeOf()).toEqual([
      'SOURCE_MISSING',
      '<data>: expected a folder with sources, found a file',
    ]);
  });

  test('a folder without sources', async () => {
    await writeSources(data, { 'notes.txt': 'x' });
    expect(await mistakeOf()).toEqual([
      'SOURCE_MISSING',
      '<data>: expected listens/nowplaying-2014.csv or listens.csv, found no source that is known',
    ]);
  });

  test('a folder without listens', async () => {
    await writeSources(data, { 'text/other_artists_2500_chars.jsonl': '{}' });
    expect(await mistakeOf()).toEqual([
      'SOURCE_MISSING',
      '<data>: expected listens/nowplaying-2014.csv or listens.csv, found no listens, only text/*.jsonl',
    ]);
  });

  test('a layout without one of its files', async () => {
    await writeSources(data, {
      'listens.csv': listens,
      'playlists/playlists.csv': 'x',
      'playlists/playlist_track_history.csv': 'x',
      'playlists/playlist_tracks_2021-05-09.csv': 'x',
    });
    expect(await mistakeOf()).toEqual([
      'SOURCE_MISSING',
      '<data>/playlists/tracks.csv: expected this file beside playlists/playlists.csv, found no such file',
    ]);
  });

  test('memberships without recordings', async () => {
    await writeSources(data, {
      'listens.csv': listens,
      'playlists.csv': 'x',
      'memberships.csv': 'x',
    });
    expect(await mistakeOf()).toEqual([
      'SOURCE_MISSING',
      '<data>/recordings.csv: expected this file beside playlists.csv, found no such file',
    ]);
  });

  test('an empty file', async () => {
    await writeSources(data, { 'listens.csv': '' });
    expect(await mistakeOf()).toEqual([
      'SOURCE_EMPTY',
      '<data>/listens.csv: expected the columns listened_at, listener, artist, title and at will ' +
        'zone, language, got an empty file',
    ]);
  });

  test('a header without rows', async () => {
    await writeSources(data, { 'listens.csv': listens.slice(0, 1) });
    expect(await mistakeOf()).toEqual([
      'SOURCE_EMPTY',
      '<data>/listens.csv: expected at least one row, got a header alone',
    ]);
  });

  test('an empty file of texts', async () => {
    await writeSources(data, {
      'listens.csv': listens,
      'text/other_artists_2500_chars.jsonl': '\n\n',
    });
    expect(await mistakeOf()).toEqual([
      'SOURCE_EMPTY',
      '<data>/text/other_artists_2500_chars.jsonl: expected at least one row, got an empty file',
    ]);
  });

  test('a column that is missing', async () => {
    await writeSources(data, { 'listens.csv': ['listened_at,listener,artist', 'a,b,c'] });
    expect(await mistakeOf()).toEqual([
      'SOURCE_INVALID',
      '<data>/listens.csv: expected the columns listened_at, listener, artist, title and at will ' +
        'zone, language, got listened_at, listener, artist',
    ]);
  });

  test('a column that nobody knows', async () => {
    await writeSources(data, {
      'listens.csv': ['listened_at,listener,timezone,artist,title', 'a,b,c,d,e'],
    });
    expect(await mistakeOf()).toEqual([
      'SOURCE_INVALID',
      '<data>/listens.csv: expected the columns listened_at, listener, artist, title and at will ' +
        'zone, language, got listened_at, listener, timezone, artist, title',
    ]);
  });

  test('a wrong column of a file that is not ours', async () => {
    await writeSources(data, {
      'listens/nowplaying-2014.csv': [
        'timestamp_utc,user,time_zone,utc_offset_s,lang,artist,track',
        '2014-01-30T13:47:51Z,u1,Jakarta,25200,en,Mogwai,Cody',
      ],
    });
    expect(await mistakeOf()).toEqual([
      'SOURCE_INVALID',
      '<data>/listens/nowplaying-2014.csv: expected the columns timestamp_utc, user, time_zone, ' +
        'utc_offset_s, ui_lang, artist, track, got timestamp_utc, user, time_zone, utc_offset_s, ' +
        'lang, artist, track',
    ]);
  });

  test('not a text file', async () => {
    await mkdir(data);
    await writeFile(join(data, 'listens.csv'), Buffer.from('PAR1\0\0\xff\xfe', 'latin1'));
    expect(await mistakeOf()).toEqual([
      'SOURCE_INVALID',
      '<data>/listens.csv: expected the columns listened_at, listener, artist, title and at will ' +
        'zone, language, got no text',
    ]);
  });

  test('a folder in place of a file', async () => {
    await mkdir(join(data, 'listens.csv'), { recursive: true });
    expect(await mistakeOf()).toEqual([
      'SOURCE_INVALID',
      '<data>/listens.csv: expected a readable file, got a folder',
    ]);
  });

  test('a compressed file that is cut off, damaged, or none', async () => {
    const whole = gzipSync(Array.from({ length: 999 }, (_, n) => `${listens[0]} ${n}`).join('\n'));
    const middle = whole.length >> 1;
    const damaged = Buffer.from(whole).fill(0xa5, middle, middle + 9);
    const wrongSum = Buffer.from(whole).fill(0, whole.length - 8, whole.length - 4);
    for (const [bytes, got] of [
      [whole.subarray(0, middle), 'one that ends too early'],
      [damaged, 'a damaged one'],
      [wrongSum, 'a damaged one'],
      [Buffer.from('not gzip'), 'a damaged one'],
    ] as const) {
      await writeSources(data, { 'listens.csv.gz': bytes });
      expect(await mistakeOf()).toEqual([
        'SOURCE_INVALID',
        `<data>/listens.csv.gz: expected a whole gzip file, got ${got}`,
      ]);
    }
  });

  test('rows of which none can be used', async () => {
    await writeSources(data, {
      'listens.csv': [
        listens[0]!,
        'yesterday,ann,,,Mogwai,Cody',
        '2014-05-01T10:00:00Z,ann,Mars/Olympus,,Mogwai,Cody',
        'today,ann,,,Mogwai,Cody',
      ],
    });
    expect(await mistakeOf()).toEqual([
      'SOURCE_INVALID',
      '<data>/listens.csv: expected rows that can be used, got none; most often: bad date ' +
        '(2 rows, the first in line 2)',
    ]);
  });

  test('a mistake in one source leaves those before it, and nothing of its own', async () => {
    await writeSources(data, {
      'listens.csv': listens,
      'text/other_artists_2500_chars.jsonl': 'no JSON\n',
    });
    await expect(importFolder(data, home)).rejects.toThrow(Mistake);
    await writeSources(data, {
      'text/other_artists_2500_chars.jsonl':
        '{"name":"Mogwai","wikipedia_page_id":1,"text":"A Scottish band."}\n',
    });
    const funnels = await importFolder(data, home);
    expect(funnels.map(({ source, reused }) => [source, reused])).toEqual([
      ['plain-data', true],
      ['wikipedia', false],
    ]);
  });
});
