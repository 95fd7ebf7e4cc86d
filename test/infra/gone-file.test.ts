import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openDuckdb } from '../../infra/duckdb.ts';
import { eraseFromLake } from '../../infra/erasure/lake.ts';
import { nameFinder } from '../../infra/erasure/names.ts';
import { importFolder } from '../../infra/import-folder.ts';
import { openLake } from '../../infra/lake.ts';
import { openSqlConsole } from '../../infra/sql-console/console.ts';
import { homeTables } from '../../infra/sql-console/home-tables.ts';
import { fromLake, type LakeSnapshot } from '../../pipelines/lake.ts';
import type { Sql } from '../../pipelines/ports.ts';
import { temporaryFolder, writeSources } from '../support/sources.ts';

const gone = 'ursula-1';

let root: ReturnType<typeof temporaryFolder>;
let home: string;
let snapshot: LakeSnapshot;
let sql: Sql;
beforeEach(async () => {
  root = temporaryFolder();
  home = join(root.path, 'home');
  await writeSources(join(root.path, 'data'), {
    'listens.csv':
      'listened_at,listener,zone,language,artist,title\n' +
      `2014-05-01T10:00:00Z,${gone},Asia/Jakarta,en,Mogwai,Cody\n` +
      '2014-05-01T11:00:00Z,bob-22,,,Low,Words\n',
  });
  await importFolder(join(root.path, 'data'), home);
  snapshot = await openLake(home).snapshot();
  sql = await openDuckdb({ threads: 1 });
});
afterEach(() => {
  sql.dispose();
  root.remove();
});

const erase = () => eraseFromLake(home, nameFinder(gone), new Date().toISOString());
const question = ({ tables }: LakeSnapshot) =>
  `SELECT listener, 1 AS n FROM ${fromLake('listens', tables.listens)} ORDER BY listener`;

async function last<Item>(items: AsyncIterable<Item>): Promise<Item | undefined> {
  let found: Item | undefined;
  for await (const item of items) found = item;
  return found;
}

test.each<[string, (statement: string) => Promise<unknown>]>([
  ['rows', (statement) => sql.rows(statement)],
  ['a table', (statement) => sql.run(`CREATE TABLE held AS ${statement}`)],
  ['a stream', (statement) => last(sql.stream(statement))],
  ['columns', (statement) => sql.columns(`SELECT n FROM (${statement})`)],
  ['chunks', (statement) => last(sql.columnChunks(`SELECT n FROM (${statement})`))],
])(
  'who holds a lake of before an erasure and asks for %s is told to try again, and then gets what counts',
  async (_, ask) => {
    const [file] = snapshot.tables.listens;
    await erase();
    expect(existsSync(file!)).toBe(false);
    const asked = ask(question(snapshot));
    await expect(asked).rejects.toMatchObject({ code: 'LOCKED' });
    await expect(asked).rejects.toThrow(file!);
    await expect(asked).rejects.toThrow('run the same command again');
    const now = await openLake(home).snapshot();
    await ask(question(now));
    expect(await sql.rows(question(now))).toEqual([{ listener: 'bob-22', n: 1 }]);
  },
);

test('so is who asks in SQL while an erasure is at work', async () => {
  const ask = 'SELECT count(*) AS n FROM lake.listens';
  const before = await openSqlConsole(await homeTables(home));
  await erase();
  try {
    const asked = before.ask(ask).then(({ rows }) => last(rows));
    await expect(asked).rejects.toMatchObject({ code: 'LOCKED' });
    await expect(asked).rejects.toThrow('run the same command again');
  } finally {
    before.dispose();
  }
  const after = await openSqlConsole(await homeTables(home));
  try {
    expect(await last((await after.ask(ask)).rows)).toEqual([[1]]);
  } finally {
    after.dispose();
  }
});

test('a file that is lost is named as damage by the second try, and one of elsewhere stays a bug', async () => {
  await rm(snapshot.tables.listens[0]!);
  await expect(sql.rows(question(snapshot))).rejects.toMatchObject({ code: 'LOCKED' });
  await expect(openLake(home).snapshot()).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' });
  const elsewhere = join(root.path, 'none.parquet');
  const asked = sql.rows(`SELECT 1 FROM read_parquet('${elsewhere}')`);
  await expect(asked).rejects.not.toHaveProperty('code', 'LOCKED');
});
