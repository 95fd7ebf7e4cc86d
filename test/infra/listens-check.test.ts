import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { checkListen, listenLimits, type ListenType } from '../../infra/http/listens-check.ts';
import { Refusal } from '../../infra/http/listens-errors.ts';
import { listen, nowS, playing, refusalOf } from '../support/submitted-listens.ts';

const metadata = (more: object) =>
  listen({ track_metadata: { ...listen().track_metadata, ...more } });

const long = 'x'.repeat(65);
const id = '98255a8c-017a-4bc7-8dd6-1fa36124572b';

describe('A listen is refused with the words of ListenBrainz:', () => {
  test.each<[what: string, type: ListenType, listen: unknown, message: string]>([
    ['null', 'single', null, 'Listen is empty and cannot be validated.'],
    ['a number', 'single', 7, 'JSON document must contain the key listened_at at the top level.'],
    [
      'without listened_at',
      'import',
      playing(),
      'JSON document must contain the key listened_at at the top level.',
    ],
    [
      'a listened_at of words',
      'single',
      listen({ listened_at: 'yesterday' }),
      'JSON document must contain an int value for listened_at.',
    ],
    [
      'a listened_at of null',
      'single',
      listen({ listened_at: null }),
      'JSON document must contain an int value for listened_at.',
    ],
    [
      'a fraction in a text',
      'single',
      listen({ listened_at: '1443521965.5' }),
      'JSON document must contain an int value for listened_at.',
    ],
    [
      'an hour from now',
      'single',
      listen({ listened_at: nowS + 3600 }),
      'Value for key listened_at is too high.',
    ],
    [
      'milliseconds in place of seconds',
      'single',
      listen({ listened_at: 1_443_521_965_000 }),
      'Value for key listened_at is too high.',
    ],
    [
      'a second before October 2002',
      'single',
      listen({ listened_at: 1_033_430_399 }),
      'Value for key listened_at is too low. listened_at timestamp should be greater than 1033410600 (2002-10-01 00:00:00 UTC).',
    ],
    [
      'without track_metadata',
      'single',
      { listened_at: 1_443_521_965 },
      'JSON document must contain the key track_metadata at the top level.',
    ],
    [
      'another key',
      'single',
      listen({ more: 1 }),
      'JSON document may only contain listened_at and track_metadata top level keys',
    ],
    [
      'listened_at of what is playing',
      'playing_now',
      listen(),
      'JSON document must not contain listened_at while submitting playing_now.',
    ],
    [
      'another key of what is playing',
      'playing_now',
      playing({ more: 1 }),
      'JSON document may only contain track_metadata as top level key when submitting playing_now.',
    ],
    [
      'what is playing without track_metadata',
      'playing_now',
      {},
      'JSON document must contain the key track_metadata at the top level.',
    ],
    [
      'track_metadata of null',
      'single',
      listen({ track_metadata: null }),
      'JSON document may not have track_metadata with null value.',
    ],
    [
      'without a title',
      'single',
      listen({ track_metadata: { artist_name: 'Air' } }),
      'JSON document does not contain required field track_metadata.track_name.',
    ],
    [
      'without an artist',
      'single',
      listen({ track_metadata: { track_name: 'Sexy Boy' } }),
      'JSON document does not contain required field track_metadata.artist_name.',
    ],
    [
      'an empty title',
      'single',
      metadata({ track_name: ' \t' }),
      'field track_metadata.track_name is empty.',
    ],
    [
      'an empty artist',
      'single',
      metadata({ artist_name: '' }),
      'field track_metadata.artist_name is empty.',
    ],
    [
      'a list of artists',
      'single',
      metadata({ artist_name: ['Air', 'Beck'] }),
      'track_metadata.artist_name must be a single string.',
    ],
    [
      'a number for the album',
      'single',
      metadata({ release_name: 1998 }),
      'track_metadata.release_name must be a single string.',
    ],
    [
      '51 tags',
      'single',
      listen({}, { tags: Array.from({ length: 51 }, () => 'a') }),
      'JSON document may not contain more than 50 items in track_metadata.additional_info.tags.',
    ],
    [
      'a tag of 65 characters',
      'single',
      listen({}, { tags: ['fine', long] }),
      'JSON document may not contain track_metadata.additional_info.tags longer than 64 characters.',
    ],
    [
      'a number for tags',
      'single',
      listen({}, { tags: 7 }),
      'track_metadata.additional_info.tags must be a list.',
    ],
    [
      'a number among the tags',
      'single',
      listen({}, { tags: [7] }),
      'track_metadata.additional_info.tags may only contain strings.',
    ],
    [
      'a list for additional_info',
      'single',
      listen({}, []),
      'track_metadata.additional_info must be an object.',
    ],
    [
      'both durations',
      'single',
      listen({}, { duration: 100, duration_ms: 100_000 }),
      'JSON document should not contain both duration and duration_ms.',
    ],
    ...(['duration', 'duration_ms'] as const).flatMap((key) =>
      [0, -1, 0.9, 'four', '', null, [], {}].map((value): [string, ListenType, unknown, string] => [
        `${key} of ${JSON.stringify(value)}`,
        'single',
        listen({}, { [key]: value }),
        `Value for ${key} is invalid, should be a positive integer.`,
      ]),
    ),
    [
      'a duration of more than 24 days',
      'single',
      listen({}, { duration: 2_073_601 }),
      'Value for duration is too large, max permitted value is 2073600',
    ],
    [
      'the same in milliseconds',
      'single',
      listen({}, { duration_ms: 2_073_600_001 }),
      'Value for duration_ms is too large, max permitted value is 2073600000',
    ],
    ...['release_mbid', 'recording_mbid', 'release_group_mbid', 'track_mbid'].map(
      (key): [string, ListenType, unknown, string] => [
        `a broken ${key}`,
        'single',
        listen({}, { [key]: `${id}0` }),
        `${key} MBID format invalid.`,
      ],
    ),
    ...['artist_mbids', 'work_mbids'].map((key): [string, ListenType, unknown, string] => [
      `a broken id among ${key}`,
      'single',
      listen({}, { [key]: [id, 'no'] }),
      `${key} MBID format invalid.`,
    ]),
    [
      'one id where a list belongs',
      'single',
      listen({}, { artist_mbids: id }),
      'artist_mbids MBID format invalid.',
    ],
    ['a NUL', 'single', metadata({ track_name: 'a\0b' }), 'a\0b contains a unicode null'],
    ['a NUL in a tag', 'single', listen({}, { tags: ['\0'] }), '\0 contains a unicode null'],
    [
      'a NUL deep inside',
      'playing_now',
      { track_metadata: { ...listen().track_metadata, additional_info: { a: { b: ['c\0'] } } } },
      'c\0 contains a unicode null',
    ],
    [
      'half of a surrogate pair',
      'single',
      metadata({ artist_name: '\ud83d' }),
      'Cannot parse JSON document: lone surrogate in a string',
    ],
  ])('%s', (_what, type, given, message) => {
    const refusal = refusalOf(() => checkListen(given, type, nowS));
    expect([refusal.code, refusal.message]).toEqual([400, message]);
  });

  test('nesting without end', () => {
    let info: object = {};
    for (let n = 0; n < 1002; n++) info = { a: info };
    const refusal = refusalOf(() => checkListen(listen({}, info), 'single', nowS));
    expect(refusal.message).toBe('Cannot parse JSON document: Recursion limit reached');
  });
});

