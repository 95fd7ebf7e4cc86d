import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { importFolder } from '../../infra/import-folder.ts';
import { openSqlConsole, type SqlConsole } from '../../infra/sql-console/console.ts';
import { homeTables, type HomeTables } from '../../infra/sql-console/home-tables.ts';
import { summarize } from '../../infra/sql-console/summary.ts';
import { tableMeanings } from '../../pipelines/table-meanings.ts';
import { lakeTables } from '../../pipelines/tables.ts';
import { temporaryFolder } from '../support/sources.ts';

let root: ReturnType<typeof temporaryFolder>;
let tables: HomeTables;
let console: SqlConsole;
beforeAll(async () => {
  root = temporaryFolder();
  const data = join(root.path, 'data');
  await mkdir(data);
  await writeFile(
    join(data, 'listens.csv'),
    'listened_at,listener,zone,language,artist,title\n' +
      '2025-12-20T10:00:00Z,ann,Asia/Jakarta,en,Mogwai,Cody\n' +
      '2025-12-22T10:00:00Z,bob,,,Low,Words\n' +
      'yesterday,bob,,,Low,Words\n',
  );
  const home = join(root.path, 'home');
  await importFolder(data, home);
  tables = await homeTables(home);
  console = await openSqlConsole(tables);
});
afterAll(() => {
  console.dispose();
  console.dispose();
  root.remove();
});

async function answer(statement: string) {
  const { columns, rows } = await console.ask(statement);
  const found = [];
  for await (const chunk of rows) found.push(...chunk);
  return { columns, rows: found };
}

/** Every file below the root and its bytes. */
async function files() {
  const entries = await readdir(root.path, { recursive: true, withFileTypes: true });
  const paths = entries.filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name));
  return Promise.all(paths.sort().map(async (path) => [path, await readFile(path, 'base64')]));
}

describe('what can be asked', () => {
  test('rows of a table of the lake, in the order asked for', async () => {
    expect(await answer('SELECT listener, zone FROM lake.listens ORDER BY listener')).toEqual({
      columns: ['listener', 'zone'],
      rows: [
        ['ann', 'Asia/Jakarta'],
        ['bob', null],
      ],
    });
  });

  test('the rows that could not be used, with the reason', async () => {
    const { rows } = await answer('SELECT reason, line, raw FROM lake.rejects');
    expect(rows).toEqual([['bad date', 4, 'yesterday,bob,,,Low,Words']]);
  });

  test('every table of the lake, also one that nothing was taken into', async () => {
    for (const table of Object.keys(lakeTables)) {
      const { columns } = await answer(`FROM lake.${table}`);
      expect([table, columns]).toEqual([
        table,
        Object.keys(lakeTables[table as keyof typeof lakeTables]),
      ]);
    }
  });

  test.each([
    'WITH a AS (SELECT 1 AS x) SELECT * FROM a',
    'VALUES (1)',
    'DESCRIBE lake.listens',
    'SUMMARIZE lake.listens',
    'SHOW ALL TABLES',
    'EXPLAIN ANALYZE SELECT * FROM lake.listens',
    '-- with a comment\nSELECT 1;',
  ])('%s', async (statement) => {
    expect((await answer(statement)).rows.length).toBeGreaterThan(0);
  });

  test('a whole number is one as far as JSON holds it, and text beyond', async () => {
    const { rows } = await answer('SELECT count(*), 9007199254740993::BIGINT FROM lake.listens');
    expect(rows).toEqual([[2, '9007199254740993']]);
  });

  test('what is aborted ends with the reason', async () => {
    const stopping = new AbortController();
    const { rows } = await console.ask('FROM range(100000000000)', stopping.signal);
    const reading = (async () => {
      for await (const chunk of rows) if (chunk.length > 0) stopping.abort(new Error('enough'));
    })();
    await expect(reading).rejects.toThrow('enough');
    expect((await answer('SELECT 1')).rows).toEqual([[1]]);
  });
});

