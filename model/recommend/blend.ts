import {
  addStandardized,
  blendOptions,
  fitPart,
  historiesFor,
  ownPart,
  partsOf,
  type BlendOptions,
} from './blend-parts.ts';
import { factorsSpace, tuneBlend } from './blend-tuning.ts';
import { weightSpace } from './blend-weights.ts';
import { graphFilter } from './graph-filter.ts';
import {
  checkBatch,
  checkTraining,
  type Algorithm,
  type ModelArray,
  type Recommender,
} from './recommender.ts';

/**
 * The sum of what several recommenders say, each listener's scores of each standardized over all
 * items (mean 0, deviation 1), so that their weights compare:
 *
 *     score_j = sum_m w_m (s_mj - mean(s_m)) / sd(s_m)
 *
 * A graph filter, which knows neighbourhoods, factors, which know tastes, and where items are few
 * autoencoders; popularity corrects them, and is all that a listener without a history gets. How options and weights are chosen: see
 * `tuneBlend`.
 */
export const blend: Algorithm<BlendOptions> = {
  name: 'blend',
  description: 'a weighted sum of graph filter, factors, autoencoders and popularity',
  options: blendOptions,
  weighsValues: true,
  tuning: {
    space: {
      ...graphFilter.tuning!.space,
      ...factorsSpace,
      ...weightSpace,
    },
    tune: tuneBlend,
  },

  async fit(train, options, means) {
    checkTraining('blend', train);
    const arrays: Record<string, ModelArray> = {};
    for (const part of partsOf(options)) {
      const fitted = await fitPart(part, train, means);
      for (const [name, array] of Object.entries(fitted.arrays)) {
        arrays[`${part.name}/${name}`] = array;
      }
    }
    return { name: 'blend', numItems: train.numCols, options, arrays };
  },

  async open(fitted, means) {
    const parts = partsOf(blendOptions.parse(fitted.options));
    const recommenders: Recommender[] = [];
    for (const part of parts) {
      recommenders.push(await part.algorithm.open(ownPart(fitted, part), means));
    }
    const { numItems } = fitted;
    return {
      numItems,
      async score(histories, scores) {
        checkBatch('blend', numItems, histories, scores);
        const own = new Float32Array(scores.length);
        scores.fill(0);
        for (const [p, part] of parts.entries()) {
          await recommenders[p]!.score(historiesFor(part, histories), own);
          for (let row = 0; row < histories.numRows; row++) {
            const [from, to] = [row * numItems, (row + 1) * numItems];
            const isNew = histories.indptr[row] === histories.indptr[row + 1];
            const weight = isNew && p === parts.length - 1 ? 1 : part.weight;
            addStandardized(own.subarray(from, to), weight, scores.subarray(from, to));
          }
        }
      },
      dispose() {
        for (const recommender of recommenders) recommender.dispose?.();
      },
    };
  },
};
