import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { acquireLock, withLock } from '../../infra/lock.ts';

// That the operating system frees the lock of a process that was killed: integration/lake-killed.

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lock-'));
});

afterAll(() => rm(folder, { recursive: true }));

const what = 'the shop';
const notAtAll = { waitMs: 0, what };

test('is held by one at a time, and freed once', async () => {
  const path = join(folder, 'made', 'on', 'the', 'way', 'lock');
  const release = await acquireLock(path, notAtAll);
  await expect(acquireLock(path, notAtAll)).rejects.toMatchObject({
    code: 'LOCKED',
    message: `the shop: expected nobody else at work, but process ${process.pid} is`,
  });
  release();
  const again = await acquireLock(path, notAtAll);
  release();
  await expect(acquireLock(path, notAtAll)).rejects.toMatchObject({ code: 'LOCKED' });
  again();
});

test('lets five workers do their work one after the other, whatever comes of it', async () => {
  const path = join(folder, 'five.lock');
  let inside = 0;
  let done = 0;
  const waitedFor: string[] = [];
  const options = { waitMs: 60_000, what, onWait: (holder: string) => waitedFor.push(holder) };
  const work = async () => {
    expect(++inside).toBe(1);
    // The first stays until all others wait.
    while (waitedFor.length < 4) await pause(2);
    inside--;
    if (++done % 2 === 0) throw new Error('half of them fail');
  };
  const all = Array.from({ length: 5 }, () => withLock(path, options, work));
  const ended = await Promise.allSettled(all);
  expect(done).toBe(5);
  expect(ended.filter(({ status }) => status === 'rejected')).toHaveLength(2);
  expect(waitedFor).toEqual(Array.from({ length: 4 }, () => `process ${process.pid}`));
  expect((await readdir(folder)).filter((name) => name.startsWith('five'))).toEqual(['five.lock']);
});

test('is shared by those who share it, and by nobody else until the last of them leaves', async () => {
  const path = join(folder, 'shared.lock');
  const sharing = { ...notAtAll, shared: true };
  const first = await acquireLock(path, sharing);
  const second = await acquireLock(path, sharing);
  await expect(acquireLock(path, notAtAll)).rejects.toMatchObject({ code: 'LOCKED' });
  first();
  first();
  await expect(acquireLock(path, notAtAll)).rejects.toMatchObject({ code: 'LOCKED' });
  second();
  const alone = await acquireLock(path, notAtAll);
  await expect(acquireLock(path, sharing)).rejects.toMatchObject({ code: 'LOCKED' });
  alone();
  (await acquireLock(path, sharing))();
});

test('is shared with another process, too', async () => {
  const path = join(folder, 'processes.lock');
  const release = await acquireLock(path, { ...notAtAll, shared: true });
  const script = `
    const { acquireLock } = await import(${JSON.stringify(new URL('../../infra/lock.ts', import.meta.url).href)});
    const how = { waitMs: 0, what: 'the shop' };
    (await acquireLock(process.argv[1], { ...how, shared: true }))();
    console.log('shared');
    await acquireLock(process.argv[1], how).then(() => console.log('alone'), (error) => console.log(error.code));`;
  const run = ['--import', 'tsx', '--input-type=module', '--eval', script, path];
  const { stdout } = await promisify(execFile)(process.execPath, run, { cwd: process.cwd() });
  release();
  expect(stdout).toBe('shared\nLOCKED\n');
});

test('is no longer waited for by whoever is told to stop', async () => {
  const path = join(folder, 'stop.lock');
  const release = await acquireLock(path, notAtAll);
  const stopping = new AbortController();
  const waiting = acquireLock(path, {
    waitMs: 60_000,
    what,
    signal: stopping.signal,
    onWait: () => stopping.abort(),
  });
  await expect(waiting).rejects.toThrow('aborted');
  release();
});

test('that is another file is told, and that file stays', async () => {
  const path = join(folder, 'notes.lock');
  await writeFile(path, 'a note that somebody left here'.repeat(100));
  await expect(acquireLock(path, notAtAll)).rejects.toMatchObject({
    code: 'ARTIFACT_CORRUPT',
    message: `${path}: expected a lock, got another file; delete it`,
  });
});
