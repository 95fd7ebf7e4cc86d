import { pairedBootstrap } from '../evaluation/bootstrap.ts';
import { listOf } from '../evaluation/rank.ts';
import { rankModel } from '../evaluation/rank-model.ts';
import { selectRows, sliceRows } from '../evaluation/rows.ts';
import { listenersToMeasure, tuneOptions } from '../evaluation/tune.ts';
import { rowOf, type Interactions } from '../interactions.ts';
import { meanOf, ndcgAt } from '../metrics.ts';
import { TopK } from '../nearest.ts';
import { als } from './als.ts';
import {
  blendOptions,
  fitPart,
  historiesFor,
  partsOf,
  spread,
  type BlendOptions,
} from './blend-parts.ts';
import { graphFilter } from './graph-filter.ts';
import { latestSplit } from './recency.ts';
import type { Algorithm, Means, Recommender, TuningTask } from './recommender.ts';

/** What the parts may count beside the graph filter. */
export const weightSpace = {
  alsRecency: [0, 0.5, 1],
  alsWeight: [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8, 1, 1.25, 1.5, 2, 3, 5],
  popularityWeight: [-0.1, -0.05, 0, 0.05, 0.1, 0.15, 0.2, 0.3],
} as const;

/** Of each listener's interactions, what is held out where lines are in the order of time. */
const latestShare = 0.2;

/** Of each part, how many of a listener's best items the weights are chosen on. */
const bestOfEach = 200;

/**
 * Chooses the blend's options, each by NDCG on what was held out:
 *
 * 1. What is held out. The valid part, unless lines turn out to be in the order of time: then the
 *    last fifth of each training line, since a valid part drawn from all times would be told by
 *    what came after it. They are where weighing recent items more finds that last fifth better:
 *    the paired bootstrap's interval lies above zero. Otherwise the order is not used at all.
 * 2. The graph filter's options, then those of the factors, each alone.
 * 3. The weights: all pairs of `weightSpace`.
 */
export async function tuneBlend(task: TuningTask, means: Means): Promise<BlendOptions> {
  const { fixed } = task;
  const { isOrdered, ...held } = await holdout(task, means);

  const graph = await tuneOptions(
    graphFilter,
    { ...held, fixed: { ...(isOrdered ? {} : { recency: 0 }), ...pick(fixed, graphNames) } },
    means,
  );
  const { alsRecency, ...weights } = weightSpace;
  const factors = await tuneOptions(
    {
      ...als,
      tuning: { space: { ...als.tuning!.space, ...(isOrdered ? { recency: alsRecency } : {}) } },
    },
    {
      ...held,
      fixed: {
        ...pick(fixed, ['factors', 'iterations', 'regularization', 'alpha']),
        ...('alsRecency' in fixed ? { recency: fixed['alsRecency'] } : {}),
      },
    },
    means,
  );
  const options = blendOptions.parse({
    ...graph,
    factors: factors.factors,
    iterations: factors.iterations,
    regularization: factors.regularization,
    alpha: factors.alpha,
    alsRecency: factors.recency,
    ...fixed,
  });
  return chooseWeights(options, weights, { ...held, fixed }, means);
}

const graphNames = ['source', 'target', 'listener', 'recency'];

async function holdout(
  { train, valid, k, fixed }: TuningTask,
  means: Means,
): Promise<TuningTask & { isOrdered: boolean }> {
  const asGiven = { train, valid, k, fixed, isOrdered: false };
  const split = latestSplit(train, latestShare);
  if (split === undefined) return asGiven;
  const measured = listenersToMeasure(split.latest, means.seed);
  const histories = selectRows(split.before, measured);
  const wanted = selectRows(split.latest, measured);
  const ndcgWith = async (recency: number): Promise<Float64Array> => {
    const options = graphFilter.options.parse({ recency });
    const fitted = await graphFilter.fit(split.before, options, means);
    const lists = await rankModel(graphFilter as Algorithm, fitted, histories, k, means);
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
      ? `recent items tell more of a line's end: ndcg@${k} ${interval}; chosen on the last fifth of each training line`
      : `recent items do not tell more of a line's end: ndcg@${k} ${interval}; chosen on the valid part`,
  );
  return isOrdered ? { train: split.before, valid: split.latest, k, fixed, isOrdered } : asGiven;
}

/** What a listener was scored: candidates with the standardized scores of the parts. */
interface Scored {
  readonly items: Int32Array;
  /** [3 x items.length]: graph filter, factors (mean of the models), popularity. */
  readonly scores: Float32Array;
}

