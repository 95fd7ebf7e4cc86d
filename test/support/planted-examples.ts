import { randomNormal } from 'd3-random';
import type { Examples } from '../../model/ranker/examples.ts';
import { createRandom } from '../../model/random.ts';

export interface PlantedOptions {
  readonly numGroups: number;
  readonly groupRows: number;
  readonly numFeatures: number;
  readonly seed: number;
  /** Larger: less chance in the labels. */
  readonly sharpness?: number;
}

/**
 * Groups of candidates with standard normal features `f0`, `f1`, ... of which only two matter, and
 * not linearly: 1 to 3 candidates are drawn by the odds exp(sharpness * (f0 * f1 - |f1|)), so a
 * listener plays what is high, or low, in both. Thirty cut-offs.
 */
export function plantedExamples({
  numGroups,
  groupRows,
  numFeatures,
  seed,
  sharpness = 2,
}: PlantedOptions): Examples {
  const random = createRandom(seed, 'planted');
  const normal = randomNormal.source(random.uniform)();
  const features = Float32Array.from({ length: numGroups * groupRows * numFeatures }, normal);
  const labels = new Uint8Array(numGroups * groupRows);
  for (let group = 0; group < numGroups; group++) {
    const odds = Array.from({ length: groupRows }, (_, at) => {
      const row = (group * groupRows + at) * numFeatures;
      const [a, b] = [features[row]!, features[row + 1]!];
      return Math.exp(sharpness * (a * b - Math.abs(b)));
    });
    for (let drawn = 1 + random.int(3); drawn > 0; drawn--) {
      let left = random.uniform() * odds.reduce((sum, odd) => sum + odd, 0);
      const at = odds.findIndex((odd) => (left -= odd) < 0);
      labels[group * groupRows + at] = 1;
      odds[at] = 0;
    }
  }
  return {
    numFeatures,
    featureNames: Array.from({ length: numFeatures }, (_, feature) => `f${feature}`),
    features,
    labels,
    groups: Int32Array.from({ length: numGroups + 1 }, (_, group) => group * groupRows),
    cutoffs: Int32Array.from({ length: numGroups }, (_, group) =>
      Math.floor((group * 30) / numGroups),
    ),
  };
}
