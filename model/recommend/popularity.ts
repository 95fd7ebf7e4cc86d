import { z } from 'zod';
import type { Interactions } from '../interactions.ts';
import { checkBatch, checkTraining, modelArray, type Algorithm } from './recommender.ts';

const popularityOptions = z.strictObject({});
type PopularityOptions = z.infer<typeof popularityOptions>;

/**
 * How many listeners have each item: for everybody the same order. The baseline that an evaluator
 * is proved on, and what is left for a listener of whom nothing is known.
 */
export const popularity: Algorithm<PopularityOptions> = {
  name: 'popularity',
  description: 'how many listeners have an item',
  options: popularityOptions,

  fit(train, options) {
    checkTraining('popularity', train);
    const listeners = Float32Array.from(listenersOf(train));
    return { name: 'popularity', numItems: train.numCols, options, arrays: { listeners } };
  },

  open(fitted) {
    const { numItems } = fitted;
    const listeners = modelArray(fitted, 'listeners', 'Float32Array', numItems);
    return {
      numItems,
      score(histories, scores) {
        checkBatch('popularity', numItems, histories, scores);
        for (let row = 0; row < histories.numRows; row++) scores.set(listeners, row * numItems);
      },
    };
  },
};

/** How many listeners have each item, whatever the values: [numItems]. */
export function listenersOf({ numCols, indices }: Interactions): Int32Array {
  const counts = new Int32Array(numCols);
  for (let i = 0; i < indices.length; i++) counts[indices[i]!]!++;
  return counts;
}
