import { MISSING } from './examples.ts';

/** Values further than this from the mean, in standard deviations, count as this far. */
export const clipAt = 5;

/**
 * How raw features become the inputs of the network: `(value - mean) / scale`, clipped to +-5,
 * then one indicator (1 = missing) for each feature listed in `indicators`.
 */
export interface Standardization {
  /** [numFeatures], over the known training values; 0 where there is none. */
  readonly mean: Float32Array;
  /**
   * [numFeatures], population standard deviation, > 0; 1 where the feature is constant, infinite
   * where it is not looked at: then every value counts as the mean.
   */
  readonly scale: Float32Array;
  /** Features that were missing in some training rows, ascending. */
  readonly indicators: readonly number[];
}

export function numInputs(standardization: Standardization): number {
  return standardization.mean.length + standardization.indicators.length;
}

/**
 * @param features - [numRows x numFeatures], row-major; may hold `MISSING`, may be empty
 * @param unseen - features that are not looked at
 */
export function fitStandardization(
  features: Float32Array,
  numFeatures: number,
  unseen: ReadonlySet<number> = new Set(),
): Standardization {
  const mean = new Float32Array(numFeatures);
  const scale = new Float32Array(numFeatures).fill(1);
  const indicators: number[] = [];
  for (let feature = 0; feature < numFeatures; feature++) {
    if (unseen.has(feature)) {
      scale[feature] = Infinity;
      continue;
    }
    let known = 0;
    let missing = 0;
    let centre = 0;
    let squares = 0;
    // Welford's update: exact for constant features, stable for large means.
    for (let at = feature; at < features.length; at += numFeatures) {
      const value = features[at]!;
      if (value === MISSING) {
        missing++;
        continue;
      }
      known++;
      const step = value - centre;
      centre += step / known;
      squares += step * (value - centre);
    }
    mean[feature] = centre;
    const deviation = known > 0 ? Math.fround(Math.sqrt(squares / known)) : 0;
    if (deviation > 1e-6 * Math.max(1e-6, Math.abs(centre))) scale[feature] = deviation;
    if (missing > 0) indicators.push(feature);
  }
  return { mean, scale, indicators };
}

/**
 * Fills `inputs` [count x width], row-major, from the rows `first` to `first + count` of
 * `features`. A missing value becomes 0, the mean.
 *
 * @param width - numInputs and more: what is beyond is left alone; default numInputs
 */
export function standardize(
  standardization: Standardization,
  features: Float32Array,
  first: number,
  count: number,
  inputs: Float32Array,
  width = numInputs(standardization),
): void {
  const { mean, scale, indicators } = standardization;
  const numFeatures = mean.length;
  for (let row = first; row < first + count; row++) {
    let to = (row - first) * width;
    const from = row * numFeatures;
    for (let feature = 0; feature < numFeatures; feature++) {
      const value = features[from + feature]!;
      const distance = value === MISSING ? 0 : (value - mean[feature]!) / scale[feature]!;
      inputs[to++] = distance > clipAt ? clipAt : distance < -clipAt ? -clipAt : distance;
    }
    for (const feature of indicators) inputs[to++] = features[from + feature] === MISSING ? 1 : 0;
  }
}
