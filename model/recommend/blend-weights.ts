import { sliceRows, selectRows } from '../evaluation/rows.ts';
import { isBeaten } from '../evaluation/standard-error.ts';
import { listenersToMeasure } from '../evaluation/tune.ts';
import { rowOf } from '../interactions.ts';
import { meanOf, ndcgAt } from '../metrics.ts';
import { TopK } from '../nearest.ts';
import {
  addStandardized,
  fitPart,
  historiesFor,
  partsOf,
  type BlendOptions,
} from './blend-parts.ts';
import type { Means, Recommender, TuningSplit, TuningTask } from './recommender.ts';

/** What the parts may count beside the graph filter. */
export const weightSpace = {
  alsRecency: [0, 0.5, 1],
  alsWeight: [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8, 1, 1.25, 1.5, 2, 3, 5, 8],
  autoencoderWeight: [0, 0.05, 0.1, 0.2, 0.3, 0.5],
  popularityWeight: [-0.1, -0.05, 0, 0.05, 0.1, 0.15, 0.2, 0.3],
} as const;

/** Of each part, how many of a listener's best items the weights are chosen on. */
const bestOfEach = 200;

/** What a listener was scored: candidates with the standardized scores of the parts. */
interface Scored {
  readonly items: Int32Array;
  /** [4 x items.length]: in the order of `scoredParts`. */
  readonly scores: Float32Array;
  readonly wanted: ReadonlySet<number>;
}

/** The factors are the mean of their models; of what is not part of the blend the scores are 0. */
const scoredParts = ['graph', 'als', 'autoencoder', 'popularity'] as const;

type Weights = Pick<BlendOptions, 'alsWeight' | 'autoencoderWeight' | 'popularityWeight'>;

interface Weighed extends Weights {
  /** [numListeners], over all splits. */
  readonly ndcg: Float64Array;
}

/** Listeners x items that an autoencoder is trained on at most: a minute or two. */
const autoencoderBudget = 5e7;

/**
 * Tries all combinations of weights; that of an autoencoder where there are few enough items for
 * one. Many are as good as the best but for chance: the choice is the middle of all that it does
 * not beat by more than a standard error of the paired difference (the factors' weight w by its
 * share w / (1 + w)).
 */
export async function chooseWeights(
  start: BlendOptions,
  { splits, k, fixed }: TuningTask,
  means: Means,
): Promise<BlendOptions> {
  const [{ train }] = splits as [TuningSplit];
  const isSmall = train.numRows * train.numCols <= autoencoderBudget;
  const values = (name: keyof Weights): readonly number[] => {
    if (name in fixed) return [start[name]];
    if (name === 'autoencoderWeight' && (!isSmall || means.loadTensorflow === undefined))
      return [0];
    return weightSpace[name];
  };
  const asked = { alsWeight: 1, autoencoderWeight: Math.max(...values('autoencoderWeight')) };
  const scored: Scored[] = [];
  for (const split of splits) {
    scored.push(...(await scoreParts({ ...start, ...asked }, split, means)));
  }
  const tried: Weighed[] = [];
  for (const autoencoderWeight of values('autoencoderWeight')) {
    for (const alsWeight of values('alsWeight')) {
      means.signal?.throwIfAborted();
      let line = `autoencoderWeight ${autoencoderWeight}, alsWeight ${alsWeight}, popularityWeight`;
      for (const popularityWeight of values('popularityWeight')) {
        const weights = { alsWeight, autoencoderWeight, popularityWeight };
        const ndcg = ndcgOf(scored, weights, k);
        tried.push({ ...weights, ndcg });
        line += ` ${popularityWeight}: ${meanOf(ndcg).toFixed(5)}`;
      }
      means.report?.(`${line} (ndcg@${k})`);
    }
  }
  const best = tried.reduce((first, one) => (meanOf(one.ndcg) > meanOf(first.ndcg) ? one : first));
  const alike = tried.filter((one) => !isBeaten(one.ndcg, best.ndcg));
  const share = meanOf(alike.map(({ alsWeight }) => alsWeight / (1 + alsWeight)));
  const middle: Weights = {
    alsWeight: rounded(share / (1 - share)),
    autoencoderWeight: rounded(meanOf(alike.map((one) => one.autoencoderWeight))),
    popularityWeight: rounded(meanOf(alike.map((one) => one.popularityWeight))),
  };
  const kept = Object.fromEntries(
    Object.keys(middle)
      .filter((name) => name in fixed)
      .map((name) => [name, start[name as keyof Weights]]),
  );
  return { ...start, ...middle, ...kept };
}

function ndcgOf(
  scored: readonly Scored[],
  { alsWeight, autoencoderWeight, popularityWeight }: Weights,
  k: number,
): Float64Array {
  const top = new TopK(k);
  return Float64Array.from(scored, ({ items, scores, wanted }) => {
    top.clear();
    const size = items.length;
    for (let n = 0; n < size; n++) {
      top.push(
        items[n]!,
        scores[n]! +
          alsWeight * scores[size + n]! +
          autoencoderWeight * scores[2 * size + n]! +
          popularityWeight * scores[3 * size + n]!,
      );
    }
    return ndcgAt(k, top.sorted().indices, wanted);
  });
}

function rounded(weight: number): number {
  return Number(weight.toFixed(3));
}

async function scoreParts(
  options: BlendOptions,
  { train, valid }: TuningSplit,
  means: Means,
): Promise<Scored[]> {
  const measured = listenersToMeasure(valid, means.seed);
  const histories = selectRows(train, measured);
  const parts = partsOf(options);
  const shares = {
    ...{ graph: 1, als: 1 / options.models },
    ...{ autoencoder: 1 / options.autoencoders, popularity: 1 },
  };
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
    // [scoredParts][listener of the batch][item]
    const sums = scoredParts.map(() => new Float32Array(own.numRows * numItems));
    for (const [p, part] of parts.entries()) {
      const scores = new Float32Array(own.numRows * numItems);
      await recommenders[p]!.score(historiesFor(part, own), scores);
      const at = scoredParts.findIndex((name) => part.name.startsWith(name));
      const into = sums[at]!;
      const share = shares[scoredParts[at]!];
      for (let row = 0; row < own.numRows; row++) {
        const [start, end] = [row * numItems, (row + 1) * numItems];
        addStandardized(scores.subarray(start, end), share, into.subarray(start, end));
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
      const scores = new Float32Array(scoredParts.length * items.length);
      for (const [s, sum] of sums.entries()) {
        for (let n = 0; n < items.length; n++) {
          scores[s * items.length + n] = sum[row * numItems + items[n]!]!;
        }
      }
      const wanted = new Set(rowOf(valid, measured[from + row]!).indices);
      found.push({ items, scores, wanted });
    }
  }
  for (const recommender of recommenders) recommender.dispose?.();
  return found;
}
