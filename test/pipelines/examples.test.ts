import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openDuckdb } from '../../infra/duckdb.ts';
import { loadKernels } from '../../infra/kernels.ts';
import { featureNames, numFeatures } from '../../model/candidates/features.ts';
import { audioColumns } from '../../model/candidates/tracks.ts';
import { MISSING } from '../../model/ranker/examples.ts';
import { embedding } from '../../pipelines/embedding.ts';
import { examples } from '../../pipelines/examples.ts';
import { factorsStage } from '../../pipelines/factors.ts';
import { heardWorks, worksOf } from '../../pipelines/heard.ts';
import { readMatrix } from '../../pipelines/matrix-file.ts';
import type { Sql } from '../../pipelines/ports.ts';
import { rankerPrior } from '../../pipelines/ranker.ts';
import { createViews } from '../../pipelines/views.ts';
import { snapshot } from '../../pipelines/snapshot.ts';
import { listenerOf, readWorld, type World } from '../../pipelines/world.ts';
import { writeCatalogue, writeText } from '../support/catalogue-folder.ts';
import { temporaryFolder } from '../support/sources.ts';
import { runStage, type StageOutcome } from '../support/stage.ts';

/**
 * Forty tracks by ten artists; 39 is a version of the work of 38. Track 9 is in no catalogue and
 * was not played before the cut-off, so it cannot be recommended.
 */
const numTracks = 40;
const cutoff = '2014-09-01T00:00:00.000Z';

/** Listener, track, when. */
const plays: readonly (readonly [number, number, string])[] = [
  [0, 0, '2014-08-20 00:00:00'],
  [0, 0, '2014-08-30 00:00:00'],
  [0, 11, '2014-08-31 23:59:59'],
  [1, 3, '2014-08-20 00:00:00'],
  [2, 4, '2014-08-20 00:00:00'],
  // the week after
  [0, 0, '2014-09-02 00:00:00'], // heard before
  [0, 5, '2014-09-01 00:00:00'], // at its first instant
  [0, 6, '2014-09-07 23:59:59'], // in its last second
  [0, 7, '2014-09-08 00:00:00'], // when it is over
  [0, 9, '2014-09-03 00:00:00'], // no candidate
  [1, 38, '2014-09-03 00:00:00'], // in two versions
  [2, 4, '2014-09-03 00:00:00'], // nothing new
  [3, 8, '2014-09-03 00:00:00'], // unknown before
  [0, 12, '2014-09-04 00:00:00'], // skipped
];

const home = temporaryFolder();
const at = (name: string) => join(home.path, name);
const inputs = () => ({
  catalogue: at('catalogue'),
  snapshot: at('snapshot'),
  factors: at('factors'),
  embedding: at('embedding'),
  text: at('text'),
});
let sql: Sql;
let outcome: StageOutcome;

beforeAll(async () => {
  sql = await openDuckdb({ threads: 1 });
  const range = (length: number) => Array.from({ length }, (_, n) => n);
  const catalogue = await writeCatalogue(sql, at('catalogue'), {
    artists: range(10).map((artist_ix) => ({ artist_ix, artist_id: '-', name: '-' })),
    tracks: range(numTracks).map((track_ix) => ({
      track_ix,
      track_id: `${track_ix}`,
      work_ix: track_ix === 39 ? 38 : track_ix,
      artist_ix: track_ix % 10,
      title: '-',
      artists: ['-'],
      genres: track_ix === 0 ? ['ambient', 'drone', 'folk', 'noise', 'post-rock'] : ['noise'],
      known_from: track_ix === 9 ? null : '2014-01-01',
      ...(track_ix === 0
        ? { album: 'One', released: '1970-01-11', popularity: 50, tempo: 100, energy: 0.5 }
        : {}),
      ...(track_ix === 10 ? { album: 'One', tempo: 240 } : {}),
      ...(track_ix === 1 ? { album: 'One' } : {}),
    })),
    listeners: range(4).map((listener_ix) => ({ listener_ix, listener: `${listener_ix}` })),
    listens: plays.map(([listener_ix, track_ix, listened_at]) => ({
      listener_ix,
      track_ix,
      listened_at,
      zone: listener_ix === 0 ? 'Asia/Jakarta' : null,
    })),
    skipped_listens: [{ listener_ix: 0, track_ix: 12, listened_at: '2014-09-04 00:00:00' }],
    playlists: [{ playlist_ix: 0, playlist_id: '0' }],
    memberships: [0, 5, 12].map((track_ix) => ({ playlist_ix: 0, track_ix, added: '2014-01-01' })),
  });
  await writeText(sql, at('text'), {
    artist_neighbours: [{ artist_ix: 0, neighbour_ix: 2, similarity: 0.5, shared: 'dreamy' }],
  });
  await runStage(snapshot, { inputs: { catalogue }, options: { cutoff }, output: at('snapshot') });
  await runStage(factorsStage(loadKernels), {
    inputs: { catalogue, snapshot: at('snapshot') },
    options: { factors: 8 },
    output: at('factors'),
  });
  await runStage(embedding, { inputs: { catalogue }, output: at('embedding') });
  outcome = await run('examples');
});

