import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openDuckdb } from '../../infra/duckdb.ts';
import type { Sql } from '../../pipelines/ports.ts';
import { snapshot } from '../../pipelines/snapshot.ts';
import { writeCatalogue } from '../support/catalogue-folder.ts';
import { temporaryFolder } from '../support/sources.ts';
import { runStage, type StageOutcome } from '../support/stage.ts';
import type { Rows } from '../support/tables.ts';

/** A Monday. */
const cutoff = '2014-03-31T00:00:00.000Z';
const before = '2014-03-30 00:00:00';
const earlier = '2014-03-20 00:00:00';
const after = '2014-03-31 00:00:01';

/**
 * Alpha has tracks 0 and 1 (versions of work 0) and 2 (work 1), Beta 3 and 4 (works 2 and 3), Gamma 5
 * (work 4), with Alpha as a guest. The album with index 0 holds tracks 3 and 4.
 */
const tracks: Rows = [
  { work_ix: 0, artist_ix: 0, artists: ['Alpha'] },
  { work_ix: 0, artist_ix: 0, artists: ['Alpha'] },
  { work_ix: 1, artist_ix: 0, artists: ['Alpha'] },
  { work_ix: 2, artist_ix: 1, artists: ['Beta'] },
  { work_ix: 3, artist_ix: 1, artists: ['Beta'] },
  { work_ix: 4, artist_ix: 2, artists: ['Gamma', 'alpha'] },
].map((row, track_ix) => ({ track_ix, genres: [], title: '-', known_from: '2014-01-01', ...row }));

/** Each case has listeners of its own, so that none shows in another. */
const people: string[] = [];
function listener(name: string): number {
  if (!people.includes(name)) people.push(name);
  return people.indexOf(name);
}

const feedback: Record<string, string | number | null>[] = [];
const blocks: Record<string, string | number | null>[] = [];
const saves: Record<string, string | number | boolean | null>[] = [];
const exclusions: Record<string, string | number | boolean | null>[] = [];
const searches: Record<string, string | number>[] = [];
const ownTracks: Record<string, string | number | null>[] = [];
const profiles: Record<string, string | number | null>[] = [];
const listens: Record<string, string | number | null>[] = [];
const skipped: Record<string, string | number>[] = [];
const clients: Record<string, string | number>[] = [];

function says(who: string, kind: string, track_ix: number, happened_at = before): void {
  feedback.push({ listener_ix: listener(who), track_ix, happened_at, kind });
}
function plays(who: string, track_ix: number, listened_at = before, client?: string): void {
  const row = { listener_ix: listener(who), track_ix, listened_at };
  listens.push({ ...row, zone: 'Asia/Jakarta' });
  if (client !== undefined) clients.push({ ...row, client });
}
function bars(who: string, block: object, until: string | null, happened_at = before): void {
  plays(who, 2, earlier);
  blocks.push({ listener_ix: listener(who), happened_at, until, ...block });
}
function excludes(who: string, what: object, happened_at = before): void {
  exclusions.push({ listener_ix: listener(who), happened_at, lifted: false, ...what });
}

says('loves', 'love', 0);
plays('loves what they play', 0);
says('loves what they play', 'love', 0);
says('loves too late', 'love', 0, after);
plays('loves too late', 3);
plays('hates', 1);
plays('hates', 3);
says('hates', 'hate', 0);
plays('hates a take', 0);
says('hates a take', 'hate', 1);
says('hates a take', 'love', 0);
plays('takes it back', 0);
says('takes it back', 'hate', 0, earlier);
says('takes it back', 'none', 0);
plays('changes their mind', 3);
says('changes their mind', 'love', 0, earlier);
says('changes their mind', 'hate', 0);

plays('skips', 3);
plays('skips', 0, '2014-03-29 12:00:00');
says('skips', 'skip', 0, '2014-03-29 12:00:20');
plays('skips late', 0, '2014-03-29 12:00:00');
says('skips late', 'skip', 0, '2014-03-29 12:00:40');
plays('skips elsewhere', 3);
says('skips elsewhere', 'skip', 0);
plays('plays for seconds', 0);
skipped.push({ listener_ix: listener('plays for seconds'), track_ix: 0, listened_at: before });

