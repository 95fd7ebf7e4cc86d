import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { openArtifacts } from '../../infra/artifacts.ts';
import { openDuckdb } from '../../infra/duckdb.ts';
import { loadKernels } from '../../infra/kernels.ts';
import { loadTensorflow } from '../../infra/tensorflow.ts';
import { readMatrix } from '../../pipelines/matrix-file.ts';
import { makersOnThisThread } from '../../pipelines/list-making.ts';
import { listsStage } from '../../pipelines/make-lists.ts';
import type { Sql } from '../../pipelines/ports.ts';
import { Runner, type StoredArtifact } from '../../pipelines/runner.ts';
import { step } from '../../pipelines/step.ts';
import { catalogueTables, textTables } from '../../pipelines/tables.ts';
import { createViews } from '../../pipelines/views.ts';
import { rankerOf } from '../bench/world/ranker.ts';
import {
  makeWorld,
  worldCutoff,
  worldOptions,
  worldWeek,
  type World,
} from '../bench/world/world.ts';
import { temporaryFolder } from '../support/sources.ts';

jest.setTimeout(600_000);

const engines = { loadTensorflow, loadKernels };
const options = worldOptions.parse({ users: 300, tracks: 500, previousWeeks: 3, seed: 7 });
const home = temporaryFolder();
let world: World;
let lists: StoredArtifact;
let sql: Sql;

beforeAll(async () => {
  world = await makeWorld(options, join(home.path, 'worlds'));
  const runner = new Runner({
    artifacts: openArtifacts(join(home.path, 'artifacts')),
    openSql: () => openDuckdb({ threads: 1 }),
    clock: () => 0,
    memoryMb: () => 0,
    signal: new AbortController().signal,
  });
  const gate = await runner.make(rankerOf(world, loadTensorflow));
  const { previousWeeks } = options;
  const about = { week: worldWeek, cutoff: worldCutoff, previousWeeks };
  lists = await runner.make(
    step(
      listsStage({ ...engines, openListMakers: makersOnThisThread(engines) }),
      about,
      { ...world.inputs, gate },
      'lists',
    ),
  );
  sql = await openDuckdb({ threads: 2 });
  await createViews(sql, { ...world.inputs, lists });
});

afterAll(() => {
  sql.dispose();
  home.remove();
});

const count = async (relation: string): Promise<number> =>
  (await sql.rows<{ count: number }>(`SELECT count(*) AS count FROM ${relation}`))[0]!.count;

/** Path -> hash of every file below. */
async function hashes(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const hashed = files.map(async ({ parentPath, name }) => {
    const path = join(parentPath, name);
    const hash = createHash('sha256').update(await readFile(path));
    return [path.slice(folder.length), hash.digest('hex')] as const;
  });
  return Object.fromEntries((await Promise.all(hashed)).sort());
}

test('the same options make the same bytes, another seed others', async () => {
  const again = await makeWorld(options, join(home.path, 'again'));
  const made = await hashes(join(home.path, 'worlds', world.fingerprint));
  expect(await hashes(join(home.path, 'again', again.fingerprint))).toEqual(made);
  expect(Object.keys(made)).toHaveLength(27);

  const other = await makeWorld({ ...options, seed: 8 }, join(home.path, 'other'));
  expect(other.fingerprint).not.toBe(world.fingerprint);
  const otherBytes = await hashes(join(home.path, 'other', other.fingerprint));
  expect(otherBytes['/snapshot/interactions.parquet']).not.toBe(
    made['/snapshot/interactions.parquet'],
  );
  expect((await makeWorld(options, join(home.path, 'again'))).reused).toBe(true);
});

test('the tables have the columns of the stages that they stand for', async () => {
  const described = async (table: string) => {
    const columns = await sql.rows<{ column_name: string; column_type: string }>(
      `DESCRIBE FROM ${table}`,
    );
    return Object.fromEntries(columns.map((one) => [one.column_name, one.column_type]));
  };
  for (const name of ['artists', 'tracks', 'listeners', 'listens', 'skipped_listens'] as const) {
    expect(await described(`catalogue.${name}`)).toEqual(catalogueTables[name]);
  }
  for (const [name, columns] of Object.entries(textTables)) {
    expect(await described(`text.${name}`)).toEqual(columns);
  }
});