afterAll(() => {
  sql.dispose();
  home.remove();
});

async function run(name: string, options: object = {}): Promise<StageOutcome> {
  await mkdir(at(name));
  return runStage(examples, {
    inputs: inputs(),
    options: { cutoff, ...options },
    output: at(name),
  });
}

const groupsOf = (name: string) =>
  sql.rows<{ listener: string; rows: number }>(
    `SELECT * FROM read_parquet('${at(name)}/groups.parquet')`,
  );

test('whoever played something new in the week after is a group, all candidates in it', async () => {
  // 39 tracks can be recommended; listener 0 has heard two of them, listener 1 one.
  expect(await groupsOf('examples')).toEqual([
    { listener: '0', rows: 37 },
    { listener: '1', rows: 38 },
  ]);
  const { rows, columns } = await readMatrix(join(at('examples'), 'examples.matrix'));
  expect([rows, columns]).toEqual([37 + 38, numFeatures + 1]);
});

test('what was first played from the cut-off until a week after is the label', async () => {
  const { values, columns, rows } = await readMatrix(join(at('examples'), 'examples.matrix'));
  const labels = Array.from({ length: rows }, (_, r) => values[r * columns + numFeatures]!);
  const sum = (from: number, to: number) =>
    labels.slice(from, to).reduce((total, label) => total + label, 0);
  expect(sum(0, 37)).toBe(2); // tracks 5 and 6
  expect(sum(37, 75)).toBe(2); // both versions of work 38
  expect(new Set(labels)).toEqual(new Set([0, 1]));
});

test('the funnel counts works: offered, not among the candidates, of listeners unknown before', () => {
  expect(outcome).toMatchObject({
    rowsIn: 5,
    rowsOut: 3,
    dropped: {
      'not among the candidates': 1,
      'listener without listens before the cut-off': 1,
    },
    figures: { groups: 2, features: numFeatures },
  });
});

test('no more listeners are drawn on than asked for, and who they are is by lot', async () => {
  const { dropped } = await run('few', { listeners: 1 });
  const lot = (listener: string) =>
    createHash('sha256')
      .update(`${cutoff.replace('Z', '')} ${listener}`)
      .digest('hex');
  const all = await groupsOf('examples');
  const [drawn] = all.toSorted((a, b) => (lot(a.listener) < lot(b.listener) ? -1 : 1));
  expect(await groupsOf('few')).toEqual([drawn]);
  // The other one's works: listener 0 has three, listener 1 one in two versions.
  expect(dropped['beyond the listeners drawn on']).toBe(drawn!.listener === '0' ? 1 : 3);
});

test('a feature is finite or missing, and each that the prior weighs exists', async () => {
  const { values } = await readMatrix(join(at('examples'), 'examples.matrix'));
  expect(values.findIndex((value) => !Number.isFinite(value))).toBe(-1);
  expect(values).toContain(MISSING);
  expect(featureNames).toEqual(expect.arrayContaining(Object.keys(rankerPrior)));
});