const album = { scope: 'album', artist_ix: 1, album_ix: 0 };
bars('blocks an artist', { scope: 'artist', artist_ix: 0 }, null);
bars('blocks an album', album, null);
bars('blocks a track', { scope: 'track', track_ix: 1 }, null);
bars('blocked until then', { scope: 'track', track_ix: 3 }, '2014-03-30 17:00:00');
bars('blocked a second longer', { scope: 'track', track_ix: 3 }, '2014-03-30 17:00:01');
bars('lifts', { scope: 'track', track_ix: 3 }, null, earlier);
bars('lifts', { scope: 'track', track_ix: 3 }, before);
bars('blocks too late', { scope: 'track', track_ix: 3 }, null, after);

for (const who of ['excludes a client', 'excludes days', 'lifts an exclusion', 'excludes all']) {
  plays(who, 0, '2014-03-10 00:00:00', 'kids.example');
  plays(who, 3, '2014-03-12 00:00:00');
}
excludes('excludes a client', { client: 'kids.example' });
excludes('excludes days', { since: '2014-03-12 00:00:00', before: '2014-03-13 00:00:00' });
excludes('lifts an exclusion', { client: 'kids.example' }, earlier);
excludes('lifts an exclusion', { client: 'kids.example', lifted: true });
excludes('excludes all', {});

const save = (who: string, what: object, saved = true, happened_at = before) =>
  saves.push({ listener_ix: listener(who), happened_at, saved, ...what });
save('saves', { scope: 'track', track_ix: 0 });
save('saves an album', album);
save('takes out again', { scope: 'track', track_ix: 0 }, true, earlier);
save('takes out again', { scope: 'track', track_ix: 0 }, false);
plays('takes out again', 3);

const owns = (who: string, track_ix: number, removed: string | null) =>
  ownTracks.push({ listener_ix: listener(who), playlist_ix: 0, track_ix, added: before, removed });
owns('has a playlist', 0, null);
owns('has a playlist', 3, '2014-03-30 12:00:00');
owns('has a playlist', 4, after);
for (const happened_at of [before, '2014-03-30 01:00:00']) {
  searches.push({ listener_ix: listener('searches'), artist_ix: 1, happened_at });
}

const profile = (who: string, happened_at: string, zone: string | null, country: string | null) =>
  profiles.push({ listener_ix: listener(who), happened_at, zone, country, language: 'nl' });
plays('moves', 0);
profile('moves', earlier, 'Asia/Tokyo', 'JP');
profile('moves', before, 'Europe/Amsterdam', 'BE');
profile('moves', after, 'America/New_York', 'US');
plays('says nothing of where', 0);
profile('says nothing of where', before, 'Mars/Olympus', null);

const home = temporaryFolder();
let sql: Sql;
let outcome: StageOutcome;

beforeAll(async () => {
  sql = await openDuckdb({ threads: 1 });
  const catalogue = join(home.path, 'catalogue');
  await mkdir(catalogue);
  await writeCatalogue(sql, catalogue, {
    tracks,
    artists: ['Alpha', 'Beta', 'Gamma'].map((name, artist_ix) => ({ artist_ix, name })),
    listeners: people.map((name, listener_ix) => ({ listener_ix, listener: name })),
    ...{ listens, feedback, blocks, saves, exclusions, searches, profiles },
    album_tracks: [3, 4].map((track_ix) => ({ album_ix: 0, track_ix })),
    own_tracks: ownTracks,
    skipped_listens: skipped,
    listen_clients: clients,
  });
  outcome = await runStage(snapshot, {
    inputs: { catalogue },
    options: { cutoff, halfLifeDays: 1 },
    output: join(home.path, 'snapshot'),
  });
});

afterAll(() => {
  sql.dispose();
  home.remove();
});

