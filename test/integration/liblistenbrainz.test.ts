import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { openDuckdb } from '../../infra/duckdb.ts';
import { openLake } from '../../infra/lake.ts';
import { fromLake } from '../../pipelines/lake.ts';
import { removeStream, startApi, tokenOf, type ApiProcess } from '../support/api-process.ts';
import { openCommandLine, type CommandLine } from '../support/command-line.ts';
import { runPython } from '../support/python-tools.ts';
import { sharedServers } from '../support/servers.ts';

jest.setTimeout(600_000);

let line: CommandLine;
let api: ApiProcess;

beforeAll(async () => {
  line = await openCommandLine();
  api = await startApi(line);
  line.start(['ingest']);
});

afterAll(async () => {
  await removeStream((await sharedServers()).rabbitmqUrl, line.namespace);
  await line.dispose();
});

/** Listens of the import, by their number. */
const imported = (...numbers: number[]) =>
  numbers.map((n) => [1_700_086_400 + 60 * n, 'Sigur Rós', `Title ${n}`]);
const countdown = (from: number, to: number) =>
  Array.from({ length: from - to + 1 }, (_, n) => from - n);

test('the Python client of ListenBrainz, unchanged, submits and reads back', async () => {
  const output = await runPython('listens.py', [api.url, await tokenOf(line, 'ana'), 'ana']);
  const seen = JSON.parse(output) as Record<string, unknown>;
  expect(seen).toEqual({
    'invalid token': 'refused',
    single: { status: 'ok' },
    import: { status: 'ok' },
    again: { status: 'ok' },
    playing_now: { status: 'ok' },
    playing: ['Sigur Rós', 'Hoppípolla', 'Takk…', null],
    refused: [
      400,
      'Value for key listened_at is too low. listened_at timestamp should be greater than 1033410600 (2002-10-01 00:00:00 UTC).',
    ],
    count: 31,
    newest: imported(...countdown(29, 5)),
    before: [...imported(0), [1_700_000_000, 'Kanye West', 'Fade']],
    after: imported(3, 2),
    all: 31,
    oldest: {
      release_name: 'The Life of Pablo',
      recording_mbid: '98255a8c-017a-4bc7-8dd6-1fa36124572b',
      artist_mbids: ['db92a151-1ac2-438b-bc43-b82e149ddd50'],
      tags: ['hip hop', '日本'],
      tracknumber: 17,
      listening_from: 'Spotify',
      duration_ms: 194_000,
      'nested.a': 1,
      recording_msid: expect.stringMatching(/^[0-9a-f-]{36}$/),
    },
    remaining: expect.any(Number),
    reset_in: expect.any(Number),
  });
  const sql = await openDuckdb({ threads: 1 });
  const { tables } = await openLake(line.home).snapshot();
  const rows = await sql.rows(
    `SELECT count(*) AS n, count(DISTINCT title) AS titles, any_value(source) AS source,
            max(client) AS client, count(zone) AS zones
     FROM ${fromLake('listens', tables.listens)} WHERE listener = 'ana'`,
  );
  sql.dispose();
  expect(rows).toEqual([{ n: 31, titles: 31, source: 'log', client: 'spotify', zones: 0 }]);
});

test('the same client loves and hates recordings by the ids of their listens', async () => {
  const output = await runPython('feedback.py', [api.url, await tokenOf(line, 'budi'), 'budi']);
  const ok = { status: 'ok' };
  expect(JSON.parse(output)).toEqual({
    ...{ love: ok, hate: ok, 'taken back': ok, loved: 1 },
    unknown: [
      404,
      'Cannot find recording: 11111111-1111-4111-8111-111111111111. Submit a listen with it first.',
    ],
    // Of what only played just now no listen is there to take the id from.
    feedback: [
      [null, -1, 'Paranoid'],
      ['98255a8c-017a-4bc7-8dd6-1fa36124572b', 1, 'Fade'],
    ],
    left: [[null, -1, 'Paranoid']],
  });
  const sql = await openDuckdb({ threads: 1 });
  const { tables } = await openLake(line.home).snapshot();
  const rows = await sql.rows(
    `SELECT kind, artist, title FROM ${fromLake('feedback', tables.feedback)}
     WHERE listener = 'budi' ORDER BY happened_at`,
  );
  sql.dispose();
  expect(rows).toEqual([
    { kind: 'love', artist: 'Kanye West', title: 'Fade' },
    { kind: 'hate', artist: 'Kanye West', title: 'Paranoid' },
    { kind: 'none', artist: 'Kanye West', title: 'Fade' },
  ]);
});
