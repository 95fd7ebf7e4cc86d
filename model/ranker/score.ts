import { Mistake } from '../mistake.ts';
import { checkFeatures, type FeatureRows } from './examples.ts';
import { shapeOf } from './members.ts';
import { forward, weightTensors, type NetworkShape, type Tensorflow } from './network.ts';
import type { Ranker } from './ranker.ts';
import { numInputs, standardize, type Standardization } from './standardize.ts';

export interface ScoreOptions {
  /** Rows scored at once; bounds the memory, does not change the scores. Default 65,536. */
  readonly batchRows?: number;
}

/**
 * Scores candidates: higher is better. The differences within a group are log odds of being played
 * first; scores of different listeners do not compare. Leaves no tensor behind.
 *
 * @returns [numRows]
 * @throws RangeError for NaN or an infinity, with feature and row
 * @throws Mistake `ARTIFACT_CORRUPT` where the ranker was trained on other features
 */
export function score(
  tf: Tensorflow,
  ranker: Ranker,
  rows: FeatureRows,
  options: ScoreOptions = {},
): Float32Array {
  const expected = ranker.featureNames;
  const got = rows.featureNames;
  const wrong = expected.findIndex((name, at) => got[at] !== name);
  if (wrong >= 0 || got.length !== expected.length) {
    const at = wrong >= 0 ? wrong : expected.length;
    throw new Mistake(
      'ARTIFACT_CORRUPT',
      `ranker: expected feature ${at} of ${expected.length} to be "${expected[at] ?? 'none'}", ` +
        `got "${got[at] ?? 'none'}" of ${got.length}; train it again`,
    );
  }
  checkFeatures(rows);
  const shape = shapeOf(ranker.options, numInputs(ranker.standardization));
  return scoreChecked(tf, shape, ranker.weights, ranker.standardization, rows.features, options);
}

/** `score` without the checks. */
export function scoreChecked(
  tf: Tensorflow,
  shape: NetworkShape,
  weights: readonly Float32Array[],
  standardization: Standardization,
  features: Float32Array,
  { batchRows = 65_536 }: ScoreOptions = {},
): Float32Array {
  const numRows = features.length / standardization.mean.length;
  const scores = new Float32Array(numRows);
  if (numRows === 0) return scores;
  const layers = weightTensors(tf, shape, weights);
  try {
    const inputs = new Float32Array(Math.min(batchRows, numRows) * shape.numInputs);
    for (let first = 0; first < numRows; first += batchRows) {
      const count = Math.min(batchRows, numRows - first);
      standardize(standardization, features, first, count, inputs);
      const batch = inputs.subarray(0, count * shape.numInputs);
      const values = tf.tidy(() =>
        forward(tf, tf.tensor2d(batch, [count, shape.numInputs]), layers).dataSync(),
      );
      scores.set(values, first);
    }
  } finally {
    tf.dispose(layers);
  }
  return scores;
}
