import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { openDuckdb } from '../../infra/duckdb.ts';
import { openLake } from '../../infra/lake.ts';
import { fromLake } from '../../pipelines/lake.ts';
import type { LakeTable } from '../../pipelines/tables.ts';
import { openDoor, type Door } from '../faults/door.ts';
import { removeStream, startApi, tokenOf, type ApiProcess } from '../support/api-process.ts';
import { openCommandLine, type CommandLine } from '../support/command-line.ts';
import { sharedServers } from '../support/servers.ts';
import { temporaryFolder } from '../support/sources.ts';

jest.setTimeout(600_000);

let door: Door;
let line: CommandLine;
let token: string;
const limitsBefore = process.env['RATE_LIMIT_TOKEN'];

beforeAll(async () => {
  process.env['RATE_LIMIT_TOKEN'] = '1000000';
  const servers = await sharedServers();
  door = await openDoor(servers.rabbitmqUrl);
  line = await openCommandLine(temporaryFolder().path, { ...servers, rabbitmqUrl: door.url });
  token = await tokenOf(line, 'ana');
});

afterAll(async () => {
  door.open();
  await line.dispose();
  await removeStream((await sharedServers()).rabbitmqUrl, line.namespace);
  await door.dispose();
  if (limitsBefore === undefined) delete process.env['RATE_LIMIT_TOKEN'];
  else process.env['RATE_LIMIT_TOKEN'] = limitsBefore;
});

const single = (n: number) => ({
  listen_type: 'single',
  payload: [
    {
      listened_at: 1_700_000_000 + n,
      track_metadata: { artist_name: 'Air', track_name: `Title ${n}` },
    },
  ],
});

/** Submits until it is taken: the first waits until there is a stream, which takes its time. */
async function taken(api: ApiProcess, n: number): Promise<Response> {
  for (;;) {
    const answer = await api.submit(single(n), token);
    if (answer.status !== 503) return answer;
  }
}

/** Numbers of the titles that the lake has, each as often as it has it. */
async function inTheLake(): Promise<number[]> {
  await line.run('ingest', '--once');
  const rows = await lakeRows<{ n: number }>(
    'listens',
    `SELECT replace(title, 'Title ', '')::INTEGER AS n FROM lake WHERE listener = 'ana' ORDER BY n`,
  );
  return rows.map(({ n }) => n);
}

async function lakeRows<Row>(table: LakeTable, select: string): Promise<Row[]> {
  const { tables } = await openLake(line.home).snapshot();
  const sql = await openDuckdb({ threads: 1 });
  try {
    const from = select.replace('FROM lake', `FROM ${fromLake(table, tables[table])}`);
    return await sql.rows<Row>(from);
  } finally {
    sql.dispose();
  }
}

test('what was accepted before the API was killed is in the lake, and what is sent again is in it once', async () => {
  const first = await startApi(line);
  expect((await taken(first, 0)).status).toBe(200);
  const accepted = new Set<number>([0]);
  const numbers = Array.from({ length: 400 }, (_, n) => n);
  const wave = Promise.allSettled(
    numbers.map(async (n) => {
      const answer = await first.submit(single(n), token);
      if (answer.status === 200) accepted.add(n);
      if (accepted.size >= 100) first.running.kill();
    }),
  );
  await wave;
  await first.running.ended;
  expect(accepted.size).toBeGreaterThanOrEqual(100);
  const before = await inTheLake();
  for (const n of accepted) expect(before).toContain(n);
  expect(new Set(before).size).toBe(before.length);

  const second = await startApi(line);
  const answers = await Promise.all(numbers.map((n) => taken(second, n)));
  expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
  expect(await inTheLake()).toEqual(numbers);

  const count = await fetch(`${second.url}/1/user/ana/listen-count`, {
    headers: { authorization: `Token ${token}` },
  });
  expect(await count.json()).toEqual({ payload: { count: 400 } });
  second.running.kill();
  await second.running.ended;
});

