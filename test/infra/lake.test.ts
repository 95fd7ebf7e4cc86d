import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openDuckdb } from '../../infra/duckdb.ts';
import { importFolder } from '../../infra/import-folder.ts';
import { openLake } from '../../infra/lake.ts';
import type { LakeUpdate } from '../../pipelines/lake.ts';
import { createViews } from '../../pipelines/views.ts';
import { lakeSource } from '../../pipelines/week-plan.ts';
import { lakeFiles, temporaryFolder, writeSources } from '../support/sources.ts';

let root: ReturnType<typeof temporaryFolder>;
let home: string;
beforeEach(() => {
  root = temporaryFolder();
  home = join(root.path, 'home');
});
afterEach(() => root.remove());

const counts = { rowsIn: 1, rowsOut: 1, tables: { texts: 1 }, dropped: {}, repaired: {} };

/** Commits a segment of `texts` that holds these bytes. */
async function commit(update: LakeUpdate, source: string, fingerprint: string, bytes: string) {
  const path = join(update.scratch, `${source}-${fingerprint}`);
  await writeFile(path, bytes);
  await update.commit({ source, fingerprint, counts }, [{ path, table: 'texts', rows: 1 }]);
}

describe('the lake', () => {
  test('is empty before anything is imported, and its views have columns and no rows', async () => {
    const snapshot = await openLake(home).snapshot();
    expect(Object.values(snapshot.tables).flat()).toEqual([]);
    const sql = await openDuckdb({ threads: 1 });
    await createViews(sql, { lake: lakeSource(snapshot) });
    expect(await sql.rows('SELECT zone FROM lake.listens')).toEqual([]);
    expect(await sql.rows('SELECT genres FROM lake.recordings')).toEqual([]);
    sql.dispose();
  });

  test('what is committed counts; what is only written does not', async () => {
    const lake = openLake(home);
    await lake.update(async (update) => {
      await commit(update, 'a', '1111111111111', 'aaaa');
      await writeFile(join(update.scratch, 'never'), 'x');
    });
    const { tables } = await lake.snapshot();
    expect(tables.texts).toEqual([join(home, 'lake/texts/a-111111111111.parquet')]);
    expect([...(await lakeFiles(home)).keys()]).toEqual([
      'manifest.json',
      'texts/a-111111111111.parquet',
    ]);
  });

  test('a snapshot stays as it is when more is imported', async () => {
    const lake = openLake(home);
    await lake.update((update) => commit(update, 'a', '1111111111111', 'aaaa'));
    const first = await lake.snapshot();
    const bytes = await readFile(first.tables.texts[0]!);
    await lake.update((update) => commit(update, 'b', '2222222222222', 'bbbb'));
    const second = await lake.snapshot();
    expect(first.tables.texts).toHaveLength(1);
    expect(second.tables.texts).toHaveLength(2);
    expect(second.id).not.toBe(first.id);
    expect(await readFile(first.tables.texts[0]!)).toEqual(bytes);
  });

  test('a snapshot of some sources holds only theirs, under an id of its own', async () => {
    const lake = openLake(home);
    await lake.update((update) => commit(update, 'a', '1111111111111', 'aaaa'));
    const onlyA = await lake.snapshot();
    await lake.update((update) => commit(update, 'b', '2222222222222', 'bbbb'));
    expect(await lake.snapshot({ sources: ['a'] })).toEqual(onlyA);
    expect((await lake.snapshot({ sources: [] })).tables.texts).toEqual([]);
  });

  test('the same content has the same id, wherever the lake is', async () => {
    const other = join(root.path, 'other');
    for (const folder of [home, other]) {
      await openLake(folder).update((update) => commit(update, 'a', '1111111111111', 'aaaa'));
    }
    expect((await openLake(other).snapshot()).id).toBe((await openLake(home).snapshot()).id);
  });

  test('an import is known again by source and fingerprint', async () => {
    const lake = openLake(home);
    await lake.update((update) => commit(update, 'a', '1111111111111', 'aaaa'));
    await lake.update((update) => {
      expect(update.imported('a', '1111111111111')?.counts).toEqual(counts);
      expect(update.imported('a', '2222222222222')).toBeUndefined();
      expect(update.imported('b', '1111111111111')).toBeUndefined();
      return Promise.resolve();
    });
  });

  test('what a killed import left is removed by the next, and nothing else is', async () => {
    const lake = openLake(home);
    await lake.update((update) => commit(update, 'a', '1111111111111', 'aaaa'));
    const before = await lakeFiles(home);
    const orphans = ['texts/x.parquet', 'listens/day=2014-05-01/x.parquet', 'scratch/1/x.parquet'];
    for (const orphan of orphans) {
      await mkdir(join(home, 'lake', orphan, '..'), { recursive: true });
      await writeFile(join(home, 'lake', orphan), 'half');
    }
    await writeFile(join(home, 'lake', 'notes.txt'), 'mine');
    await lake.update(() => Promise.resolve());
    expect(await lakeFiles(home)).toEqual(new Map([...before, ['notes.txt', 'mine']].sort() as []));
  });

  test('work that fails leaves the lake as it was and free for the next', async () => {
    const lake = openLake(home, { waitMs: 0 });
    await lake.update((update) => commit(update, 'a', '1111111111111', 'aaaa'));
    const before = await lakeFiles(home);
    const failure = new Error('no');
    await expect(
      lake.update(async (update) => {
        await writeFile(join(update.scratch, 'x'), 'x');
        throw failure;
      }),
    ).rejects.toBe(failure);
    expect(await lakeFiles(home)).toEqual(before);
    await lake.update(() => Promise.resolve());
  });
});

