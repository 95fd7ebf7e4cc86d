import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { openDuckdb } from '../../infra/duckdb.ts';
import { addWeeks, weekCutoffUtc } from '../../model/week.ts';
import { defaultWeek, freezeWeek, type Freezing } from '../../pipelines/freeze.ts';
import { lakeTableNames, type LakeSnapshot } from '../../pipelines/lake.ts';
import type { Sql } from '../../pipelines/ports.ts';
import { lakeTables } from '../../pipelines/tables.ts';
import { frozenWeek, weekOptions, type FrozenWeek } from '../../pipelines/week-plan.ts';
import { temporaryFolder } from '../support/sources.ts';
import { writeTable } from '../support/tables.ts';

const week = '2014-W36'; // from Monday 2014-09-01
const now = Date.parse('2014-08-30T12:00:00Z');
const day = 86_400_000;

const home = temporaryFolder();
let sql: Sql;
let book: Map<string, FrozenWeek>;

beforeAll(async () => {
  sql = await openDuckdb({ threads: 1 });
});

beforeEach(() => {
  book = new Map();
});

afterAll(() => {
  sql.dispose();
  home.remove();
});

let lakes = 0;

/** A lake on disk with listens at these moments, and recordings known from these days. */
async function lakeOf(
  listens: readonly string[],
  recordings: readonly (string | null)[] = [],
): Promise<LakeSnapshot> {
  const folder = join(home.path, `lake ${lakes++}`); // a space, as paths may have
  await mkdir(folder);
  const tables = Object.fromEntries(lakeTableNames.map((name) => [name, [] as string[]]));
  for (const [name, rows] of [
    ['listens', listens.map((listened_at) => ({ listened_at, listener: 'ana', artist: 'A' }))],
    ['recordings', recordings.map((known_from) => ({ recording_id: 'r', known_from }))],
  ] as const) {
    if (rows.length === 0) continue;
    const { file } = await writeTable(sql, folder, name, lakeTables[name], rows);
    tables[name] = [file as string];
  }
  return { id: `lake-${lakes}`, tables: tables as unknown as LakeSnapshot['tables'] };
}

const spring = () => lakeOf(['2014-08-06 10:00:00', '2014-08-30 10:00:00']);

async function freeze(lake: LakeSnapshot, more: Partial<Freezing> = {}): Promise<FrozenWeek> {
  return freezeWeek({
    week,
    asked: {},
    defaults: weekOptions.parse({}),
    recompute: false,
    lake,
    weeks: {
      find: (key) => Promise.resolve(book.get(key)),
      write: (frozen) => {
        book.set(frozen.week, frozenWeek.parse(frozen));
        return Promise.resolve();
      },
    },
    sql,
    clock: () => now,
    ...more,
  });
}

/** Remembers a week as made, with these lists. */
function made(key: string, fingerprint?: string): void {
  const cutoff = new Date(weekCutoffUtc(key)).toISOString();
  book.set(key, {
    format: 1,
    week: key,
    revision: 1,
    frozenAt: cutoff,
    cutoff,
    trainingCutoffs: [],
    catalogue: 'all',
    options: weekOptions.parse({}),
    lake: { id: 'x', tables: {} as FrozenWeek['lake']['tables'] },
    previous: [],
    ...(fingerprint === undefined ? {} : { lists: { fingerprint, model: 'ranker-x' } }),
  });
}

test('a week is frozen with its cut-off, what the lake holds, and every option', async () => {
  const lake = await spring();
  const frozen = await freeze(lake, { asked: { seed: 7 } });
  expect(frozen).toEqual({
    format: 1,
    week,
    revision: 1,
    frozenAt: '2014-08-30T12:00:00.000Z',
    cutoff: '2014-09-01T00:00:00.000Z',
    trainingCutoffs: ['2014-08-18T00:00:00.000Z', '2014-08-25T00:00:00.000Z'],
    catalogue: 'all',
    options: { seed: 7, trainingWeeks: 52, halfLifeDays: 60 },
    lake,
    listens: 2,
    previous: [],
  });
  expect(book.get(week)).toEqual(frozen);
});

test('a week knows whether recordings come with a word on their sound', async () => {
  const lake = await spring();
  const folder = join(home.path, 'sounding');
  await mkdir(folder);
  const rows = [{ recording_id: 'r', energy: 0.5 }];
  const { file } = await writeTable(sql, folder, 'recordings', lakeTables.recordings, rows);
  const sounding = { ...lake, tables: { ...lake.tables, recordings: [file as string] } };
  expect((await freeze(sounding)).soundTable).toBe(true);
  expect(book.get(week)?.soundTable).toBe(true);
  expect('soundTable' in (await freeze(lake, { recompute: true }))).toBe(false);
});

