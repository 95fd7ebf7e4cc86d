import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Mistake } from '../../model/mistake.ts';
import { lakeTables, type LakeTable } from '../../pipelines/tables.ts';
import { openIntakeApi, type IntakeApi } from '../support/intake-api.ts';

let api: IntakeApi;
let listener: string;
let operations: string;

beforeAll(async () => {
  api = await openIntakeApi();
  listener = await api.token({ scope: 'listener', user: 'ana' });
  operations = await api.token({ scope: 'operations' });
});

beforeEach(() => {
  api.rows.length = 0;
  api.refuse = undefined;
  api.standing = { isAllowed: true, limit: 50, remaining: 49, resetAt: api.now };
});

afterAll(() => api.app.close());

const now = '2026-11-16T07:30:00.000Z';
const mine = { happened_at: now, listener: 'ana' };

const send = (path: string, payload: object, token = listener) =>
  api.app.inject({
    method: path === 'profile' ? 'PUT' : 'POST',
    url: path.startsWith('/') ? path : `/v1/users/ana/${path}`,
    headers: { authorization: `Bearer ${token}` },
    payload,
  });

const air = { artist: 'Air', title: 'Sexy Boy' };
const moonSafari = { scope: 'album', artist: 'Air', name: 'Moon Safari' };

describe('An event becomes a row of the lake:', () => {
  test.each<[path: string, table: LakeTable, event: object, row: object]>([
    ['feedback', 'feedback', { kind: 'love', ...air }, { kind: 'love', ...air }],
    [
      'feedback',
      'feedback',
      { kind: 'skip', ...air, playedMs: 0 },
      { kind: 'skip', ...air, played_ms: 0 },
    ],
    ['blocks', 'blocks', { scope: 'artist', artist: ' Air ' }, { scope: 'artist', artist: 'Air' }],
    [
      'blocks',
      'blocks',
      { ...moonSafari, until: '2027-01-01T01:00:00+01:00' },
      { ...moonSafari, until: '2027-01-01T00:00:00.000Z' },
    ],
    ['blocks', 'blocks', { ...moonSafari, until: null }, moonSafari],
    ['blocks', 'blocks', { ...moonSafari, lifted: true }, { ...moonSafari, until: now }],
    ['exclusions', 'exclusions', {}, { lifted: false }],
    [
      'exclusions',
      'exclusions',
      { client: 'Spotify.com', since: '2026-01-01T00:00:00Z', before: '2026-02-01T00:00:00Z' },
      {
        client: 'spotify.com',
        since: '2026-01-01T00:00:00.000Z',
        before: '2026-02-01T00:00:00.000Z',
        lifted: false,
      },
    ],
    ['exclusions', 'exclusions', { client: 'x', lifted: true }, { client: 'x', lifted: true }],
    ['searches', 'searches', { query: ' moon  safari ' }, { query: 'moon  safari' }],
    ['saves', 'saves', moonSafari, { ...moonSafari, saved: true }],
    ['saves', 'saves', { ...moonSafari, saved: false }, { ...moonSafari, saved: false }],
    [
      'playlist-changes',
      'playlist_changes',
      { change: 'create', playlistId: 'p1', name: 'Calm', description: null },
      { change: 'create', playlist_id: 'p1', name: 'Calm' },
    ],
    [
      'playlist-changes',
      'playlist_changes',
      { change: 'rename', playlistId: 'p1', name: 'Calmer', description: 'evenings' },
      { change: 'rename', playlist_id: 'p1', name: 'Calmer', description: 'evenings' },
    ],
    ...(['add', 'remove'] as const).map((change): [string, LakeTable, object, object] => [
      'playlist-changes',
      'playlist_changes',
      { change, playlistId: 'p1', ...air },
      { change, playlist_id: 'p1', ...air },
    ]),
    [
      'playlist-changes',
      'playlist_changes',
      { change: 'delete', playlistId: 'p1' },
      { change: 'delete', playlist_id: 'p1' },
    ],
    ['profile', 'profiles', {}, {}],
    [
      'profile',
      'profiles',
      {
        zone: 'asia/calcutta',
        country: 'id',
        language: 'zh-cn',
        pictureUrl: 'https://p.example/a.jpg',
      },
      {
        zone: 'Asia/Kolkata',
        country: 'ID',
        language: 'zh-CN',
        picture_url: 'https://p.example/a.jpg',
      },
    ],
  ])('%s into %s: %j', async (path, table, event, row) => {
    const answer = await send(path, event);
    expect([answer.statusCode, answer.json()]).toEqual([202, { accepted: 1 }]);
    expect(api.rows).toEqual([{ table, row: { ...mine, ...row } }]);
    for (const column of Object.keys(api.rows[0]!.row)) {
      expect(lakeTables[table]).toHaveProperty(column);
    }
  });
});

