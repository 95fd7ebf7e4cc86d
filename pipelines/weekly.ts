import type { CandidateOptions } from '../model/candidates/generate.ts';
import type { z } from 'zod';
import type { holdoutOptions } from '../model/gate/holdout.ts';
import type { Tensorflow } from '../model/ranker/network.ts';
import type { Threads } from '../model/recommend/recommender.ts';
import { embedding } from './embedding.ts';
import { examples } from './examples.ts';
import { factorsStage } from './factors.ts';
import { gateStage } from './gate.ts';
import type { LakeSnapshot } from './lake.ts';
import { makersOnThisThread, type OpenListMakers } from './list-making.ts';
import { listsStage } from './make-lists.ts';
import { rankerStage, rankerTraining } from './ranker.ts';
import { examplesInput } from './read-examples.ts';
import { mentionsOf } from './article-days.ts';
import { catalogueOf } from './spelling-parts.ts';
import { fingerprintOf, methodOf, step, type Source, type Step } from './step.ts';
import { snapshot } from './snapshot.ts';
import { text } from './text.ts';
import { soundsStage } from './sounds.ts';
import { trends } from './trends.ts';
import { lakeSource, type FrozenWeek } from './week-plan.ts';

/** What stages compute with, loaded when one first needs it. */
export interface Engines {
  readonly loadTensorflow: () => Promise<Tensorflow>;
  /** The compiled kernels of `model/kernels`. */
  readonly loadKernels: () => Promise<WebAssembly.Module>;
  /** Default: lists are made on the calling thread. */
  readonly openListMakers?: OpenListMakers;
  /** Default: the calling one. */
  readonly threads?: Threads;
}

/**
 * The week, as its graph of stages: everything between the lake and the lists.
 *
 * 1. The **catalogue** matches what the sources spell differently; where a log feeds the lake, from
 *    **spellings** that are keyed part by part as they come.
 * 2. **text** and **embedding** learn what is written and what is playlisted together; where the lake
 *    has articles, **mentions** first finds who they are about, and **trends** who is written about
 *    more than usual before each cut-off.
 * 3. A **snapshot** holds what was known of the listens at a cut-off, **factors** the collaborative
 *    filtering on it, **examples** what was played first in the week after. Examples that an earlier
 *    week has made are taken over (`take-over.ts`).
 * 4. The **ranker** learns from the examples of all weekly cut-offs but the newest: the challenger.
 * 5. The **gate** compares it with the champion on the newest, and lets the better one through.
 * 6. **lists**: at the last cut-off, candidates from all sources, scored by that model, assembled to
 *    30 tracks for every listener.
 *
 * @param previousLists - artifacts of the lists of up to eight weeks before, which do not return
 * @param champion - the folder of the champion that the week is frozen with, where it has one
 * @param takenOver - the artifacts that the week takes over, by cut-off, all of `week.takenOver`
 * @param mentionsHelp - what was linked before, of which the mentions take over what comes to the same
 */
export function weekGraph(
  week: FrozenWeek,
  previousLists: readonly Source[],
  engines: Engines,
  champion?: Source,
  takenOver: ReadonlyMap<string, Source> = new Map(),
  mentionsHelp: readonly Step[] = [],
): Step {
  const { loadTensorflow } = engines;
  const { at, ranker } = weekSteps(week, engines, mentionsHelp);
  if (!(week.takenOver ?? []).every(({ cutoff }) => takenOver.has(cutoff))) {
    throw new Error(`week ${week.week}: expected the examples that it is frozen with`);
  }
  if ((champion === undefined) !== (week.champion === undefined)) {
    throw new Error(`week ${week.week}: expected the champion that it is frozen with`);
  }
  const notBefore = week.champion?.learnedUntil ?? null;
  const rankerStep = ranker(week.trainingCutoffs, {}, { notBefore }, takenOver);
  const previous = Object.fromEntries(
    previousLists.map((source, n) => [`previous-${n}`, source] as const),
  );
  const known = { ...at(week.cutoff), ...previous };
  const about = { week: week.week, cutoff: week.cutoff, previousWeeks: previousLists.length };
  const gate = step(
    gateStage(loadTensorflow),
    {
      ...about,
      champion: week.champion?.version ?? null,
      rolledBack: week.champion?.rolledBack ?? [],
      gate: { seed: week.options.seed },
    },
    {
      ...known,
      ...rankerStep.inputs,
      ranker: rankerStep,
      ...(champion === undefined ? {} : { champion }),
    },
  );
  const makers = engines.openListMakers ?? makersOnThisThread(engines);
  return step(listsStage({ ...engines, openListMakers: makers }), about, { ...known, gate });
}

/** How a week makes its examples (`methodOf`); undefined where it has nothing to learn from. */
export function examplesMethod(week: FrozenWeek, engines: Engines): string | undefined {
  const newest = week.trainingCutoffs.at(-1);
  return newest === undefined ? undefined : methodOf(weekSteps(week, engines).examplesAt(newest));
}

/**
 * The examples that the challenger of a week is shown, and how they are made, of the graph of its
 * lists; undefined where there are none.
 */
export function examplesOf(week: FrozenWeek, goal: Step): FrozenWeek['examples'] {
  const { inputs } = goal.inputs['gate'] as Step;
  const shown = week.trainingCutoffs.map((_, n) => inputs[examplesInput(n)]!);
  // The newest are made by the week itself: no week before could know what was played after.
  const newest = shown.at(-1) as Step | undefined;
  if (newest === undefined) return undefined;
  return {
    method: methodOf(newest),
    made: week.trainingCutoffs.map((cutoff, n) => ({
      cutoff,
      fingerprint: fingerprintOf(shown[n]!),
    })),
  };
}

