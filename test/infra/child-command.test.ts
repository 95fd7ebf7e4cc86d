import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { runBeside } from '../../infra/child-command.ts';
import { temporaryFolder } from '../support/sources.ts';

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

async function program(text: string): Promise<string> {
  const path = join(folder.path, 'program.mjs');
  await writeFile(path, text);
  return path;
}

test('how a program ended is told, and what it said last', async () => {
  const path = await program(
    `console.log(process.argv[2]); console.error('one\\ntwo'); process.exitCode = 3;`,
  );
  expect(await runBeside(path, ['said'], new AbortController().signal)).toEqual({
    ...{ code: 3, output: 'said\n', lastError: 'two' },
  });
});

test('a program that does not end when it is asked to is killed', async () => {
  const path = await program(`
    import { writeFileSync } from 'node:fs';
    const [ready, asked] = process.argv.slice(2);
    process.on('SIGTERM', () => writeFileSync(asked, ''));
    setInterval(() => {}, 1000);
    writeFileSync(ready, '');`);
  const [ready, asked] = ['ready', 'asked'].map((name) => join(folder.path, name));
  const stopping = new AbortController();
  const ended = runBeside(path, [ready!, asked!], stopping.signal, 1000);
  while (!existsSync(ready!)) await pause(10);
  stopping.abort();
  expect(await ended).toMatchObject({ code: null });
  expect(existsSync(asked!)).toBe(true);
});
