import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openDuckdb } from '../../infra/duckdb.ts';
import { loadKernels } from '../../infra/kernels.ts';
import { nearest } from '../../model/nearest.ts';
import { createRandom } from '../../model/random.ts';
import type { LakeSnapshot } from '../../pipelines/lake.ts';
import type { Sql, SqlValue } from '../../pipelines/ports.ts';
import { hasSoundTable, soundsStage } from '../../pipelines/sounds.ts';
import { catalogueTables, createTable, lakeTables } from '../../pipelines/tables.ts';
import { saveParquet } from '../../pipelines/views.ts';
import { runStage } from '../support/stage.ts';
import { writeTable, type Rows } from '../support/tables.ts';

let folder: string;
let sql: Sql;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sounds-'));
  sql = await openDuckdb({ threads: 1 });
});

afterAll(async () => {
  sql.dispose();
  await rm(folder, { recursive: true });
});

/** A catalogue of tracks, each its own recording, and what is known of files. */
interface World {
  /** What the catalogue's own columns say of each. */
  readonly tracks: Rows;
  /** Track and when it was played. */
  readonly listens: readonly (readonly [track: number, at: string])[];
  /** Track and where its file lies between two sounds, -1 and 1. */
  readonly files?: readonly (readonly [track: number, place: number])[];
}

let runs = 0;

/** `track neighbour`, in order; the options in force are those of the stage. */
async function neighboursIn(
  { tracks, listens, files = [] }: World,
  { threads = 1, ...options }: { threads?: number; [option: string]: SqlValue | undefined } = {},
): Promise<string[]> {
  const rows = {
    tracks: tracks.map((track, track_ix) => ({ known_from: '2020-01-01', ...track, track_ix })),
    recordings: tracks.map((_, track_ix) => ({
      ...{ source: 'test', recording_id: `r${track_ix}`, track_ix },
    })),
    listens: listens.map(([track_ix, listened_at]) => ({ listener_ix: 0, track_ix, listened_at })),
  };
  const catalogue = [];
  for (const name of ['tracks', 'recordings', 'listens'] as const) {
    catalogue.push(await writeTable(sql, folder, name, catalogueTables[name], rows[name]));
  }
  await sql.run(
    `DROP TABLE IF EXISTS audio_features; ${createTable('audio_features', lakeTables.audio_features)}`,
  );
  for (const [track, place] of files) {
    const timbre = Array.from({ length: 26 }, (_, n) => place * (n + 1) + 0.1 * track);
    await sql.run(`INSERT INTO audio_features BY NAME SELECT 'r${track}' AS recording_id,
      ${-14 + 6 * place} AS loudness, ${120 + 40 * place} AS tempo, [${timbre.join(', ')}] AS timbre,
      '${track}' AS sha256, 'audio' AS source`);
  }
  const file = join(folder, 'audio_features.parquet');
  await saveParquet(sql, file, 'audio_features');
  const inputs = { catalogue, lake: [{ name: 'audio_features', file }] };
  const output = join(folder, `run-${runs++}`);
  await runStage(soundsStage(loadKernels), { inputs, options, output, threads });
  const found = await sql.rows<{ track_ix: number; neighbour_ix: number }>(
    `SELECT track_ix, neighbour_ix FROM '${join(output, 'sound_neighbours.parquet')}'`,
  );
  return found.map(({ track_ix, neighbour_ix }) => `${track_ix} ${neighbour_ix}`);
}

/** Of two kinds, far apart in all columns of the table. */
const tableOf = (place: number, track: number) => ({
  ...{ danceability: 0.5 + 0.3 * place, energy: 0.5 + 0.4 * place, speechiness: 0.1 },
  ...{ acousticness: 0.4 - 0.3 * place, instrumentalness: 0.3 - 0.2 * place },
  ...{ liveness: 0.2 + 0.01 * (track % 3), valence: 0.5 + 0.2 * place },
  ...{ loudness: -9 + 4 * place, tempo: 110 + 20 * place },
});

/**
 * Nine tracks: 0 and 1 are played; 2 and 3 sound like 0, 4 and 5 like 1, by files; 6 sounds like 0
 * and 7 like 1 as far as tempo and loudness say; of 8 nothing is known.
 */
const ofFiles: World = {
  tracks: Array.from({ length: 9 }, (_, track) => {
    if (track === 6) return { loudness: -4, tempo: 160 };
    return track === 7 ? { loudness: -9, tempo: 80 } : {};
  }),
  listens: [
    [0, '2026-01-01'],
    [1, '2026-01-02'],
    [1, '2026-01-03'],
  ],
  files: [0, 1, 2, 3, 4, 5].map((track) => [track, [0, 2, 3].includes(track) ? 1 : -1]),
};

