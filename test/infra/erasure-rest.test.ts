import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { awaitRest } from '../../infra/erasure/rest.ts';
import { acquireLock } from '../../infra/lock.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'rest-'));
});
afterEach(() => rm(root, { recursive: true }));

const hold = (name: string) => acquireLock(join(root, '.locks', name), { waitMs: 0, what: name });

test('where nothing is made there is nothing to wait for', async () => {
  await awaitRest(join(root, 'none'), { waitMs: 0 });
  (await hold('candidates-1'))();
  await awaitRest(root, { waitMs: 0 });
});

test('what is made next is waited for as well, and told once', async () => {
  const releases = [await hold('catalogue-1')];
  const told: string[] = [];
  let rested = false;
  const resting = awaitRest(root, {
    waitMs: 60_000,
    onWait(what, holder) {
      told.push(`${what} ${holder}`);
      // The next step begins before the first one is done.
      void hold('snapshot-2').then((release) => {
        releases.push(release);
        releases[0]!();
      });
    },
  }).then(() => (rested = true));
  while (releases.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  // Long enough to look again: it must not have rested while the second one is held.
  await new Promise((resolve) => setTimeout(resolve, 800));
  expect(rested).toBe(false);
  releases[1]!();
  await resting;
  expect(told).toEqual([`artifact catalogue-1 process ${process.pid}`]);
});

test('it waits no longer than it should, and not where it is stopped', async () => {
  const release = await hold('catalogue-1');
  await expect(awaitRest(root, { waitMs: 150 })).rejects.toMatchObject({ code: 'LOCKED' });
  const stopping = new AbortController();
  const onWait = () => stopping.abort(new Error('enough'));
  const { signal } = stopping;
  await expect(awaitRest(root, { waitMs: 60_000, signal, onWait })).rejects.toThrow();
  release();
});
