import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { join } from 'node:path';
import { importFolder } from '../../infra/import-folder.ts';
import { queryLake, readRejects, temporaryFolder, writeSources } from '../support/sources.ts';

let root: ReturnType<typeof temporaryFolder>;
let data: string;
let home: string;
beforeEach(() => {
  root = temporaryFolder();
  data = join(root.path, 'data');
  home = join(root.path, 'home');
});
afterEach(() => root.remove());

const nowplayingHeader =
  'timestamp_utc,user,time_zone,utc_offset_s,ui_lang,artist,track,title_artist_split_ambiguous';

/** Listens of one user, ten seconds apart, with these names. */
function nowplaying(names: readonly (readonly [string, string])[]): string {
  const quote = (name: string) => `"${name.replaceAll('"', '""')}"`;
  const rows = names.map(([artist, track], i) => {
    const time = new Date(Date.UTC(2014, 4, 1, 0, 0, i * 10)).toISOString().replace('.000', '');
    return `${time},u1,Jakarta,25200,id,${quote(artist)},${quote(track)},0`;
  });
  return [nowplayingHeader, ...rows, ''].join('\r\n');
}

async function importedNames(names: readonly (readonly [string, string])[]) {
  await writeSources(data, { 'listens/nowplaying-2014.csv': nowplaying(names) });
  const [funnel] = await importFolder(data, home);
  const rows = await queryLake<{ artist: string; title: string }>(
    home,
    'SELECT artist, title FROM lake.listens ORDER BY listened_at',
  );
  return { funnel: funnel!, names: rows.map(({ artist, title }) => [artist, title]) };
}

describe('listens as people tweeted them', () => {
  test('links, hashtags and torn quotation marks are taken out of names', async () => {
    const { funnel, names } = await importedNames([
      ['Lorde - http://t.co/6loqEy5ph5', 'Royals'],
      ['Papoose', '6AM (feat. Jim Jones) (http://t.co/Mb4L38EgFZ)'],
      ['The Script', 'Hall Of Fame (feat http://t.co/1i4fwQYnZF)'],
      ['#Coldplay', '#Trouble'],
      ['Pixies #b-side', 'Wave of Mutilation (UK Surf)'],
      ['The Asteroid #4', 'The Windmill'],
      ['Bob Dylan', 'Rainy Day Women #12 & 35'],
      ['#Slayer with #Band', 'Implode'],
      ['#ÉdithPiaf', 'Non, #jeneregretterien'],
      ['Daft Punk"', '"Instant Crush'],
      ['"Weird Al" Yankovic', '"Word Crimes"'],
      ['Pink Floyd', 'pink floyd - Shine On'],
    ]);
    expect(names).toEqual([
      ['Lorde', 'Royals'],
      ['Papoose', '6AM (feat. Jim Jones)'],
      ['The Script', 'Hall Of Fame'],
      ['Coldplay', 'Trouble'],
      ['Pixies', 'Wave of Mutilation (UK Surf)'],
      ['The Asteroid #4', 'The Windmill'],
      ['Bob Dylan', 'Rainy Day Women #12 & 35'],
      ['Slayer with #Band', 'Implode'],
      ['ÉdithPiaf', 'Non, #jeneregretterien'],
      ['Daft Punk', 'Instant Crush'],
      ['"Weird Al" Yankovic', '"Word Crimes"'],
      ['Pink Floyd', 'Shine On'],
    ]);
    expect(funnel.repaired).toEqual({
      'artist repeated in the title': 1,
      'hashtag in a name': 5,
      'link in a name': 3,
      'stray quotation mark': 1,
    });
  });

  test('an artist that is only a link is found in the title, or the row is kept aside', async () => {
    const { funnel, names } = await importedNames([
      ['http://t.co/MimbYvdKk2', 'Rolling Stones---Ruby Tuesday'],
      ['http://t.co/UyNLQxIdip', 'Scream and Shout'],
      ['Goodnight Electric', 'http://t.co/cYPCF0zO2W.B.O.T'],
    ]);
    expect(names).toEqual([['Rolling Stones', 'Ruby Tuesday']]);
    expect(funnel.dropped).toEqual({ 'missing artist': 1, 'missing title': 1 });
    expect((await readRejects(home)).map(({ line }) => line)).toEqual([3, 4]);
  });

  test('artist and title are exchanged where the file itself shows that they are', async () => {
    const { funnel, names } = await importedNames([
      ['Bastille', 'Pompeii'],
      ['Bastille', 'Flaws'],
      ['pompeii', 'bastille'],
      ['Journey', 'Wilco'], // no other row speaks against it
      ['Talk Talk', 'Talk Talk'],
    ]);
    expect(names).toEqual([
      ['Bastille', 'Pompeii'],
      ['Bastille', 'Flaws'],
      ['bastille', 'pompeii'],
      ['Journey', 'Wilco'],
      ['Talk Talk', 'Talk Talk'],
    ]);
    expect(funnel.repaired).toEqual({ 'artist and title exchanged': 1 });
  });

  test('a listen exchanged only when the file has grown is not added again', async () => {
    await importedNames([['pompeii', 'bastille']]);
    const { funnel } = await importedNames([
      ['pompeii', 'bastille'],
      ['Bastille', 'Pompeii'],
      ['Bastille', 'Flaws'],
    ]);
    expect(funnel).toMatchObject({ rowsOut: 2, dropped: { 'in the lake already': 1 } });
  });

  test('an offset of whole hours stands for a missing zone of whom nothing else is known', async () => {
    const row = (user: string, zone: string, offset: string, language: string) =>
      `2014-05-01T10:00:00Z,${user},${zone},${offset},${language},Mogwai,Cody,0`;
    await writeSources(data, {
      'listens/nowplaying-2014.csv': [
        nowplayingHeader,
        row('u1', '', '25200', 'xx-lc'),
        row('u2', '', '19800', 'zh-cn'),
        row('u3', 'Mid-Atlantic', '-7200', ''),
      ],
    });
    const [funnel] = await importFolder(data, home);
    expect(funnel!.repaired).toEqual({ 'unknown language': 1, 'zone of the offset': 1 });
    expect(
      await queryLake(home, 'SELECT zone, language FROM lake.listens ORDER BY listener'),
    ).toEqual([
      { zone: 'Etc/GMT-7', language: null },
      { zone: null, language: 'zh-CN' },
      { zone: 'Atlantic/South_Georgia', language: null },
    ]);
  });
});