test('a frozen week is given back as it is, whatever the lake holds by now', async () => {
  const frozen = await freeze(await spring(), { asked: { seed: 7 } });
  const later = await lakeOf(['2014-01-01 00:00:00']);
  expect(await freeze(later)).toEqual(frozen);
  expect(await freeze(later, { asked: { seed: 7, catalogue: 'all' } })).toEqual(frozen);
});

test('a frozen week does not take other options', async () => {
  await freeze(await spring(), { asked: { seed: 7 } });
  const lake = await spring();
  await expect(freeze(lake, { asked: { seed: 8 } })).rejects.toMatchObject({
    code: 'USAGE',
    message: 'week 2014-W36 is frozen with seed = 7, got 8; --recompute makes a new revision',
  });
  await expect(freeze(lake, { asked: { catalogue: 'asof' } })).rejects.toMatchObject({
    code: 'USAGE',
    message:
      'week 2014-W36 is frozen with catalogue = all, got asof; --recompute makes a new revision',
  });
  await expect(freeze(lake, { asked: { halfLifeDays: 30 } })).rejects.toThrow(
    'is frozen with halfLifeDays = 60, got 30',
  );
});

test('recompute makes a new revision on the lake of now; the lists made stay until there are new', async () => {
  const first = await freeze(await spring(), { asked: { seed: 7 } });
  const lists = { fingerprint: 'old', model: 'ranker-old' };
  book.set(week, { ...first, lists });
  const lake = await lakeOf(['2014-08-20 00:00:00']);
  const second = await freeze(lake, { recompute: true, asked: { halfLifeDays: 30 } });
  expect(second).toMatchObject({
    revision: 2,
    lake,
    lists,
    options: { seed: 1, trainingWeeks: 52, halfLifeDays: 30 },
    trainingCutoffs: [],
  });
  expect((await freeze(lake, { recompute: true })).revision).toBe(3);
  expect((await freeze(lake)).revision).toBe(3);
});

test('training cut-offs are Mondays, a week apart, from a week after the first listen to a week before', async () => {
  // Whole weeks from the first listen: the Monday that is exactly a week after it counts.
  for (const [first, count] of [
    ['2014-08-04 00:00:00', 3],
    ['2014-08-04 00:00:01', 2],
    ['2014-08-18 00:00:00', 1],
    ['2014-08-18 00:00:01', 0],
    ['2014-05-05 12:00:00', 15],
  ] as const) {
    const lake = await lakeOf([first, '2014-09-10 00:00:00']);
    const { trainingCutoffs, cutoff } = await freeze(lake, { recompute: true });
    const at = trainingCutoffs.map((iso) => Date.parse(iso));
    expect([first, at.length]).toEqual([first, count]);
    at.forEach((instant, n) => {
      expect(new Date(instant).getUTCDay()).toBe(1);
      expect(instant).toBe(Date.parse(cutoff) - (at.length - n) * 7 * day);
      expect(instant).toBeGreaterThanOrEqual(Date.parse(`${first.replace(' ', 'T')}Z`) + 7 * day);
    });
  }
});

test('of many training cut-offs the latest are taken', async () => {
  const lake = await lakeOf(['2012-01-01 00:00:00', '2014-08-30 10:00:00']);
  const { trainingCutoffs } = await freeze(lake, { asked: { trainingWeeks: 2 } });
  expect(trainingCutoffs).toEqual(['2014-08-18T00:00:00.000Z', '2014-08-25T00:00:00.000Z']);
  const all = await freeze(lake, { recompute: true });
  expect(all.trainingCutoffs).toHaveLength(52);
  const none = await freeze(lake, { recompute: true, asked: { trainingWeeks: 0 } });
  expect(none.trainingCutoffs).toEqual([]);
});

test('the catalogue is taken as of the cut-off where something in it precedes that, else all of it', async () => {
  const listens = ['2014-08-06 10:00:00'];
  const old = await lakeOf(listens, ['2014-08-31', '2020-01-01']);
  const young = await lakeOf(listens, ['2014-09-01', null]);
  expect((await freeze(old)).catalogue).toBe('asof');
  expect((await freeze(young, { recompute: true })).catalogue).toBe('all');
  expect((await freeze(old, { recompute: true, asked: { catalogue: 'all' } })).catalogue).toBe(
    'all',
  );
  const asked = await freeze(young, { recompute: true, asked: { catalogue: 'asof' } });
  expect(asked.catalogue).toBe('asof');
});