test('what sounds like a played track is its neighbour, by files and by columns, and nothing else', async () => {
  const found = await neighboursIn(ofFiles);
  expect([...found].sort()).toEqual(['0 2', '0 3', '0 6', '1 4', '1 5', '1 7']);
  expect(await neighboursIn(ofFiles, { threads: 2 })).toEqual(found);
});

/** Eight tracks, even ones of one sound and odd ones of another, by a table alone. */
const ofTable: World = {
  tracks: Array.from({ length: 8 }, (_, track) => tableOf(track % 2 === 0 ? 1 : -1, track)),
  listens: [
    [0, '2026-01-01'],
    [1, '2026-01-02'],
    [2, '2026-01-20'],
  ],
};

test('without files a table of features is enough', async () => {
  const found = await neighboursIn(ofTable);
  expect([...found].sort()).toEqual(
    ['0 2', '0 4', '0 6', '1 3', '1 5', '1 7', '2 0', '2 4', '2 6'].sort(),
  );
  expect(await neighboursIn(ofTable, { threads: 2 })).toEqual(found);
});

test('who was played before the first cut-off is nobody to discover, nor who is in no catalogue', async () => {
  const unplayedAt = '2026-01-15T00:00:00.000Z';
  expect((await neighboursIn(ofTable, { unplayedAt })).sort()).toEqual(
    ['0 2', '0 4', '0 6', '1 3', '1 5', '1 7', '2 4', '2 6'].sort(),
  );
  const tracks = ofTable.tracks.map((track, n) =>
    n === 4 ? { ...track, known_from: null } : track,
  );
  expect((await neighboursIn({ ...ofTable, tracks }, { unplayedAt })).sort()).toEqual(
    ['0 2', '0 6', '1 3', '1 5', '1 7', '2 6'].sort(),
  );
});

test('where neighbours would be more than are kept, each track keeps its nearest', async () => {
  const random = createRandom(1, 'sounds');
  const tracks = Array.from({ length: 40 }, () => ({
    danceability: random.uniform(),
    energy: random.uniform(),
    valence: random.uniform(),
  }));
  const world: World = { tracks, listens: [0, 1, 2, 3].map((track) => [track, '2026-01-01']) };
  const all = await neighboursIn(world);
  const few = await neighboursIn(world, { mostNeighbours: 23 });
  const first = [0, 1, 2, 3].flatMap((track) =>
    all.filter((pair) => pair.startsWith(`${track} `)).slice(0, 5),
  );
  expect(few).toEqual(first);
  expect(few).toHaveLength(20);
  // The nearest of the first by the plain search, on the columns standardized here.
  const columns = (['danceability', 'energy', 'valence'] as const).map((name) => {
    const values = tracks.map((track) => Math.fround(track[name]));
    const mean = values.reduce((a, b) => a + b) / 40;
    const deviation = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / 40);
    return values.map((value) => (value - mean) / deviation);
  });
  const vectors = Float32Array.from(tracks.flatMap((_, n) => columns.map((column) => column[n]!)));
  const { indices } = nearest(vectors.subarray(0, 3), vectors, { k: 6, metric: 'cosine' });
  expect(few.slice(0, 5)).toEqual([...indices.subarray(1)].map((track) => `0 ${track}`));
});

test('where nothing is known of any sound nobody has neighbours', async () => {
  const world = { tracks: [{}, {}, {}], listens: [[0, '2026-01-01']] as const };
  expect(await neighboursIn(world)).toEqual([]);
});

test.each<[string, Rows, boolean]>([
  ['without recordings', [], false],
  ['whose recordings say nothing of sound', [{ recording_id: 'a', musical_key: 3 }], false],
  [
    'with the tempo of one recording',
    [{ recording_id: 'a' }, { recording_id: 'b', tempo: 99 }],
    true,
  ],
  ['with the valence of one', [{ recording_id: 'a', valence: 0 }], true],
])('a lake %s has a table of sound or has none', async (_, recordings, expected) => {
  const tables: Record<string, string[]> = { recordings: [] };
  if (recordings.length > 0) {
    const own = join(folder, 'of the lake');
    await mkdir(own, { recursive: true });
    const { file } = await writeTable(sql, own, 'recordings', lakeTables.recordings, recordings);
    tables['recordings'] = [file as string];
  }
  const lake = { id: 'x', tables } as unknown as LakeSnapshot;
  expect(await hasSoundTable(sql, lake)).toBe(expected);
});
