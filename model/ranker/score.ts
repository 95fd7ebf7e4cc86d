import { Mistake } from '../mistake.ts';
import { checkFeatures, type FeatureRows } from './examples.ts';
import { shapeOf } from './members.ts';
import { inputLayout, type InputLayout } from './inputs.ts';
import { NetworkTensors, type NetworkShape, type Tensorflow } from './network.ts';
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
  const network = new NetworkTensors(tf, shape, weights);
  try {
    const width = network.numInputs + 1;
    const inputs = new Float32Array(Math.min(batchRows, numRows) * width).fill(1);
    for (let first = 0; first < numRows; first += batchRows) {
      const count = Math.min(batchRows, numRows - first);
      standardize(standardization, features, first, count, inputs, width);
      scores.set(network.score(inputs, count), first);
    }
  } finally {
    network.dispose();
  }
  return scores;
}

/**
 * A ranker at hand to score the candidates of many listeners, some at a time: `FeatureWriter`
 * writes their inputs. Scores as `score` does of the same rows. Dispose of it.
 */
export class Scorer {
  readonly layout: InputLayout;
  readonly #network: NetworkTensors;
  #inputs = new Float32Array(0);

  /**
   * @param featureNames - those that there are today
   * @param where - names the ranker in errors
   * @throws Mistake `ARTIFACT_CORRUPT` where fewer than half of the ranker's features are there
   */
  constructor(tf: Tensorflow, ranker: Ranker, featureNames: readonly string[], where?: string) {
    this.layout = inputLayout(ranker, featureNames, where);
    const shape = shapeOf(ranker.options, numInputs(ranker.standardization));
    this.#network = new NetworkTensors(tf, shape, ranker.weights);
  }

  /** [so many rows and more x layout.width] to be written, the same as before where it is large enough. */
  inputs(rows: number): Float32Array {
    const needed = rows * this.layout.width;
    if (needed > this.#inputs.length) {
      const larger = new Float32Array(Math.max(needed, 2 * this.#inputs.length));
      larger.set(this.#inputs);
      this.#inputs = larger;
    }
    return this.#inputs;
  }

  /** Of the first rows of the inputs. */
  score(rows: number): Float32Array {
    return rows === 0 ? new Float32Array(0) : this.#network.score(this.#inputs, rows);
  }

  dispose(): void {
    this.#network.dispose();
  }
}
