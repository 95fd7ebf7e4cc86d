import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openArtifacts } from '../../infra/artifacts.ts';
import { openDuckdb } from '../../infra/duckdb.ts';
import { eraseFromExamples, namesListeners } from '../../infra/erasure/example-files.ts';
import { readMatrix, writeMatrix } from '../../pipelines/matrix-file.ts';
import type { Sql } from '../../pipelines/ports.ts';
import { temporaryFolder } from '../support/sources.ts';

const home = temporaryFolder();
const columns = 2;
let sql: Sql;
let artifacts = 0;

beforeAll(async () => {
  sql = await openDuckdb({ threads: 1 });
});
afterAll(() => {
  sql.dispose();
  home.remove();
});

interface Group {
  readonly listener: string | null;
  readonly rows: number;
}

/** Row r of the g-th group holds g and r. */
const valuesOf = (groups: readonly (Group & { readonly at: number })[]) =>
  groups.flatMap(({ rows, at }) => Array.from({ length: rows }, (_, row) => [at, row]).flat());

const numbered = (groups: readonly Group[]) => groups.map((group, at) => ({ ...group, at }));

async function writeGroups(folder: string, groups: readonly Group[]): Promise<void> {
  await sql.run('CREATE OR REPLACE TEMP TABLE groups (listener VARCHAR, rows INTEGER)');
  await sql.append(
    'groups',
    groups.map(({ listener, rows }) => [listener, rows]),
  );
  await sql.run(`COPY groups TO '${join(folder, 'groups.parquet')}' (FORMAT parquet)`);
}

async function writeRows(folder: string, groups: readonly (Group & { at: number })[]) {
  const values = Float32Array.from(valuesOf(groups));
  const matrix = { rows: values.length / columns, columns, values };
  await writeMatrix(join(folder, 'examples.matrix'), matrix);
}

/** An artifact of the stage `examples`. */
async function artifactOf(groups: readonly Group[]) {
  const root = join(home.path, `${artifacts++}`);
  const store = openArtifacts(root);
  const folder = await store.workspace('examples', 'f');
  await writeGroups(folder, groups);
  await writeRows(folder, numbered(groups));
  const funnel = { stage: 'examples', rowsIn: 0, rowsOut: 0, dropped: {}, figures: {} };
  const made = await store.commit(folder, {
    ...{ stage: 'examples', version: 7, fingerprint: 'f', options: {}, inputs: {} },
    funnel: { ...funnel, seconds: 0, peakMemoryMb: 0, reused: false },
  });
  return { root, folder: made.folder };
}

/** What the artifact holds, as a later process finds it: its manifest is checked. */
async function held({ root, folder }: { root: string; folder: string }) {
  expect(await openArtifacts(root).find('examples', 'f')).toMatchObject({ fingerprint: 'f' });
  const groups = await sql.rows<Group>(`FROM read_parquet('${join(folder, 'groups.parquet')}')`);
  return { groups, values: [...(await readMatrix(join(folder, 'examples.matrix'))).values] };
}

const groupsGiven = fc
  .uniqueArray(fc.constantFrom('ana', 'bob', "c'ara", 'dan', 'eve'), { minLength: 0 })
  .chain((names) =>
    fc.tuple(
      ...names
        .sort()
        .map((listener) =>
          fc.record({ listener: fc.constant(listener), rows: fc.integer({ min: 0, max: 4 }) }),
        ),
    ),
  );

test('one listener leaves, everybody else keeps all they had, and the artifact is whole', async () => {
  await fc.assert(
    fc.asyncProperty(groupsGiven, fc.constantFrom('bob', "c'ara"), async (groups, gone) => {
      const artifact = await artifactOf(groups);
      const left = numbered(groups).filter(({ listener }) => listener !== gone);
      const removed = await eraseFromExamples(artifact.folder, gone, sql);
      expect(removed).toBe(groups.length - left.length);
      expect(await held(artifact)).toEqual({
        groups: left.map(({ listener, rows }) => ({ listener, rows })),
        values: valuesOf(left),
      });
    }),
    { numRuns: 30 },
  );
});

const three: readonly Group[] = [
  { listener: 'ana', rows: 2 },
  { listener: 'bob', rows: 3 },
  { listener: 'eve', rows: 1 },
];
const nameless = three.map((group) =>
  group.listener === 'bob' ? { ...group, listener: null } : group,
);
const withoutBob = numbered(three).filter(({ listener }) => listener !== 'bob');

test.each([
  ['the name', nameless, numbered(three)],
  ['the rows', nameless, withoutBob],
  ['the group', withoutBob, withoutBob],
])('a kill after %s had gone is made good, whoever is erased next', async (_, groups, rows) => {
  for (const next of ['bob', 'zoe']) {
    const artifact = await artifactOf(three);
    await writeGroups(artifact.folder, groups);
    await writeRows(artifact.folder, rows);
    await writeFile(join(artifact.folder, 'examples.matrix.erasing'), 'half of it');
    await eraseFromExamples(artifact.folder, next, sql);
    expect(await held(artifact)).toEqual({
      groups: withoutBob.map(({ listener, rows: count }) => ({ listener, rows: count })),
      values: valuesOf(withoutBob),
    });
    await expect(readFile(join(artifact.folder, 'examples.matrix.erasing'))).rejects.toThrow(
      'ENOENT',
    );
  }
});

test('artifacts of an older version, which do not say whose a group is, are told apart', async () => {
  const { folder } = await artifactOf(three);
  expect(await namesListeners(folder, sql)).toBe(true);
  const old = join(home.path, 'old');
  await mkdir(old);
  await sql.run(
    `COPY (SELECT 1 AS listener_ix, 2 AS rows) TO '${join(old, 'groups.parquet')}' (FORMAT parquet)`,
  );
  expect(await namesListeners(old, sql)).toBe(false);
});
