import { expect, test } from '@jest/globals';
import { checkListen } from '../../infra/http/listens-check.ts';
import {
  lineOf,
  listenAnswerOf,
  playingNowAnswerOf,
  recordingMsidOf,
} from '../../infra/http/listens-row.ts';
import { lakeTables } from '../../pipelines/tables.ts';

const checked = (info?: object, more: object = {}) =>
  checkListen(
    {
      listened_at: 1_443_521_965,
      track_metadata: {
        artist_name: 'Rick "Never" Astley',
        track_name: 'Gib’s nicht auf\n🎧',
        ...(info === undefined ? {} : { additional_info: info }),
        ...more,
      },
    },
    'single',
    1_790_000_000,
  );

function rowOf(info?: object, more?: object): Record<string, unknown> {
  const line = lineOf(checked(info, more), JSON.stringify('ana "a"'));
  expect(line.endsWith('}\n')).toBe(true);
  expect(line.slice(0, -1)).not.toContain('\n');
  return JSON.parse(line) as Record<string, unknown>;
}

test('a listen is one line with columns of the table listens', () => {
  expect(rowOf(undefined, { release_name: 'Whenever' })).toEqual({
    listened_at: '2015-09-29T10:19:25.000Z',
    listener: 'ana "a"',
    artist: 'Rick "Never" Astley',
    title: 'Gib’s nicht auf\n🎧',
    album: 'Whenever',
  });
  const full = rowOf({ media_player: 'x', duration_played: 7, a: 1 });
  for (const column of Object.keys(full)) expect(lakeTables.listens).toHaveProperty(column);
});

test('how long it was heard comes from duration_played in seconds, or ms_played', () => {
  const playedMs = (info: object) => rowOf(info)['played_ms'];
  expect(playedMs({ duration_played: 29 })).toBe(29_000);
  expect(playedMs({ duration_played: '29.5' })).toBe(29_500);
  expect(playedMs({ ms_played: 29_999 })).toBe(29_999);
  expect(playedMs({ ms_played: 1, duration_played: 0 })).toBe(0);
  for (const value of [-1, 'long', null, [], 1e9, true, '']) {
    expect(playedMs({ duration_played: value })).toBeUndefined();
  }
});

test('on what it was heard is the first of service, its name, where from and player, in lower case', () => {
  const client = (info: object) => rowOf(info)['client'];
  const all = {
    media_player: 'Rhythmbox',
    listening_from: 'VLC',
    music_service_name: 'Jamendo Music',
    music_service: 'Spotify.com',
  };
  expect(client(all)).toBe('spotify.com');
  expect(client({ ...all, music_service: ' ' })).toBe('jamendo music');
  expect(client({ ...all, music_service: 7, music_service_name: null })).toBe('vlc');
  expect(client({ media_player: 'Rhythmbox' })).toBe('rhythmbox');
  expect(client({ submission_client: 'x' })).toBeUndefined();
});

test('what else was said is kept as JSON, and read back as it was sent, objects by their path', () => {
  const info = { tags: ['a'], tracknumber: 3, a: { b: { c: 'd' } }, __proto__x: 1 };
  const mbid_mapping = { recording_mbid: '98255a8c-017a-4bc7-8dd6-1fa36124572b' };
  const row = rowOf(info, { mbid_mapping });
  expect(JSON.parse(row['info'] as string)).toEqual({ ...info, mbid_mapping });
  expect(rowOf({})['info']).toBeUndefined();
  const recordingMsid = recordingMsidOf('Air', 'Sexy Boy', null);
  const answer = listenAnswerOf(
    {
      listened_at: 1_443_521_965,
      artist: 'Air',
      title: 'Sexy Boy',
      album: null,
      info: row['info'] as string,
    },
    'ana',
  );
  expect(answer).toEqual({
    inserted_at: 0,
    listened_at: 1_443_521_965,
    recording_msid: recordingMsid,
    user_name: 'ana',
    track_metadata: {
      additional_info: {
        tags: ['a'],
        tracknumber: 3,
        'a.b.c': 'd',
        __proto__x: 1,
        recording_msid: recordingMsid,
      },
      artist_name: 'Air',
      track_name: 'Sexy Boy',
      mbid_mapping,
    },
  });
});

test('rows of other sources, without or with another info, are read back as well', () => {
  const row = { listened_at: 1, artist: 'a', title: 't', album: 'b', info: null };
  for (const info of [null, 'no JSON', '[1]', '7']) {
    const { track_metadata } = listenAnswerOf({ ...row, info }, 'ana');
    expect(track_metadata).toEqual({
      additional_info: { recording_msid: recordingMsidOf('a', 't', 'b') },
      artist_name: 'a',
      track_name: 't',
      release_name: 'b',
    });
  }
});

test('the id of a recording is a UUID of its names, whatever their case', () => {
  const id = recordingMsidOf('Air', 'Sexy Boy', null);
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(recordingMsidOf('AIR', 'sexy boy', null)).toBe(id);
  expect(recordingMsidOf('Air', 'Sexy Boy', 'Moon Safari')).not.toBe(id);
  expect(recordingMsidOf('Air Sexy', 'Boy', null)).not.toBe(id);
});

test('what is playing is told without a time', () => {
  expect(playingNowAnswerOf(checked({ duration: 222 }, { release_name: 'W' }), 'ana')).toEqual({
    playing_now: true,
    user_name: 'ana',
    track_metadata: {
      additional_info: { duration: 222 },
      artist_name: 'Rick "Never" Astley',
      track_name: 'Gib’s nicht auf\n🎧',
      release_name: 'W',
    },
  });
});