/** What is known and learnt at one cut-off: what examples and lists are made from. */
export type KnownAt = Record<'catalogue' | 'snapshot' | 'factors' | 'embedding' | 'text', Step> & {
  readonly trends?: Step;
  readonly sounds?: Step;
};

/** What an ablation changes; left out, all is as in every week. */
export interface Variant {
  readonly candidates?: Partial<CandidateOptions>;
  /** Features that the ranker does not see. */
  readonly without?: readonly string[];
}

/** The steps of one or more weeks on the same lake. */
export interface WeekSteps {
  readonly catalogue: Step;
  /**
   * What was known at a cut-off. The factors of each start from those of the cut-off asked for
   * before it, so ask for new ones in ascending order.
   */
  readonly at: (cutoff: string) => KnownAt;
  /** The examples of a cut-off, for a ranker that sees all candidates. */
  readonly examplesAt: (cutoff: string) => Step;
  /**
   * Trained on the examples of these cut-offs, oldest first, which are its inputs; on all of them,
   * or with a holdout on all but the newest. Those that are taken over are not made here.
   */
  readonly ranker: (
    trainingCutoffs: readonly string[],
    variant?: Variant,
    holdout?: z.input<typeof holdoutOptions>,
    takenOver?: ReadonlyMap<string, Source>,
  ) => Step;
}

/**
 * @param week - text and embedding are as of its cut-off, where the catalogue is `asof`: no cut-off
 *   before may be asked about what they hold
 */
export function weekSteps(
  week: Pick<FrozenWeek, 'cutoff' | 'catalogue' | 'soundTable'> & {
    readonly lake: LakeSnapshot;
    readonly options: Pick<FrozenWeek['options'], 'seed' | 'halfLifeDays'>;
  },
  { loadTensorflow, loadKernels, threads }: Engines,
  mentionsHelp: readonly Step[] = [],
): WeekSteps {
  const { seed, halfLifeDays } = week.options;
  const lake = lakeSource(week.lake);
  const day = week.cutoff.slice(0, 10);
  const asOf = week.catalogue === 'asof' ? day : null;

  const catalogueStep = catalogueOf(week.lake);
  // Without articles all is as it was before there were any.
  const mentionsStep =
    week.lake.tables.articles.length === 0 ? undefined : mentionsOf(week.lake, mentionsHelp);
  const textStep =
    mentionsStep === undefined
      ? step(text, { asOf }, { catalogue: catalogueStep, lake })
      : step(
          text,
          { asOf, articlesBefore: day },
          { catalogue: catalogueStep, lake, mentions: mentionsStep },
        );
  const embeddingStep = step(
    embedding,
    { asOf, embedding: { seed } },
    { catalogue: catalogueStep },
  );

  // Without sound, too.
  const hasSound = week.lake.tables.audio_features.length > 0 || week.soundTable === true;
  let soundsStep: Step | undefined;

  let warmStart: Step | undefined;
  const known = new Map<string, KnownAt>();
  const at = (cutoff: string): KnownAt => {
    const found = known.get(cutoff);
    if (found !== undefined) return found;
    const cutoffDay = cutoff.slice(0, 10);
    const catalogueBefore = asOf === null ? null : cutoffDay;
    if (hasSound) {
      // One for all cut-offs, so of the first: what was played before it is new at none of them.
      soundsStep ??= step(
        soundsStage(loadKernels, threads),
        { unplayedAt: cutoff },
        { catalogue: catalogueStep, lake },
      );
    }
    const snapshotStep = step(
      snapshot,
      { cutoff, halfLifeDays, catalogueBefore },
      { catalogue: catalogueStep },
      `snapshot ${cutoffDay}`,
    );
    warmStart = step(
      factorsStage(loadKernels),
      { seed, catalogueBefore },
      {
        catalogue: catalogueStep,
        snapshot: snapshotStep,
        ...(warmStart === undefined ? {} : { previous: warmStart }),
      },
      `factors ${cutoffDay}`,
    );
    const inputs = {
      catalogue: catalogueStep,
      snapshot: snapshotStep,
      factors: warmStart,
      embedding: embeddingStep,
      text: textStep,
      ...(mentionsStep === undefined
        ? {}
        : { trends: step(trends, { cutoff }, { mentions: mentionsStep }, `trends ${cutoffDay}`) }),
      ...(soundsStep === undefined ? {} : { sounds: soundsStep }),
    };
    known.set(cutoff, inputs);
    return inputs;
  };

  const examplesAt = (cutoff: string, candidates?: Partial<CandidateOptions>): Step =>
    step(examples, { cutoff, candidates }, at(cutoff), `examples ${cutoff.slice(0, 10)}`);

  const ranker: WeekSteps['ranker'] = (
    trainingCutoffs,
    { candidates, without } = {},
    holdout = undefined,
    takenOver = new Map(),
  ) => {
    const lessons: Record<string, Step | Source> = {};
    trainingCutoffs.forEach((cutoff, n) => {
      lessons[examplesInput(n)] = takenOver.get(cutoff) ?? examplesAt(cutoff, candidates);
    });
    return step(
      rankerStage(loadTensorflow),
      {
        cutoffs: trainingCutoffs,
        ranker: { seed, ...rankerTraining, ...(without === undefined ? {} : { without }) },
        ...(holdout === undefined ? {} : { holdout }),
      },
      lessons,
    );
  };
  return { catalogue: catalogueStep, at, examplesAt, ranker };
}
