/**
 * The value that stands for "not known" in a feature row: the lowest finite float32.
 *
 * A missing value enters the network as the feature's mean and, where training saw it missing too,
 * with an indicator of its own. NaN is a bug of the caller, not a missing value, and is refused.
 */
export const MISSING = -3.4028234663852886e38;

/** Rows of features to be scored; `features.length` is a multiple of the number of names. */
export interface FeatureRows {
  readonly featureNames: readonly string[];
  /** [numRows x numFeatures], row-major; finite, or `MISSING`. */
  readonly features: Float32Array;
}

/**
 * What the ranker is trained on. A **group** holds the candidates of one listener at one cut-off;
 * groups are in the order of their cut-offs, oldest first. Groups without a positive teach nothing
 * (the listwise loss is zero there) and may be left out.
 */
export interface Examples extends FeatureRows {
  readonly numFeatures: number;
  /** [numRows]; 1 = first played by the listener in the week after the cut-off, otherwise 0. */
  readonly labels: Uint8Array | Float32Array;
  /** [numGroups + 1]; group g is rows `groups[g]` to `groups[g + 1]` (exclusive). */
  readonly groups: Int32Array;
  /**
   * [numGroups], ascending: which cut-off a group belongs to (its number, or a day). Where given,
   * the held-back slice begins with a whole cut-off.
   */
  readonly cutoffs?: Int32Array;
}

/**
 * Checks the shapes, the labels and the values.
 *
 * @throws RangeError naming the array, what was expected and what came
 */
export function checkExamples(examples: Examples): void {
  const { featureNames, numFeatures, labels, groups, cutoffs } = examples;
  if (featureNames.length !== numFeatures) {
    throw new RangeError(
      `examples: expected ${numFeatures} feature names, got ${featureNames.length}`,
    );
  }
  const numRows = checkFeatures(examples);
  if (labels.length !== numRows) {
    throw new RangeError(`examples: expected ${numRows} labels, got ${labels.length}`);
  }
  const wrong = labels.findIndex((label: number) => label !== 0 && label !== 1);
  if (wrong >= 0) {
    throw new RangeError(`examples: expected label ${wrong} to be 0 or 1, got ${labels[wrong]}`);
  }
  if (groups.length === 0 || groups[0] !== 0 || groups.at(-1) !== numRows) {
    throw new RangeError(
      `examples: expected groups to go from 0 to ${numRows}, got ${groups[0]} to ${groups.at(-1)}`,
    );
  }
  checkAscending('groups', groups);
  if (cutoffs !== undefined) {
    if (cutoffs.length !== groups.length - 1) {
      throw new RangeError(
        `examples: expected ${groups.length - 1} cutoffs, got ${cutoffs.length}`,
      );
    }
    checkAscending('cutoffs', cutoffs);
  }
}

/**
 * @returns the number of rows
 * @throws RangeError for a name twice, a ragged array, NaN or an infinity (with feature and row)
 */
export function checkFeatures({ featureNames, features }: FeatureRows): number {
  const numFeatures = featureNames.length;
  if (numFeatures === 0 || new Set(featureNames).size !== numFeatures) {
    throw new RangeError(
      `features: expected one or more distinct names, got [${featureNames.join(', ')}]`,
    );
  }
  if (features.length % numFeatures !== 0) {
    throw new RangeError(
      `features: expected a multiple of ${numFeatures} values, got ${features.length}`,
    );
  }
  for (let at = 0; at < features.length; at++) {
    if (!Number.isFinite(features[at])) {
      throw new RangeError(
        `features: expected "${featureNames[at % numFeatures]}" of row ` +
          `${Math.floor(at / numFeatures)} to be finite, got ${features[at]}`,
      );
    }
  }
  return features.length / numFeatures;
}

function checkAscending(name: string, values: Int32Array): void {
  for (let at = 1; at < values.length; at++) {
    if (values[at]! < values[at - 1]!) {
      throw new RangeError(
        `examples: expected ${name} to ascend, got ${values[at - 1]} before ${values[at]} at ${at}`,
      );
    }
  }
}
