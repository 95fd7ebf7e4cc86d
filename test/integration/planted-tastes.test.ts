import { appendFile, cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { openArtifacts } from '../../infra/artifacts.ts';
import { openDuckdb } from '../../infra/duckdb.ts';
import { openWeekBook } from '../../infra/week-book.ts';
import { openListArchive, weekBookFolder } from '../../infra/list-archive.ts';
import { loadKernels } from '../../infra/kernels.ts';
import { loadTensorflow } from '../../infra/tensorflow.ts';
import { featureNames, numFeatures } from '../../model/candidates/features.ts';
import { alignFeatures } from '../../model/ranker/align.ts';
import { decodeRanker } from '../../model/ranker/encode.ts';
import { groupedNdcg } from '../../model/ranker/ndcg.ts';
import { score } from '../../model/ranker/score.ts';
import { tasteShare, type TasteMixture } from '../../model/simulation/taste-share.ts';
import { examples } from '../../pipelines/examples.ts';
import type { NamedList } from '../../pipelines/listed.ts';
import { readMatrix } from '../../pipelines/matrix-file.ts';
import type { Sql } from '../../pipelines/ports.ts';
import { rankerFile } from '../../pipelines/ranker.ts';
import { Runner } from '../../pipelines/runner.ts';
import { step, type Step } from '../../pipelines/step.ts';
import { createViews } from '../../pipelines/views.ts';
import { simulate } from '../../pipelines/simulate/simulate.ts';
import { readFirstPlays, readTruth, type PlantedTruth } from '../../pipelines/simulate/truth.ts';
import { weekGraph } from '../../pipelines/weekly.ts';
import { mainLake } from '../../workers/home.ts';
import { openCommandLine, type CommandLine } from '../support/command-line.ts';
import { tell } from '../support/figures.ts';
import { namedListsOf } from '../support/named-lists.ts';

jest.setTimeout(900_000);

const week = '2026-W02';
const world = { listeners: 500, tracks: 5_000, seed: 1 };

let cli: CommandLine;
let sql: Sql;
let runner: Runner;
let goal: Step;
let cutoff: string;
let truth: PlantedTruth;
let lists: NamedList[];

/** A simulated world, and in its listens also those of the week to make: nobody may look at them. */
beforeAll(async () => {
  cli = await openCommandLine();
  sql = await openDuckdb({ threads: 2 });
  const simulated = await simulate(world, join(cli.home, 'simulated'));
  const data = join(cli.home, 'data');
  await cp(simulated.folder, data, { recursive: true });
  truth = await readTruth(sql, simulated.folder);
  const next = await readFirstPlays(sql, simulated.folder);
  await appendFile(join(data, 'listens.csv'), await nextWeekRows(simulated.folder));
  await cli.run('weekly', '--data', data, '--week', week, '--no-deliver');

  const artifacts = openArtifacts(join(cli.home, 'artifacts'));
  const frozen = (await openWeekBook(weekBookFolder(cli.home, mainLake)).find(week))!;
  cutoff = frozen.cutoff;
  goal = weekGraph(frozen, [], { loadTensorflow, loadKernels });
  runner = new Runner({
    artifacts,
    openSql: () => openDuckdb({ threads: 2 }),
    clock: () => 0,
    memoryMb: () => 0,
    signal: new AbortController().signal,
  });
  const catalogue = await runner.make(goal.inputs['catalogue'] as Step);
  const snapshot = await runner.make(goal.inputs['snapshot'] as Step);
  await createViews(sql, { catalogue, snapshot });
  lists = await namedListsOf((await openListArchive(cli.home, artifacts).find(week))!);
  expect(next.length).toBeGreaterThan(1000);
});

afterAll(async () => {
  sql.dispose();
  await cli.dispose();
});

/** Rows of `listens.csv` for the first plays of the week to make, zone and language left open. */
async function nextWeekRows(folder: string): Promise<string> {
  const [, ...rows] = (await readFile(join(folder, 'truth', 'next-week.csv'), 'utf8')).split('\n');
  return rows
    .filter((row) => row !== '')
    .map((row) => {
      const [time, listener, , ...names] = row.split(',');
      return `${time},${listener},,,${names.join(',')}\n`;
    })
    .join('');
}

/** Names of the lead artists of each listener's list. */
type LeadArtists = ReadonlyMap<string, readonly string[]>;

function meanShare(leadArtists: LeadArtists): number {
  let sum = 0;
  for (const [listener, names] of leadArtists) {
    const tracks = names.map((name) => truth.artists.get(name) ?? nothing);
    sum += tasteShare(tracks, truth.listeners.get(listener)!);
  }
  return sum / leadArtists.size;
}

const nothing: TasteMixture = new Map();

/** The 30 tracks that most listeners play, of those that each has not heard. */
async function popularLists(among: 'world' | 'zone'): Promise<LeadArtists> {
  const rows = await sql.rows<{ listener: string; name: string }>(
    `WITH plays AS (
       SELECT DISTINCT listener_ix, s.zone, track_ix
       FROM catalogue.listens l JOIN snapshot.listeners s USING (listener_ix)
       WHERE listened_at < CAST($cutoff AS TIMESTAMP)
     ), in_world AS (
       SELECT track_ix, count(*) AS people FROM plays GROUP BY track_ix
     ), in_zone AS (
       SELECT zone, track_ix, count(*) AS people FROM plays GROUP BY zone, track_ix
     )
     SELECT listener, name
     FROM (
       SELECT listener_ix, artist_ix,
              row_number() OVER (
                PARTITION BY listener_ix
                ORDER BY ${among === 'zone' ? 'coalesce(z.people, 0) DESC,' : ''} w.people DESC, track_ix
              ) AS rank
       FROM snapshot.listeners s
       CROSS JOIN in_world w
       JOIN catalogue.tracks t USING (track_ix)
       LEFT JOIN in_zone z USING (zone, track_ix)
       WHERE NOT EXISTS (FROM snapshot.heard h
                         WHERE h.listener_ix = s.listener_ix AND h.work_ix = t.work_ix)
     )
     JOIN catalogue.listeners USING (listener_ix)
     JOIN catalogue.artists USING (artist_ix)
     WHERE rank <= 30
     ORDER BY listener, rank`,
    { cutoff: cutoff.replace('Z', '') },
  );
  const leads = new Map<string, string[]>();
  for (const { listener, name } of rows) {
    leads.set(listener, [...(leads.get(listener) ?? []), name]);
  }
  return leads;
}

test('lists hold at least three times as much of the planted taste as popularity would', async () => {
  const own: LeadArtists = new Map(
    lists.map(({ user, tracks }) => [user, tracks.map(({ artists }) => artists[0]!)]),
  );
  const allTracks = (
    await sql.rows<{ name: string }>(
      'SELECT name FROM catalogue.tracks JOIN catalogue.artists USING (artist_ix)',
    )
  ).map(({ name }) => name);
  const shares = {
    lists: meanShare(own),
    popularInTheWorld: meanShare(await popularLists('world')),
    popularInTheZone: meanShare(await popularLists('zone')),
    anyTrack: meanShare(new Map(lists.map(({ user }) => [user, allTracks]))),
  };
  tell(`share of the planted taste, mean over ${lists.length} listeners`, shares);

  expect(lists.length).toBeGreaterThan(0.9 * world.listeners);
  for (const name of [...own.values()].flat()) expect(truth.artists.has(name)).toBe(true);
  expect(shares.lists).toBeGreaterThanOrEqual(3 * shares.popularInTheWorld);
});

test('the ranker finds what is played next far better than a constant would', async () => {
  const { catalogue, snapshot, factors, embedding, text, gate } = goal.inputs as Inputs;
  const inputs = { catalogue, snapshot, factors, embedding, text };
  const next = await runner.make(step(examples, { cutoff }, inputs));
  const { rows, values } = await readMatrix(join(next.folder, 'examples.matrix'));
  const width = numFeatures + 1;
  const features = new Float32Array(rows * numFeatures);
  const labels = new Uint8Array(rows);
  for (let row = 0; row < rows; row++) {
    features.set(values.subarray(row * width, row * width + numFeatures), row * numFeatures);
    labels[row] = values[row * width + numFeatures]!;
  }
  await createViews(sql, { next });
  const { rows: sizes } = await sql.columns<'rows'>('SELECT rows FROM next.groups');
  const groups = new Int32Array(sizes.length + 1);
  sizes.forEach((size, g) => (groups[g + 1] = groups[g]! + size));

  const trained = decodeRanker(await readFile(join((await runner.make(gate)).folder, rankerFile)));
  const tf = await loadTensorflow();
  // Ties count with the expectation over their orders: a constant earns what chance would.
  const ndcg = (scores: Float32Array) => groupedNdcg(scores, labels, groups, 30);
  const figures = {
    ranker: ndcg(score(tf, trained, alignFeatures(trained, { featureNames, features }))),
    constant: ndcg(new Float32Array(rows)),
  };
  tell(`NDCG@30 of the next week's first plays, ${sizes.length} listeners`, figures);
  expect(sizes.length).toBeGreaterThan(100);
  expect(figures.ranker).toBeGreaterThan(2 * figures.constant);
});

type Inputs = Record<'catalogue' | 'snapshot' | 'factors' | 'embedding' | 'text' | 'gate', Step>;
