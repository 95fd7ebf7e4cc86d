import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { FeedbackWindow, Opinion, RecordingId } from '../../infra/http/listens-feedback.ts';
import { recordingMsidOf } from '../../infra/http/listens-row.ts';
import { Mistake } from '../../model/mistake.ts';
import { openIntakeApi, type IntakeApi } from '../support/intake-api.ts';

const mbid = '98255a8c-017a-4bc7-8dd6-1fa36124572b';
const other = '00000000-0000-4000-8000-000000000000';
const opinion: Opinion = {
  ...{ created: 1_700_000_000, kind: 'hate', artist: 'Air', title: 'Talisman' },
  ...{ album: 'Moon Safari', mbid },
};

let api: IntakeApi;
let token: string;
let asked: RecordingId[];
let windows: FeedbackWindow[];

beforeAll(async () => {
  api = await openIntakeApi({
    recording: (_listener, id) => {
      asked.push(id);
      const isKnown = id.mbid === mbid;
      return Promise.resolve(isKnown ? { artist: 'Air', title: 'Talisman' } : undefined);
    },
    opinions: (_listener, window) => {
      windows.push(window);
      return Promise.resolve({ total: 7, opinions: [opinion] });
    },
  });
  token = await api.token({ scope: 'listener', user: 'ana' });
});

beforeEach(() => {
  api.rows.length = 0;
  api.refuse = undefined;
  asked = [];
  windows = [];
});

afterAll(() => api.app.close());

const post = (payload: unknown, url = '/1/feedback/recording-feedback') =>
  api.app.inject({
    method: 'POST',
    url,
    headers: { authorization: `Token ${token}` },
    payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
  });
const get = (query: string, user = 'ana') =>
  api.app.inject({
    url: `/1/feedback/user/${user}/get-feedback${query}`,
    headers: { authorization: `Token ${token}` },
  });

test.each([
  [1, 'love'],
  [-1, 'hate'],
  [0, 'none'],
])('a score of %i is %s of the recording by its names, written down', async (score, kind) => {
  const answer = await post({ recording_mbid: mbid.toUpperCase(), score });
  expect([answer.statusCode, answer.json()]).toEqual([200, { status: 'ok' }]);
  expect(asked).toEqual([{ mbid, msid: undefined }]);
  expect(api.rows).toEqual([
    {
      table: 'feedback',
      row: {
        happened_at: new Date(api.now).toISOString(),
        ...{ listener: 'ana', kind, artist: 'Air', title: 'Talisman' },
      },
    },
  ]);
});

test('a recording that plays just now is known by both of its ids', async () => {
  await post(
    {
      listen_type: 'playing_now',
      payload: [
        {
          track_metadata: {
            ...{ artist_name: 'Low', track_name: 'Words' },
            additional_info: { recording_mbid: other },
          },
        },
      ],
    },
    '/1/submit-listens',
  );
  for (const id of [
    { recording_mbid: other },
    { recording_msid: recordingMsidOf('Low', 'Words', null) },
  ]) {
    expect((await post({ ...id, score: 1 })).statusCode).toBe(200);
  }
  expect(asked).toEqual([]);
  expect(api.rows.map(({ row }) => row['title'])).toEqual(['Words', 'Words']);
});

test('a recording that nobody has named is refused, and nothing is written down', async () => {
  const unknown = '11111111-1111-4111-8111-111111111111';
  const answer = await post({ recording_mbid: unknown, score: 1 });
  expect([answer.statusCode, answer.json()]).toEqual([
    404,
    { code: 404, error: `Cannot find recording: ${unknown}. Submit a listen with it first.` },
  ]);
  expect(api.rows).toEqual([]);
});

const either =
  'JSON document must contain either recording_msid or recording_mbid, and score top level keys';
const only =
  'JSON document may only contain recording_msid, recording_mbid and score top level keys';
test.each<[unknown, string]>([
  [{ score: 1 }, either],
  [{ recording_mbid: mbid }, either],
  [[], either],
  [{ recording_mbid: mbid, score: 1, user: 'budi' }, only],
  [
    { recording_mbid: 'x', score: 1 },
    'Invalid JSON document submitted: recording_mbid must be a valid UUID.',
  ],
  [
    { recording_mbid: null, score: 1 },
    'Invalid JSON document submitted: expected recording_msid or recording_mbid, got null',
  ],
  [
    { recording_mbid: mbid, score: 2 },
    'Invalid JSON document submitted: Score can have a value of 1, 0 or -1.',
  ],
])('what is no feedback is refused with the words of ListenBrainz (%#)', async (body, error) => {
  const answer = await post(body);
  expect([answer.statusCode, answer.json()]).toEqual([400, { code: 400, error }]);
});

test('what is no JSON is refused, and so is who has no token', async () => {
  expect((await post('{')).json()).toMatchObject({
    error: expect.stringContaining('Cannot parse JSON document') as unknown,
  });
  const url = '/1/feedback/recording-feedback';
  expect((await api.app.inject({ method: 'POST', url, payload: '{}' })).statusCode).toBe(401);
});

test('where the broker is away the client is told to come again', async () => {
  api.refuse = () => Promise.reject(new Mistake('SERVER_DOWN', 'RabbitMQ at …: away'));
  const answer = await post({ recording_mbid: mbid, score: 1 });
  expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '5']);
});

test('what was said is read back as ListenBrainz gives it', async () => {
  const item = {
    ...{ created: 1_700_000_000, recording_mbid: mbid, score: -1, user_id: 'ana' },
    recording_msid: recordingMsidOf('Air', 'Talisman', 'Moon Safari'),
  };
  expect((await get('')).json()).toEqual({
    feedback: [{ ...item, track_metadata: null }],
    ...{ count: 1, total_count: 7, offset: 0 },
  });
  expect((await get('?metadata=True&score=-1&count=5000&offset=3')).json()).toEqual({
    feedback: [
      {
        ...item,
        track_metadata: {
          ...{ artist_name: 'Air', track_name: 'Talisman', release_name: 'Moon Safari' },
        },
      },
    ],
    ...{ count: 1, total_count: 7, offset: 3 },
  });
  expect(windows).toEqual([
    { score: undefined, count: 25, offset: 0 },
    { score: -1, count: 1000, offset: 3 },
  ]);
});

test.each([
  ['?score=2', 'Score can have a value of 1 or -1.'],
  ['?score=x', 'Invalid score argument: x'],
  ['?count=-1', "'count' should be a non-negative integer"],
  ['?offset=-1', "'offset' should be a non-negative integer"],
  ['?metadata=maybe', "Invalid metadata argument: maybe. Must be 'true' or 'false'"],
])('a question that is wrong (%s) is refused', async (query, error) => {
  expect((await get(query)).json()).toEqual({ code: 400, error });
});

test('the feedback of others is read by themselves only', async () => {
  expect((await get('', 'budi')).statusCode).toBe(403);
});
