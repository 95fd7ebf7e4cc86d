import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { join } from 'node:path';
import { importFolder } from '../../infra/import-folder.ts';
import { countryCode, pictureAddress } from '../../model/profile.ts';
import { queryLake, readRejects, temporaryFolder, writeSources } from '../support/sources.ts';

let root: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  root = temporaryFolder();
});
afterEach(() => root.remove());

const listens = [
  'listened_at,listener,artist,title',
  '2014-05-01T10:00:00Z,ann,Efek Rumah Kaca,Cinta Melulu',
];

test('profiles are taken in as they are known everywhere, and what cannot be used is told', async () => {
  const home = join(root.path, 'home');
  const data = join(root.path, 'data');
  await writeSources(data, {
    'listens.csv': listens,
    'profiles.csv': [
      'listener,zone,country,language,picture_url,at',
      'ann,Jakarta,id,in,https://pictures.example/ann.png,2026-11-01T10:00:00+07:00',
      'ann,Asia/Makassar,,xx-lc,,2026-11-02T10:00:00Z',
      'bob,,,,,2026-11-02',
      'bob,Mars/Olympus,,,,2026-11-02T10:00:00Z',
      'bob,,XX,,,2026-11-02T10:00:00Z',
      'bob,,,,http://pictures.example/bob.png,2026-11-02T10:00:00Z',
      ',,,,,2026-11-02T10:00:00Z',
    ],
  });
  const [funnel] = await importFolder(data, home);
  expect(funnel).toMatchObject({
    rowsIn: 8,
    tables: { listens: 1, profiles: 2 },
    dropped: {
      'bad date': 1,
      'unknown time zone': 1,
      'unknown country': 1,
      'bad picture address': 1,
      'missing listener': 1,
    },
    repaired: { 'unknown language': 1 },
  });
  expect(
    await queryLake(
      home,
      `SELECT strftime(happened_at, '%Y-%m-%d %H:%M') AS t, * EXCLUDE (happened_at, source)
       FROM lake.profiles ORDER BY t`,
    ),
  ).toEqual([
    {
      ...{ t: '2026-11-01 03:00', listener: 'ann', zone: 'Asia/Jakarta', country: 'ID' },
      ...{ language: 'id', picture_url: 'https://pictures.example/ann.png' },
    },
    {
      ...{ t: '2026-11-02 10:00', listener: 'ann', zone: 'Asia/Makassar', country: null },
      ...{ language: null, picture_url: null },
    },
  ]);
  expect(await readRejects(home)).toHaveLength(5);
});

test('a country is one that exists, and a picture lies behind HTTPS and no password', () => {
  expect([' id ', 'XX', 'IDN', ''].map(countryCode)).toEqual([
    'ID',
    undefined,
    undefined,
    undefined,
  ]);
  expect(
    [
      ' https://a.example/x.png ',
      'http://a.example/x.png',
      'https://me:secret@a.example/x.png',
      'https://a.example/x y.png',
      'ftp://a.example/x.png',
      'picture.png',
      `https://a.example/${'x'.repeat(2000)}`,
    ].map(pictureAddress),
  ).toEqual(['https://a.example/x.png', ...new Array<undefined>(6).fill(undefined)]);
});
