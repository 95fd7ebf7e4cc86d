import { EventEmitter, once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { FastifyRequest, InjectOptions } from 'fastify';
import type { ListenWindow } from '../../infra/http/listens-read.ts';
import { boundWaiting } from '../../infra/http/listens-waiting.ts';
import { Mistake } from '../../model/mistake.ts';
import { openIntakeApi, type IntakeApi } from '../support/intake-api.ts';

let api: IntakeApi;
let listener: string;
let operations: string;
let asked: ListenWindow[] = [];

beforeAll(async () => {
  const row = { artist: 'Air', title: 'Sexy Boy', album: null, info: null };
  api = await openIntakeApi({
    totals: (name) =>
      Promise.resolve(
        name === 'budi'
          ? { count: 0, latestS: undefined, oldestS: undefined }
          : { count: 2, latestS: 1_700_000_100, oldestS: 1_700_000_000 },
      ),
    listens: (_name, window) => {
      asked.push(window);
      return Promise.resolve([{ ...row, listened_at: 1_700_000_100 }]);
    },
  });
  listener = await api.token({ scope: 'listener', user: 'ana' });
  operations = await api.token({ scope: 'operations' });
});

beforeEach(() => {
  api.rows.length = 0;
  api.counted.length = 0;
  api.refuse = undefined;
  api.standing = { isAllowed: true, limit: 50, remaining: 49, resetAt: api.now + 9001 };
  asked = [];
});

afterAll(() => api.app.close());

const single = {
  listen_type: 'single',
  payload: [
    {
      listened_at: 1_443_521_965,
      track_metadata: { artist_name: 'Rick Astley', track_name: 'Together Forever' },
    },
  ],
};
const playingNow = {
  listen_type: 'playing_now',
  payload: [{ track_metadata: single.payload[0]!.track_metadata }],
};

const post = (payload: unknown, headers: Record<string, string> = {}) =>
  api.app.inject({
    method: 'POST',
    url: '/1/submit-listens',
    headers: { authorization: `Token ${listener}`, ...headers },
    payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
  });
const get = (url: string, authorization = `Token ${listener}`) =>
  api.app.inject({ url, headers: { authorization } });

test('a listen is written down before it is answered, whatever the content type', async () => {
  const types = [{}, { 'content-type': 'text/plain' }, { 'content-type': 'application/json' }];
  for (const headers of types) {
    const answer = await post(single, headers);
    expect([answer.statusCode, answer.json()]).toEqual([200, { status: 'ok' }]);
  }
  expect(api.rows).toEqual(
    types.map(() => ({
      table: 'listens',
      row: {
        listened_at: '2015-09-29T10:19:25.000Z',
        listener: 'ana',
        artist: 'Rick Astley',
        title: 'Together Forever',
      },
    })),
  );
});

test('what is playing is kept apart from the log, and read back', async () => {
  expect((await get('/1/user/ana/playing-now')).json()).toEqual({
    payload: { count: 0, listens: [], playing_now: true, user_id: 'ana' },
  });
  expect((await post(playingNow)).json()).toEqual({ status: 'ok' });
  expect(api.rows).toEqual([]);
  expect((await get('/1/user/ana/playing-now')).json()).toMatchObject({
    payload: { count: 1, listens: [{ track_metadata: { artist_name: 'Rick Astley' } }] },
  });
});

describe('Who may not is told so as ListenBrainz does:', () => {
  const cases: [what: string, headers: Record<string, string>, error: string][] = [
    ['no header', {}, 'You need to provide an Authorization header.'],
    ['a header of one word', { authorization: 'x' }, 'Provided Authorization header is invalid.'],
    ['another token', { authorization: 'Token x' }, 'Invalid authorization token.'],
    ['an empty token', { authorization: 'Token ' }, 'Invalid authorization token.'],
  ];
  test.each(cases)('%s', async (_what, headers, error) => {
    const payload = JSON.stringify(single);
    const requests: InjectOptions[] = [
      { method: 'POST', url: '/1/submit-listens', payload },
      { url: '/1/user/ana/listens' },
      { url: '/1/user/ana/listen-count' },
      { url: '/1/user/ana/playing-now' },
    ];
    for (const request of requests) {
      const answer = await api.app.inject({ ...request, headers });
      expect([answer.statusCode, answer.json()]).toEqual([401, { code: 401, error }]);
    }
  });

  test('operations have no listens of their own', async () => {
    const answer = await post(single, { authorization: `Token ${operations}` });
    expect(answer.statusCode).toBe(401);
  });

  test('a listener reads their own listens, operations those of all', async () => {
    expect((await get('/1/user/budi/listens')).json()).toEqual({
      code: 403,
      error: "A listener's token reads that listener's listens only.",
    });
    const mine = await get('/1/user/ana/listen-count');
    expect(mine.json()).toEqual({ payload: { count: 2 } });
    const byAll = await get('/1/user/ana/listen-count', `Token ${operations}`);
    expect(byAll.statusCode).toBe(200);
    const unknown = await get('/1/user/budi/listen-count', `Bearer ${operations}`);
    expect([unknown.statusCode, unknown.json()]).toEqual([
      404,
      { code: 404, error: 'Cannot find user: budi' },
    ]);
  });

  test('all read the listens of all where they are public', async () => {
    const open = await openIntakeApi(
      { totals: () => Promise.resolve({ count: 1, latestS: 7, oldestS: 7 }) },
      true,
    );
    const answer = await open.app.inject({ url: '/1/user/ana/listens' });
    expect(answer.json()).toMatchObject({ payload: { latest_listen_ts: 7, user_id: 'ana' } });
    await open.app.close();
  });
});

test('a token is validated by header or parameter', async () => {
  const valid = { code: 200, message: 'Token valid.', valid: true, user_name: 'ana' };
  const invalid = { code: 200, message: 'Token invalid.', valid: false };
  const answers = [
    await get('/1/validate-token'),
    await api.app.inject({ url: `/1/validate-token?token=${listener}` }),
    await get('/1/validate-token', 'token x'),
    await get('/1/validate-token', `Token ${operations}`),
  ].map((answer) => answer.json<object>());
  expect(answers).toEqual([valid, valid, invalid, invalid]);
  const none = await api.app.inject({ url: '/1/validate-token' });
  expect([none.statusCode, none.json()]).toEqual([
    400,
    { code: 400, error: 'You need to provide an Authorization token.' },
  ]);
});

test('listens are asked for with the window that was told, 25 of them by default, 1,000 at most', async () => {
  const windows = ['', '?max_ts=7&min_ts=-3&count=2', '?count=5000', '?count=', '?count=0'];
  for (const query of windows) await get(`/1/user/ana/listens${query}`);
  expect(asked).toEqual([
    { maxS: undefined, minS: undefined, count: 25 },
    { maxS: 7, minS: -3, count: 2 },
    { maxS: undefined, minS: undefined, count: 1000 },
    { maxS: undefined, minS: undefined, count: 25 },
    { maxS: undefined, minS: undefined, count: 0 },
  ]);
  const { payload } = (await get('/1/user/ana/listens')).json<{ payload: object }>();
  expect(payload).toMatchObject({
    count: 1,
    user_id: 'ana',
    latest_listen_ts: 1_700_000_100,
    oldest_listen_ts: 1_700_000_000,
    listens: [{ listened_at: 1_700_000_100, track_metadata: { track_name: 'Sexy Boy' } }],
  });
});

test.each([
  ['max_ts=x', 'Incorrect max_ts timestamp argument: x'],
  ['max_ts=', 'Incorrect max_ts timestamp argument: '],
  ['min_ts=1.5', 'Incorrect min_ts timestamp argument: 1.5'],
  ['min_ts=253402300800', 'Incorrect min_ts timestamp argument: 253402300800'],
  ['max_ts=5&min_ts=5', 'max_ts should be greater than min_ts'],
  ['count=x', 'Invalid count argument: x'],
  ['count=-1', 'Number of items requested should be positive'],
])('listens with %s are refused', async (query, error) => {
  const answer = await get(`/1/user/ana/listens?${query}`);
  expect([answer.statusCode, answer.json()]).toEqual([400, { code: 400, error }]);
});

test('a refused listen is answered with its error, its code and itself', async () => {
  const [listen] = single.payload;
  const answer = await post({ ...single, payload: [{ ...listen, listened_at: 1 }] });
  expect([answer.statusCode, answer.json()]).toEqual([
    400,
    {
      ...listen,
      listened_at: 1,
      code: 400,
      error:
        'Value for key listened_at is too low. listened_at timestamp should be greater than 1033410600 (2002-10-01 00:00:00 UTC).',
    },
  ]);
  expect(api.rows).toEqual([]);
});

test('a body that is too large, empty or no JSON is refused with 400', async () => {
  const large = await post(' '.repeat(10_240_001));
  expect([large.statusCode, large.json()]).toEqual([
    400,
    { code: 400, error: 'Payload too large. Payload cannot exceed 10240000 bytes' },
  ]);
  for (const body of ['', '{']) {
    const answer = await post(body, { 'content-type': 'application/json' });
    expect(answer.statusCode).toBe(400);
    expect(answer.json<{ error: string }>().error).toMatch(/^Cannot parse JSON document: /);
  }
});

test('a listen that makes a row of more than a megabyte is refused, though others are short', async () => {
  const [listen] = single.payload;
  const additional_info = { a: 'x'.repeat(1_100_000) };
  const large = {
    ...listen,
    track_metadata: { ...listen!.track_metadata, additional_info },
  };
  const payload = [large, ...Array.from({ length: 200 }, () => listen)];
  const answer = await post({ listen_type: 'import', payload });
  expect([answer.statusCode, answer.json()]).toEqual([
    400,
    {
      code: 400,
      error: 'JSON document is too large. Each listens may not be larger than 10240 bytes.',
    },
  ]);
  expect(api.rows).toEqual([]);
});

test('where the broker is away a listen is refused for now, and the client told when to come again', async () => {
  api.refuse = () => Promise.reject(new Mistake('SERVER_DOWN', 'RabbitMQ at …: away'));
  const answer = await post(single);
  expect([answer.statusCode, answer.headers['retry-after'], answer.json()]).toEqual([
    503,
    '5',
    { code: 503, error: 'Cannot submit listens to queue, please try again later.' },
  ]);
});

test('a fault of ours is told as such, and nothing of it', async () => {
  api.refuse = () => Promise.reject(new Error('secret'));
  const answer = await post(single);
  expect([answer.statusCode, answer.json()]).toEqual([
    500,
    { code: 500, error: 'Something went wrong. Please try again.' },
  ]);
});

test.each([
  ['/1/submit-listens', 'authorization: Token wrong'],
  ['/1/submit-listens', 'x: y'],
  ['/v1/users/ana/feedback', 'x: y'],
])('whoever has no token is refused before their body is read: %s, %s', async (path, header) => {
  const own = await openIntakeApi();
  const url = new URL(await own.app.listen({ host: '127.0.0.1', port: 0 }));
  const client = connect(Number(url.port), url.hostname);
  try {
    const head = `POST ${path} HTTP/1.1\r\nhost: x\r\n${header}\r\ncontent-type: application/json`;
    // Of which nothing comes.
    client.write(`${head}\r\ncontent-length: 1000000\r\n\r\n`);
    const [answer] = (await once(client.setEncoding('utf8'), 'data')) as [string];
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
  } finally {
    client.destroy();
    await own.app.close();
  }
});

test('requests of more bytes than may be under way at a time are refused for now', () => {
  const waiting = boundWaiting(100, 60);
  const enter = (headers: Record<string, string>, method = 'POST') => {
    const response = new EventEmitter();
    waiting.enter({ headers, raw: { method } } as unknown as FastifyRequest, response);
    return response;
  };
  const busy = 'Cannot submit listens to queue, please try again later.';
  const first = enter({ 'content-length': '50' });
  expect(() => enter({})).toThrow(busy);
  enter({}, 'GET');
  const second = enter({ 'content-length': '50' });
  expect(() => enter({ 'content-length': '1' })).toThrow(busy);
  first.emit('close');
  enter({ 'content-length': '1' });
  second.emit('close');
  // One that tells no length counts as the largest, one that lies as no more than that.
  enter({});
  expect(() => enter({ 'content-length': '1e9' })).toThrow(busy);
});

test('every answer says how the client stands, and one that asks too often when to come again', async () => {
  const fine = await post(single);
  const standing = {
    'x-ratelimit-limit': '50',
    'x-ratelimit-remaining': '49',
    'x-ratelimit-reset-in': '10',
    'x-ratelimit-reset': String(Math.ceil(api.standing.resetAt / 1000)),
  };
  expect(fine.headers).toMatchObject(standing);
  api.standing = { ...api.standing, isAllowed: false, remaining: 0 };
  const tooOften = await post(single);
  expect(tooOften.statusCode).toBe(429);
  expect(tooOften.headers).toMatchObject({
    ...standing,
    'x-ratelimit-remaining': '0',
    'retry-after': '10',
  });
  expect(tooOften.json()).toEqual({
    code: 429,
    error:
      'You have exceeded your rate limit. See the X-RateLimit-* response headers for more information on your current rate limit.',
  });
  expect(api.rows).toHaveLength(1);
  await get('/1/validate-token', 'Token x');
  await get('/1/validate-token', `Token ${operations}`);
  expect(api.counted).toEqual([
    { token: 'listener:ana' },
    { token: 'listener:ana' },
    { address: '127.0.0.1' },
    { token: 'operations' },
  ]);
});