test('the lists of up to eight weeks before are remembered, the latest first', async () => {
  for (let back = 1; back <= 10; back++) made(addWeeks(week, -back), `lists-${back}`);
  made(addWeeks(week, -3)); // frozen, but its lists were never made
  made(addWeeks(week, 1), 'later');
  const { previous } = await freeze(await spring());
  expect(previous.map(({ fingerprint }) => fingerprint)).toEqual(
    [1, 2, 4, 5, 6, 7, 8].map((back) => `lists-${back}`),
  );
  expect(previous[2]).toEqual({ week: '2014-W32', fingerprint: 'lists-4' });
});

test('a week before the first listen is told with what the lake holds', async () => {
  const lake = await lakeOf(['2014-09-01 00:00:00', '2014-09-20 08:30:00']);
  await expect(freeze(lake)).rejects.toMatchObject({
    code: 'SOURCE_EMPTY',
    message:
      'week 2014-W36: expected listens before its cut-off 2014-09-01T00:00:00.000Z, ' +
      'the lake holds listens from 2014-09-01T00:00:00.000Z to 2014-09-20T08:30:00.000Z',
  });
  await expect(freeze(await lakeOf([]))).rejects.toMatchObject({
    code: 'SOURCE_EMPTY',
    message:
      'week 2014-W36: expected listens before its cut-off 2014-09-01T00:00:00.000Z, the lake holds none',
  });
  expect(book.size).toBe(0);
});

test('the default week follows the newest listen, as the last zone counts it', async () => {
  // Monday 2014-09-01 begins at 12:00 UTC where it begins last.
  expect(await defaultWeek(sql, await lakeOf(['2014-09-01 11:59:59', '2014-08-01 00:00:00']))).toBe(
    '2014-W36',
  );
  expect(await defaultWeek(sql, await lakeOf(['2014-09-01 12:00:00']))).toBe('2014-W37');
  await expect(defaultWeek(sql, await lakeOf([]))).rejects.toMatchObject({
    code: 'SOURCE_EMPTY',
    message: 'the lake: expected listens, got none; import some',
  });
});

test('a week is frozen with the champion of the moment, and keeps it until it is frozen anew', async () => {
  const lake = await spring();
  const champion = (version: string) => ({
    championBefore: () => Promise.resolve({ version, learnedUntil: '2014-08-18T00:00:00.000Z' }),
  });
  const asked: number[] = [];
  const first = await freeze(lake, {
    championBefore: (cutoffMs) => {
      asked.push(cutoffMs);
      return champion('ranker-a').championBefore();
    },
  });
  expect(asked).toEqual([weekCutoffUtc(week)]);
  expect(first.champion).toEqual(await champion('ranker-a').championBefore());
  expect((await freeze(lake, champion('ranker-b'))).champion).toEqual(first.champion);
  const anew = await freeze(lake, { recompute: true, ...champion('ranker-b') });
  expect(anew.champion!.version).toBe('ranker-b');
  const without = await freeze(lake, {
    recompute: true,
    championBefore: () => Promise.resolve(undefined),
  });
  expect('champion' in without).toBe(false);
});

test('what an earlier week has learned from is taken over where nothing speaks against it, but not by a new revision', async () => {
  const taken = { cutoff: '2014-08-18T00:00:00.000Z', fingerprint: 'examples-1' };
  made('2014-W35', 'lists-1');
  const earlier = { listens: 1, examples: { method: 'm', made: [taken] } };
  book.set('2014-W35', {
    ...book.get('2014-W35')!,
    ...earlier,
    frozenAt: new Date(now).toISOString(),
  });
  const lake = await spring();
  const asked: string[] = [];
  const examples = {
    methodOf: ({ week: key }: FrozenWeek) => {
      asked.push(key);
      return 'm';
    },
    has: () => Promise.resolve(true),
  };
  expect((await freeze(lake, { examples })).takenOver).toEqual([taken]);
  expect(book.get(week)?.takenOver).toEqual([taken]);
  expect(asked).toEqual([week]);
  expect('takenOver' in (await freeze(lake, { examples, recompute: true }))).toBe(false);
});
