import { z } from 'zod';
import { pairedBootstrap } from '../evaluation/bootstrap.ts';
import { listOf } from '../evaluation/rank.ts';
import { rankModel } from '../evaluation/rank-model.ts';
import { selectRows } from '../evaluation/rows.ts';
import { listenersToMeasure, tuneOptions } from '../evaluation/tune.ts';
import { rowOf, type Interactions } from '../interactions.ts';
import { ndcgAt } from '../metrics.ts';
import { als } from './als.ts';
import { blendOptions, factorsOf, type BlendOptions } from './blend-parts.ts';
import { chooseWeights, weightSpace } from './blend-weights.ts';
import { graphFilter } from './graph-filter.ts';
import { latestSplit } from './recency.ts';
import type { Means, TuningSplit, TuningTask } from './recommender.ts';

/** Of the factors. */
export const factorsSpace = {
  strength: [0.0001, 0.0002, 0.0004, 0.0007, 0.0012, 0.0018, 0.0022, 0.0026, 0.003, 0.004],
  alpha: [5, 10, 15, 25, 50, 100],
  factors: [64, 128, 256],
} as const;

/** Of each listener's interactions, what is held out where lines are in the order of time. */
const latestShare = 0.2;

/** Stored values x factors x models that training may cost: one model of 256 factors on Gowalla. */
const modelsBudget = 2e8;

/**
 * Chooses the blend's options, each by the mean NDCG on what was held out:
 *
 * 1. What is held out. The valid part; and where lines turn out to be in the order of time, the
 *    last fifth of each training line too, since a valid part drawn from all times knows what came
 *    after it. They are where weighing recent items more finds that last fifth better: the paired
 *    bootstrap's interval lies above zero. Otherwise the order is not used at all.
 * 2. The graph filter's options, then those of the factors, each alone.
 * 3. How many factorizations are averaged, by the size of the matrix; not searched.
 * 4. The weights: see `chooseWeights`.
 */
export async function tuneBlend(task: TuningTask, means: Means): Promise<BlendOptions> {
  const { fixed, k } = task;
  const [{ train }] = task.splits as [TuningSplit];
  const latest = await latestTuningSplit(train, k, means);
  const splits = latest === undefined ? task.splits : [...task.splits, latest];
  const unordered = latest === undefined ? { recency: 0 } : {};

  const graph = await tuneOptions(
    graphFilter,
    { splits, k, fixed: { ...unordered, ...pick(fixed, graphNames) } },
    means,
  );
  const factors = await tuneFactors(splits, k, latest !== undefined, fixed, means);
  const options = blendOptions.parse({
    ...graph,
    ...factors,
    models: modelsFor(train.indices.length * factors.factors),
    ...fixed,
  });
  return chooseWeights(options, { splits, k, fixed }, means);
}

const graphNames = ['source', 'target', 'listener', 'recency'];

/**
 * Factorizations to average: as many as the time allows that one takes, which goes with stored
 * values x factors; 1 to 8.
 */
function modelsFor(size: number): number {
  return Math.max(1, Math.min(8, Math.round(modelsBudget / size)));
}

/** The end of each line, where the order of lines is that of time; undefined where it is not. */
async function latestTuningSplit(
  train: Interactions,
  k: number,
  means: Means,
): Promise<TuningSplit | undefined> {
  const split = latestSplit(train, latestShare);
  if (split === undefined) return undefined;
  const measured = listenersToMeasure(split.latest, means.seed);
  const histories = selectRows(split.before, measured);
  const wanted = selectRows(split.latest, measured);
  const ndcgWith = async (recency: number): Promise<Float64Array> => {
    const options = graphFilter.options.parse({ recency });
    const fitted = await graphFilter.fit(split.before, options, means);
    const lists = await rankModel(graphFilter, fitted, histories, k, means);
    return Float64Array.from(measured, (_, row) =>
      ndcgAt(k, listOf(lists, row), new Set(rowOf(wanted, row).indices)),
    );
  };
  const without = await ndcgWith(0);
  const differences = (await ndcgWith(1)).map((ndcg, row) => ndcg - without[row]!);
  const { mean, low, high } = pairedBootstrap(differences, { seed: means.seed });
  const isOrdered = low > 0;
  const interval = `${mean.toFixed(5)} (${low.toFixed(5)} to ${high.toFixed(5)})`;
  means.report?.(
    isOrdered
      ? `recent items tell more of a line's end: ndcg@${k} ${interval}; chosen on the valid part and the last fifth of each training line`
      : `recent items do not tell more of a line's end: ndcg@${k} ${interval}; chosen on the valid part`,
  );
  return isOrdered ? { train: split.before, valid: split.latest } : undefined;
}

/** The factors alone, of the blend's own options. */
async function tuneFactors(
  splits: readonly TuningSplit[],
  k: number,
  isOrdered: boolean,
  fixed: TuningTask['fixed'],
  means: Means,
) {
  const { iterations, strength, alpha, factors, alsRecency } = blendOptions.shape;
  const options = z.strictObject({
    iterations,
    strength,
    alpha: alpha.unwrap().default(15),
    factors: factors.unwrap().default(64),
    alsRecency,
  });
  const space = {
    ...factorsSpace,
    ...(isOrdered ? { alsRecency: weightSpace.alsRecency } : {}),
  };
  return tuneOptions(
    {
      name: als.name,
      description: als.description,
      options,
      tuning: { space, rounds: 1 },
      fit: async (train, chosen) => {
        const fitted = await als.fit(train, factorsOf(chosen), means);
        return { ...fitted, options: fitted.options as never };
      },
      open: (fitted, needed) => als.open(fitted, needed),
    },
    { splits, k, fixed: pick(fixed, Object.keys(options.shape)) },
    means,
  );
}

function pick(from: Readonly<Record<string, unknown>>, names: readonly string[]) {
  return Object.fromEntries(Object.entries(from).filter(([name]) => names.includes(name)));
}