test('every listener has a list of 30 works by 30 artists, unheard and not listed before', async () => {
  expect(lists.funnel.rowsOut).toBe(options.users);
  await sql.run(
    `CREATE OR REPLACE TEMP TABLE made AS
     SELECT listener_ix, listener, position, work_ix, artist_ix FROM lists.listed
     JOIN catalogue.listeners USING (listener) JOIN catalogue.tracks USING (track_id)`,
  );
  const whole = await count(
    `(SELECT listener_ix FROM made GROUP BY listener_ix
      HAVING count(*) = 30 AND count(DISTINCT artist_ix) = 30 AND count(DISTINCT work_ix) = 30
         AND min(position) = 1 AND max(position) = 30)`,
  );
  expect(whole).toBe(options.users);
  expect(await count('made SEMI JOIN snapshot.heard USING (listener_ix, work_ix)')).toBe(0);
  for (let n = 0; n < options.previousWeeks; n++) {
    const before = `(SELECT listener, work_ix FROM "previous-${n}".listed
                     JOIN catalogue.tracks USING (track_id))`;
    expect(await count(`${before} SEMI JOIN catalogue.listeners USING (listener)`)).toBeGreaterThan(
      options.users * 15,
    );
    expect(await count(`made SEMI JOIN ${before} USING (listener, work_ix)`)).toBe(0);
  }
  expect(lists.funnel.figures['candidatesLeast']).toBeGreaterThanOrEqual(200);
});

test('popularity is skewed, and listeners play a median of about 25 tracks', async () => {
  const [{ share }] = (await sql.rows<{ share: number }>(
    `SELECT sum(listeners) FILTER (place <= 50) / sum(listeners) AS share
     FROM (SELECT listeners, row_number() OVER (ORDER BY listeners DESC) AS place
           FROM snapshot.track_popularity)`,
  )) as [{ share: number }];
  expect(share).toBeGreaterThan(0.2); // a tenth of the tracks
  const [{ median }] = (await sql.rows<{ median: number }>(
    `SELECT median(tracks) AS median
     FROM (SELECT count(*) AS tracks FROM snapshot.interactions GROUP BY listener_ix)`,
  )) as [{ median: number }];
  expect(median).toBeGreaterThan(15);
  expect(median).toBeLessThan(35);
});

test('the factors rank what is played in the week after far above chance', async () => {
  const folder = world.inputs['factors']!.folder;
  const listeners = await readMatrix(join(folder, 'listeners-tracks.matrix'));
  const tracks = await readMatrix(join(folder, 'tracks.matrix'));
  const width = tracks.columns;
  const first = await sql.rows<{ listener_ix: number; track_ix: number }>(
    'SELECT DISTINCT listener_ix, track_ix FROM catalogue.listens ORDER BY ALL LIMIT 500',
  );
  let above = 0;
  for (const { listener_ix, track_ix } of first) {
    const scores = Array.from({ length: tracks.rows }, (_, track) => {
      let sum = 0;
      for (let f = 0; f < width; f++) {
        sum += listeners.values[listener_ix * width + f]! * tracks.values[track * width + f]!;
      }
      return sum;
    });
    above += scores.filter((score) => score < scores[track_ix]!).length / tracks.rows;
  }
  expect(above / first.length).toBeGreaterThan(0.75); // 0.5 by chance
});

test('neighbours are others, each once, from the nearest to the farthest', async () => {
  for (const table of ['embedding.track_neighbours', 'embedding.playlist_neighbours']) {
    const broken = await count(
      `(SELECT track_ix FROM ${table} GROUP BY track_ix
        HAVING count(*) <> count(DISTINCT neighbour_ix) OR bool_or(neighbour_ix = track_ix)
            OR min(similarity) <= 0.3)`,
    );
    expect(broken).toBe(0);
    expect(await count(`(SELECT DISTINCT track_ix FROM ${table})`)).toBeGreaterThan(400);
  }
});