const listens = { 'listens/nowplaying-2014.csv': nowplaying([['Mogwai', 'Cody']]) };

describe('playlists with their history', () => {
  const files = {
    ...listens,
    'playlists/playlists.csv': ['playlist_id,name,description,n', 'p1,Calm,Ki &amp; Ka,1'],
    'playlists/tracks.csv': [
      'track_id,title,artists,artist_ids,album,album_id,length_s',
      't1,Cody,Mogwai ; Ann,x,Come On,a1,394',
      't2,<MISSING>,,x,<MISSING>,a2,100',
      't3,Helicon,Mogwai\u00a0,x,Ten Rapid,a3,0',
      't4,Never Listed,Mogwai,x,Ten Rapid,a3,',
    ],
    'playlists/playlist_tracks_2021-05-09.csv': [
      'playlist_id,position,track_id,title,artists,artist_ids,album,album_id,length_s',
      'p1,1,t1,Cody,Mogwai,x,Come On,a1,394',
      'p1,2,t3,Helicon,Mogwai,x,Ten Rapid,a3,360',
      'p1,3,t3,Helicon,Mogwai,x,Ten Rapid,a3,360',
    ],
    'playlists/playlist_track_history.csv': [
      'playlist_id,track_id,added,removed',
      'p1,t1,2019-05-26,2019-06-01',
      'p1,t1,2019-05-26,2019-05-27',
      'p1,t1,2020-01-01,2020-01-01',
      'p1,t1,2020-01-01,',
      'p1,t2,2020-01-01,',
      'p9,t1,2020-01-01,',
    ],
  };

  test('stays are merged, what the history misses is added on the last day', async () => {
    await writeSources(data, files);
    const funnel = (await importFolder(data, home)).find(
      ({ source }) => source === 'playlists-2021',
    );
    expect(funnel).toMatchObject({
      rowsIn: 14,
      tables: { playlists: 1, recordings: 3, memberships: 3 },
      dropped: {
        'missing title': 1,
        'repeated in the source': 2,
        'unknown playlist': 1,
        'unknown track': 1,
      },
      repaired: { 'HTML entity': 1, 'missing length': 1 },
    });
    const rows = await queryLake<Record<string, string>>(
      home,
      `SELECT recording_id AS r, CAST(added AS VARCHAR) AS a, CAST(removed AS VARCHAR) AS z
       FROM lake.memberships ORDER BY r, a`,
    );
    expect(rows.map(({ r, a, z }) => [r, a, z])).toEqual([
      ['t1', '2019-05-26', '2019-06-01'],
      ['t1', '2020-01-01', null],
      ['t3', '2021-05-09', null],
    ]);
    const recordings = await queryLake<Record<string, unknown>>(
      home,
      `SELECT recording_id AS r, artists, length_s, CAST(known_from AS VARCHAR) AS k
       FROM lake.recordings ORDER BY r`,
    );
    expect(recordings).toEqual([
      { r: 't1', artists: ['Mogwai', 'Ann'], length_s: 394, k: '2019-05-26' },
      { r: 't3', artists: ['Mogwai'], length_s: 360, k: '2021-05-09' },
      { r: 't4', artists: ['Mogwai'], length_s: null, k: '2021-05-09' },
    ]);
  });
});

