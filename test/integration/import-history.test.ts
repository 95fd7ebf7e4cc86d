import { afterAll, expect, jest, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HistoryFunnel } from '../../pipelines/import/history/import-history.ts';
import { historyFixture, listensOf, spotifyRow, writeZip } from '../support/history.ts';
import { lakeFiles, temporaryFolder } from '../support/sources.ts';

/** Histories by the command line itself, and imports that are killed. */

jest.setTimeout(600_000);

const root = temporaryFolder();
afterAll(() => root.remove());
const project = join(import.meta.dirname, '../..');

interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Runs `mondaymix --home HOME import-history …`; `kill` is asked now and then whether to. */
async function run(
  home: string,
  args: readonly string[],
  kill: (errors: string) => boolean = () => false,
): Promise<Ended> {
  const child = spawn(
    process.execPath,
    [
      ...['--no-warnings', '--import', 'tsx', 'workers/cli.ts', '--home', home, 'import-history'],
      ...args,
    ],
    { cwd: project, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  let errors = '';
  child.stdout.on('data', (text) => (output += String(text)));
  child.stderr.on('data', (text) => (errors += String(text)));
  const ended = once(child, 'close') as Promise<[number | null]>;
  void (async () => {
    while (child.exitCode === null && child.signalCode === null) {
      if (kill(errors)) child.kill('SIGKILL');
      await sleep(5);
    }
  })();
  const [code] = await ended;
  return { code, output, errors };
}

const resultOf = ({ output }: Ended) =>
  JSON.parse(output.trim().split('\n').at(-1)!) as HistoryFunnel;

test('the command imports a history, says what became of it, and twice is once', async () => {
  const home = join(root.path, 'home');
  const args = [historyFixture('spotify'), '--listener', 'ann', '--zone', 'Europe/Paris'];
  const first = await run(home, [...args, '--json']);
  expect([first.code, first.errors]).toEqual([0, expect.stringContaining('1 dropped: podcast')]);
  expect(resultOf(first)).toMatchObject({ source: 'spotify-49915e0d7d4b', rowsIn: 16, rowsOut: 9 });
  const before = await lakeFiles(home);
  const second = await run(home, args);
  expect([second.code, second.output]).toEqual([0, '']);
  expect(second.errors).toContain('(imported before)');
  expect(await lakeFiles(home)).toEqual(before);
});

test('wrong use ends with 2, a broken file with 1, and each in one line', async () => {
  const home = join(root.path, 'unused');
  const broken = await writeZip(join(root.path, 'broken.zip'), {
    'Streaming_History_Audio_2020_0.json': '[{"ms_played":1},\n{"ts"}]',
  });
  const said = async (...args: string[]) => {
    const { code, errors } = await run(home, args);
    return [code, errors];
  };
  expect(await said(broken)).toEqual([
    2,
    expect.stringMatching(/^mondaymix: required option '--listener <id>' not specified; see .*\n$/),
  ]);
  expect(await said(broken, '--listener', 'ann', '--format', 'mp3')).toEqual([
    2,
    expect.stringMatching(/^mondaymix: --format: expected one of spotify, .*\n$/),
  ]);
  expect(await said(broken, '--listener', 'ann')).toEqual([
    1,
    expect.stringMatching(
      /^mondaymix: .*broken\.zip: Streaming_History_Audio_2020_0\.json, line 2, byte \d+: .*\n$/,
    ),
  ]);
  expect((await run(home, ['--help'])).output).toContain('npx mondaymix import-history my_spotify');
});

test('killed while it reads and while it writes, it goes on where it was and counts once', async () => {
  const numFiles = 8;
  const rowsEach = 4000;
  const titles = (file: number, row: number) => `Title ${file}-${row}`;
  const zip = await writeZip(
    join(root.path, 'large.zip'),
    Object.fromEntries(
      Array.from({ length: numFiles }, (_, file) => [
        `Streaming_History_Audio_20${10 + file}_${file}.json`,
        JSON.stringify(
          Array.from({ length: rowsEach }, (_, row) =>
            spotifyRow({
              ts: new Date(Date.UTC(2010 + file, 0, 1 + (row % 20), 0, row)).toISOString(),
              master_metadata_track_name: titles(file, row),
            }),
          ),
        ),
      ]),
    ),
  );
  let home = '';
  const finished = () => {
    const converted = join(home, 'history', 'spotify-49915e0d7d4b');
    if (!existsSync(converted)) return [];
    return readdirSync(converted).filter((name) => !name.endsWith('.new'));
  };
  const isInLake = () => existsSync(join(home, 'lake', 'manifest.json'));
  const args = [zip, '--listener', 'ann', '--json'];
  /** Undefined where it had got further before it was dead than it was to get. */
  const killedTwice = async () => {
    const first = await run(home, args, () => finished().length >= 2);
    if (first.code === 0 || finished().length === numFiles) return undefined;
    expect(first.code).toBeNull();
    expect(finished().length).toBeGreaterThanOrEqual(2);
    expect(isInLake()).toBe(false);

    const second = await run(home, args, (errors) => errors.includes('everything is read'));
    if (second.code === 0 || isInLake()) return undefined;
    expect(second.code).toBeNull();
    expect(finished()).toHaveLength(numFiles);
    return home;
  };
  for (let attempt = 1; ; attempt++) {
    home = join(root.path, `killed-${attempt}`);
    if ((await killedTwice()) !== undefined) break;
  }

  const third = await run(home, args);
  expect(third.code).toBe(0);
  expect(resultOf(third)).toMatchObject({
    converted: 0,
    kept: numFiles,
    rowsIn: numFiles * rowsEach,
    rowsOut: numFiles * rowsEach,
    dropped: {},
  });
  const heard = (await listensOf(home)).map((row) => row[2]);
  const expected = Array.from({ length: numFiles * rowsEach }, (_, n) =>
    titles(Math.floor(n / rowsEach), n % rowsEach),
  );
  expect(new Set(heard)).toEqual(new Set(expected));
  expect(heard).toHaveLength(expected.length);
  expect(finished()).toEqual([]);
  expect(resultOf(await run(home, args)).reused).toBe(true);
});
