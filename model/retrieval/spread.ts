import type { Factors } from '../candidates/listener.ts';

/** Directions that are told apart; with the mean a multiple of four. */
const numDirections = 15;
/** Rounds of subspace iteration: the ranking of items that comes of it needs no more. */
const rounds = 4;

/** How a group of listeners differs within. */
export interface Spread {
  /**
   * The mean, then the directions in which they differ most, each as long as the standard
   * deviation along it exceeds that of the rest: [16 x numFactors].
   */
  readonly rows: Factors;
  /** Mean variance along the directions that are left, 0 or more. */
  readonly rest: number;
}

/**
 * Mean and greatest variances of some vectors: subspace iteration on their covariance, from the
 * axes that vary most (ties by index), in double precision.
 *
 * @param vectors - [numRows x numFactors], one row or more
 */
export function spreadOf({ numRows, numFactors, values }: Factors): Spread {
  const mean = new Float64Array(numFactors);
  for (let at = 0; at < values.length; at++) mean[at % numFactors]! += values[at]! / numRows;
  const covariance = covarianceOf(values, mean);
  const trace = mean.reduce((sum, _, f) => sum + covariance[f * numFactors + f]!, 0);

  const axes = Array.from(mean.keys()).sort(
    (a, b) => covariance[b * numFactors + b]! - covariance[a * numFactors + a]! || a - b,
  );
  let directions: Float64Array[] = axes.slice(0, numDirections).map((axis) => {
    const direction = new Float64Array(numFactors);
    direction[axis] = 1;
    return direction;
  });
  let variances = directions.map(() => 0);
  for (let round = 0; round < rounds; round++) {
    const images = directions.map((direction) => multiplied(covariance, direction));
    variances = images.map((image) => lengthOf(image));
    directions = orthonormal(images);
  }
  const left = numFactors - directions.length;
  const captured = variances.reduce((a, b) => a + b, 0);
  const rest = left === 0 ? 0 : Math.max(0, (trace - captured) / left);

  const rows = new Float32Array((numDirections + 1) * numFactors);
  rows.set(mean);
  directions.forEach((direction, d) => {
    const length = Math.sqrt(Math.max(0, variances[d]! - rest));
    rows.set(
      direction.map((value) => value * length),
      (d + 1) * numFactors,
    );
  });
  return { rows: { numRows: numDirections + 1, numFactors, values: rows }, rest };
}

function covarianceOf(values: Float32Array, mean: Float64Array): Float64Array {
  const numFactors = mean.length;
  const covariance = new Float64Array(numFactors * numFactors);
  const numRows = values.length / numFactors;
  const difference = new Float64Array(numFactors);
  for (let row = 0; row < numRows; row++) {
    for (let f = 0; f < numFactors; f++) {
      difference[f] = values[row * numFactors + f]! - mean[f]!;
    }
    for (let i = 0; i < numFactors; i++) {
      const at = i * numFactors;
      const value = difference[i]!;
      for (let j = 0; j <= i; j++) covariance[at + j]! += value * difference[j]!;
    }
  }
  for (let i = 0; i < numFactors; i++) {
    for (let j = 0; j <= i; j++) {
      const value = covariance[i * numFactors + j]! / numRows;
      covariance[i * numFactors + j] = value;
      covariance[j * numFactors + i] = value;
    }
  }
  return covariance;
}

function multiplied(matrix: Float64Array, vector: Float64Array): Float64Array {
  const size = vector.length;
  const image = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    let sum = 0;
    for (let j = 0; j < size; j++) sum += matrix[i * size + j]! * vector[j]!;
    image[i] = sum;
  }
  return image;
}

/** Gram-Schmidt, in place; what depends on those before it becomes zero. */
function orthonormal(vectors: Float64Array[]): Float64Array[] {
  for (let v = 0; v < vectors.length; v++) {
    const vector = vectors[v]!;
    const before = lengthOf(vector);
    for (let twice = 0; twice < 2; twice++) {
      for (let w = 0; w < v; w++) {
        const other = vectors[w]!;
        let product = 0;
        for (let f = 0; f < vector.length; f++) product += vector[f]! * other[f]!;
        for (let f = 0; f < vector.length; f++) vector[f]! -= product * other[f]!;
      }
    }
    const length = lengthOf(vector);
    const scale = length > 1e-9 * before ? 1 / length : 0;
    for (let f = 0; f < vector.length; f++) vector[f]! *= scale;
  }
  return vectors;
}

function lengthOf(vector: Float64Array): number {
  let sum = 0;
  for (const value of vector) sum += value * value;
  return Math.sqrt(sum);
}
