import { z } from 'zod';
import { neighboursOf } from '../cooccurrence.ts';
import type { Interactions } from '../interactions.ts';
import { checkBatch, checkTraining, modelArray, type Algorithm } from './recommender.ts';

const cosineOptions = z.strictObject({
  /**
   * Neighbours kept for each item, the item itself counted among them, as `CosineRecommender` of
   * the `implicit` library counts: with 200 it has 199 others.
   */
  k: z.int().min(2).max(10_000).default(200),
  /** As in `neighbourOptions`: n_ij / (n_ij + shrinkage). In listeners; 0 turns it off. */
  shrinkage: z.number().nonnegative().default(0),
});
export type CosineOptions = z.infer<typeof cosineOptions>;

/**
 * Items near to those of the history (Sarwar et al. 2001): score_j = sum over i in the history of
 * r_i cos(i, j), over the i that have j among their k nearest, themselves included.
 *
 * Of neighbours alike at the k-th place those of the larger index are kept, as by the heap of
 * `implicit`: many items have few listeners, so that ties are common and show in the figures (on
 * Gowalla NDCG@20 .0861, the other way .0860).
 */
export const cosine: Algorithm<CosineOptions> = {
  name: 'cosine',
  description: 'items near to those of the history, by cosine',
  options: cosineOptions,
  tuning: { space: { k: [20, 50, 100, 200, 500, 1000], shrinkage: [0, 2, 5, 10, 20] } },

  fit(train, options) {
    checkTraining('cosine', train);
    const { k, shrinkage } = options;
    // Of neighbours alike, `neighboursOf` keeps the smaller index: here the larger one's mirror.
    const mirrored = neighboursOf(mirror(train), { k: k - 1, shrinkage });
    const last = train.numCols - 1;
    const indptr = new Uint32Array(train.numCols + 1);
    const indices = new Int32Array(mirrored.indices.length);
    const similarities = new Float32Array(mirrored.indices.length);
    for (let item = 0; item <= last; item++) {
      const start = mirrored.indptr[last - item]!;
      const end = mirrored.indptr[last - item + 1]!;
      const at = indptr[item]!;
      for (let n = start; n < end; n++) indices[at + n - start] = last - mirrored.indices[n]!;
      similarities.set(mirrored.similarities.subarray(start, end), at);
      indptr[item + 1] = at + end - start;
    }
    const arrays = { indptr, indices, similarities };
    return { name: 'cosine', numItems: train.numCols, options, arrays };
  },

  open(fitted) {
    const { numItems } = fitted;
    const indptr = modelArray(fitted, 'indptr', 'Uint32Array', numItems + 1);
    const indices = modelArray(fitted, 'indices', 'Int32Array', indptr[numItems]);
    const similarities = modelArray(fitted, 'similarities', 'Float32Array', indptr[numItems]);
    const sums = new Float64Array(numItems);
    return {
      numItems,
      score(histories, scores) {
        checkBatch('cosine', numItems, histories, scores);
        for (let row = 0; row < histories.numRows; row++) {
          sums.fill(0);
          for (let h = histories.indptr[row]!; h < histories.indptr[row + 1]!; h++) {
            const item = histories.indices[h]!;
            const value = histories.values[h]!;
            sums[item]! += value;
            const end = indptr[item + 1]!;
            for (let n = indptr[item]!; n < end; n++) {
              sums[indices[n]!]! += value * similarities[n]!;
            }
          }
          scores.set(sums, row * numItems);
        }
      },
    };
  },
};

/** Column j becomes numCols - 1 - j. */
function mirror(interactions: Interactions): Interactions {
  const { numRows, numCols, indptr } = interactions;
  const indices = interactions.indices.slice();
  const values = interactions.values.slice();
  for (let row = 0; row < numRows; row++) {
    indices.subarray(indptr[row], indptr[row + 1]).reverse();
    values.subarray(indptr[row], indptr[row + 1]).reverse();
  }
  for (let i = 0; i < indices.length; i++) indices[i] = numCols - 1 - indices[i]!;
  return { numRows, numCols, indptr, indices, values };
}
