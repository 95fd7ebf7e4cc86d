import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openLake } from '../../infra/lake.ts';
import { openWeekBook } from '../../infra/week-book.ts';
import type { LakeSnapshot, LakeUpdate, WrittenFile } from '../../pipelines/lake.ts';
import { weekOptions, type FrozenWeek } from '../../pipelines/week-plan.ts';
import { lakeFiles, temporaryFolder } from '../support/sources.ts';

let root: ReturnType<typeof temporaryFolder>;
let home: string;
beforeEach(() => {
  root = temporaryFolder();
  home = join(root.path, 'home');
});
afterEach(() => root.remove());

const log = 'rabbitmq:test';
const day = '2026-11-20';

async function written(update: LakeUpdate, bytes: string): Promise<WrittenFile> {
  const path = join(update.scratch, `${bytes}.new`);
  await writeFile(path, bytes);
  return { path, table: 'listens', day, rows: 1 };
}

/** Commits these contents, one entry each, from an offset on. */
async function commitAll(contents: readonly string[], from = 0): Promise<void> {
  await openLake(home).update(async (update) => {
    for (const [n, bytes] of contents.entries()) {
      await update.commitLog(log, from + n, [await written(update, bytes)]);
    }
  });
}

async function contents(paths: readonly string[]): Promise<string[]> {
  return Promise.all(paths.map((path) => readFile(path, 'utf8')));
}

function freeze(week: string, { id, tables }: LakeSnapshot): Promise<void> {
  const frozen: FrozenWeek = {
    format: 1,
    week,
    revision: 1,
    frozenAt: '2026-11-22T00:00:00.000Z',
    cutoff: '2026-11-16T00:00:00.000Z',
    trainingCutoffs: [],
    catalogue: 'all',
    options: weekOptions.parse({}),
    lake: {
      id,
      tables: Object.fromEntries(Object.entries(tables).map(([t, f]) => [t, [...f]])) as never,
    },
    previous: [],
  };
  return openWeekBook(join(home, 'weeks', 'main')).write(frozen);
}

describe('a log in the lake', () => {
  test('is held up to the offset that was committed with its files', async () => {
    const lake = openLake(home);
    await lake.update(async (update) => {
      expect([update.offset(log), update.mark(log)]).toEqual([undefined, undefined]);
      await update.commitLog(log, 7, [await written(update, 'a')], 'm7');
      expect([update.offset(log), update.mark(log)]).toEqual([7, 'm7']);
    });
    await openLake(home).update((update) => {
      expect([update.offset(log), update.mark(log)]).toEqual([7, 'm7']);
      expect(update.offset('another')).toBeUndefined();
      return Promise.resolve();
    });
    expect(await contents((await lake.snapshot()).tables.listens)).toEqual(['a']);
    expect((await lake.snapshot({ sources: ['log'] })).tables.listens).toHaveLength(1);
  });

  test('may bring nothing but its offset, and several files of one day', async () => {
    await openLake(home).update(async (update) => {
      await update.commitLog(log, 1, []);
      await update.commitLog(log, 2, [await written(update, 'a'), await written(update, 'b')]);
    });
    const { listens } = (await openLake(home).snapshot()).tables;
    expect((await contents(listens)).sort()).toEqual(['a', 'b']);
  });
});

