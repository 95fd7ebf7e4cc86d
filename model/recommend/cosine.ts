import { z } from 'zod';
import { neighboursOf } from '../cooccurrence.ts';
import { checkBatch, checkTraining, modelArray, type Algorithm } from './recommender.ts';

const cosineOptions = z.strictObject({
  /**
   * Neighbours kept for each item, the item itself counted among them, as `CosineRecommender` of
   * the `implicit` library counts: with 200 it has 199 others.
   */
  k: z.int().min(1).max(10_000).default(200),
  /** As in `neighbourOptions`: n_ij / (n_ij + shrinkage). In listeners; 0 turns it off. */
  shrinkage: z.number().nonnegative().default(0),
});
export type CosineOptions = z.infer<typeof cosineOptions>;

/**
 * Items near to those of the history (Sarwar et al. 2001): score_j = sum over i in the history of
 * r_i cos(i, j), over the i that have j among their k nearest. An item is its own nearest, which
 * shows only where the history is not masked.
 */
export const cosine: Algorithm<CosineOptions> = {
  name: 'cosine',
  description: 'items near to those of the history, by cosine',
  options: cosineOptions,
  tuning: { space: { k: [20, 50, 100, 200, 500, 1000], shrinkage: [0, 2, 5, 10, 20] } },

  fit(train, options) {
    checkTraining('cosine', train);
    const { k, shrinkage } = options;
    const numItems = train.numCols;
    if (k === 1) {
      return {
        name: 'cosine',
        numItems,
        options,
        arrays: {
          indptr: new Uint32Array(numItems + 1),
          indices: new Int32Array(0),
          similarities: new Float32Array(0),
        },
      };
    }
    const { indptr, indices, similarities } = neighboursOf(train, { k: k - 1, shrinkage });
    return { name: 'cosine', numItems, options, arrays: { indptr, indices, similarities } };
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
