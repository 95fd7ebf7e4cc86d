import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from '@jest/globals';
import { openThreads } from '../../infra/threads.ts';

const tasks = new URL('../support/thread-tasks.ts', import.meta.url).href;
const project = join(import.meta.dirname, '..', '..');

describe('threads', () => {
  const threads = openThreads({ size: 2 });
  afterAll(() => threads.dispose());

  test('run functions of modules in TypeScript and keep the order of the inputs', async () => {
    const inputs = [...Array(50).keys()];
    expect(await threads.map(tasks, 'square', inputs)).toEqual(inputs.map((n) => n * n));
    expect(await threads.map(tasks, 'square', [])).toEqual([]);
  });

  test('are others than the calling one', async () => {
    const places = await threads.map<number, { isMainThread: boolean }>(tasks, 'where', [1, 2]);
    expect(places.map(({ isMainThread }) => isMainThread)).toEqual([false, false]);
  });

  test('see the same shared memory', async () => {
    const shared = new Int32Array(new SharedArrayBuffer(4));
    await threads.map(tasks, 'count', [
      { shared, times: 1000 },
      { shared, times: 2000 },
      { shared, times: 4000 },
    ]);
    expect(shared[0]).toBe(7000);
  });

  test('serve two who ask at once', async () => {
    const both = [threads.map(tasks, 'square', [2, 3, 4]), threads.map(tasks, 'square', [5, 6])];
    expect(await Promise.all(both)).toEqual([
      [4, 9, 16],
      [25, 36],
    ]);
  });

  test('give an error back with its message and stack, and go on', async () => {
    const failing = threads.map(tasks, 'fail', ['first', 'second', 'third']);
    await expect(failing).rejects.toThrow('first');
    await expect(failing).rejects.toHaveProperty('stack', expect.stringContaining('thread-tasks'));
    expect(await threads.map(tasks, 'square', [7])).toEqual([49]);
  });

  test('tell of a function, or a module, that is not there', async () => {
    await expect(threads.map(tasks, 'nothing', [1])).rejects.toThrow(
      `threads: expected ${tasks} to export the function nothing`,
    );
    await expect(threads.map(`${tasks}.missing`, 'square', [1])).rejects.toThrow('missing');
  });

  test('reject where a thread ends, and go on', async () => {
    await expect(threads.map(tasks, 'crash', [1])).rejects.toThrow(/./);
    expect(await threads.map(tasks, 'square', [1, 2, 3])).toEqual([1, 4, 9]);
  });

  test('begin nothing more once they are told to stop', async () => {
    const stop = new AbortController();
    const shared = new Int32Array(new SharedArrayBuffer(4));
    const inputs = new Array(1000).fill({ shared, times: 1 });
    const counting = threads.map(tasks, 'count', inputs, stop.signal);
    stop.abort(new Error('enough'));
    await expect(counting).rejects.toThrow('enough');
    expect(shared[0]).toBeLessThan(1000);
    await expect(threads.map(tasks, 'square', [1], stop.signal)).rejects.toThrow('enough');
  });
});

describe('open threads', () => {
  test('may be disposed of twice, unused too, and refuse work from then on', async () => {
    const used = openThreads({ size: 1 });
    await used.map(tasks, 'square', [1]);
    for (const threads of [used, openThreads()]) {
      await threads.dispose();
      await threads.dispose();
      await expect(threads.map(tasks, 'square', [1])).rejects.toThrow('disposed of');
    }
  });

  test.each([0, -1, 1.5, NaN])('of a number of %d are refused', (size) => {
    expect(() => openThreads({ size })).toThrow(
      `threads: expected a whole number of 1 or more, got ${size}`,
    );
  });

  test('do not keep a process from ending', async () => {
    const child = join(project, 'test', 'support', 'threads-child.ts');
    const run = promisify(execFile);
    const { stdout } = await run(process.execPath, ['--import', 'tsx', child], { cwd: project });
    expect(stdout).toBe('[1,4,9]');
  });
});
