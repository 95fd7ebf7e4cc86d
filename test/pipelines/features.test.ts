import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openDuckdb } from '../../infra/duckdb.ts';
import { loadKernels } from '../../infra/kernels.ts';
import { embedding } from '../../pipelines/embedding.ts';
import { factorsStage } from '../../pipelines/factors.ts';
import { readMatrix, type Matrix } from '../../pipelines/matrix-file.ts';
import type { Sql } from '../../pipelines/ports.ts';
import { snapshot } from '../../pipelines/snapshot.ts';
import { writeCatalogue } from '../support/catalogue-folder.ts';
import { temporaryFolder } from '../support/sources.ts';
import { runStage } from '../support/stage.ts';

/**
 * Twelve tracks of one artist each: 0..5 and 6..11 stand in playlists of their own kind, and are
 * played by listeners of their own kind. Track 11 has never been played.
 */
const numTracks = 12;
const kindOf = (track: number) => (track < 6 ? 0 : 1);
const playlists: readonly (readonly number[])[] = [
  [0, 1, 2],
  [1, 2, 3, 4],
  [0, 2, 4, 5],
  [0, 1, 3, 5],
  [6, 7, 8],
  [7, 8, 9, 11],
  [6, 8, 10, 11],
  [6, 9, 10],
  [3],
];
const listeners: readonly (readonly number[])[] = [
  [0, 1, 2],
  [1, 2, 3],
  [0, 3, 4],
  [2, 4, 5],
  [6, 7, 8],
  [7, 8, 9],
  [6, 9, 10],
  [8, 9, 10],
  [],
];

const home = temporaryFolder();
const at = (name: string) => join(home.path, name);
let sql: Sql;
let catalogue: string;

beforeAll(async () => {
  sql = await openDuckdb({ threads: 1 });
  catalogue = await writeCatalogue(sql, at('catalogue'), {
    artists: range(numTracks).map((artist_ix) => ({ artist_ix, artist_id: '-', name: '-' })),
    tracks: range(numTracks).map((track_ix) => ({
      track_ix,
      track_id: `${track_ix}`,
      work_ix: track_ix,
      artist_ix: track_ix,
      genres: [],
      known_from: '2014-01-01',
    })),
    listeners: listeners.map((_, listener_ix) => ({ listener_ix, listener: `${listener_ix}` })),
    listens: listeners.flatMap((tracks, listener_ix) =>
      tracks.map((track_ix) => ({ listener_ix, track_ix, listened_at: '2014-03-31 00:00:00' })),
    ),
    playlists: playlists.map((_, playlist_ix) => ({ playlist_ix, playlist_id: `${playlist_ix}` })),
    // The last track of each playlist was added later, and every first one twice.
    memberships: playlists.flatMap((tracks, playlist_ix) => [
      { playlist_ix, track_ix: tracks[0]!, added: '2013-01-01' },
      ...tracks.map((track_ix, n) => ({
        playlist_ix,
        track_ix,
        added: n > 0 && n === tracks.length - 1 ? '2014-04-01' : '2014-01-01',
      })),
    ]),
    artist_plays: [
      { person_ix: 0, artist_ix: 0, plays: 100, known_from: '2014-01-01' },
      { person_ix: 1, artist_ix: 11, plays: 100, known_from: '2014-04-01' },
      { person_ix: 1, artist_ix: 6, plays: 100, known_from: '2014-04-01' },
    ],
  });
  await runStage(snapshot, {
    inputs: { catalogue },
    options: { cutoff: '2014-04-01T00:00:00.000Z' },
    output: at('snapshot'),
  });
});

afterAll(() => {
  sql.dispose();
  home.remove();
});

const range = (length: number): number[] => Array.from({ length }, (_, n) => n);
const rowOf = ({ values, columns }: Matrix, row: number): Float32Array =>
  values.subarray(row * columns, (row + 1) * columns);
const dot = (a: Float32Array, b: Float32Array): number =>
  a.reduce((sum: number, value, f) => sum + value * b[f]!, 0);
const isZero = (row: Float32Array): boolean => row.every((value) => value === 0);

