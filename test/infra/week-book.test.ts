import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { openArtifacts } from '../../infra/artifacts.ts';
import { frozenLists, openListArchive, weekBookFolder } from '../../infra/list-archive.ts';
import { openWeekBook } from '../../infra/week-book.ts';
import { readTracks } from '../../model/listed-tracks.ts';
import { bsonDocument } from '../../pipelines/bson-file.ts';
import { nameTracks, readNames } from '../../pipelines/listed.ts';
import { lakeTableNames } from '../../pipelines/lake.ts';
import type { FrozenLists, WeeklyList } from '../../pipelines/lists.ts';
import { listNameFiles, listsManifest } from '../../pipelines/make-lists.ts';
import { weekOptions, type FrozenWeek } from '../../pipelines/week-plan.ts';
import { listFor, namesFor } from '../support/lists.ts';
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

/** Keeps lists as the stage `lists` does; each listener's zone beside the list. */
async function keepLists(
  fingerprint: string,
  week: string,
  lists: readonly (readonly [zone: string, list: WeeklyList])[],
): Promise<void> {
  const scratch = await artifacts.workspace('lists', fingerprint);
  const zones = [...new Set(lists.map(([zone]) => zone))].sort().map((zone, n) => ({
    zone,
    listeners: lists.filter(([of]) => of === zone).length,
    file: `zones/${n}.bson`,
  }));
  await mkdir(join(scratch, 'zones'));
  for (const { zone, file } of zones) {
    const documents = lists.filter(([of]) => of === zone).map(([, list]) => bsonDocument(list));
    await writeFile(join(scratch, file), Buffer.concat(documents));
  }
  await mkdir(join(scratch, 'names'));
  const { tracks, artists } = namesFor();
  for (const [file, names] of [
    [listNameFiles.tracks, tracks],
    [listNameFiles.artists, artists],
  ] as const) {
    await writeFile(join(scratch, file), Buffer.concat(names.map(bsonDocument)));
  }
  const manifest = { format: 2, week, model: `ranker-of-${fingerprint}`, zones };
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
  await keepLists('aaa', '2014-W30', [['Asia/Jakarta', listFor('ana')]]);
  await keepLists('bbb', '2014-W30', [
    ['Europe/Oslo', listFor('budi')],
    ['Asia/Jakarta', listFor('cara')],
    ['Europe/Oslo', listFor('dina')],
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
    for await (const { user, tracks, words } of lists.read('Europe/Oslo')) {
      users.push(user);
      expect(readTracks({ tracks, words })).toEqual(readTracks(listFor(user)));
    }
    expect(users).toEqual(['budi', 'dina']);
  }
  const names = await readNames(lists.trackNames(), lists.artistNames());
  expect(nameTracks(listFor('ana'), names).map(({ title }) => title)).toEqual(
    namesFor().tracks.map(({ title }) => title),
  );
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

describe('Lists that cannot be read are told with file and place:', () => {
  const zone = 'Europe/Oslo';
  const users = ['ana', 'budi'];
  let folder: string;
  let number = 0;

  /** New lists, something done to a file of theirs before anybody has looked at it. */
  async function damaged(file: string, damage: (bytes: Buffer) => Buffer): Promise<FrozenLists> {
    const fingerprint = `damaged-${number++}`;
    await keepLists(
      fingerprint,
      '2014-W30',
      users.map((user) => [zone, listFor(user)]),
    );
    const artifact = (await artifacts.find('lists', fingerprint))!;
    ({ folder } = artifact);
    await writeFile(join(folder, file), damage(await readFile(join(folder, file))));
    return frozenLists(artifact);
  }
  const told = (file: string, place: number, got: string) => ({
    code: 'ARTIFACT_CORRUPT',
    message: `${join(folder, file)}: expected a BSON document of its kind at byte ${place}, got ${got}; make them again with --from lists`,
  });
  const readAll = async (items: AsyncIterable<unknown>) => {
    for await (const item of items) expect(item).toBeDefined();
  };
  const size = bsonDocument(listFor('ana')).length;

  test('a list that is cut', async () => {
    const file = 'zones/0.bson';
    const lists = await damaged(file, (bytes) => bytes.subarray(0, -1));
    await expect(readAll(lists.read(zone))).rejects.toMatchObject(
      told(file, size, `${size} bytes of one`),
    );
  });

  test('a list whose tracks are no codes', async () => {
    const file = 'zones/0.bson';
    const lists = await damaged(file, (bytes) => {
      bytes[bytes.lastIndexOf(Buffer.from(listFor('budi').tracks))] = 99; // the first source
      return bytes;
    });
    await expect(readAll(lists.read(zone))).rejects.toMatchObject(
      told(file, size, 'something else'),
    );
  });

  test('names that are cut, and names that are gone', async () => {
    const tracks = await damaged(listNameFiles.tracks, (bytes) => bytes.subarray(0, 10));
    await expect(readAll(tracks.trackNames())).rejects.toMatchObject(
      told(listNameFiles.tracks, 0, '10 bytes of one'),
    );
    await readAll(tracks.artistNames());
    await readAll(tracks.read(zone));
    await rm(join(folder, listNameFiles.artists));
    await expect(readAll(tracks.artistNames())).rejects.toMatchObject(
      told(listNameFiles.artists, 0, 'no file'),
    );
  });

  test.each([
    ['{"format": 1, "week": "2014-W30", "model": "m", "zones": []}', 'those of an older version'],
    ['{"format": 2, "week": "2014-W30"}', 'something else'],
    ['{"format": 3}', 'something else'],
    ['null', 'something else'],
    ['{', 'something else'],
  ])('%s', async (manifest, got) => {
    const mistake: unknown = await damaged(listsManifest, () => Buffer.from(manifest)).catch(
      (error: unknown) => error,
    );
    expect(mistake).toMatchObject({
      code: 'ARTIFACT_CORRUPT',
      message: `${join(folder, listsManifest)}: expected the contents of a week's lists, got ${got}; make them again with --from lists`,
    });
  });
});