test('while the broker is away listens are refused for now, nothing is lost, and no memory is taken', async () => {
  const api = await startApi(line);
  const known = await inTheLake();
  const residentMb = () => {
    const status = readFileSync(`/proc/${api.running.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
  };
  expect((await taken(api, 1000)).status).toBe(200);
  door.shut();
  const refused = await api.submit(single(1001), token);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
  expect(await refused.json()).toEqual({
    code: 503,
    error: 'Cannot submit listens to queue, please try again later.',
  });
  const before = residentMb();
  const info = { note: 'x'.repeat(9000) };
  const large = {
    listen_type: 'import',
    payload: Array.from({ length: 1000 }, (_, n) => ({
      listened_at: 1_600_000_000 + n,
      track_metadata: { artist_name: 'Air', track_name: 'Title 0', additional_info: info },
    })),
  };
  const answers = await Promise.all(
    Array.from({ length: 40 }, () => api.submit(large, token).then(({ status }) => status)),
  );
  expect(new Set(answers)).toEqual(new Set([503]));
  // 360 MB of requests came; 96 MB may wait, and are held about three times while they are read.
  expect(residentMb() - before).toBeLessThan(450);
  door.open();
  expect((await taken(api, 1002)).status).toBe(200);
  api.running.kill();
  await api.running.ended;
  const after = await inTheLake();
  const wanted = [...known, 1000, 1002];
  expect(after.filter((n) => wanted.includes(n) && n !== 0)).toEqual(
    wanted.filter((n) => n !== 0).sort((a, b) => a - b),
  );
});

test('the other events come into the lake by the same way, once each', async () => {
  const api = await startApi(line);
  const at = '2026-11-01T10:00:00.250Z';
  const air = { artist: 'Air', title: 'Sexy Boy' };
  const events: [path: string, method: string, event: object][] = [
    ['feedback', 'POST', { kind: 'skip', ...air, playedMs: 12_000, at }],
    ['blocks', 'POST', { scope: 'album', artist: 'Air', name: 'Moon Safari', at }],
    ['exclusions', 'POST', { client: 'Sleep.example', since: at, at }],
    [
      'searches',
      'POST',
      [
        { query: 'air', at },
        { query: 'björk', at },
      ],
    ],
    ['saves', 'POST', { scope: 'artist', artist: 'Air', at }],
    ['playlist-changes', 'POST', { change: 'create', playlistId: 'p', name: 'Calm', at }],
    ['profile', 'PUT', { zone: 'Asia/Jakarta', country: 'id', at }],
  ];
  for (let time = 0; time < 2; time++) {
    for (const [path, method, event] of events) {
      const say = () =>
        fetch(`${api.url}/v1/users/ana/${path}`, {
          method,
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
          body: JSON.stringify(event),
        });
      let answer = await say();
      while (answer.status === 503) answer = await say();
      expect([path, answer.status]).toEqual([path, 202]);
    }
  }
  const document = (await (await fetch(`${api.url}/openapi.json`)).json()) as { paths: object };
  expect(Object.keys(document.paths)).toEqual(
    expect.arrayContaining(['/1/submit-listens', '/v1/users/{id}/feedback']),
  );
  api.running.kill();
  await api.running.ended;
  await line.run('ingest', '--once');
  const instant = new Date(at);
  const of = (table: LakeTable, columns: string) =>
    lakeRows(table, `SELECT ${columns} FROM lake WHERE listener = 'ana' ORDER BY ALL`);
  expect(await of('feedback', 'happened_at, kind, artist, title, played_ms, source')).toEqual([
    { happened_at: instant, kind: 'skip', ...air, played_ms: 12_000, source: 'log' },
  ]);
  expect(await of('blocks', 'scope, artist, name, until')).toEqual([
    { scope: 'album', artist: 'Air', name: 'Moon Safari', until: null },
  ]);
  expect(await of('exclusions', 'client, since, before, lifted')).toEqual([
    { client: 'sleep.example', since: instant, before: null, lifted: false },
  ]);
  expect(await of('searches', 'query')).toEqual([{ query: 'air' }, { query: 'björk' }]);
  expect(await of('saves', 'scope, artist, name, saved')).toEqual([
    { scope: 'artist', artist: 'Air', name: null, saved: true },
  ]);
  expect(await of('playlist_changes', 'playlist_id, change, name')).toEqual([
    { playlist_id: 'p', change: 'create', name: 'Calm' },
  ]);
  expect(await of('profiles', 'zone, country, language')).toEqual([
    { zone: 'Asia/Jakarta', country: 'ID', language: null },
  ]);
});

test('a limit is shared by all processes of the API', async () => {
  process.env['RATE_LIMIT_TOKEN'] = '20';
  process.env['RATE_LIMIT_WINDOW'] = '600';
  const servers = await sharedServers();
  const limited = await openCommandLine(temporaryFolder().path, servers);
  delete process.env['RATE_LIMIT_WINDOW'];
  process.env['RATE_LIMIT_TOKEN'] = '1000000';
  try {
    const budi = await tokenOf(limited, 'budi');
    const apis = [await startApi(limited), await startApi(limited)];
    const answers: Response[] = [];
    for (let n = 0; n < 24; n++) {
      answers.push(
        await fetch(`${apis[n % 2]!.url}/1/validate-token`, {
          headers: { authorization: `Token ${budi}` },
        }),
      );
    }
    expect(answers.map(({ status }) => status)).toEqual([
      ...Array.from({ length: 20 }, () => 200),
      ...[429, 429, 429, 429],
    ]);
    const remaining = answers.map(({ headers }) => Number(headers.get('x-ratelimit-remaining')));
    expect(remaining.slice(0, 20)).toEqual(Array.from({ length: 20 }, (_, n) => 19 - n));
    const resetIn = Number(answers[20]!.headers.get('retry-after'));
    expect(resetIn).toBeGreaterThan(0);
    expect(resetIn).toBeLessThanOrEqual(600);
  } finally {
    await limited.dispose();
  }
});