describe('the embedding', () => {
  const options = { embedding: { dim: 8, epochs: 40, minCount: 1, subsample: 0, seed: 3 } };

  async function neighbours(file: string): Promise<{ row: number; to: number; value: number }[]> {
    return sql.rows(
      `SELECT track_ix AS row, neighbour_ix AS "to", similarity AS value
       FROM read_parquet('${file}.parquet')`,
    );
  }

  /** Cosines over playlists, a playlist of n tracks counting 1 / log2(1 + n), by brute force. */
  function cosines(
    known: readonly (readonly number[])[],
  ): { row: number; to: number; value: number }[] {
    const weightOf = (tracks: readonly number[]) =>
      tracks.length < 2 ? 0 : 1 / Math.log2(1 + tracks.length);
    const shared = (a: number, b: number) =>
      known
        .filter((tracks) => tracks.includes(a) && tracks.includes(b))
        .reduce((sum, tracks) => sum + weightOf(tracks), 0);
    const played = new Set(listeners.flat());
    return range(numTracks)
      .filter((row) => played.has(row))
      .flatMap((row) =>
        range(numTracks)
          .filter((to) => to !== row && shared(row, to) > 0)
          .map((to) => ({
            row,
            to,
            value: shared(row, to) / Math.sqrt(shared(row, row) * shared(to, to)),
          }))
          .sort((a, b) => b.value - a.value || a.to - b.to),
      );
  }

  test('stands beside the co-occurrence in playlists, for every track that was played', async () => {
    const output = at('embedding');
    await runStage(embedding, { inputs: { catalogue }, options, output });
    const expected = cosines(playlists);
    const found = await neighbours(join(output, 'playlist_neighbours'));
    const byPair = (rows: typeof found) =>
      new Map(rows.map(({ row, to, value }) => [`${row} ${to}`, expect.closeTo(value, 5)]));
    expect(new Map(found.map(({ row, to, value }) => [`${row} ${to}`, value]))).toEqual(
      byPair(expected),
    );
    expect(found.map(({ row }) => row)).toEqual(expected.map(({ row }) => row));
    for (let n = 1; n < found.length; n++) {
      const [before, after] = [found[n - 1]!, found[n]!];
      if (before.row === after.row) expect(after.value).toBeLessThanOrEqual(before.value);
    }
  });

  test('brings tracks together that stand in the same playlists', async () => {
    const found = await neighbours(join(at('embedding'), 'track_neighbours'));
    const rows = new Set(found.map(({ row }) => row));
    expect(rows).toEqual(new Set(listeners.flat()));
    expect(found.filter(({ row, to }) => row === to)).toEqual([]);
    const best = [...rows].map((row) => found.find((one) => one.row === row)!);
    expect(best.filter(({ row, to }) => kindOf(row) !== kindOf(to))).toEqual([]);
    expect(found.filter(({ value }) => value <= 0.3 || value > 1.00001)).toEqual([]);
  });

  test('knows only the memberships dated before the day asked for', async () => {
    const output = at('embedding-asof');
    const asked = { ...options, asOf: '2014-04-01' };
    await runStage(embedding, { inputs: { catalogue }, options: asked, output });
    const known = playlists.map((tracks) => (tracks.length === 1 ? tracks : tracks.slice(0, -1)));
    const found = await neighbours(join(output, 'playlist_neighbours'));
    expect(found.map(({ row, to }) => `${row} ${to}`).sort()).toEqual(
      cosines(known)
        .map(({ row, to }) => `${row} ${to}`)
        .sort(),
    );
    // Track 11 was in no playlist but as a last one.
    expect(isZero(rowOf(await readMatrix(join(output, 'vectors.matrix')), 11))).toBe(true);
    expect(isZero(rowOf(await readMatrix(join(at('embedding'), 'vectors.matrix')), 11))).toBe(
      false,
    );
  });
});

describe('the factors', () => {
  const files = ['listeners-tracks', 'tracks', 'listeners-artists', 'artists'];
  const run = (output: string, options: object = {}, more: Record<string, string> = {}) =>
    runStage(factorsStage(loadKernels), {
      inputs: { catalogue, snapshot: at('snapshot'), ...more },
      options: { factors: 8, ...options },
      output,
    });
  const matrix = (folder: string, name: string) => readMatrix(join(folder, `${name}.matrix`));

  test('place listeners by tracks and by artists, and are zero where nothing was played', async () => {
    const output = at('factors');
    await run(output);
    const users = await matrix(output, 'listeners-tracks');
    const tracks = await matrix(output, 'tracks');
    const artists = await matrix(output, 'artists');
    const people = await matrix(output, 'listeners-artists');
    expect([users.rows, tracks.rows, artists.rows]).toEqual([9, 12, 12]);
    expect(people.rows).toBe(9 + 2); // the people of other populations come after the listeners
    expect(isZero(rowOf(users, 8))).toBe(true);
    expect(isZero(rowOf(tracks, 11))).toBe(true);
    expect(isZero(rowOf(artists, 11))).toBe(false); // somebody elsewhere plays that artist
    for (let user = 0; user < 8; user++) {
      const kind = user < 4 ? 0 : 1;
      const mean = (of: number) => {
        const those = range(11).filter((track) => kindOf(track) === of);
        const scores = those.map((track) => dot(rowOf(users, user), rowOf(tracks, track)));
        return scores.reduce((sum, score) => sum + score, 0) / those.length;
      };
      expect(mean(kind)).toBeGreaterThan(3 * Math.abs(mean(1 - kind)));
    }
  });

  test('know of people elsewhere only what was known by the day asked for', async () => {
    const output = at('factors-asof');
    await run(output, { catalogueBefore: '2014-04-01' });
    const people = await matrix(output, 'listeners-artists');
    expect(people.rows).toBe(11);
    expect([9, 10].map((person) => isZero(rowOf(people, person)))).toEqual([false, true]);
    expect(isZero(rowOf(await matrix(output, 'artists'), 11))).toBe(true);
  });

  test('are the same bytes again, and others with another seed', async () => {
    await run(at('factors-again'));
    await run(at('factors-seed'), { seed: 2 });
    for (const file of files) {
      const [one, again, other] = await Promise.all(
        ['factors', 'factors-again', 'factors-seed'].map((of) =>
          readFile(join(at(of), `${file}.matrix`), 'hex'),
        ),
      );
      expect([file, again === one, other === one]).toEqual([file, true, false]);
    }
  });

  test('start from those of an earlier cut-off, where these are of the same catalogue', async () => {
    // One iteration from where eight have come to is nearer than one from anywhere.
    const loss = async (of: string): Promise<number> => {
      const users = await matrix(at(of), 'listeners-tracks');
      const tracks = await matrix(at(of), 'tracks');
      return listeners
        .flatMap((played, user) =>
          played.map((track) => (1 - dot(rowOf(users, user), rowOf(tracks, track))) ** 2),
        )
        .reduce((sum, square) => sum + square, 0);
    };
    await run(at('factors-one'), { iterations: 1 });
    await run(at('factors-warm'), { warmIterations: 1 }, { previous: at('factors') });
    expect(Math.abs((await loss('factors-warm')) - (await loss('factors')))).toBeLessThan(
      Math.abs((await loss('factors-one')) - (await loss('factors'))),
    );
  });
});
