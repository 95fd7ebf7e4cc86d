import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assemblyOptions } from '../../model/assembly/candidates.ts';
import {
  candidateOptions,
  quotaOf,
  type CandidateOptions,
} from '../../model/candidates/generate.ts';
import { withoutGroup } from '../../model/evaluation/ablation.ts';
import { NextFigures } from '../../model/evaluation/next.ts';
import { decodeRanker } from '../../model/ranker/encode.ts';
import type { Ranker } from '../../model/ranker/ranker.ts';
import { catalogue } from '../catalogue.ts';
import { readWorksNotListed, worksOf } from '../heard.ts';
import type { LakeSnapshot } from '../lake.ts';
import { ListMaker } from '../list-maker.ts';
import type { Sql } from '../ports.ts';
import { rankerFile } from '../ranker.ts';
import type { StoredArtifact } from '../runner.ts';
import { step, type Step } from '../step.ts';
import { trainingCutoffs } from '../training-cutoffs.ts';
import { nextTurn } from '../turn.ts';
import { createViews } from '../views.ts';
import { lakeSource, type FrozenWeek } from '../week-plan.ts';
import { weekSteps, type Engines, type Variant, type WeekSteps } from '../weekly.ts';
import { listenerOf, readWorld } from '../world.ts';
import { readFirstPlays, type FirstPlayCounts } from './first-plays.ts';
import { Rankings, sourceWay, type Proposal } from './rankings.ts';

/** What is asked: how well do lists made at these cut-offs foretell what is played first after them? */
export interface NextQuestion {
  /** What is trained on: nothing in it is of the last cut-off or later. */
  readonly lake: LakeSnapshot;
  /** The same with the listens after the cut-offs: only what is to be found is read from it. */
  readonly truth: LakeSnapshot;
  /** Ascending, a week apart (ISO 8601, UTC). */
  readonly cutoffs: readonly string[];
  /** First listen of the lake, milliseconds since 1970. */
  readonly firstListenMs: number;
  /** Whether recordings of the lake come with a table's word on their sound. */
  readonly soundTable: boolean;
  /** Days after a cut-off that count. */
  readonly horizonDays: number;
  readonly catalogue: 'asof' | 'all';
  readonly options: Pick<FrozenWeek['options'], 'seed' | 'halfLifeDays' | 'trainingWeeks'>;
  /** Listeners that an artist has at least who is not rare. */
  readonly rareBelow: number;
  /** Groups of features and sources to be left out, each in a pipeline of its own. */
  readonly without: readonly string[];
}

export interface NextMeans extends Engines {
  readonly make: (goal: Step) => Promise<StoredArtifact>;
  readonly openSql: () => Promise<Sql>;
  readonly signal: AbortSignal;
  /** Told when a cut-off has been evaluated. */
  readonly onCutoff?: (cutoff: string, pairs: number) => void;
}

export interface NextAnswer {
  /** Of the rankings before the rules of a list are applied. */
  readonly rankings: NextFigures;
  /** Of the lists. */
  readonly lists: NextFigures;
  readonly counts: FirstPlayCounts & {
    /** Pairs of listener and cut-off with something to find. */
    readonly pairs: number;
    /** Of these pairs, those for which fewer than 30 tracks were found: no list is delivered. */
    readonly withoutList: number;
  };
  /** SHA-256 of all lists of the pipeline: listener, then tracks in their order. */
  readonly content: string;
}

/** The way of the pipeline itself, and of it without nothing, trained as those without something. */
export const pipelineWay = 'pipeline';
export const referenceWay = 'ablation/none';

/** Listeners whose lists are made at a time. */
const shard = 250;

/**
 * Trains, at each cut-off, on what was before it, as the weekly run does, makes everybody's ranking
 * and list, and compares them with what was played first. Beside the pipeline: each of its sources
 * alone (`source/factors`, ...), `baseline/popularity`, `baseline/zone`, `baseline/cosine`, and
 * `ablation/text` for the pipeline without a group.
 *
 * Several cut-offs share the catalogue as of the last one (which name is which artist), and text
 * and embedding as of the first one where the catalogue is `asof`: older than a weekly run would
 * have them, never newer. The pipelines of an ablation, and `ablation/none` which they are measured
 * by, train their rankers once, on what was before the first cut-off.
 */
export async function answerNext(question: NextQuestion, means: NextMeans): Promise<NextAnswer> {
  const { cutoffs, options, firstListenMs } = question;
  const steps = weekSteps(
    {
      ...{ lake: question.lake, soundTable: question.soundTable },
      ...{ cutoff: cutoffs[0]!, catalogue: question.catalogue, options },
    },
    means,
  );
  const training = cutoffs.map((cutoff) =>
    trainingCutoffs(cutoff, firstListenMs, options.trainingWeeks),
  );
  for (const cutoff of [...new Set([...training.flat(), ...cutoffs])].sort()) steps.at(cutoff);
  const truth = await means.make(
    step(catalogue, {}, { lake: lakeSource(question.truth) }, 'catalogue of the truth'),
  );
  const ablation = await trainAblation(steps, training[0]!, question.without, means);
  const evaluation: Evaluation = {
    rankings: new NextFigures(),
    lists: new NextFigures(),
    counts: { firstPlays: 0, ofUnknownListeners: 0, notRecommendable: 0, pairs: 0, withoutList: 0 },
    lines: createHash('sha256'),
  };
  for (const [n, cutoff] of cutoffs.entries()) {
    const ranker = await readRanker(await means.make(steps.ranker(training[n]!)));
    const pipelines = [{ way: pipelineWay, variant: {}, ranker }, ...ablation];
    const before = evaluation.counts.pairs;
    await evaluateCutoff(question, means, { cutoff, truth, steps, pipelines }, evaluation);
    means.onCutoff?.(cutoff, evaluation.counts.pairs - before);
  }
  const { rankings, lists, counts, lines } = evaluation;
  return { rankings, lists, counts, content: lines.digest('hex') };
}