/** Rows of a listener in the order of the file. */
async function rowsOf(table: string, columns: string, who: string): Promise<unknown[][]> {
  const rows = await sql.rows(
    `SELECT ${columns} FROM read_parquet('${join(home.path, 'snapshot', `${table}.parquet`)}')
     WHERE listener_ix = ${people.indexOf(who)}`,
  );
  return rows.map((row) => Object.values(row));
}
const confidence = (who: string) => rowsOf('interactions', 'track_ix, plays, confidence', who);
const ofArtists = (who: string) =>
  rowsOf('artist_interactions', 'artist_ix, plays, confidence', who);
const heard = async (who: string) => (await rowsOf('heard', 'work_ix', who)).flat();
const barred = (who: string) => rowsOf('barred', 'work_ix, reason', who);

describe('love and hate', () => {
  test('a love is five plays of the day on which it was said, without a listen too', async () => {
    expect(await confidence('loves')).toEqual([[0, 0, 2.5]]);
    expect(await ofArtists('loves')).toEqual([[0, 0, 2.5]]);
    expect(await heard('loves')).toEqual([0]);
    expect(await rowsOf('listeners', 'zone, listens', 'loves')).toEqual([['Etc/UTC', 0]]);
    expect(await confidence('loves what they play')).toEqual([[0, 1, 3]]);
  });

  test('what is said from the cut-off on is not known', async () => {
    expect(await confidence('loves too late')).toEqual([[3, 1, 0.5]]);
    expect(await barred('blocks too late')).toEqual([]);
  });

  test('a hated work is barred in every version, and counts for nothing', async () => {
    expect(await barred('hates')).toEqual([[0, 'hated']]);
    expect(await confidence('hates')).toEqual([[3, 1, 0.5]]);
    expect(await ofArtists('hates')).toEqual([[1, 1, 0.5]]);
    expect(await heard('hates')).toEqual([0, 2]);
  });

  test('who hates one take and loves another keeps the other', async () => {
    expect(await barred('hates a take')).toEqual([[0, 'hated']]);
    expect(await confidence('hates a take')).toEqual([[0, 1, 3]]);
  });

  test('the newest word counts, and none takes back', async () => {
    expect(await barred('takes it back')).toEqual([]);
    expect(await confidence('takes it back')).toEqual([[0, 1, 0.5]]);
    expect(await barred('changes their mind')).toEqual([[0, 'hated']]);
    expect(await confidence('changes their mind')).toEqual([[3, 1, 0.5]]);
  });
});

describe('a skip', () => {
  test('is heard, and takes the confidence of the play that it ended', async () => {
    expect(await confidence('skips')).toEqual([[3, 1, 0.5]]);
    expect(await heard('skips')).toEqual([0, 2]);
  });

  test('after the thirtieth second ends a play that counts', async () => {
    expect((await confidence('skips late')).map(([track, n]) => [track, n])).toEqual([[0, 1]]);
  });

  test('of what was played nowhere else is heard', async () => {
    expect(await confidence('skips elsewhere')).toEqual([[3, 1, 0.5]]);
    expect(await heard('skips elsewhere')).toEqual([0, 2]);
  });

  test('told by how long the listen was says the same', async () => {
    expect(await confidence('plays for seconds')).toEqual([]);
    expect(await heard('plays for seconds')).toEqual([0]);
    expect(await rowsOf('listeners', 'listens', 'plays for seconds')).toEqual([[1]]);
  });
});

