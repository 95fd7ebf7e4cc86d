import { createRandom } from '../random.ts';

export interface Importance {
  readonly feature: string;
  /** By how much the figure falls when the feature is shuffled, mean over the shuffles. */
  readonly drop: number;
  /** Least and most of the shuffles. */
  readonly low: number;
  readonly high: number;
}

export interface ImportanceOptions {
  /** Shuffles of each feature, 1 or more. Default 3. */
  readonly shuffles?: number;
  /** Names the random streams. */
  readonly seed: number | string;
}

/**
 * Permutation importance (Breiman 2001; Fisher, Rudin, Dominici 2019): how much worse the ranking
 * gets when the values of one feature are dealt anew to the candidates of each group. A feature that
 * the model does not use has importance 0, and so has one that is the same for a whole group.
 *
 * The same rows, options and seed give the same figures; a feature's do not depend on the others'.
 *
 * @param features - [numRows x numFeatures], row-major; as they were afterwards
 * @param groups - [numGroups + 1] row offsets
 * @param figure - of the features as they are at the call: the mean NDCG@30, the higher the better
 * @returns the most important first; ties in the order of the names
 */
export function permutationImportance(
  featureNames: readonly string[],
  features: Float32Array,
  groups: ArrayLike<number>,
  figure: (features: Float32Array) => number,
  { shuffles = 3, seed }: ImportanceOptions,
): Importance[] {
  const width = featureNames.length;
  const numRows = width === 0 ? 0 : features.length / width;
  const whole = figure(features);
  const original = new Float32Array(numRows);
  const important = featureNames.map((feature, f) => {
    const random = createRandom(seed, 'importance', feature);
    for (let row = 0; row < numRows; row++) original[row] = features[row * width + f]!;
    const drops: number[] = [];
    for (let n = 0; n < shuffles; n++) {
      const dealt = original.slice();
      for (let group = 0; group + 1 < groups.length; group++) {
        random.shuffle(dealt.subarray(groups[group], groups[group + 1]));
      }
      for (let row = 0; row < numRows; row++) features[row * width + f] = dealt[row]!;
      drops.push(whole - figure(features));
    }
    for (let row = 0; row < numRows; row++) features[row * width + f] = original[row]!;
    const drop = drops.reduce((sum, value) => sum + value, 0) / shuffles;
    return { feature, drop, low: Math.min(...drops), high: Math.max(...drops) };
  });
  return important.sort((a, b) => b.drop - a.drop);
}
