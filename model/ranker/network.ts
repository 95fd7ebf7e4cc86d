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

/**
 * A network that only scores. Its inputs have one more at the end, which is 1: the first layer's
 * bias is the last row of its kernel, which saves a pass over the widest layer and gives the same
 * scores. Dispose of it.
 */
export class NetworkTensors {
  readonly numInputs: number;
  readonly #tf: Tensorflow;
  /** As of `weightShapes`, but `bias0`, which is in `kernel0`. */
  readonly #layers: readonly tfjs.Tensor2D[];

  /** @param weights - in the order of `weightShapes` */
  constructor(tf: Tensorflow, shape: NetworkShape, weights: readonly Float32Array[]) {
    this.numInputs = shape.numInputs;
    this.#tf = tf;
    const folded = weightShapes(shape).flatMap(({ name, rows, columns }, at) => {
      if (name === 'bias0') return [];
      const last = name === 'kernel0' ? weights[at + 1]! : new Float32Array(columns);
      return name === 'kernel0' || name === 'linear'
        ? [{ rows: rows + 1, columns, values: joined(weights[at]!, last) }]
        : [{ rows, columns, values: weights[at]! }];
    });
    this.#layers = folded.map(({ rows, columns, values }) => tf.tensor2d(values, [rows, columns]));
  }

  /**
   * @param inputs - [numRows and more x numInputs + 1], row-major, the last column 1
   * @returns [numRows]
   */
  score(inputs: Float32Array, numRows: number): Float32Array {
    const tf = this.#tf;
    const width = this.numInputs + 1;
    const [linear, kernel, ...layers] = this.#layers;
    const rows = tf.tensor2d(inputs.subarray(0, numRows * width), [numRows, width]);
    const direct: tfjs.Tensor2D = tf.matMul(rows, linear!);
    if (kernel === undefined) {
      rows.dispose();
      return read(direct);
    }
    let units = next(rows, (of) => tf.matMul(of, kernel));
    units = next(units, (of) => tf.relu(of));
    for (let at = 0; at + 1 < layers.length; at += 2) {
      units = next(units, (of) => tf.matMul(of, layers[at]!));
      units = next(units, (of) => tf.add(of, layers[at + 1]!));
      units = next(units, (of) => tf.relu(of));
    }
    units = next(units, (of) => tf.matMul(of, layers.at(-1)!));
    return read(next(direct, (of) => next(units, (other) => tf.add(of, other))));
  }

  /** May be called twice. */
  dispose(): void {
    this.#tf.dispose([...this.#layers]);
  }
}

/**
 * One tensor from another, which is disposed of at once and not when all is done: the next then
 * lies where it lay, and the processor's cache still holds that memory. It halves the time.
 */
function next(of: tfjs.Tensor2D, compute: (of: tfjs.Tensor2D) => tfjs.Tensor2D): tfjs.Tensor2D {
  try {
    return compute(of);
  } finally {
    of.dispose();
  }
}

function read(scores: tfjs.Tensor2D): Float32Array {
  try {
    return scores.dataSync<'float32'>();
  } finally {
    scores.dispose();
  }
}

function joined(first: Float32Array, second: Float32Array): Float32Array {
  const both = new Float32Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