test('an event has the time that it tells, in UTC, so that it is the same when it is sent again', async () => {
  for (let n = 0; n < 2; n++) {
    await send('searches', { query: 'air', at: '2026-11-16T08:00:00.5+07:00' });
  }
  expect(api.rows.map(({ row }) => row['happened_at'])).toEqual([
    '2026-11-16T01:00:00.500Z',
    '2026-11-16T01:00:00.500Z',
  ]);
});

test('up to 1,000 events come in a list, and are taken all or none', async () => {
  const events = Array.from({ length: 1000 }, (_, n) => ({ query: `q${n}` }));
  const answer = await send('searches', events);
  expect([answer.statusCode, answer.json()]).toEqual([202, { accepted: 1000 }]);
  expect(api.rows.map(({ row }) => row['query'])).toEqual(events.map(({ query }) => query));
  expect((await send('searches', [...events, { query: 'one more' }])).statusCode).toBe(400);
  expect((await send('searches', [])).statusCode).toBe(400);
  const oneLate = [{ query: 'a' }, { query: 'b', at: '2001-01-01T00:00:00Z' }];
  expect((await send('searches', oneLate)).statusCode).toBe(400);
  expect(api.rows).toHaveLength(1000);
});

describe('An event is refused with what was expected:', () => {
  test.each<[path: string, event: object, detail: RegExp]>([
    ['feedback', { kind: 'like', ...air }, /kind.*"love"\|"hate"\|"none"\|"skip"/],
    ['feedback', { kind: 'love', artist: 'Air' }, /title/],
    ['feedback', { kind: 'love', ...air, playedMs: 7 }, /expected it with a skip only/],
    ['feedback', { kind: 'skip', ...air, playedMs: -1 }, /playedMs/],
    ['feedback', { kind: 'love', artist: 'A\0r', title: 'x' }, /without NUL/],
    ['feedback', { kind: 'love', artist: '  ', title: 'x' }, /artist/],
    ['feedback', { kind: 'love', ...air, score: 1 }, /"score"/],
    ['blocks', { scope: 'artist', artist: 'Air', name: 'x' }, /none with artist/],
    ['blocks', { scope: 'track', artist: 'Air' }, /expected a name with album and track/],
    ['blocks', { ...moonSafari, until: 'soon' }, /ISO datetime/],
    ['blocks', { ...moonSafari, until: '2027-01-01T00:00:00' }, /ISO datetime/],
    [
      'blocks',
      { ...moonSafari, until: '2027-01-01T00:00:00Z', lifted: true },
      /none where the block is lifted/,
    ],
    [
      'exclusions',
      { since: '2026-02-01T00:00:00Z', before: '2026-02-01T00:00:00Z' },
      /expected it after since/,
    ],
    ['searches', { query: '' }, /query/],
    [
      'searches',
      { query: 'x', at: '2002-09-30T23:59:59Z' },
      /^at: expected a time from 2002-10-01/,
    ],
    ['searches', { query: 'x', at: '2026-11-16T08:30:01Z' }, /to 2026-11-16T08:30:00.000Z, got/],
    ['saves', { scope: 'song', artist: 'Air', name: 'x' }, /scope/],
    ['playlist-changes', { change: 'create', playlistId: 'p' }, /name/],
    ['playlist-changes', { change: 'add', playlistId: 'p', artist: 'Air' }, /title/],
    ['playlist-changes', { change: 'delete', playlistId: 'p', name: 'x' }, /"name"/],
    ['playlist-changes', { change: 'shuffle', playlistId: 'p' }, /change/],
    ['profile', { zone: 'Mars/Olympus' }, /zone.*time zone such as Asia\/Jakarta, got "Mars\/O/],
    ['profile', { country: 'IDN' }, /country.*such as ID, got "IDN"/],
    ['profile', { language: 'klingonish' }, /language.*BCP 47/],
    ['profile', { pictureUrl: 'http://p.example/a.jpg' }, /pictureUrl/],
  ])('%s %j', async (path, event, detail) => {
    const answer = await send(path, event);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.statusCode).toBe(400);
    expect(answer.json<{ detail: string }>().detail).toMatch(detail);
    expect(answer.json<{ detail: string }>().detail).not.toContain('\n');
    expect(api.rows).toEqual([]);
  });
});

test('a listener speaks for themselves only, operations for all, and nobody without a token', async () => {
  const event = { query: 'air' };
  const other = await send('/v1/users/budi/searches', event);
  expect([other.statusCode, other.json<{ detail: string }>().detail]).toEqual([
    403,
    "a listener's token speaks for that listener only",
  ]);
  expect((await send('searches', event, 'x.y.z')).statusCode).toBe(401);
  expect((await send('/v1/users/budi/searches', event, operations)).statusCode).toBe(202);
  expect(api.rows.map(({ row }) => row['listener'])).toEqual(['budi']);
});

