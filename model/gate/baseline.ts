import type { featureNames } from '../candidates/features.ts';
import type { Ranker } from '../ranker/ranker.ts';

/** How many listeners a track has: what orders popularity, the baseline. */
const popularityFeature = 'track listeners' satisfies (typeof featureNames)[number];

/** Popularity, as a ranker: what a first model must beat. @throws RangeError as `byFeature` */
export function byPopularity(ranker: Ranker): Ranker {
  return byFeature(ranker, popularityFeature);
}

/**
 * A ranker that looks at one feature alone, most first. It has the scales of the ranker given.
 *
 * @throws RangeError where the ranker has no such feature
 */
export function byFeature(ranker: Ranker, name: string): Ranker {
  const { featureNames, weights, options } = ranker;
  const feature = featureNames.indexOf(name);
  if (feature < 0) {
    throw new RangeError(`baseline: expected one of [${featureNames.join(', ')}], got "${name}"`);
  }
  return {
    ...ranker,
    // The linear part comes first; with the rest 0 the perceptron is silent.
    weights: weights.map((values, n) => values.map((_, at) => (n === 0 && at === feature ? 1 : 0))),
    options: { ...options, prior: { [name]: 1 } },
    trainedOn: 0,
  };
}