describe('a block', () => {
  test('of an artist bars their works, and those on which they are a guest', async () => {
    const reason = 'artist blocked';
    expect(await barred('blocks an artist')).toEqual([0, 1, 4].map((work) => [work, reason]));
    expect(await heard('blocks an artist')).toEqual([0, 1, 4]);
  });

  test('of an album bars what is on it', async () => {
    expect(await barred('blocks an album')).toEqual([2, 3].map((work) => [work, 'album blocked']));
  });

  test('of a track bars every version of it', async () => {
    expect(await barred('blocks a track')).toEqual([[0, 'track blocked']]);
  });

  test('holds for the weeks that begin before it ends, on the clock of the listener', async () => {
    // Monday begins in Jakarta at 17:00 UTC on Sunday.
    expect(await barred('blocked until then')).toEqual([]);
    expect(await barred('blocked a second longer')).toEqual([[2, 'track blocked']]);
  });

  test('can be lifted', async () => {
    expect(await barred('lifts')).toEqual([]);
  });

  test('does not change what the listener likes', async () => {
    expect((await confidence('blocks an artist')).map(([track]) => track)).toEqual([2]);
  });
});

describe('listens that are not of one’s taste', () => {
  const played = async (who: string) => (await confidence(who)).map(([track]) => track);

  test('are those of a client, of some days, or all', async () => {
    expect(await played('excludes a client')).toEqual([3]);
    expect(await played('excludes days')).toEqual([0]);
    expect(await played('excludes all')).toEqual([]);
    expect(await ofArtists('excludes all')).toEqual([]);
  });

  test('stay heard', async () => {
    for (const who of ['excludes a client', 'excludes days', 'excludes all']) {
      expect(await heard(who)).toEqual([0, 2]);
    }
  });

  test('are of it again when the exclusion is lifted', async () => {
    expect(await played('lifts an exclusion')).toEqual([0, 3]);
  });
});

describe('a collection', () => {
  test('a saved track is a play, a saved album one of the artist; neither is new', async () => {
    expect(await confidence('saves')).toEqual([[0, 0, 0.5]]);
    expect(await heard('saves')).toEqual([0]);
    expect(await confidence('saves an album')).toEqual([]);
    expect(await ofArtists('saves an album')).toEqual([[1, 0, 0.5]]);
    expect(await heard('saves an album')).toEqual([2, 3]);
  });

  test('what was taken out again counts no more, and stays known', async () => {
    expect(await confidence('takes out again')).toEqual([[3, 1, 0.5]]);
    expect(await heard('takes out again')).toEqual([0, 2]);
  });

  test('a track in a playlist of one’s own is two plays while it is there', async () => {
    expect(await confidence('has a playlist')).toEqual([
      [0, 0, 1],
      [4, 0, 1],
    ]);
    expect(await heard('has a playlist')).toEqual([0, 2, 3]);
  });

  test('a search speaks for the artist a little, once a day', async () => {
    const quarter = 0.25 * 0.5 ** (23 / 24);
    expect(await ofArtists('searches')).toEqual([[1, 0, expect.closeTo(quarter, 6)]]);
    expect(await heard('searches')).toEqual([]);
  });
});

test('listeners live where their newest profile says, else where they listen', async () => {
  const where = (who: string) => rowsOf('listeners', 'zone, country, area', who);
  expect(await where('moves')).toEqual([['Europe/Amsterdam', 'BE', 'Europe']]);
  expect(await where('says nothing of where')).toEqual([['Asia/Jakarta', 'ID', 'Asia']]);
  expect(await rowsOf('profiles', 'zone, country, language', 'moves')).toEqual([
    ['Europe/Amsterdam', 'BE', 'nl'],
  ]);
});

test('listens that are set aside are no votes either', async () => {
  const votes = await sql.rows<{ listeners: number }>(
    `SELECT listeners FROM read_parquet('${join(home.path, 'snapshot', 'track_popularity.parquet')}')
     WHERE track_ix = 0`,
  );
  const likers = await Promise.all(
    people.map(async (who) => (await confidence(who))[0]?.[0] === 0),
  );
  expect(votes).toEqual([{ listeners: likers.filter((likes) => likes).length }]);
});

test('the funnel counts what was said and what it set aside and barred', () => {
  expect(outcome.figures).toMatchObject({
    loves: 3,
    hates: 3,
    blocks: 4,
    exclusions: 3,
    saves: 2,
    'listens skipped': 2,
    'listens excluded': 4,
    'works hated': 3,
    'works artist blocked': 3,
    'works track blocked': 2,
  });
});