describe('segments that are replaced', () => {
  test('count no more, and stay for those who read them', async () => {
    await commitAll(['a', 'b', 'c']);
    const lake = openLake(home);
    const before = await lake.snapshot();
    await lake.update(async (update) => {
      await update.replace(before.tables.listens.slice(0, 2), [await written(update, 'ab')]);
      expect(update.held().map(({ counts }) => counts)).toEqual([false, false, true, true]);
    });
    const after = await lake.snapshot();
    expect(await contents(after.tables.listens)).toEqual(['c', 'ab']);
    expect(await contents(before.tables.listens)).toEqual(['a', 'b', 'c']);
    await lake.update(() => Promise.resolve());
    expect(await contents(before.tables.listens)).toEqual(['a', 'b', 'c']);
  });

  test('go when their time is over, but not while a frozen week names them', async () => {
    await commitAll(['a', 'b']);
    const lake = openLake(home, { keepReplacedMs: 0 });
    const frozen = await lake.snapshot();
    await freeze('2026-W47', frozen);
    await lake.update(async (update) => {
      await update.replace(frozen.tables.listens, [await written(update, 'ab')]);
    });
    expect(await contents(frozen.tables.listens)).toEqual(['a', 'b']);
    await freeze('2026-W47', await lake.snapshot());
    await lake.update(async (update) => {
      await update.replace((await update.snapshot()).tables.listens, [
        await written(update, 'abc'),
      ]);
    });
    const files = [...(await lakeFiles(home)).values()].map(String);
    expect(files.slice(0, 2).sort()).toEqual(['ab', 'abc']);
  });

  test('and erased are gone at once, and a frozen week names what took their place', async () => {
    await commitAll(['a', 'b']);
    const lake = openLake(home);
    const first = await lake.snapshot();
    await freeze('2026-W46', first);
    await lake.update(async (update) => {
      await update.replace(first.tables.listens, [await written(update, 'ab')]);
    });
    await freeze('2026-W47', await lake.snapshot());
    await lake.update(async (update) => {
      for (const { path, counts } of update.held()) {
        const bytes = await readFile(path, 'utf8');
        if (!bytes.includes('b')) continue;
        const rest = bytes === 'ab' ? [await written(update, 'a only')] : [];
        await update.replace([path], rest, { erase: true });
        expect(counts).toBe(bytes === 'ab');
      }
    });
    const weeks = openWeekBook(join(home, 'weeks', 'main'));
    const [old, recent] = [await weeks.find('2026-W46'), await weeks.find('2026-W47')];
    expect(await contents(old!.lake.tables.listens)).toEqual(['a']);
    expect(await contents(recent!.lake.tables.listens)).toEqual(['a only']);
    const files = [...(await lakeFiles(home))].filter(([name]) => name.startsWith('listens/'));
    expect(files.map(([, bytes]) => String(bytes)).sort()).toEqual(['a', 'a only']);
  });

  test('an erasure that was killed is finished by the next update', async () => {
    await commitAll(['a']);
    const lake = openLake(home);
    const before = await lake.snapshot();
    await freeze('2026-W46', before);
    const path = join(home, 'lake', 'manifest.json');
    // As the kill leaves it: the manifest says what is to be done, and nothing of it is done.
    const manifest = JSON.parse(await readFile(path, 'utf8')) as { segments: { file: string }[] };
    const files = manifest.segments.map(({ file }) => file);
    await writeFile(
      path,
      JSON.stringify({ ...manifest, segments: [], erasing: [{ files, by: [] }] }),
    );
    await lake.update(() => Promise.resolve());
    await expect(readFile(before.tables.listens[0]!)).rejects.toMatchObject({ code: 'ENOENT' });
    const week = await openWeekBook(join(home, 'weeks', 'main')).find('2026-W46');
    expect(week!.lake.tables.listens).toEqual([]);
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ erasing: [] });
  });

  test('must be in the lake, and the files of their kind', async () => {
    await commitAll(['a']);
    await openLake(home).update(async (update) => {
      const { listens } = (await update.snapshot()).tables;
      await expect(update.replace([`${home}/lake/no`], [])).rejects.toThrow(
        `${home}/lake/no: expected a file of the lake, it holds none of this name`,
      );
      const other = { ...(await written(update, 'x')), day: '2026-11-21' };
      await expect(update.replace(listens, [other])).rejects.toThrow(
        /expected to replace segments of listens of one source, got 0/,
      );
    });
    expect(await contents((await openLake(home).snapshot()).tables.listens)).toEqual(['a']);
  });
});

test('a manifest of the first version is read, and written as the second by the next commit', async () => {
  const segment = join(home, 'lake', 'texts', 'a-111111111111.parquet');
  await mkdir(join(segment, '..'), { recursive: true });
  await writeFile(segment, 'aaaa');
  const path = join(home, 'lake', 'manifest.json');
  const counts = { rowsIn: 1, rowsOut: 1, tables: { texts: 1 }, dropped: {}, repaired: {} };
  const old = {
    v: 1,
    imports: [{ source: 'a', fingerprint: '1111111111111', counts }],
    segments: [
      {
        table: 'texts',
        file: 'texts/a-111111111111.parquet',
        rows: 1,
        bytes: 4,
        sha256: '61be55a8e2f6b4e172338bddf184d6dbee29c98853e0a0485ecee7f27b9af0b4',
        source: 'a',
      },
    ],
  };
  await writeFile(path, JSON.stringify(old));
  const lake = openLake(home);
  expect((await lake.snapshot()).tables.texts).toEqual([segment]);
  await lake.update((update) => update.commitLog(log, 3, []));
  const now = JSON.parse(await readFile(path, 'utf8')) as object;
  expect(now).toMatchObject({ ...old, v: 2, logs: { [log]: { offset: 3 } } });
});
