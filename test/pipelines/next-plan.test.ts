import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { importFolder } from '../../infra/import-folder.ts';
import { openDuckdb } from '../../infra/duckdb.ts';
import { openLake } from '../../infra/lake.ts';
import { join } from 'node:path';
import { addDays, dayOf, lakeWithListens } from '../../pipelines/evaluate/lake-before.ts';
import { trainingCutoffs } from '../../pipelines/training-cutoffs.ts';
import { planNext, type AskedNext } from '../../pipelines/evaluate/next-plan.ts';
import type { LakeSnapshot } from '../../pipelines/lake.ts';
import type { Sql } from '../../pipelines/ports.ts';
import { temporaryFolder, writeSources } from '../support/sources.ts';

const { path: root, remove } = temporaryFolder();
let sql: Sql;
let lake: LakeSnapshot;

/** A listen a day at noon, from Monday 2026-01-05 to Wednesday 2026-02-04. */
const days = Array.from({ length: 31 }, (_, n) => addDays('2026-01-05', n));

async function lakeOfDays(name: string, of: readonly string[]): Promise<LakeSnapshot> {
  const rows = of.map((day) => `${day}T12:00:00Z,ann,Europe/Berlin,en,Mogwai,Cody`);
  const data = await writeSources(join(root, name, 'sources'), {
    'listens.csv': ['listened_at,listener,zone,language,artist,title', ...rows],
  });
  await importFolder(data, join(root, name));
  return openLake(join(root, name)).snapshot();
}

beforeAll(async () => {
  sql = await openDuckdb({ threads: 1 });
  lake = await lakeOfDays('own', days);
});
afterAll(() => {
  sql.dispose();
  remove();
});

const asked: AskedNext = { cutoff: undefined, truth: undefined, weeks: 1, horizonDays: 7 };

test('the last Monday with the whole horizon in the data is the cut-off', async () => {
  const cutoffOf = async (more: Partial<AskedNext>) =>
    (await planNext(sql, lake, undefined, { ...asked, ...more })).lakes.cutoffs;
  expect(await cutoffOf({})).toEqual(['2026-01-26T00:00:00.000Z']);
  expect(await cutoffOf({ horizonDays: 3 })).toEqual(['2026-02-02T00:00:00.000Z']);
  expect(await cutoffOf({ horizonDays: 14 })).toEqual(['2026-01-19T00:00:00.000Z']);
  expect(await cutoffOf({ weeks: 3 })).toEqual([
    '2026-01-12T00:00:00.000Z',
    '2026-01-19T00:00:00.000Z',
    '2026-01-26T00:00:00.000Z',
  ]);
});

test('what is trained on ends before the cut-off, what is to be found at the end of the horizon', async () => {
  const { lakes, trainedOn, truth } = await planNext(sql, lake, undefined, {
    ...asked,
    cutoff: '2026-01-21', // no Monday
  });
  expect(lakes.lake.tables.listens.map(dayOf)).toEqual(days.slice(0, 16));
  expect(lakes.truth.tables.listens.map(dayOf)).toEqual(days.slice(0, 23));
  expect({ trainedOn, truth }).toEqual({
    trainedOn: { listens: 16 },
    truth: { listens: 7, ignoredBefore: 0, ignoredAfter: 0 },
  });
});

test('of a further file only the horizon counts, and of the data nothing after the cut-off', async () => {
  const further = await lakeOfDays('further', ['2026-01-10', '2026-01-27', '2026-03-01']);
  const { lakes, truth } = await planNext(sql, lake, further, { ...asked, cutoff: '2026-01-26' });
  expect(lakes.truth.tables.listens.map(dayOf)).toEqual([...days.slice(0, 21), '2026-01-27']);
  expect(truth).toEqual({ listens: 1, ignoredBefore: 1, ignoredAfter: 1 });
  await expect(
    planNext(sql, lake, further, { ...asked, cutoff: '2026-02-02', truth: 'week.csv' }),
  ).rejects.toThrow(
    'week.csv: expected listens from 2026-02-02 to before 2026-02-09, got 2 before and 1 after, and none in between',
  );
});

test('the id of a lake follows from what is seen of it', () => {
  const until = (day: string) => lakeWithListens(lake, (one) => one < day).id;
  expect(until('2026-01-20')).not.toBe(until('2026-01-21'));
  // What is not seen does not show.
  const grown: LakeSnapshot = {
    id: 'other',
    tables: {
      ...lake.tables,
      listens: [...lake.tables.listens, '/x/listens/day=2027-01-01/y.parquet'],
    },
  };
  expect(lakeWithListens(grown, (day) => day < '2026-01-20').id).toBe(until('2026-01-20'));
});

test('a ranker trains on the weeks between the first listens and its cut-off, the latest ones', () => {
  const first = Date.parse('2026-01-05T12:00:00Z');
  const cutoff = '2026-02-02T00:00:00.000Z';
  const all = ['2026-01-19T00:00:00.000Z', '2026-01-26T00:00:00.000Z'];
  expect(trainingCutoffs(cutoff, first, 52)).toEqual(all);
  expect(trainingCutoffs(cutoff, first, 1)).toEqual(all.slice(1));
  expect(trainingCutoffs('2026-01-12T00:00:00.000Z', first, 52)).toEqual([]);
});
