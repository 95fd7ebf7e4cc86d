/**
 * The processor time of a list, from sources to a finished list, step by step:
 *
 *     npm run bench:lists [-- --listeners 20000 --tracks 100000 --artists 10000 --json]
 *
 * On one thread, in a world in memory: 50 neighbours of each track, tracks heard skewed and 40 in
 * the mean, audio and genres partly missing, the works of eight lists excluded, a ranker of three
 * networks. What factors and artists offer is found beforehand: their search is not measured here.
 * Each of 2,000 listeners is gone through five times; of each step of each the fastest counts, so
 * that what else the machine does shows little. `all` is the whole as the weekly run calls it.
 */
import { parseArgs } from 'node:util';
import { loadTensorflow } from '../../infra/tensorflow.ts';
import { assemblyOptions } from '../../model/assembly/candidates.ts';
import { ListCandidates } from '../../model/assembly/list-candidates.ts';
import { ListChooser, type ChooserListeners } from '../../model/assembly/list-chooser.ts';
import { orderTracks } from '../../model/assembly/order.ts';
import { Selector } from '../../model/assembly/select.ts';
import { FeatureWriter } from '../../model/candidates/feature-writer.ts';
import { featureNames, TasteProfile } from '../../model/candidates/features.ts';
import { candidateOptions, fillPool, poolCapacity } from '../../model/candidates/generate.ts';
import type { Ragged } from '../../model/candidates/listener.ts';
import { CandidatePool } from '../../model/candidates/pool.ts';
import { Scorer } from '../../model/ranker/score.ts';
import { listenerOf } from '../../pipelines/world.ts';
import { benchRanker } from './lists/ranker.ts';
import { listWorld, type ListWorld } from './lists/world.ts';

const rounds = 5;
const measured = 2000;
const together = 32;

const steps = ['sources', 'features', 'columns', 'scoring', 'selection', 'order', 'all'] as const;
type Step = (typeof steps)[number];
type Times = Record<Step, number>;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      listeners: { type: 'string', default: '20000' },
      tracks: { type: 'string', default: '100000' },
      artists: { type: 'string', default: '10000' },
      json: { type: 'boolean', default: false },
    },
  });
  const tf = await loadTensorflow();
  const world = listWorld({
    listeners: Number(values.listeners),
    tracks: Number(values.tracks),
    artists: Number(values.artists),
    neighbours: 50,
    heard: 40,
    seed: 1,
  });
  const scorer = new Scorer(tf, benchRanker(), featureNames);
  try {
    const { microseconds, candidates } = measure(world, scorer);
    if (values.json) process.stdout.write(`${JSON.stringify({ microseconds, candidates })}\n`);
    process.stderr.write(`candidates a list: ${candidates.toFixed(0)}\n`);
    for (const step of steps) {
      process.stderr.write(`${step.padEnd(10)} ${microseconds[step].toFixed(1).padStart(7)} us\n`);
    }
  } finally {
    scorer.dispose();
  }
}

function measure(world: ListWorld, scorer: Scorer): { microseconds: Times; candidates: number } {
  const options = { candidates: candidateOptions.parse({}), assembly: assemblyOptions.parse({}) };
  const chooser = new ListChooser(world, knownOf(world), scorer, { ...options, together });
  const inSteps = stepwise(world, scorer, options);
  const listeners = world.listeners.subarray(0, measured);
  const laps = new Map<string, number>();
  const lap = (step: Step, of: number, milliseconds: number): void => {
    const key = `${step} ${of}`;
    laps.set(key, Math.min(laps.get(key) ?? Infinity, milliseconds));
  };
  let candidates = 0;
  for (let round = 0; round < rounds; round++) {
    for (let from = 0; from < listeners.length; from += together) {
      const some = listeners.subarray(from, from + together);
      inSteps(some, lap);
      const start = performance.now();
      const lists = chooser.choose(some);
      lap('all', from, performance.now() - start);
      if (round === 0) candidates += lists.reduce((sum, list) => sum + list.candidates, 0);
    }
  }
  const microseconds = Object.fromEntries(steps.map((step) => [step, 0])) as Times;
  for (const [key, milliseconds] of laps) {
    microseconds[key.split(' ')[0] as Step] += (1000 * milliseconds) / listeners.length;
  }
  return { microseconds, candidates: candidates / listeners.length };
}

/** The steps of the chooser with a clock between them, for as many listeners as it takes together. */
function stepwise(
  world: ListWorld,
  scorer: Scorer,
  {
    candidates,
    assembly,
  }: Pick<ConstructorParameters<typeof ListChooser>[3], 'candidates' | 'assembly'>,
): (some: Int32Array, tell: (step: Step, of: number, milliseconds: number) => void) => void {
  const { tracks, popularity, sources, fallback } = world;
  const known = knownOf(world);
  const pool = new CandidatePool(tracks.work, tracks.numWorks, poolCapacity(candidates));
  const writer = new FeatureWriter(tracks, popularity, scorer.layout);
  const profile = new TasteProfile(tracks);
  const kept = new ListCandidates(tracks);
  const selector = new Selector();
  return (some, tell) => {
    let last = performance.now();
    const lap = (step: Step, of: number): void => {
      const now = performance.now();
      tell(step, of, now - last);
      last = performance.now();
    };
    kept.clear();
    const ends = [0];
    const tastes: Float32Array[] = [];
    for (const index of some) {
      const listener = known.listener(index);
      pool.begin(known.heard(index));
      pool.exclude(known.delivered(index));
      fillPool(pool, listener, sources, fallback, candidates);
      lap('sources', index);
      profile.of(listener);
      const inputs = scorer.inputs(kept.rows + pool.size);
      writer.write(pool, listener, profile, sources, inputs, kept.rows);
      tastes.push(profile.genres.slice());
      lap('features', index);
      kept.add(pool, listener);
      ends.push(kept.rows);
      lap('columns', index);
    }
    const scores = scorer.score(kept.rows);
    lap('scoring', some[0]!);
    for (const [n, genreTaste] of tastes.entries()) {
      const scored = kept.scored(ends[n]!, ends[n + 1]!, scores);
      const { chosen } = selector.select(scored, { genreTaste }, assembly);
      lap('selection', some[n]!);
      kept.describe(ends[n]!, chosen);
      orderTracks(scored, chosen, assembly.opening);
      lap('order', some[n]!);
    }
  };
}

function knownOf(world: ListWorld): ChooserListeners {
  const row = ({ start, indices }: Ragged, index: number): Int32Array =>
    indices.subarray(start[index], start[index + 1]);
  return {
    listener: (index) => listenerOf(world, index),
    heard: (index) => row(world.heard, index),
    delivered: (index) => row(world.delivered, index),
  };
}

await main();
