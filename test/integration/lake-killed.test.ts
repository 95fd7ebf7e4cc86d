import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { importFolder } from '../../infra/import-folder.ts';
import { openLake } from '../../infra/lake.ts';
import { createRandom } from '../../model/random.ts';
import { lakeFiles, temporaryFolder, writeSources } from '../support/sources.ts';

let root: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  root = temporaryFolder();
});
afterEach(() => root.remove());

const projectFolder = join(import.meta.dirname, '../..');
const tsx = (script: string, argument: string) =>
  ['--import', 'tsx', join(projectFolder, 'test/support', script), argument] as const;

function runChild(data: string, home: string, killAt: number) {
  return new Promise<{ signal: string | undefined; output: string }>((resolve, reject) => {
    const task = JSON.stringify({ data, home, killAt });
    execFile(
      process.execPath,
      tsx('import-child.ts', task),
      { cwd: projectFolder },
      (error, output, problems) => {
        if (error && error.signal !== 'SIGKILL') reject(new Error(problems));
        else resolve({ signal: error?.signal ?? undefined, output });
      },
    );
  });
}

test('an import killed at any step and made again is as if it had never been killed', async () => {
  const days = Array.from({ length: 4 }, (_, i) => `2014-05-0${i + 1}`);
  const data = await writeSources(join(root.path, 'data'), {
    'listens.csv': [
      'listened_at,listener,zone,language,artist,title',
      ...days.map((day) => `${day}T10:00:00Z,ann,Asia/Jakarta,id,Mogwai,Song of ${day}`),
      'broken',
    ],
    'recordings.csv': ['recording_id,title,artists', 'r1,Cody,Mogwai'],
    'text/other_artists_2500_chars.jsonl': [
      '{"name":"Mogwai","wikipedia_page_id":1,"text":"A Scottish band."}',
    ],
  });
  const clean = join(root.path, 'clean');
  const steps = Number((await runChild(data, clean, 0)).output);
  expect(steps).toBeGreaterThan(40);
  const expected = await lakeFiles(clean);

  // The last step moves the last segment to its place: the manifest does not name it yet.
  const random = createRandom('kill an import');
  const moments = [steps, ...Array.from({ length: 5 }, () => 1 + random.int(steps - 1))];
  const again = join(root.path, 'killed-again-and-again');
  for (const [i, killAt] of moments.entries()) {
    const home = i < 3 ? join(root.path, `killed-at-${killAt}`) : again;
    const { signal } = await runChild(data, home, killAt);
    if (home === again) continue; // its later runs have less to do and may end before
    expect(signal).toBe('SIGKILL');
    await importFolder(data, home);
    expect(await lakeFiles(home)).toEqual(expected);
  }
  await importFolder(data, again);
  expect(await lakeFiles(again)).toEqual(expected);
}, 600_000);

test('the lock names the process that has it, and is free when that is killed', async () => {
  const home = join(root.path, 'home');
  const holder = spawn(process.execPath, tsx('lock-child.ts', home), {
    cwd: projectFolder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await once(holder.stdout, 'data');
    await expect(
      openLake(home, { waitMs: 0 }).update(() => Promise.resolve()),
    ).rejects.toMatchObject({
      code: 'LOCKED',
      message: `lake ${join(home, 'lake')}: expected nobody else at work, but process ${holder.pid} is`,
    });
  } finally {
    holder.kill('SIGKILL');
    await once(holder, 'exit');
  }
  await openLake(home, { waitMs: 0 }).update(() => Promise.resolve());
}, 600_000);
