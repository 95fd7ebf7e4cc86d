import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readManifest } from '../../infra/lake-manifest.ts';
import { snapshotOf } from '../../infra/lake-snapshot.ts';
import { openLake } from '../../infra/lake.ts';
import type { LakeUpdate, WrittenFile } from '../../pipelines/lake.ts';
import { temporaryFolder } from '../support/sources.ts';

let root: ReturnType<typeof temporaryFolder>;
let home: string;
let folder: string;
beforeEach(() => {
  root = temporaryFolder();
  home = join(root.path, 'home');
  folder = join(home, 'lake');
});
afterEach(() => root.remove());

async function written(update: LakeUpdate, bytes: string): Promise<WrittenFile> {
  const path = join(update.scratch, `${bytes}.new`);
  await writeFile(path, bytes);
  return { path, table: 'listens', day: '2026-11-20', rows: 1 };
}

async function commitAll(contents: readonly string[]): Promise<void> {
  await openLake(home).update(async (update) => {
    for (const [n, bytes] of contents.entries()) {
      await update.commitLog('rabbitmq:test', n, [await written(update, bytes)]);
    }
  });
}

/** Replaces the files with these numbers among those that count, and removes them, as an erasure does. */
async function eraseFrom(numbers: readonly number[]): Promise<void> {
  await openLake(home).update(async (update) => {
    const paths = (await update.snapshot()).tables.listens;
    for (const n of numbers) {
      await update.replace([paths[n]!], [await written(update, `without-${n}`)], { erase: true });
    }
  });
}

/** What a reader finds where something happens each time that it has read the manifest. */
const readSlowly = (happens: (() => Promise<void>)[]) =>
  snapshotOf(folder, undefined, Infinity, async () => {
    const manifest = await readManifest(folder);
    await happens.shift()?.();
    return manifest;
  });

test('a reader whose files are replaced meanwhile, and again, reads what counts then', async () => {
  await commitAll(['a', 'b', 'c', 'd']);
  const before = await openLake(home).snapshot();
  const snapshot = await readSlowly([() => eraseFrom([2]), () => eraseFrom([0, 1])]);
  expect(snapshot).toEqual(await openLake(home).snapshot());
  expect(snapshot.id).not.toBe(before.id);
  expect(snapshot.tables.listens).toHaveLength(4);
});

test('a file that the manifest names and that is gone is damage, also after an erasure', async () => {
  await commitAll(['a', 'b', 'c']);
  let lost = '';
  const damaged = readSlowly([
    async () => {
      await eraseFrom([0]);
      lost = (await openLake(home).snapshot()).tables.listens[1]!;
      await rm(lost);
    },
  ]);
  await expect(damaged).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' });
  await expect(damaged).rejects.toThrow(`${basename(lost)}: expected 1 bytes, found no such file`);
});

test('a reader is not kept for ever by a lake that never comes to rest', async () => {
  await commitAll(['a']);
  const { segments, ...rest } = await readManifest(folder);
  let reads = 0;
  const never = () =>
    Promise.resolve({
      ...rest,
      segments: segments.map((segment) => ({ ...segment, file: `listens/gone-${reads++}` })),
    });
  await expect(snapshotOf(folder, undefined, 0, never)).rejects.toMatchObject({
    code: 'ARTIFACT_CORRUPT',
  });
  expect(reads).toBeLessThan(1000);
});

test('readers beside an erasure find a whole lake, however often they look', async () => {
  const numFiles = 120;
  await commitAll(Array.from({ length: numFiles }, (_, n) => `row-${n}`));
  let going = true;
  // The last ones, so that a reader is on its way to them for as long as can be.
  const last = Array.from({ length: 24 }, (_, n) => numFiles - 1 - n);
  const erasing = eraseFrom(last).finally(() => {
    going = false;
  });
  const lake = openLake(home);
  let looks = 0;
  const look = async () => {
    for (; going; looks++) {
      expect((await lake.snapshot()).tables.listens).toHaveLength(numFiles);
    }
  };
  await Promise.all([erasing, look(), look(), look()]);
  expect(looks).toBeGreaterThan(0);
});
