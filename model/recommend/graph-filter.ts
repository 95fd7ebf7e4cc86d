import { z } from 'zod';
import { rowOf, transpose, type InteractionsRow } from '../interactions.ts';
import { listenersOf } from './popularity.ts';
import { checkBatch, checkTraining, modelArray, type Algorithm } from './recommender.ts';

const exponent = z.number().min(-2).max(3);

export const graphFilterOptions = z.strictObject({
  /** a: how much an item of the history counts less, the more listeners have it. */
  source: exponent.default(1),
  /** b: how much a target counts less, the more listeners have it. */
  target: exponent.default(0),
  /** c: how much a listener in between counts less, the more items they have. */
  listener: exponent.default(1),
  /** Exponent of the history's stored values; 0: all of the history counts alike. */
  recency: z.number().min(0).max(10).default(0),
});
export type GraphFilterOptions = z.infer<typeof graphFilterOptions>;

/**
 * One step of smoothing over the graph of listeners and items, the linear part of GF-CF (Shen et
 * al.: How Powerful is Graph Convolution for Recommendation?, 2021) with free exponents:
 *
 *     score_j(u) = d_j^-b  sum_{i in I_u} d_i^-a  sum_{v in U_i and U_j} |I_v|^-c
 *
 * d_i = |U_i| listeners of an item, |I_v| items of a listener. GF-CF's own normalization is
 * a = b = 1/2, c = 1; the default, a = 1 and b = 0, is the same filter seen from the listener
 * (a random walk item -> listener -> item) and measured better on Gowalla.
 *
 * With `recency`, each item of the history counts as its stored value raised to that power; the
 * values of the training matrix are not looked at. An item or a listener of the training matrix
 * that has nothing passes nothing on.
 */
export const graphFilter: Algorithm<GraphFilterOptions> = {
  name: 'graph-filter',
  description: 'smoothing over the graph of listeners and items, the linear part of GF-CF',
  options: graphFilterOptions,
  weighsValues: true,
  tuning: {
    space: {
      source: [0.25, 0.4, 0.55, 0.7, 0.85, 1, 1.15],
      target: [-0.1, 0, 0.1, 0.2, 0.3, 0.45, 0.6],
      listener: [0, 0.25, 0.5, 0.75, 1, 1.25],
      recency: [0, 0.5, 1, 1.5, 2, 3],
    },
  },

  fit(train, options) {
    checkTraining('graph-filter', train);
    const { indptr, indices } = train;
    return {
      name: 'graph-filter',
      numItems: train.numCols,
      options,
      arrays: { indptr, indices },
    };
  },

  open(fitted) {
    const { numItems } = fitted;
    const { source, target, listener, recency } = graphFilterOptions.parse(fitted.options);
    const indptr = modelArray(fitted, 'indptr', 'Uint32Array');
    const numListeners = indptr.length - 1;
    const indices = modelArray(fitted, 'indices', 'Int32Array', indptr[numListeners]);
    const values = new Float32Array(indices.length);
    const items = { numRows: numListeners, numCols: numItems, indptr, indices, values };
    const { indptr: itemPtr, indices: itemListeners } = transpose(items);

    const degrees = listenersOf(items);
    const sourceWeights = powers(degrees, source);
    const targetWeights = powers(degrees, target);
    const sizes = Int32Array.from({ length: numListeners }, (_, v) => indptr[v + 1]! - indptr[v]!);
    const listenerWeights = powers(sizes, listener);

    /** [numListeners], what reached each from the history; zero between two calls. */
    const reached = new Float64Array(numListeners);
    const sums = new Float64Array(numItems);
    const scoreHistory = (history: InteractionsRow): void => {
      for (let h = 0; h < history.indices.length; h++) {
        const item = history.indices[h]!;
        const weight = sourceWeights[item]! * history.values[h]! ** recency;
        const end = itemPtr[item + 1]!;
        for (let l = itemPtr[item]!; l < end; l++) reached[itemListeners[l]!]! += weight;
      }
      sums.fill(0);
      for (let v = 0; v < numListeners; v++) {
        if (reached[v] === 0) continue;
        const passed = reached[v]! * listenerWeights[v]!;
        reached[v] = 0;
        const end = indptr[v + 1]!;
        for (let i = indptr[v]!; i < end; i++) sums[indices[i]!]! += passed;
      }
    };

    return {
      numItems,
      score(histories, scores) {
        checkBatch('graph-filter', numItems, histories, scores);
        for (let row = 0; row < histories.numRows; row++) {
          scoreHistory(rowOf(histories, row));
          const offset = row * numItems;
          for (let j = 0; j < numItems; j++) scores[offset + j] = sums[j]! * targetWeights[j]!;
        }
      },
    };
  },
};

/** count^-exponent; 0 for a count of 0. */
function powers(counts: Int32Array, exponent: number): Float64Array {
  return Float64Array.from(counts, (count) => (count === 0 ? 0 : count ** -exponent));
}