describe('tracks with genres and audio features', () => {
  test('a track in several playlists has the genres of all', async () => {
    const header =
      'track_id,track_name,track_artist,track_popularity,track_album_id,track_album_name,' +
      'track_album_release_date,playlist_name,playlist_id,playlist_genre,playlist_subgenre,' +
      'danceability,energy,key,loudness,mode,speechiness,acousticness,instrumentalness,liveness,' +
      'valence,tempo,duration_ms';
    const row = (id: string, name: string, playlist: string, genres: string, tempo: string) =>
      `${id},${name},Queen,66.0,a1,Album,1975-11,List ${playlist},${playlist},${genres},0.7,9e-05,6.0,` +
      `-2.6,1.0,0.0583,0.102,0.0,0.0653,0.518,${tempo},194754.0`;
    await writeSources(data, {
      ...listens,
      'tracks/spotify_songs.csv': [
        header,
        row('t1', 'Song', 'p1', 'rock,album rock', '122.036'),
        row('t1', 'Song', 'p2', 'pop,dance pop', '122.036'),
        row('t1', 'Song', 'p2', 'pop,electropop', '122.036'),
        row('t2', 'NA', 'p2', 'pop,electropop', '122.036'),
        row('t3', 'Silence', 'p2', 'pop,electropop', '0.0'),
      ],
    });
    const funnel = (await importFolder(data, home)).find(
      ({ source }) => source === 'spotify-songs-2020',
    );
    expect(funnel).toMatchObject({
      rowsIn: 5,
      tables: { playlists: 2, recordings: 2, memberships: 3 },
      dropped: { 'missing title': 1 },
      repaired: { 'audio features of a failed analysis': 1, 'date without day': 4 },
    });
    expect(
      await queryLake(
        home,
        `SELECT recording_id AS r, genres, length_s, CAST(released AS VARCHAR) AS released,
                musical_key, round(tempo, 3) AS tempo, energy > 0 AS energetic
         FROM lake.recordings ORDER BY r`,
      ),
    ).toEqual([
      {
        r: 't1',
        genres: ['album rock', 'dance pop', 'electropop', 'pop', 'rock'],
        length_s: 195,
        released: '1975-11-01',
        musical_key: 6,
        tempo: expect.closeTo(122.036, 3),
        energetic: true,
      },
      {
        r: 't3',
        genres: ['electropop', 'pop'],
        length_s: 195,
        released: '1975-11-01',
        musical_key: null,
        tempo: null,
        energetic: null,
      },
    ]);
  });
});

describe('last.fm', () => {
  test('names are joined, quotation marks are characters, impossible dates are unknown', async () => {
    const lines = (...rows: string[]) =>
      rows.map((row) => row.replaceAll(' | ', '\t')).join('\r\n');
    await writeSources(data, {
      ...listens,
      'lastfm-2k/artists.dat': lines(
        'id | name | url | p',
        '1 | Royce da 5\'9" | u | p',
        '2 | BallakÃ© | u | ',
      ),
      'lastfm-2k/tags.dat': `\u{feff}${lines('tagID | tagValue', '7 | Post-Rock')}`,
      'lastfm-2k/user_artists.dat': lines(
        'userID | artistID | weight',
        '9 | 1 | 12',
        '9 | 2 | 0',
        '9 | 3 | 5',
      ),
      'lastfm-2k/user_taggedartists.dat': lines(
        'userID | artistID | tagID | day | month | year',
        '9 | 1 | 7 | 1 | 4 | 2009',
        '8 | 2 | 7 | 1 | 6 | 1956',
        '8 | 3 | 7 | 1 | 6 | 2009',
      ),
    });
    const funnel = (await importFolder(data, home)).find(({ source }) => source === 'lastfm-2k');
    expect(funnel).toMatchObject({
      rowsIn: 9,
      tables: { artist_plays: 1, artist_tags: 2 },
      dropped: { 'bad number of plays': 1, 'unknown artist': 2 },
      repaired: { 'impossible date': 1, 'wrong encoding': 1 },
    });
    expect(
      await queryLake(
        home,
        `SELECT listener, artist, tag, CAST(tagged AS VARCHAR) AS tagged FROM lake.artist_tags
         ORDER BY listener`,
      ),
    ).toEqual([
      { listener: 'lastfm-8', artist: 'Ballaké', tag: 'post-rock', tagged: null },
      { listener: 'lastfm-9', artist: 'Royce da 5\'9"', tag: 'post-rock', tagged: '2009-04-01' },
    ]);
  });
});