describe('A listen is taken', () => {
  const take = (given: unknown) => checkListen(given, 'import', nowS);

  test('at the very limits', () => {
    expect(take(listen({ listened_at: nowS + 3599 })).listenedAtS).toBe(nowS + 3599);
    expect(take(listen({ listened_at: listenLimits.minimumS })).listenedAtS).toBe(1_033_430_400);
    const tags = Array.from({ length: 50 }, () => 'x'.repeat(64));
    const limits = { tags, duration: 2_073_600 };
    expect(take(listen({}, limits)).additionalInfo).toEqual(limits);
    // 64 characters, though 128 code units.
    expect(() => take(listen({}, { tags: ['🎧'.repeat(64)] }))).not.toThrow();
    expect(refusalOf(() => take(listen({}, { tags: ['🎧'.repeat(65)] }))).code).toBe(400);
  });

  test('with a listened_at as Python reads whole numbers', () => {
    const read = (listened_at: unknown) => take(listen({ listened_at })).listenedAtS;
    expect(['1443521965', ' 1443521965\n', '1_443_521_965', 1_443_521_965.9].map(read)).toEqual(
      [1, 1, 1, 1].map(() => 1_443_521_965),
    );
  });

  test('with names trimmed, and without an album where its name is empty', () => {
    const { artist, title, album } = take(
      metadata({ artist_name: '  Air ', track_name: '\tSexy Boy', release_name: '  ' }),
    );
    expect([artist, title, album]).toEqual(['Air', 'Sexy Boy', undefined]);
  });

  test('with durations as whole numbers, and ids that are empty left out', () => {
    const { additionalInfo } = take(
      listen(
        {},
        {
          duration_ms: '222000.7',
          recording_mbid: '',
          release_mbid: null,
          track_mbid: id.replaceAll('-', ''),
          artist_mbids: [id, '', null],
          work_mbids: [],
        },
      ),
    );
    expect(additionalInfo).toEqual({
      duration_ms: 222_000,
      track_mbid: id.replaceAll('-', ''),
      artist_mbids: [id],
    });
  });

  test('whatever else it says, and is refused or taken but never a fault', () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom<ListenType>('single', 'playing_now'), (json, type) => {
        const any: unknown = JSON.parse(json);
        for (const given of [any, listen({}, any), metadata({ track_name: any })]) {
          try {
            const taken = checkListen(given, type, nowS);
            expect(taken.artist).not.toBe('');
          } catch (error) {
            expect(error).toBeInstanceOf(Refusal);
          }
        }
      }),
    );
  });
});

test.each([
  ['a number of a million digits', { duration: `${'1'.repeat(1_000_000)}x` }],
  ['a listen at a million digits', undefined],
  ['an id of a million braces', { track_mbid: `x${'{'.repeat(1_000_000)}x` }],
])('%s is refused, and not tried in every way', (_, info) => {
  const more = info === undefined ? { listened_at: `${'1'.repeat(1_000_000)}x` } : {};
  expect(() => checkListen(listen(more, info), 'single', nowS)).toThrow(Refusal);
});