describe('a lake that is damaged says so', () => {
  let segment: string;
  beforeEach(async () => {
    await openLake(home).update((update) => commit(update, 'a', '1111111111111', 'aaaa'));
    segment = join(home, 'lake/texts/a-111111111111.parquet');
  });
  const advice = () => `; restore the file, or remove ${join(home, 'lake')} and import again`;

  test('a segment that is missing', async () => {
    await rm(segment);
    await expect(openLake(home).snapshot()).rejects.toMatchObject({
      code: 'ARTIFACT_CORRUPT',
      message: `${segment}: expected 4 bytes, found no such file${advice()}`,
    });
  });

  test('a segment of another size', async () => {
    await truncate(segment, 2);
    await expect(openLake(home).snapshot()).rejects.toMatchObject({
      code: 'ARTIFACT_CORRUPT',
      message: `${segment}: expected 4 bytes, found 2${advice()}`,
    });
  });

  test('a segment of the same size with other bytes, unless it is too large to be read', async () => {
    await writeFile(segment, 'aaba');
    await expect(openLake(home).snapshot()).rejects.toMatchObject({
      code: 'ARTIFACT_CORRUPT',
      message: `${segment}: expected the 4 bytes that were written, found others${advice()}`,
    });
    await expect(openLake(home, { verifyMb: 0 }).snapshot()).resolves.toBeDefined();
  });

  test('a manifest that is no JSON', async () => {
    const manifest = join(home, 'lake/manifest.json');
    await writeFile(manifest, '{"v":1,');
    await expect(openLake(home).snapshot()).rejects.toMatchObject({
      code: 'ARTIFACT_CORRUPT',
      message:
        `${manifest}: expected the lake's list of segments as JSON, got something else; ` +
        `restore it, or remove ${join(home, 'lake')} and import again`,
    });
  });
});

describe('two imports at once', () => {
  test('the second gives up when it was told not to wait', async () => {
    const lake = openLake(home, { waitMs: 0 });
    let second: Promise<unknown> | undefined;
    await lake.update(async () => {
      second = openLake(home, { waitMs: 0 }).update(() => Promise.resolve());
      await expect(second).rejects.toMatchObject({
        code: 'LOCKED',
        message: `lake ${join(home, 'lake')}: expected nobody else at work, but process ${process.pid} is`,
      });
    });
  });

  test('the second waits, and both are in the lake', async () => {
    const data = await writeSources(join(root.path, 'data'), {
      'listens.csv': ['listened_at,listener,artist,title', '2014-05-01T10:00:00Z,ann,Mogwai,Cody'],
    });
    const [one, two] = await Promise.all([importFolder(data, home), importFolder(data, home)]);
    expect([one[0]!.reused, two[0]!.reused].sort()).toEqual([false, true]);
  });

  test('a wait can be broken off', async () => {
    const stop = new AbortController();
    await openLake(home).update(async () => {
      const second = openLake(home).update(() => Promise.resolve(), stop.signal);
      stop.abort(new Error('stopped'));
      await expect(second).rejects.toThrow();
    });
  });
});
