import { z } from 'zod';
import { factorizeFast } from '../als-fast.ts';
import { AlsScorer } from '../als-scorer.ts';
import { alsOptions, checkValues, foldIn } from '../als.ts';
import { rowOf } from '../interactions.ts';
import { withRecency } from './recency.ts';
import { gramianOf, type Weighting } from '../solver.ts';
import {
  checkBatch,
  checkTraining,
  modelArray,
  type Algorithm,
  type Recommender,
} from './recommender.ts';

const { factors, iterations, regularization, regularizationScale, alpha } = alsOptions.shape;

export const alsRecommenderOptions = z.strictObject({
  factors: factors.unwrap().default(64),
  iterations: iterations.unwrap().min(1).default(15),
  regularization: regularization.unwrap().default(0.008),
  regularizationScale: regularizationScale.unwrap().default('frequency'),
  alpha: alpha.unwrap().default(10),
  /** Exponent of the stored values; 0: all that is stored counts alike. */
  recency: z.number().min(0).max(10).default(0),
});
export type AlsRecommenderOptions = z.infer<typeof alsRecommenderOptions>;

/**
 * Factors of implicit feedback: see `alsOptions`. A listener's factors are the solution of the
 * history (fold-in), whether trained on or not; score_j = x.y_j.
 */
export const als: Algorithm<AlsRecommenderOptions> = {
  name: 'als',
  description: 'factors of implicit feedback, by alternating least squares',
  options: alsRecommenderOptions,
  weighsValues: true,
  tuning: {
    space: {
      regularization: [0.0005, 0.001, 0.002, 0.004, 0.008, 0.016],
      alpha: [3, 5, 10, 20, 40, 80],
      factors: [32, 64, 128, 256],
    },
  },

  async fit(train, options, means) {
    checkTraining('als', train);
    const { recency, ...asked } = options;
    const { itemFactors } = await factorizeFast(
      withRecency(train, recency),
      { ...asked, seed: means.seed },
      means,
    );
    return { name: 'als', numItems: train.numCols, options, arrays: { itemFactors } };
  },

  async open(fitted, { kernels }) {
    const options = alsRecommenderOptions.parse(fitted.options);
    const length = fitted.numItems * options.factors;
    const itemFactors = modelArray(fitted, 'itemFactors', 'Float32Array', length);
    const scorer: Recommender =
      kernels === undefined
        ? plainScorer(itemFactors, options.factors, options)
        : await AlsScorer.open(itemFactors, options.factors, options, kernels);
    return {
      numItems: scorer.numItems,
      score: (histories, scores) => scorer.score(withRecency(histories, options.recency), scores),
    };
  },
};

/** The readable one: exact, on the calling thread, in JavaScript. */
function plainScorer(
  itemFactors: Float32Array,
  numFactors: number,
  weighting: Weighting,
): Recommender {
  const numItems = itemFactors.length / numFactors;
  const gramian = gramianOf(itemFactors, numFactors);
  return {
    numItems,
    score(histories, scores) {
      checkBatch('als', numItems, histories, scores);
      checkValues(histories, weighting.alpha);
      for (let row = 0; row < histories.numRows; row++) {
        const x = foldIn(rowOf(histories, row), itemFactors, gramian, weighting);
        for (let item = 0; item < numItems; item++) {
          let score = 0;
          for (let f = 0; f < numFactors; f++) score += x[f]! * itemFactors[item * numFactors + f]!;
          scores[row * numItems + item] = score;
        }
      }
    },
  };
}
