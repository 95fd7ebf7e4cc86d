import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { openArtifacts } from '../../infra/artifacts.ts';
import { openDuckdb } from '../../infra/duckdb.ts';
import { importFolder } from '../../infra/import-folder.ts';
import { weekBookFolder } from '../../infra/list-archive.ts';
import { openLake } from '../../infra/lake.ts';
import { openWeekBook } from '../../infra/week-book.ts';
import { weekOptions } from '../../pipelines/week-plan.ts';
import { mistakeOf, mondaymix } from '../support/operator.ts';
import { temporaryFolder, writeSources } from '../support/sources.ts';

const project = resolve(import.meta.dirname, '..', '..');
const week = '2026-W02';
const root = temporaryFolder();
const made = { root: root.path, home: join(root.path, 'home') };

/** A lake of two listeners, and a week whose lists come of one catalogue. */
beforeAll(async () => {
  const data = join(made.root, 'data');
  await writeSources(data, {
    'listens.csv': [
      'listened_at,listener,artist,title',
      '2025-12-20T10:00:00Z,ann,Mogwai,Cody',
      '2025-12-21T10:00:00Z,bob,Low,Words',
      'yesterday,bob,Low,Words',
    ],
  });
  await importFolder(data, made.home);
  const artifacts = openArtifacts(join(made.home, 'artifacts'));
  const sql = await openDuckdb({ threads: 1 });
  for (const [stage, inputs] of [
    ['catalogue', {}],
    ['lists', { catalogue: 'made' }],
  ] as const) {
    const scratch = await artifacts.workspace(stage, 'made');
    await mkdir(scratch, { recursive: true });
    await sql.run(
      `COPY (SELECT 0 AS listener_ix, 'ann' AS listener UNION ALL SELECT 1, 'bob')
       TO '${scratch}/listeners.parquet' (FORMAT parquet)`,
    );
    await artifacts.commit(scratch, {
      ...{ stage, version: 1, fingerprint: 'made', options: {}, inputs },
      funnel: {
        ...{ stage, rowsIn: 0, rowsOut: 0, dropped: {}, figures: {}, seconds: 0 },
        ...{ peakMemoryMb: 0, reused: false },
      },
    });
  }
  sql.dispose();
  const { id, tables } = await openLake(made.home).snapshot();
  await openWeekBook(weekBookFolder(made.home, 'main')).write({
    ...{ format: 1, week, revision: 1, catalogue: 'asof', trainingCutoffs: [], previous: [] },
    frozenAt: '2026-01-03T00:00:00.000Z',
    cutoff: '2026-01-05T00:00:00.000Z',
    options: weekOptions.parse({}),
    lake: {
      id,
      tables: Object.fromEntries(Object.entries(tables).map(([t, f]) => [t, [...f]])) as never,
    },
    lists: { fingerprint: 'made', model: 'ranker-x' },
  });
});
afterAll(() => root.remove());

const sql = (...args: string[]) => mondaymix(['--home', made.home, 'sql', ...args]);

test('what exists is shown as a table, and as JSON with the week that was made', async () => {
  const shown = await sql('--tables');
  expect(shown).toMatchObject({ code: 0, errors: '' });
  expect(shown.output).toMatch(/^lake\.listens +\d+ {2}2025-\d\d-\d\d {2}20\d\d-\d\d-\d\d$/m);
  expect(shown.output).toMatch(/^ {2}listener +VARCHAR +the source's id of the listener$/m);
  const { output } = await sql('--tables', '--json');
  const told = JSON.parse(output) as { week: string; tables: { table: string; rows: number }[] };
  expect(told.week).toBe(week);
  const rows = new Map(told.tables.map(({ table, rows: count }) => [table, count]));
  expect(rows.get('lake.rejects')).toBe(1);
  expect(rows.get('catalogue.listeners')).toBe(2);
}, 600_000);

test('the lake and what was made of it are asked in one question', async () => {
  const { output, code } = await sql(
    'SELECT count(DISTINCT l.listener) AS lake, (SELECT count(*) FROM catalogue.listeners) AS known FROM lake.listens l',
    '--json',
  );
  expect(code).toBe(0);
  const { columns, rows, more } = JSON.parse(output) as {
    columns: string[];
    rows: Record<string, number>[];
    more: boolean;
  };
  expect({ columns, more, number: rows.length }).toEqual({
    columns: ['lake', 'known'],
    more: false,
    number: 1,
  });
  expect(rows[0]!['lake']).toBe(rows[0]!['known']);
}, 600_000);

test('CSV is as RFC 4180 has it, JSON one object a line, and a table shows so many rows', async () => {
  const question = `SELECT i, CASE WHEN i = 1 THEN 'a "b", c' || chr(10) END AS text FROM range(1, 3) t(i)`;
  expect((await sql(question, '--format', 'csv')).output).toBe(
    'i,text\r\n1,"a ""b"", c\n"\r\n2,\r\n',
  );
  expect((await sql(question, '--format', 'json')).output).toBe(
    '{"i":1,"text":"a \\"b\\", c\\n"}\n{"i":2,"text":null}\n',
  );
  const table = await sql(question, '--limit', '1');
  expect(table.output).toBe('i  text\n-  ----------\n1  a "b", c\\n\n');
  expect(table.errors).toContain('the first 1 rows');
  const many = await sql('FROM range(3000)');
  expect(many.output.trimEnd().split('\n')).toHaveLength(1002);
  const whole = await sql('FROM range(3000)', '--format', 'csv');
  expect(whole.output.trimEnd().split('\r\n')).toHaveLength(3001);
}, 600_000);

test('a mistake is one line with its place, and wrong use', async () => {
  expect(await mistakeOf(['--home', made.home, 'sql', 'SELECT 1,\n oops FROM lake.texts'])).toEqual(
    {
      code: 2,
      message: expect.stringMatching(/^sql, line 2, column 2: Referenced column "oops"/) as unknown,
    },
  );
  expect(await mistakeOf(['--home', made.home, 'sql'])).toMatchObject({ code: 2 });
  const manifest = join(made.home, 'lake', 'manifest.json');
  const before = readFileSync(manifest, 'utf8');
  const out = join(made.root, 'out.csv');
  writeFileSync(out, 'mine');
  expect(
    await mistakeOf(['--home', made.home, 'sql', `COPY lake.listens TO '${out}'`]),
  ).toMatchObject({ code: 2 });
  expect(readFileSync(out, 'utf8')).toBe('mine');
  expect(readFileSync(manifest, 'utf8')).toBe(before);
}, 600_000);

test('Ctrl-C ends an answer that would take for ever', async () => {
  const child = spawn(
    process.execPath,
    [
      ...['--import', 'tsx', join(project, 'workers/cli.ts'), '--home', made.home, 'sql'],
      ...['FROM range(100000000000000)', '--format', 'csv'],
    ],
    { cwd: project, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  // Rows come, so the question is being answered.
  child.stdout.once('data', () => child.kill('SIGINT'));
  child.stdout.resume();
  const [code] = (await once(child, 'close')) as [number | null];
  expect({ code, errors }).toEqual({
    code: 1,
    errors: expect.stringContaining(
      'mondaymix: stopped by SIGINT; the question was given up, nothing has changed\n',
    ) as unknown,
  });
}, 600_000);
