import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openDuckdb } from '../../infra/duckdb.ts';
import {
  openListenReader,
  type ListenReader,
  type ListenWindow,
} from '../../infra/http/listens-read.ts';
import { openLake } from '../../infra/lake.ts';
import type { Sql } from '../../pipelines/ports.ts';
import { writeLog } from '../support/log-rows.ts';
import { temporaryFolder } from '../support/sources.ts';

const folder = temporaryFolder();
const asked: string[] = [];
let now = Date.UTC(2026, 10, 16);
let reader: ListenReader;

/** The engine, which remembers what it was asked. */
async function openSql(): Promise<Sql> {
  const sql = await openDuckdb({ threads: 1 });
  const rows = sql.rows.bind(sql);
  sql.rows = (text, parameters) => {
    asked.push(text);
    return rows(text, parameters);
  };
  return sql;
}

beforeAll(() => {
  const lake = openLake(folder.path, { verifyMb: 0 });
  reader = openListenReader({ lake, openSql, clock: () => now });
});

afterAll(async () => {
  await reader.dispose();
  folder.remove();
});

const day = Date.UTC(2026, 0, 1) / 1000;
const hour = 3600;
const at = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 19);
const listen = (listener: string, seconds: number, title: string) => ({
  ...{ listener, listened_at: at(seconds), artist: 'Air', title },
});
const all: ListenWindow = { maxS: undefined, minS: undefined, count: 1000 };
const titles = async (window: Partial<ListenWindow>) =>
  (await reader.listens('ana', { ...all, ...window })).map(({ title }) => title).join('');

test('an empty lake has no listens', async () => {
  expect(await reader.totals('ana')).toEqual({ count: 0, latestS: undefined, oldestS: undefined });
  expect(await reader.listens('ana', all)).toEqual([]);
});

test('listens come newest first, each once, within the window, itself excluded', async () => {
  await writeLog(folder.path, 1, {
    listens: [
      ...['a', 'b', 'c'].map((title, n) => listen('ana', day + n * hour, title)),
      ...['d', 'e'].map((title, n) => listen('ana', day + (24 + n) * hour, title)),
      listen('ana', day + 72 * hour, 'f'),
      listen('budi', day + 48 * hour, 'x'),
      // Sent twice, and with the names the other way round.
      listen('ana', day + 72 * hour, 'f'),
      { ...listen('ana', day + 72 * hour, 'Air'), artist: 'f' },
    ],
  });
  now += 1500;
  expect(await reader.totals('ana')).toEqual({
    count: 6,
    latestS: day + 72 * hour,
    oldestS: day,
  });
  expect(await titles({})).toBe('fedcba');
  expect(await titles({ count: 2 })).toBe('fe');
  expect(await titles({ count: 0 })).toBe('');
  expect(await titles({ maxS: day + 24 * hour })).toBe('cba');
  expect(await titles({ maxS: day + 24 * hour, count: 1 })).toBe('c');
  expect(await titles({ minS: day + hour })).toBe('fedc');
  expect(await titles({ minS: day + hour, count: 2 })).toBe('dc');
  expect(await titles({ minS: day, maxS: day + 25 * hour })).toBe('dcb');
  expect(await titles({ minS: day, maxS: day + 25 * hour, count: 1 })).toBe('b');
  expect(await titles({ minS: day + 72 * hour })).toBe('');
  expect((await reader.totals('budi')).count).toBe(1);
  expect((await reader.totals("o'neill")).count).toBe(0);
});

test('listens of one second are in the order of artist and title', async () => {
  const same = day + 100 * 24 * hour;
  const rows = ['c', 'a', 'b'].map((title) => listen('cici', same, title));
  await writeLog(folder.path, 2, { listens: rows });
  now += 1500;
  const found = await reader.listens('cici', { ...all, count: 2 });
  expect(found).toEqual(
    ['a', 'b'].map((title) => ({
      listened_at: same,
      artist: 'Air',
      title,
      album: null,
      info: null,
    })),
  );
});

test('only days that changed are counted again, and only days that are needed are read', async () => {
  await reader.totals('ana');
  asked.length = 0;
  await writeLog(folder.path, 3, { listens: [listen('ana', day + 25 * hour + 60, 'g')] });
  // For a second the snapshot is taken for the newest.
  expect((await reader.totals('ana')).count).toBe(6);
  now += 1500;
  expect((await reader.totals('ana')).count).toBe(7);
  expect(asked).toHaveLength(1);
  const daysIn = (sql: string) => [
    ...new Set([...sql.matchAll(/day=(\d{4}-\d\d-\d\d)/g)].map(([, one]) => one)),
  ];
  expect(daysIn(asked[0]!)).toEqual(['2026-01-02']);
  asked.length = 0;
  expect(await titles({ count: 3 })).toBe('fge');
  expect(asked.map(daysIn)).toEqual([['2026-01-04', '2026-01-02']]);
});

test('a question meets a snapshot whose files are gone, and asks the newest', async () => {
  const { tables } = await openLake(folder.path).snapshot();
  await openLake(folder.path, { keepReplacedMs: 0 }).update(async (update) => {
    await update.replace(
      tables.listens.filter((file) => file.includes('2026-01-02')),
      [],
      { erase: true },
    );
  });
  expect(await titles({})).toBe('fcba');
});

test('too many questions at a time are told to come again', async () => {
  const questions = Array.from({ length: 70 }, () => reader.totals('ana'));
  const answers = await Promise.allSettled(questions);
  const refused = answers.filter(({ status }) => status === 'rejected');
  expect(refused.length).toBeGreaterThan(0);
  expect(refused.length).toBeLessThan(10);
  expect((await reader.totals('ana')).count).toBe(4);
});
