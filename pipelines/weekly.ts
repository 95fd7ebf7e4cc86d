import type { Tensorflow } from '../model/ranker/network.ts';
import { catalogue } from './catalogue.ts';
import { embedding } from './embedding.ts';
import { examples } from './examples.ts';
import { factors } from './factors.ts';
import { listsStage } from './make-lists.ts';
import { rankerPrior, rankerStage } from './ranker.ts';
import { step, type Source, type Step } from './step.ts';
import { snapshot } from './snapshot.ts';
import { text } from './text.ts';
import { lakeSource, type FrozenWeek } from './week-plan.ts';

/**
 * The week, as its graph of stages: everything between the lake and the lists.
 *
 * 1. The **catalogue** matches what the sources spell differently.
 * 2. **text** and **embedding** learn what is written and what is playlisted together.
 * 3. A **snapshot** holds what was known of the listens at a cut-off, **factors** the collaborative
 *    filtering on it, **examples** what was played first in the week after.
 * 4. The **ranker** learns from the examples of all weekly cut-offs before the last.
 * 5. **lists**: at the last cut-off, candidates from all sources, scored by the ranker, assembled
 *    to 30 tracks for every listener.
 *
 * @param previousLists - artifacts of the lists of up to eight weeks before, which do not return
 */
export function weekGraph(
  week: FrozenWeek,
  previousLists: readonly Source[],
  loadTensorflow: () => Promise<Tensorflow>,
): Step {
  const { seed, halfLifeDays } = week.options;
  const lake = lakeSource(week.lake);
  const day = week.cutoff.slice(0, 10);
  const asOf = week.catalogue === 'asof' ? day : null;

  const catalogueStep = step(catalogue, {}, { lake });
  const textStep = step(text, { asOf }, { catalogue: catalogueStep, lake });
  const embeddingStep = step(
    embedding,
    { asOf, embedding: { seed } },
    { catalogue: catalogueStep },
  );

  let warmStart: Step | undefined;
  const at = (cutoff: string) => {
    const cutoffDay = cutoff.slice(0, 10);
    const catalogueBefore = asOf === null ? null : cutoffDay;
    const known = step(
      snapshot,
      { cutoff, halfLifeDays, catalogueBefore },
      { catalogue: catalogueStep },
      `snapshot ${cutoffDay}`,
    );
    warmStart = step(
      factors,
      { seed, catalogueBefore },
      {
        catalogue: catalogueStep,
        snapshot: known,
        ...(warmStart === undefined ? {} : { previous: warmStart }),
      },
      `factors ${cutoffDay}`,
    );
    return {
      catalogue: catalogueStep,
      snapshot: known,
      factors: warmStart,
      embedding: embeddingStep,
      text: textStep,
    };
  };

  const lessons: Record<string, Step> = {};
  week.trainingCutoffs.forEach((cutoff, n) => {
    const label = `examples ${cutoff.slice(0, 10)}`;
    lessons[`examples-${n}`] = step(examples, { cutoff }, at(cutoff), label);
  });
  const rankerStep = step(
    rankerStage(loadTensorflow),
    { cutoffs: week.trainingCutoffs, ranker: { seed, prior: rankerPrior } },
    lessons,
  );
  const previous = Object.fromEntries(
    previousLists.map((source, n) => [`previous-${n}`, source] as const),
  );
  return step(
    listsStage(loadTensorflow),
    { week: week.week, cutoff: week.cutoff, previousWeeks: previousLists.length },
    { ...at(week.cutoff), ranker: rankerStep, ...previous },
  );
}
