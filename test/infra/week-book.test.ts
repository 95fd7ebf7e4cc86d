import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { openArtifacts } from '../../infra/artifacts.ts';
import { openListArchive, weekBookFolder } from '../../infra/list-archive.ts';
import { openWeekBook } from '../../infra/week-book.ts';
import { lakeTableNames } from '../../pipelines/lake.ts';
import type { WeeklyList } from '../../pipelines/lists.ts';
import { listsManifest } from '../../pipelines/make-lists.ts';
import { weekOptions, type FrozenWeek } from '../../pipelines/week-plan.ts';
import { listFor } from '../support/lists.ts';
import { temporaryFolder } from '../support/sources.ts';

const home = temporaryFolder();
const artifacts = openArtifacts(join(home.path, 'artifacts'));
const archive = openListArchive(home.path, artifacts);
const bookOf = (lake: string) => openWeekBook(weekBookFolder(home.path, lake));

afterAll(() => home.remove());

function frozen(week: string, frozenAt: string, lists?: string): FrozenWeek {
  return {
    format: 1,
    week,
    revision: 1,
    frozenAt,
    cutoff: '2014-09-01T00:00:00.000Z',
    trainingCutoffs: ['2014-08-25T00:00:00.000Z'],
    catalogue: 'asof',
    options: weekOptions.parse({ catalogue: 'asof' }),
    lake: {
      id: 'lake',
      tables: Object.fromEntries(
        lakeTableNames.map((name) => [name, [`/${name}.parquet`]]),
      ) as FrozenWeek['lake']['tables'],
    },
    previous: [{ week: '2014-W35', fingerprint: 'before' }],
    ...(lists === undefined ? {} : { lists: { fingerprint: lists, model: 'ranker-x' } }),
  };
}

/** Keeps lists as the stage `lists` does. */
async function keepLists(fingerprint: string, week: string, lists: WeeklyList[]): Promise<void> {
  const scratch = await artifacts.workspace('lists', fingerprint);
  const zones = [...new Set(lists.map(({ zone }) => zone))].sort().map((zone, n) => ({
    zone,
    listeners: lists.filter((list) => list.zone === zone).length,
    file: `zones/${n}.ndjson`,
  }));
  await mkdir(join(scratch, 'zones'));
  for (const { zone, file } of zones) {
    const lines = lists.filter((list) => list.zone === zone).map((list) => JSON.stringify(list));
    await writeFile(join(scratch, file), `${lines.join('\n')}\n`);
  }
  const manifest = { format: 1, week, model: `ranker-of-${fingerprint}`, zones };
  await writeFile(join(scratch, listsManifest), JSON.stringify(manifest));
  await artifacts.commit(scratch, {
    stage: 'lists',
    version: 1,
    fingerprint,
    options: {},
    inputs: {},
    funnel: {
      stage: 'lists',
      rowsIn: 0,
      rowsOut: 0,
      dropped: {},
      figures: {},
      seconds: 0,
      peakMemoryMb: 0,
      reused: false,
    },
  });
}

test('a frozen week is found as it was written, and replaced whole', async () => {
  const book = bookOf('kept');
  expect(await book.find('2014-W36')).toBeUndefined();
  expect(await book.weeks()).toEqual([]);
  const week = frozen('2014-W36', '2014-08-30T00:00:00.000Z');
  await book.write(week);
  expect(await book.find('2014-W36')).toEqual(week);
  const later = { ...week, revision: 2 };
  await book.write(later);
  expect(await book.find('2014-W36')).toEqual(later);
  await book.write(frozen('2013-W01', '2014-08-30T00:00:00.000Z'));
  await writeFile(join(weekBookFolder(home.path, 'kept'), 'notes.json'), '{}');
  expect(await book.weeks()).toEqual(['2013-W01', '2014-W36']);
  expect(await readdir(weekBookFolder(home.path, 'kept'))).toHaveLength(3);
});

test('a file that holds no frozen week is told by its path', async () => {
  const folder = join(home.path, 'corrupt');
  await mkdir(folder);
  const path = join(folder, '2014-W36.json');
  const partial = { ...frozen('2014-W36', '2014-08-30T00:00:00.000Z'), revision: undefined };
  for (const text of ['', '{"format": 1', '[]', JSON.stringify(partial)]) {
    await writeFile(path, text);
    await expect(openWeekBook(folder).find('2014-W36')).rejects.toMatchObject({
      code: 'ARTIFACT_CORRUPT',
      message: `${path}: expected the record of a frozen week, got something else; delete it and run the week again`,
    });
  }
});

test('of two lakes that made the same week, the lists frozen last are in the archive', async () => {
  expect(await archive.weeks()).toEqual([]);
  await keepLists('aaa', '2014-W30', [listFor('ana', '2014-W30', 'Asia/Jakarta')]);
  await keepLists('bbb', '2014-W30', [
    listFor('budi', '2014-W30', 'Europe/Oslo'),
    listFor('cara', '2014-W30', 'Asia/Jakarta'),
    listFor('dina', '2014-W30', 'Europe/Oslo'),
  ]);
  await bookOf('first').write(frozen('2014-W30', '2014-07-20T00:00:00.000Z', 'aaa'));
  expect((await archive.find('2014-W30'))!.fingerprint).toBe('aaa');
  await bookOf('second').write(frozen('2014-W30', '2014-07-21T00:00:00.000Z', 'bbb'));
  await bookOf('third').write(frozen('2014-W30', '2014-07-22T00:00:00.000Z')); // not made
  const lists = (await archive.find('2014-W30'))!;
  expect(lists).toMatchObject({
    week: '2014-W30',
    fingerprint: 'bbb',
    model: 'ranker-of-bbb',
    zones: [
      { zone: 'Asia/Jakarta', listeners: 1 },
      { zone: 'Europe/Oslo', listeners: 2 },
    ],
  });
  for (let time = 1; time <= 2; time++) {
    const users: string[] = [];
    for await (const { user } of lists.read('Europe/Oslo')) users.push(user);
    expect(users).toEqual(['budi', 'dina']);
  }
  for await (const list of lists.read('Asia/Tokyo')) throw new Error(`no list, got ${list.user}`);
});

test('the archive has the weeks whose lists were made, each once, ascending', async () => {
  await bookOf('first').write(frozen('2013-W50', '2014-07-20T00:00:00.000Z', 'aaa'));
  await bookOf('first').write(frozen('2015-W01', '2014-07-20T00:00:00.000Z'));
  expect(await archive.weeks()).toEqual(['2013-W50', '2014-W30']);
  expect(await archive.find('2015-W01')).toBeUndefined();
});

test('lists whose artifact is gone are not there', async () => {
  await bookOf('first').write(frozen('2014-W20', '2014-07-20T00:00:00.000Z', 'gone'));
  expect(await archive.find('2014-W20')).toBeUndefined();
});