async function chooseWeights(
  start: BlendOptions,
  space: Pick<typeof weightSpace, 'alsWeight' | 'popularityWeight'>,
  { train, valid, k, fixed }: TuningTask,
  means: Means,
): Promise<BlendOptions> {
  const measured = listenersToMeasure(valid, means.seed);
  const wanted = Array.from(measured, (row) => new Set(rowOf(valid, row).indices));
  const scored = await scoreParts(
    { ...start, alsWeight: 1 },
    train,
    selectRows(train, measured),
    means,
  );
  const top = new TopK(k);
  const ndcgOf = ({ alsWeight, popularityWeight }: BlendOptions): number =>
    meanOf(
      scored.map(({ items, scores }, listener) => {
        top.clear();
        const size = items.length;
        for (let n = 0; n < size; n++) {
          top.push(
            items[n]!,
            scores[n]! + alsWeight * scores[size + n]! + popularityWeight * scores[2 * size + n]!,
          );
        }
        return ndcgAt(k, top.sorted().indices, wanted[listener]!);
      }),
    );
  const values = (name: 'alsWeight' | 'popularityWeight'): readonly number[] =>
    name in fixed ? [start[name]] : space[name];
  let best = start;
  let bestNdcg = -Infinity;
  for (const alsWeight of values('alsWeight')) {
    means.signal?.throwIfAborted();
    let line = `alsWeight ${alsWeight}:`;
    for (const popularityWeight of values('popularityWeight')) {
      const options = { ...start, alsWeight, popularityWeight };
      const ndcg = ndcgOf(options);
      line += ` ${popularityWeight}: ${ndcg.toFixed(5)}`;
      if (ndcg > bestNdcg) [best, bestNdcg] = [options, ndcg];
    }
    means.report?.(`${line} (popularityWeight: ndcg@${k})`);
  }
  return best;
}

async function scoreParts(
  options: BlendOptions,
  train: Interactions,
  histories: Interactions,
  means: Means,
): Promise<Scored[]> {
  const parts = partsOf(options);
  const recommenders: Recommender[] = [];
  for (const part of parts) {
    recommenders.push(await part.algorithm.open(await fitPart(part, train, means), means));
  }
  const { numRows, numCols: numItems } = histories;
  const top = new TopK(bestOfEach);
  const batch = Math.max(1, Math.min(64, Math.floor(2 ** 22 / numItems)));
  const found: Scored[] = [];
  for (let from = 0; from < numRows; from += batch) {
    means.signal?.throwIfAborted();
    const own = sliceRows(histories, from, Math.min(from + batch, numRows));
    // [graph filter, factors, popularity][listener of the batch][item]
    const sums = [0, 1, 2].map(() => new Float32Array(own.numRows * numItems));
    for (const [p, part] of parts.entries()) {
      const scores = new Float32Array(own.numRows * numItems);
      await recommenders[p]!.score(historiesFor(part, own), scores);
      const into = sums[p === 0 ? 0 : p === parts.length - 1 ? 2 : 1]!;
      const share = into === sums[1] ? 1 / options.models : 1;
      for (let row = 0; row < own.numRows; row++) {
        const rowScores = scores.subarray(row * numItems, (row + 1) * numItems);
        const { mean, deviation } = spread(rowScores);
        if (deviation === 0) continue;
        for (let j = 0; j < numItems; j++) {
          into[row * numItems + j]! += (share * (rowScores[j]! - mean)) / deviation;
        }
      }
    }
    for (let row = 0; row < own.numRows; row++) {
      const heard = new Set(rowOf(own, row).indices);
      const candidates = new Set<number>();
      for (const sum of sums) {
        top.clear();
        for (let j = 0; j < numItems; j++) {
          const score = sum[row * numItems + j]!;
          if (score >= top.threshold && !heard.has(j)) top.push(j, score);
        }
        for (const item of top.sorted().indices) candidates.add(item);
      }
      const items = Int32Array.from(candidates).sort();
      const scores = new Float32Array(3 * items.length);
      for (const [s, sum] of sums.entries()) {
        for (let n = 0; n < items.length; n++) {
          scores[s * items.length + n] = sum[row * numItems + items[n]!]!;
        }
      }
      found.push({ items, scores });
    }
  }
  for (const recommender of recommenders) recommender.dispose?.();
  return found;
}

function pick(from: Readonly<Record<string, unknown>>, names: readonly string[]) {
  return Object.fromEntries(Object.entries(from).filter(([name]) => names.includes(name)));
}
