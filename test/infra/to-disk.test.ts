import { existsSync, fstatSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { open, readdir, writeFile, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openArtifacts } from '../../infra/artifacts.ts';
import { readManifest } from '../../infra/lake-manifest.ts';
import { openLake } from '../../infra/lake.ts';
import { makeFolder, replaceFile } from '../../infra/to-disk.ts';
import { openWeekBook } from '../../infra/week-book.ts';
import type { LakeUpdate } from '../../pipelines/lake.ts';
import type { FrozenWeek } from '../../pipelines/week-plan.ts';
import { temporaryFolder } from '../support/sources.ts';

let root: ReturnType<typeof temporaryFolder>;
/** Told of each file and folder, by its inode, that is about to be written through. */
let onSync: (inode: number) => void;
let handles: { sync: FileHandle['sync'] };
let sync: FileHandle['sync'];

beforeEach(async () => {
  root = temporaryFolder();
  onSync = () => undefined;
  const handle = await open(root.path, 'r');
  handles = Object.getPrototypeOf(handle) as typeof handles;
  await handle.close();
  const ours = handles.sync;
  sync = ours;
  handles.sync = function (this: FileHandle) {
    onSync(fstatSync(this.fd).ino);
    return ours.call(this);
  };
});
afterEach(() => {
  handles.sync = sync;
  root.remove();
});

const inodeOf = (path: string) => (existsSync(path) ? statSync(path).ino : undefined);

/** What `see` finds each time that this folder is written through while the work is done. */
async function seenAt<Seen>(
  folder: string,
  see: () => Seen,
  work: () => Promise<unknown>,
): Promise<Seen[]> {
  const seen: Seen[] = [];
  onSync = (inode) => {
    if (inode === inodeOf(folder)) seen.push(see());
  };
  await work();
  return seen;
}

test('a file that is replaced is the new one in its folder when that is written through', async () => {
  const path = join(root.path, 'file');
  await replaceFile(path, 'old');
  const read = () => readFileSync(path, 'utf8');
  expect(await seenAt(root.path, read, () => replaceFile(path, 'new'))).toEqual(['new']);
});

test('of folders that are made the ones that have got a name are written through', async () => {
  const below = join(root.path, 'a', 'b');
  const inodes: number[] = [];
  onSync = (inode) => inodes.push(inode);
  await makeFolder(below);
  expect(inodes).toEqual([inodeOf(dirname(below)), inodeOf(root.path)]);
  await makeFolder(below);
  expect(inodes).toHaveLength(2);
});

async function written(update: LakeUpdate, bytes: string) {
  const path = join(update.scratch, bytes);
  await writeFile(path, bytes);
  return { path, table: 'listens' as const, day: '2026-11-20', rows: 1 };
}

test('the lake has its files on the disk before its manifest names them, and that before old ones go', async () => {
  const folder = join(root.path, 'lake');
  const day = join(folder, 'listens', 'day=2026-11-20');
  const manifest = () => {
    const path = join(folder, 'manifest.json');
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  };
  const lake = openLake(root.path);
  let first = '';
  await lake.update(async (update) => {
    const file = await written(update, 'one');
    const commit = () => update.commitLog('rabbitmq:test', 1, [file]);
    const before = await seenAt(day, manifest, commit);
    expect(before).toEqual(['']);
    first = (await update.snapshot()).tables.listens[0]!;
  });
  await lake.update(async (update) => {
    const file = await written(update, 'another');
    const seen = await seenAt(
      folder,
      () => ({
        isNamed: manifest().includes(`"file": "listens/day=2026-11-20/merged`),
        isThere: existsSync(first),
      }),
      () => update.replace([first], [file], { erase: true }),
    );
    expect(seen[0]).toEqual({ isNamed: true, isThere: true });
    // And once more when they are gone and it says so.
    expect(seen.at(-1)).toEqual({ isNamed: true, isThere: false });
  });
  expect(existsSync(first)).toBe(false);
  const { segments } = await readManifest(folder);
  expect(segments).toHaveLength(1);
});

test('a frozen week and an artifact are in their folders when these are written through', async () => {
  const weeks = join(root.path, 'weeks');
  const frozen = { week: '2026-W48' } as FrozenWeek;
  const book = openWeekBook(weeks);
  const isThere = () => existsSync(join(weeks, '2026-W48.json'));
  mkdirSync(weeks);
  expect(await seenAt(weeks, isThere, () => book.write(frozen))).toEqual([true]);

  const artifacts = openArtifacts(join(root.path, 'artifacts'));
  const [stage, fingerprint] = ['snapshot', '0123456789abcdef'];
  const scratch = await artifacts.workspace(stage, fingerprint);
  await writeFile(join(scratch, 'rows'), 'rows');
  const funnel = {
    ...{ stage, rowsIn: 1, rowsOut: 1, dropped: {}, figures: {} },
    ...{ seconds: 0, peakMemoryMb: 0, reused: false },
  };
  const folder = join(root.path, 'artifacts', stage);
  const seen = await seenAt(
    folder,
    () => existsSync(join(folder, fingerprint, 'artifact.json')),
    () =>
      artifacts.commit(scratch, {
        stage,
        version: 1,
        fingerprint,
        options: {},
        inputs: {},
        funnel,
      }),
  );
  expect(seen).toEqual([true]);
  expect(await readdir(folder)).toEqual([basename(fingerprint)]);
});
