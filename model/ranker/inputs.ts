import { columnsIn } from './align.ts';
import { MISSING } from './examples.ts';
import type { Ranker } from './ranker.ts';
import { clipAt, numInputs } from './standardize.ts';

/**
 * How features become a row of inputs of a network, one value at a time: what `alignFeatures` and
 * `standardize` make of a whole row.
 */
export interface InputLayout {
  /** Inputs of a row: the network's, and a last one that is 1. */
  readonly width: number;
  /** [numFeatures] where the feature goes, -1 where the network does not know it. */
  readonly column: Int32Array;
  /** [numFeatures] where it is said whether the feature is missing, -1 where nobody asks. */
  readonly indicator: Int32Array;
  /** [numFeatures] as of the standardization. */
  readonly mean: Float32Array;
  readonly scale: Float32Array;
  /** [width] a row all of whose features are 0. */
  readonly blank: Float32Array;
}

/**
 * @param featureNames - those that there are today
 * @param where - names the ranker in errors
 * @throws Mistake `ARTIFACT_CORRUPT` where fewer than half of the ranker's features are there
 */
export function inputLayout(
  { featureNames: wanted, standardization }: Pick<Ranker, 'featureNames' | 'standardization'>,
  featureNames: readonly string[],
  where?: string,
): InputLayout {
  const from = columnsIn(wanted, featureNames, where);
  const width = numInputs(standardization) + 1;
  const layout: InputLayout = {
    width,
    column: new Int32Array(featureNames.length).fill(-1),
    indicator: new Int32Array(featureNames.length).fill(-1),
    mean: new Float32Array(featureNames.length),
    scale: new Float32Array(featureNames.length).fill(1),
    blank: new Float32Array(width),
  };
  for (const [to, feature] of from.entries()) {
    const indicator = standardization.indicators.indexOf(to);
    const toIndicator = indicator < 0 ? -1 : wanted.length + indicator;
    if (feature < 0) {
      // Missing from every row.
      if (toIndicator >= 0) layout.blank[toIndicator] = 1;
      continue;
    }
    layout.column[feature] = to;
    layout.indicator[feature] = toIndicator;
    layout.mean[feature] = standardization.mean[to]!;
    layout.scale[feature] = standardization.scale[to]!;
    layout.blank[to] = cellOf(layout, feature, 0);
  }
  layout.blank[width - 1] = 1;
  return layout;
}

/** The input for a value of a feature, which may be `MISSING`; to be stored as float32. */
export function cellOf({ mean, scale }: InputLayout, feature: number, value: number): number {
  if (value === MISSING) return 0;
  const distance = (Math.fround(value) - mean[feature]!) / scale[feature]!;
  return distance > clipAt ? clipAt : distance < -clipAt ? -clipAt : distance;
}