describe('what is refused', () => {
  test.each([
    ["COPY lake.listens TO 'FOLDER/out.csv'", /got COPY$/],
    ["COPY (SELECT 1) TO 'SEGMENT' (USE_TMP_FILE false)", /got COPY$/],
    ["EXPLAIN ANALYZE COPY (SELECT 1) TO 'SEGMENT' (USE_TMP_FILE false)", /got COPY$/],
    ["EXPLAIN (ANALYZE) COPY (SELECT 1) TO 'SEGMENT' (USE_TMP_FILE false)", /got COPY$/],
    ["/* SELECT */ COPY (SELECT 1) TO 'SEGMENT' (USE_TMP_FILE false)", /got COPY$/],
    ["EXPORT DATABASE 'FOLDER/out'", /got EXPORT$/],
    ["ATTACH 'FOLDER/new.db' AS other", /got ATTACH$|Cannot access file/],
    ["ATTACH ':memory:' AS other", /got ATTACH$/],
    ['INSTALL httpfs', /got INSTALL$/],
    ['LOAD httpfs', /got LOAD$/],
    ['PRAGMA database_list', /got PRAGMA$/],
    ['CALL pragma_version()', /got CALL$/],
    ['SET threads = 1', /got SET$/],
    ['SET enable_external_access = true', /got SET$/],
    ['RESET lock_configuration', /got RESET$/],
    ['CREATE TABLE mine (a INTEGER)', /got CREATE$/],
    ['DROP VIEW lake.listens', /got DROP$/],
    ['DELETE FROM lake.listens', /got DELETE$|Can only delete from base table/],
    ["INSERT INTO lake.listens (listener) VALUES ('x')", /got INSERT$|not an table/],
    ["SELECT * FROM read_text('/etc/passwd')", /column 15: Cannot access file "\/etc\/passwd"/],
    ["SELECT * FROM read_csv('/etc/passwd')", /Cannot access file "\/etc\/passwd"/],
    ["FROM '/etc/passwd'", /does not exist|Cannot access/],
    ["FROM glob('/etc/*')", /Cannot access file/],
    [
      "FROM 'https://example.org/a.parquet'",
      /disabled|does not exist|Cannot access|Missing Extension/,
    ],
    ["FROM query('COPY (SELECT 1) TO ''/tmp/x''')", /sql/],
    ['SELECT 1; SELECT 2', /got 2 statements$/],
    ['', /got nothing$/],
    ['-- only a comment', /got nothing$/],
  ])('%s', async (statement, message) => {
    const segment = (
      tables.schemas['lake']!.find(({ name }) => name === 'listens')!.file as string[]
    )[0]!;
    const before = await files();
    const asked = statement.replace('FOLDER', root.path).replace('SEGMENT', segment);
    const error: unknown = await answer(asked).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'USAGE' });
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toContain('\n');
    expect(await files()).toEqual(before);
  });

  test.each([
    ['SELEC 1', 'sql, line 1, column 1: syntax error at or near "SELEC"'],
    ["SELECT 'é',\n  oops FROM lake.texts", /^sql, line 2, column 3: Referenced column "oops" not/],
    ['SELECT * FROM lake.listen', /^sql, line 1, column 15: Table with name listen does not exist/],
    ["SELECT 'a'::INTEGER", /^sql, line 1, column 11: Could not convert string 'a' to INT32/],
    ['SELECT listener::INTEGER FROM lake.listens', /^sql.*Could not convert string/],
  ])('what is wrong is told with its place: %s', async (statement, message) => {
    await expect(answer(statement)).rejects.toThrow(message);
  });
});

describe('the table of what exists', () => {
  test('counts rows, and gives the first and the last day', async () => {
    const summaries = await summarize(console, tables);
    expect(summaries.find(({ table }) => table === 'lake.listens')).toMatchObject({
      meaning: expect.stringMatching(/^One play\./) as unknown,
      rows: 2,
      first: '2025-12-20',
      last: '2025-12-22',
    });
    expect(summaries.find(({ table }) => table === 'lake.texts')).toMatchObject({
      rows: 0,
      first: null,
    });
    expect(summaries.map(({ table }) => table)).toContain('lake.rejects');
  });

  test('says of a column what tables.ts says', () => {
    const meanings = tableMeanings();
    const of = (table: string, column: string) =>
      meanings.get(table)!.columns.find(({ name }) => name === column)!.meaning;
    expect(of('lake.listens', 'zone')).toBe('IANA name, null where unknown');
    expect(of('lake.erasures', 'listener_hash')).toBe("SHA-256 of the listener's id, hexadecimal");
    expect(of('catalogue.artists', 'name')).toBe('the best spelling');
    expect(of('text.artist_terms', 'weight')).toBe('> 0');
    for (const table of Object.keys(lakeTables)) {
      expect([...meanings.get(`lake.${table}`)!.columns.map(({ name }) => name)]).toEqual(
        Object.keys(lakeTables[table as keyof typeof lakeTables]),
      );
    }
  });
});