describe('The catalogue', () => {
  const path = '/v1/catalogue/recordings';
  const recording = { recordingId: 'r1', title: 'Sexy Boy', artists: ['Air', 'Beth Hirsch'] };

  test('gains recordings by operations, as rows of the lake', async () => {
    const full = {
      ...{ ...recording, recordingId: 'r2', album: 'Moon Safari', albumId: 'a1', lengthS: 298 },
      ...{ released: '1998-01-16', popularity: 61.5, genres: ['Downtempo', 'downtempo', 'Pop'] },
      ...{ danceability: 0.5, energy: null, loudness: -7.5, tempo: 110, key: 11, mode: 0 },
      knownFrom: '2026-11-01',
    };
    const answer = await send(path, [recording, full], operations);
    expect([answer.statusCode, answer.json()]).toEqual([202, { accepted: 2 }]);
    expect(api.rows).toEqual([
      {
        table: 'recordings',
        row: {
          ...{ recording_id: 'r1', title: 'Sexy Boy', artists: ['Air', 'Beth Hirsch'] },
          ...{ genres: [], known_from: '2026-11-16' },
        },
      },
      {
        table: 'recordings',
        row: {
          ...{ recording_id: 'r2', title: 'Sexy Boy', artists: ['Air', 'Beth Hirsch'] },
          ...{ album: 'Moon Safari', album_id: 'a1', length_s: 298, released: '1998-01-16' },
          ...{ popularity: 61.5, genres: ['downtempo', 'pop'], danceability: 0.5 },
          ...{ loudness: -7.5, tempo: 110, musical_key: 11, mode: 0, known_from: '2026-11-01' },
        },
      },
    ]);
    for (const { row } of api.rows) {
      for (const column of Object.keys(row)) expect(lakeTables.recordings).toHaveProperty(column);
    }
  });

  test.each<[event: object, detail: RegExp]>([
    [{ ...recording, artists: [] }, /artists/],
    [{ ...recording, lengthS: 0 }, /lengthS/],
    [{ ...recording, released: '1998' }, /released/],
    [{ ...recording, energy: 1.1 }, /energy/],
    [{ ...recording, key: 12 }, /key/],
    [{ title: 'x', artists: ['a'] }, /recordingId/],
  ])('refuses %j', async (event, detail) => {
    const answer = await send(path, event, operations);
    expect([answer.statusCode, api.rows]).toEqual([400, []]);
    expect(answer.json<{ detail: string }>().detail).toMatch(detail);
  });

  test('is not for listeners', async () => {
    expect((await send(path, recording)).statusCode).toBe(403);
  });
});

test('where the broker is away, or a client asks too often, it is told when to come again', async () => {
  api.refuse = () => Promise.reject(new Mistake('SERVER_DOWN', 'RabbitMQ at …: away'));
  const away = await send('searches', { query: 'air' });
  expect([away.statusCode, away.headers['retry-after'], away.json()]).toEqual([
    503,
    '5',
    {
      title: 'Service unavailable',
      status: 503,
      detail: 'the log cannot be reached; try again',
    },
  ]);
  api.standing = { ...api.standing, isAllowed: false, remaining: 0, resetAt: api.now + 2500 };
  const often = await send('searches', { query: 'air' });
  expect([often.statusCode, often.headers['retry-after']]).toEqual([429, '3']);
  expect(often.headers['content-type']).toContain('application/problem+json');
});

test('the OpenAPI document has every route, and each body with its schema', () => {
  const { paths } = api.app.swagger() as unknown as {
    paths: Record<string, Record<string, { operationId: string; requestBody?: object }>>;
  };
  const operationsOf = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { requestBody }]) =>
      [method.toUpperCase(), path, ...(requestBody === undefined ? [] : ['body'])].join(' '),
    ),
  );
  expect(operationsOf.sort()).toEqual([
    'GET /1/feedback/user/{name}/get-feedback',
    'GET /1/user/{name}/listen-count',
    'GET /1/user/{name}/listens',
    'GET /1/user/{name}/playing-now',
    'GET /1/validate-token',
    'POST /1/feedback/recording-feedback body',
    'POST /1/submit-listens body',
    'POST /v1/catalogue/recordings body',
    'POST /v1/users/{id}/blocks body',
    'POST /v1/users/{id}/exclusions body',
    'POST /v1/users/{id}/feedback body',
    'POST /v1/users/{id}/playlist-changes body',
    'POST /v1/users/{id}/saves body',
    'POST /v1/users/{id}/searches body',
    'PUT /v1/users/{id}/profile body',
  ]);
  const ids = Object.values(paths).flatMap((methods) =>
    Object.values(methods).map(({ operationId }) => operationId),
  );
  expect(new Set(ids).size).toBe(ids.length);
});