describe('the world', () => {
  let world: World;
  let heard: number[][];

  beforeAll(async () => {
    const views = await Promise.all(
      Object.entries(inputs()).map(async ([name, folder]) => {
        const files = await sql.rows<{ file: string }>(
          `SELECT file FROM glob('${folder}/*.parquet') ORDER BY file`,
        );
        const tables = files.map(({ file }) => ({
          name: file.slice(folder.length + 1, -'.parquet'.length),
          file,
        }));
        return [name, { tables }] as const;
      }),
    );
    await createViews(sql, Object.fromEntries(views));
    world = await readWorld(sql, { factors: at('factors') }, cutoff);
    const works = await heardWorks(sql, world);
    heard = [0, 1, 2, 3].map((listener) => [...worksOf(works, listener)]);
  });

  test('has the tracks with up to four genres, scaled audio, and an album for each artist', () => {
    const { tracks } = world;
    expect(tracks.genreNames).toEqual(['ambient', 'drone', 'folk', 'noise', 'post-rock']);
    expect([...tracks.genres.subarray(0, 8)]).toEqual([0, 1, 2, 3, 3, -1, -1, -1]);
    const audio = (track: number, column: (typeof audioColumns)[number]) =>
      tracks.audio[track * audioColumns.length + audioColumns.indexOf(column)];
    expect([audio(0, 'tempo'), audio(10, 'tempo'), audio(0, 'energy')]).toEqual([0.5, 1, 0.5]);
    expect([audio(1, 'tempo'), audio(0, 'valence')]).toEqual([NaN, NaN]);
    // Tracks 0 and 10 are of one album; track 1 of one called the same, by somebody else.
    expect(tracks.album[10]).toBe(tracks.album[0]);
    expect(tracks.album[1]).not.toBe(tracks.album[0]);
    expect(tracks.album[2]).toBe(-1);
    expect([tracks.releasedDay[0], tracks.releasedDay[1]]).toEqual([10, NaN]);
    expect([...tracks.cataloguePopularity.subarray(0, 2)]).toEqual([50, 0]);
    expect([tracks.numTracks, tracks.numArtists, tracks.numWorks]).toEqual([40, 10, 39]);
  });

  test('has the listeners with what they played, heard, and where they live', () => {
    expect([...world.listeners]).toEqual([0, 1, 2]);
    const listener = listenerOf(world, 0);
    expect([...listener.tracks]).toEqual([0, 11]);
    expect([...listener.artists]).toEqual([0, 1]);
    const { zonePlace, countryPlace } = listener;
    expect([zonePlace, countryPlace].map((place) => world.places[place])).toEqual([
      'Asia/Jakarta',
      'ID',
    ]);
    const elsewhere = listenerOf(world, 1);
    expect([world.places[elsewhere.zonePlace], elsewhere.countryPlace]).toEqual(['Etc/UTC', -1]);
    expect(listenerOf(world, 3)).toMatchObject({ zonePlace: -1, countryPlace: -1 });
    expect(listenerOf(world, 3).tracks).toHaveLength(0);
    expect(heard).toEqual([[0, 11], [3], [4], []]);
  });

  test('falls back on what can be recommended, the most popular first', () => {
    const fallback = [...world.fallback];
    expect(fallback).toHaveLength(39);
    expect(fallback).not.toContain(9);
    // Played by one listener each, the recent ones first; then playlisted; then by index.
    expect(fallback.slice(0, 8)).toEqual([0, 11, 3, 4, 5, 12, 1, 2]);
    expect(world.popularity.trackListeners[0]).toBe(1);
    expect(world.popularity.trackPlaylists[5]).toBe(1);
    expect(world.popularity.artistListeners[0]).toBe(1);
    expect(world.popularity.cutoffDay).toBe(Date.parse(cutoff) / 86_400_000);
  });
});
