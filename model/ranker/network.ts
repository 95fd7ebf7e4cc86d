import type * as tfjs from '@tensorflow/tfjs-node';
import { createRandom } from '../random.ts';

/** TensorFlow.js as `infra/tensorflow` loads it; `model` only ever receives it. */
export type Tensorflow = typeof tfjs;

/**
 * The ranker's network: a linear part beside a multilayer perceptron (wide and deep, Cheng et al.,
 * DLRS 2016), `score(x) = x . linear + relu(... relu(x K1 + b1) ...) . output`.
 * There is no output bias: the listwise loss and any order are blind to it.
 */
export interface NetworkShape {
  readonly numInputs: number;
  /** Units of each hidden layer; empty: only the linear part. */
  readonly hidden: readonly number[];
}

/** Name and size of each weight array, in the order in which they are trained and stored. */
export function weightShapes({
  numInputs,
  hidden,
}: NetworkShape): { name: string; rows: number; columns: number }[] {
  const shapes = [{ name: 'linear', rows: numInputs, columns: 1 }];
  let width = numInputs;
  for (const [layer, units] of hidden.entries()) {
    shapes.push({ name: `kernel${layer}`, rows: width, columns: units });
    shapes.push({ name: `bias${layer}`, rows: 1, columns: units });
    width = units;
  }
  if (hidden.length > 0) shapes.push({ name: 'output', rows: width, columns: 1 });
  return shapes;
}

/**
 * The weights before training: the linear part as given, kernels uniform after He et al. (2015),
 * the rest 0. The perceptron's output weights are 0 too, so the network starts as the linear part.
 *
 * @param linear - [numInputs]
 */
export function initialWeights(
  shape: NetworkShape,
  linear: Float32Array,
  seed: number,
): Float32Array[] {
  const random = createRandom(seed, 'ranker', 'weights');
  return weightShapes(shape).map(({ name, rows, columns }) => {
    if (name === 'linear') return Float32Array.from(linear);
    const weights = new Float32Array(rows * columns);
    if (!name.startsWith('kernel')) return weights;
    const limit = Math.sqrt(6 / rows);
    return weights.map(() => (2 * random.uniform() - 1) * limit);
  });
}

/**
 * @param inputs - [numRows x numInputs]
 * @param weights - one tensor for each of `weightShapes`, of that shape
 * @param drop - applied to each hidden layer; the identity but in training
 * @returns scores [numRows x 1]
 */
export function forward(
  tf: Tensorflow,
  inputs: tfjs.Tensor2D,
  weights: readonly tfjs.Tensor2D[],
  drop: (units: tfjs.Tensor2D, layer: number) => tfjs.Tensor2D = (units) => units,
): tfjs.Tensor2D {
  const linear: tfjs.Tensor2D = tf.matMul(inputs, weights[0]!);
  if (weights.length === 1) return linear;
  let units = inputs;
  for (let at = 1; at + 1 < weights.length; at += 2) {
    const sums: tfjs.Tensor2D = tf.add(tf.matMul(units, weights[at]!), weights[at + 1]!);
    units = drop(tf.relu(sums), (at - 1) / 2);
  }
  return tf.add(linear, tf.matMul(units, weights.at(-1)!));
}

/** Tensors of the weights, for the caller to dispose of (or `tf.tidy`). */
export function weightTensors(
  tf: Tensorflow,
  shape: NetworkShape,
  weights: readonly Float32Array[],
): tfjs.Tensor2D[] {
  return weightShapes(shape).map(({ rows, columns }, at) =>
    tf.tensor2d(weights[at]!, [rows, columns]),
  );
}
