/**
 * What it costs to find the tracks of the nearest sound, and how many of them are found:
 *
 *     node --no-warnings --import tsx test/bench/sounds.ts [--sizes 20000,100000] [--real]
 *
 * Every track is asked for its 100 nearest among all, cosine above 0.3, as the stage `sounds` does
 * where every track has been played. Tracks lie around 200 planted sounds, with noise: of 9 factors,
 * as a table of features gives them, and of 35, with the timbre of files. `--real` takes the tracks
 * of ../shared/data/tracks instead. Beside it the search that compares each with each in JavaScript
 * (`nearestBatch`), which is timed on some hundreds of the tracks and said for all.
 *
 * Seconds are of a processor, over all threads. Recall is that of 1,000 tracks drawn at random
 * against comparing each with each.
 */
import { parseArgs } from 'node:util';
import { openDuckdb } from '../../infra/duckdb.ts';
import { loadKernels } from '../../infra/kernels.ts';
import { openThreads } from '../../infra/threads.ts';
import type { Factors } from '../../model/candidates/listener.ts';
import { soundVectors } from '../../model/candidates/sounds.ts';
import { nearestBatch } from '../../model/nearest.ts';
import { createRandom } from '../../model/random.ts';
import { sampled } from '../../model/retrieval/clusters.ts';
import { neighboursByCosine, type NeighbourSearch } from '../../model/retrieval/neighbours.ts';
import { identity } from '../../model/retrieval/packed-items.ts';
import type { RetrievalMeans } from '../../model/retrieval/plan.ts';

const numNeighbours = 100;
const minSimilarity = 0.3;
const timed = 400;
const checked = 1000;
const realTracks = '../shared/data/tracks/spotify_songs.csv';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      sizes: { type: 'string', default: '20000,100000' },
      factors: { type: 'string', default: '9,35' },
      recall: { type: 'string', default: '0.98' },
      group: { type: 'string', default: '1024' },
      real: { type: 'boolean', default: false },
    },
  });
  const threads = openThreads({ size: 2 });
  const means = { kernels: await loadKernels(), threads };
  const how = { recall: Number(values.recall), groupSize: Number(values.group) };
  try {
    if (values.real) return await measure('real tracks', await realSounds(), how, means);
    for (const factors of values.factors.split(',').map(Number)) {
      for (const size of values.sizes.split(',').map(Number)) {
        await measure(`${size} tracks, ${factors} factors`, planted(size, factors), how, means);
      }
    }
  } finally {
    await threads.dispose();
  }
}

async function measure(
  name: string,
  vectors: Factors,
  retrieval: NonNullable<NeighbourSearch['retrieval']>,
  means: RetrievalMeans,
): Promise<void> {
  const { numRows, numFactors, values } = vectors;
  const all = identity(numRows);
  const drawn = sampled(all, checked, createRandom(1, 'checked'));
  const queriesOf = (rows: Int32Array): Float32Array => {
    const queries = new Float32Array(rows.length * numFactors);
    rows.forEach((row, n) =>
      queries.set(values.subarray(row * numFactors, (row + 1) * numFactors), n * numFactors),
    );
    return queries;
  };
  const options = { k: numNeighbours + 1, metric: 'cosine' } as const;
  const few = queriesOf(drawn.subarray(0, timed));
  const start = process.cpuUsage();
  nearestBatch(few, values, numFactors, options);
  const before = (secondsSince(start) * numRows) / timed;

  const wanted = new Map(Array.from(drawn, (row) => [row, new Set<number>()]));
  const exact = nearestBatch(queriesOf(drawn), values, numFactors, options);
  drawn.forEach((row, n) => {
    for (let at = n * options.k; at < (n + 1) * options.k; at++) {
      const near = exact.indices[at]!;
      if (near !== row && exact.scores[at]! > minSimilarity) wanted.get(row)!.add(near);
    }
  });

  let [pairs, hits] = [0, 0];
  const search = { of: all, among: all, numNeighbours, minSimilarity, retrieval };
  const own = process.cpuUsage();
  for await (const { found } of neighboursByCosine(vectors, search, means)) {
    for (const [row, near] of found) {
      pairs++;
      if (wanted.get(row)?.has(near) === true) hits++;
    }
  }
  const after = secondsSince(own);
  const mostHits = [...wanted.values()].reduce((sum, { size }) => sum + size, 0);
  process.stdout.write(
    `${name}: ${before.toFixed(0)} s each with each, ${after.toFixed(1)} s now, ` +
      `recall@${numNeighbours} ${(hits / mostHits).toFixed(4)}, ${pairs} neighbours, ` +
      `${(process.memoryUsage().rss / 2 ** 20).toFixed(0)} MB\n`,
  );
}

function secondsSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}

/** Sounds around 200 planted ones, of shares like (n + 5)^-0.8. */
function planted(numTracks: number, numFactors: number): Factors {
  const random = createRandom(1, 'planted sounds', numTracks, numFactors);
  const normal = () =>
    Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
  const centres = Array.from({ length: 200 }, () => Array.from({ length: numFactors }, normal));
  const bounds: number[] = [];
  for (let n = 0; n < 200; n++) bounds.push((bounds[n - 1] ?? 0) + (n + 5) ** -0.8);
  const columns = Array.from({ length: numFactors }, () => new Float32Array(numTracks));
  for (let track = 0; track < numTracks; track++) {
    const at = random.uniform() * bounds.at(-1)!;
    const centre = centres[bounds.findIndex((bound) => bound > at)]!;
    for (let f = 0; f < numFactors; f++) columns[f]![track] = centre[f]! + 0.7 * normal();
  }
  return soundVectors(columns.map((column) => ({ measures: [column] })));
}

async function realSounds(): Promise<Factors> {
  const sql = await openDuckdb({ threads: 1 });
  const names = [
    ...['danceability', 'energy', 'speechiness', 'acousticness', 'instrumentalness'],
    ...['liveness', 'valence', 'loudness', 'tempo'],
  ];
  const columns = await sql.columns(
    `SELECT ${names.map((name) => `CAST(${name} AS FLOAT) AS ${name}`).join(', ')}
     FROM (FROM '${realTracks}' WHERE tempo > 0
           QUALIFY row_number() OVER (PARTITION BY track_id ORDER BY playlist_id) = 1)
     ORDER BY track_id`,
  );
  sql.dispose();
  return soundVectors(names.map((name) => ({ measures: [columns[name]!] })));
}

await main();
