import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openDuckdb } from '../../infra/duckdb.ts';
import { sounds } from '../../pipelines/sounds.ts';
import { catalogueTables, createTable, lakeTables } from '../../pipelines/tables.ts';
import { saveParquet } from '../../pipelines/views.ts';
import { runStage } from '../support/stage.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sounds-'));
});

afterAll(() => rm(folder, { recursive: true }));

/**
 * Nine tracks: 0 and 1 are played; 2 and 3 sound like 0, 4 and 5 like 1, by files; 6 sounds like 0
 * and 7 like 1 as far as tempo and loudness say; of 8 nothing is known.
 */
const files: [track: number, place: number][] = [
  ...([0, 2, 3] as const).map((track): [number, number] => [track, 1]),
  ...([1, 4, 5] as const).map((track): [number, number] => [track, -1]),
];

async function neighbours(output: string, threads: number): Promise<string[]> {
  const sql = await openDuckdb({ threads: 1 });
  for (const name of ['tracks', 'recordings', 'listens'] as const) {
    await sql.run(createTable(name, catalogueTables[name]));
  }
  await sql.run(createTable('audio_features', lakeTables.audio_features));
  for (let track = 0; track < 9; track++) {
    const [loudness, tempo] = track === 6 ? [-8, 160] : track === 7 ? [-20, 80] : [null, null];
    await sql.run(
      `INSERT INTO tracks BY NAME SELECT ${track} AS track_ix, $loudness AS loudness, $tempo AS tempo`,
      { loudness, tempo },
    );
    await sql.run(`INSERT INTO recordings VALUES ('test', 'r${track}', ${track})`);
  }
  await sql.run(
    `INSERT INTO listens BY NAME SELECT unnest([0, 1, 1]) AS track_ix, 0 AS listener_ix`,
  );
  for (const [track, place] of files) {
    const timbre = Array.from({ length: 26 }, (_, n) => place * (n + 1) + 0.1 * track);
    await sql.run(`INSERT INTO audio_features BY NAME SELECT 'r${track}' AS recording_id,
      ${-14 + 6 * place} AS loudness, ${120 + 40 * place} AS tempo, [${timbre.join(', ')}] AS timbre,
      '${track}' AS sha256, 'audio' AS source`);
  }
  const inputs: Record<string, { name: string; file: string }[]> = { catalogue: [], lake: [] };
  for (const name of ['tracks', 'recordings', 'listens', 'audio_features']) {
    const file = join(folder, `${name}.parquet`);
    await saveParquet(sql, file, name);
    inputs[name === 'audio_features' ? 'lake' : 'catalogue']!.push({ name, file });
  }
  await runStage(sounds, { inputs, output, threads });
  const rows = await sql.rows<{ track_ix: number; neighbour_ix: number }>(
    `SELECT track_ix, neighbour_ix FROM '${join(output, 'sound_neighbours.parquet')}'
     ORDER BY track_ix, neighbour_ix`,
  );
  sql.dispose();
  return rows.map(({ track_ix, neighbour_ix }) => `${track_ix} ${neighbour_ix}`);
}

test('what sounds like a played track is its neighbour, by files and by columns, and nothing else', async () => {
  const found = await neighbours(join(folder, 'one'), 1);
  expect(found).toEqual(['0 2', '0 3', '0 6', '1 4', '1 5', '1 7']);
  expect(await neighbours(join(folder, 'two'), 2)).toEqual(found);
});