interface Pipeline {
  readonly way: string;
  readonly variant: Variant;
  readonly ranker: Ranker;
}

interface Evaluation {
  readonly rankings: NextFigures;
  readonly lists: NextFigures;
  readonly counts: { -readonly [Key in keyof NextAnswer['counts']]: number };
  readonly lines: ReturnType<typeof createHash>;
}

async function trainAblation(
  steps: WeekSteps,
  training: readonly string[],
  groups: readonly string[],
  means: NextMeans,
): Promise<Pipeline[]> {
  const variants: [string, Variant][] = groups.map((group) => [
    `ablation/${group}`,
    withoutGroup(group),
  ]);
  if (variants.length > 0) variants.unshift([referenceWay, {}]);
  const trained: Pipeline[] = [];
  for (const [way, variant] of variants) {
    const ranker = await readRanker(await means.make(steps.ranker(training, variant)));
    trained.push({ way, variant, ranker });
  }
  return trained;
}

async function readRanker({ folder }: StoredArtifact): Promise<Ranker> {
  const path = join(folder, rankerFile);
  return decodeRanker(await readFile(path), path);
}

async function evaluateCutoff(
  { horizonDays, rareBelow }: NextQuestion,
  means: NextMeans,
  at: {
    readonly cutoff: string;
    readonly truth: StoredArtifact;
    readonly steps: WeekSteps;
    readonly pipelines: readonly Pipeline[];
  },
  { rankings, lists, counts, lines }: Evaluation,
): Promise<void> {
  const { cutoff, truth, pipelines } = at;
  const inputs: Record<string, StoredArtifact> = { truth };
  for (const [name, input] of Object.entries(at.steps.at(cutoff))) {
    inputs[name] = await means.make(input);
  }
  const sql = await means.openSql();
  const makers: { readonly way: string; readonly maker: ListMaker }[] = [];
  try {
    await createViews(sql, inputs);
    await sql.run('CREATE TEMP TABLE delivered (listener_ix INTEGER, work_ix INTEGER)');
    const first = await readFirstPlays(sql, cutoff, horizonDays, rareBelow);
    counts.firstPlays += first.counts.firstPlays;
    counts.ofUnknownListeners += first.counts.ofUnknownListeners;
    counts.notRecommendable += first.counts.notRecommendable;
    counts.pairs += first.byListener.size;

    const world = await readWorld(sql, { factors: inputs['factors']!.folder }, cutoff);
    const notListed = await readWorksNotListed(sql, world);
    const tf = await means.loadTensorflow();
    const assembly = assemblyOptions.parse({});
    const defaults: CandidateOptions = candidateOptions.parse({});
    for (const { way, variant, ranker } of pipelines) {
      const candidates = candidateOptions.parse(variant.candidates ?? {});
      const maker = new ListMaker({
        ...{ model: '', candidates, assembly },
        ...{ world, notListed, tf, ranker, explain: true },
      });
      makers.push({ way, maker });
    }
    const { heard } = notListed;
    const listens = await listensBefore(sql);
    const baselines = await Rankings.open(sql, world);
    lines.update(`${cutoff}\n`);

    const listeners = Int32Array.from(first.byListener.keys());
    for (let from = 0; from < listeners.length; from += shard) {
      await nextTurn(means.signal);
      const some = listeners.subarray(from, from + shard);
      const choices = makers.map(({ way, maker }) => ({ way, choices: maker.choose(some) }));
      for (const [n, index] of some.entries()) {
        const listener = listenerOf(world, index);
        const known = new Set(worksOf(heard, index));
        const proposals: Record<string, Proposal> = {};
        for (const { way, choices: made } of choices) {
          const { tracks, from } = made[n]!;
          const { track, score } = from!;
          const assembled = [...tracks];
          const whole = assembled.length === assembly.size;
          if (way === pipelineWay) {
            if (!whole) counts.withoutList++;
            lines.update(`${index} ${assembled.join(' ')}\n`);
          }
          proposals[way] = baselines.ofPipeline(track, score, assembled, known);
        }
        for (const source of world.sources) {
          const quota = quotaOf(defaults, source.name);
          proposals[sourceWay(source.name)] = baselines.ofSource(source, quota, listener, known);
        }
        proposals['baseline/popularity'] = baselines.popularity(known);
        proposals['baseline/zone'] = baselines.popularityByZone(listener, known);
        proposals['baseline/cosine'] = baselines.cosine(listener, known);
        const pair = { listener: index, listens: listens.get(index)! };
        const plays = first.byListener.get(index)!;
        rankings.add(pair, plays, pick(proposals, 'ranking'));
        lists.add(pair, plays, pick(proposals, 'list'));
      }
    }
  } finally {
    for (const { maker } of makers) maker.dispose();
    sql.dispose();
  }
}

function pick(
  proposals: Readonly<Record<string, Proposal>>,
  part: keyof Proposal,
): Record<string, Proposal[keyof Proposal]> {
  return Object.fromEntries(
    Object.entries(proposals).map(([way, proposal]) => [way, proposal[part]]),
  );
}

async function listensBefore(sql: Sql): Promise<Map<number, number>> {
  const rows = await sql.rows<{ listener_ix: number; listens: number }>(
    'SELECT listener_ix, listens FROM snapshot.listeners',
  );
  return new Map(rows.map(({ listener_ix, listens }) => [listener_ix, listens]));
}
