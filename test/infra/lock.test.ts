import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
