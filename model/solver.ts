import type { Interactions } from './interactions.ts';

/**
 * The least-squares problem of one half-step of implicit ALS, for each row u of the interactions:
 * minimize over x  sum_i c_ui (p_ui - x.y_i)^2 + lambda_u |x|^2,  that is  A x = b  with
 *
 *     A = G + sum_{i in u} alpha r_ui y_i y_i' + lambda_u I,   G = sum_i y_i y_i'
 *     b = sum_{i in u, r_ui > 0} (1 + alpha r_ui) y_i
 *
 * (Hu, Koren, Volinsky 2008, equation 4.) G, the Gramian, is shared by all rows, so a row costs
 * what it holds. Factors are float32, row-major; all sums are double precision.
 */
export interface Weighting {
  /** Confidence is 1 + alpha * r. */
  readonly alpha: number;
  /** lambda; how it becomes lambda_u is `regularizationScale`. */
  readonly regularization: number;
  /** See `alsOptions`. */
  readonly regularizationScale: 'uniform' | 'frequency';
}

/**
 * Solves for every row, from and into `rowFactors`; a row that holds nothing becomes zero.
 *
 * @param interactions - [numRows x numCols], values >= 0
 * @param rowFactors - [numRows x numFactors], changed in place
 * @param colFactors - [numCols x numFactors]
 */
export type RowSolver = (
  interactions: Interactions,
  rowFactors: Float32Array,
  colFactors: Float32Array,
  numFactors: number,
  weighting: Weighting,
  cgSteps: number,
) => void;

/** Y'Y of factors Y [numRows x numFactors]: [numFactors x numFactors], symmetric. */
export function gramianOf(factors: Float32Array, numFactors: number): Float64Array {
  const n = numFactors;
  const gramian = new Float64Array(n * n);
  const whole = factors.length - (factors.length % (4 * n));
  for (let y = 0; y < whole; y += 4 * n) {
    for (let i = 0; i < n; i++) {
      const y0 = factors[y + i]!;
      const y1 = factors[y + n + i]!;
      const y2 = factors[y + 2 * n + i]!;
      const y3 = factors[y + 3 * n + i]!;
      for (let j = 0; j <= i; j++) {
        gramian[i * n + j]! +=
          y0 * factors[y + j]! +
          y1 * factors[y + n + j]! +
          y2 * factors[y + 2 * n + j]! +
          y3 * factors[y + 3 * n + j]!;
      }
    }
  }
  for (let y = whole; y < factors.length; y += n) {
    for (let i = 0; i < n; i++) {
      for (let j = 0; j <= i; j++) gramian[i * n + j]! += factors[y + i]! * factors[y + j]!;
    }
  }
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) gramian[j * n + i] = gramian[i * n + j]!;
  }
  return gramian;
}

/** lambda_u: lambda, or lambda times the sum of the row's confidences over all columns. */
export function rowRegularization(
  interactions: Interactions,
  row: number,
  { alpha, regularization, regularizationScale }: Weighting,
): number {
  if (regularizationScale === 'uniform') return regularization;
  let extra = 0;
  const end = interactions.indptr[row + 1]!;
  for (let i = interactions.indptr[row]!; i < end; i++) extra += interactions.values[i]!;
  return regularization * (interactions.numCols + alpha * extra);
}

/**
 * The readable solver: forms A and factorizes it (Cholesky). Exact;
 * O(numStored numFactors^2 + numRows numFactors^3).
 *
 * @throws RangeError naming the row where A is singular, which needs regularization 0
 */
export const solveCholesky: RowSolver = (interactions, rows, cols, numFactors, weighting) => {
  const gramian = gramianOf(cols, numFactors);
  for (let row = 0; row < interactions.numRows; row++) {
    const solution = rows.subarray(row * numFactors, (row + 1) * numFactors);
    solveRowCholesky(interactions, row, solution, cols, gramian, weighting);
  }
};

/** One row of `solveCholesky`, with the Gramian given; writes `solution` [numFactors]. */
export function solveRowCholesky(
  interactions: Interactions,
  row: number,
  solution: Float32Array,
  cols: Float32Array,
  gramian: Float64Array,
  weighting: Weighting,
): void {
  const numFactors = solution.length;
  const start = interactions.indptr[row]!;
  const end = interactions.indptr[row + 1]!;
  if (start === end) {
    solution.fill(0);
    return;
  }
  const a = gramian.slice();
  const b = new Float64Array(numFactors);
  const lambda = rowRegularization(interactions, row, weighting);
  for (let f = 0; f < numFactors; f++) a[f * numFactors + f]! += lambda;
  for (let stored = start; stored < end; stored++) {
    const extra = weighting.alpha * interactions.values[stored]!;
    const y = interactions.indices[stored]! * numFactors;
    for (let f = 0; f < numFactors; f++) {
      const value = cols[y + f]!;
      if (interactions.values[stored]! > 0) b[f]! += (1 + extra) * value;
      for (let g = 0; g <= f; g++) a[f * numFactors + g]! += extra * value * cols[y + g]!;
    }
  }
  if (!factorizeCholesky(a, numFactors)) {
    throw new RangeError(
      `als: the equations of row ${row} have no single solution; ` +
        `expected regularization above ${weighting.regularization}`,
    );
  }
  substituteCholesky(a, b, numFactors);
  solution.set(b);
}

/** A = L L', in place in the lower triangle; false where A is not positive definite. */
function factorizeCholesky(a: Float64Array, n: number): boolean {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j]!;
      for (let f = 0; f < j; f++) sum -= a[i * n + f]! * a[j * n + f]!;
      if (i !== j) a[i * n + j] = sum / a[j * n + j]!;
      else if (sum > 0) a[i * n + i] = Math.sqrt(sum);
      else return false;
    }
  }
  return true;
}

/** Solves L L' x = b, in place of b. */
function substituteCholesky(l: Float64Array, b: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) {
    let sum = b[i]!;
    for (let j = 0; j < i; j++) sum -= l[i * n + j]! * b[j]!;
    b[i] = sum / l[i * n + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    let sum = b[i]!;
    for (let j = i + 1; j < n; j++) sum -= l[j * n + i]! * b[j]!;
    b[i] = sum / l[i * n + i]!;
  }
}

/**
 * The fast solver: `cgSteps` steps of conjugate gradients from where the row was, never forming A
 * (Takács, Pilászy, Tikk 2011). It never raises a row's loss.
 * O(cgSteps (numStored numFactors + numRows numFactors^2)).
 */
export const solveConjugateGradient: RowSolver = (
  interactions,
  rows,
  cols,
  numFactors,
  weighting,
  cgSteps,
) => {
  const { numRows, indptr, indices, values } = interactions;
  const { alpha } = weighting;
  const gramian = gramianOf(cols, numFactors);
  const x = new Float64Array(numFactors);
  const residual = new Float64Array(numFactors);
  const direction = new Float64Array(numFactors);
  const image = new Float64Array(numFactors);

  for (let row = 0; row < numRows; row++) {
    const start = indptr[row]!;
    const end = indptr[row + 1]!;
    const own = row * numFactors;
    if (start === end) {
      rows.fill(0, own, own + numFactors);
      continue;
    }
    const lambda = rowRegularization(interactions, row, weighting);

    // residual = b - A x
    for (let f = 0; f < numFactors; f++) x[f] = rows[own + f]!;
    multiply(gramian, lambda, x, residual);
    for (let f = 0; f < numFactors; f++) residual[f] = -residual[f]!;
    for (let stored = start; stored < end; stored++) {
      const y = indices[stored]! * numFactors;
      const extra = alpha * values[stored]!;
      const target = values[stored]! > 0 ? 1 + extra : 0;
      addScaled(target - extra * dotRow(cols, y, x), cols, y, residual);
    }

    direction.set(residual);
    let squares = dot(residual, residual);
    for (let step = 0; step < cgSteps && squares > tinySquares; step++) {
      // image = A direction
      multiply(gramian, lambda, direction, image);
      for (let stored = start; stored < end; stored++) {
        const y = indices[stored]! * numFactors;
        addScaled(alpha * values[stored]! * dotRow(cols, y, direction), cols, y, image);
      }
      const curvature = dot(direction, image);
      if (!(curvature > 0)) break; // flat without regularization: nothing is left to gain
      const length = squares / curvature;
      for (let f = 0; f < numFactors; f++) {
        x[f]! += length * direction[f]!;
        residual[f]! -= length * image[f]!;
      }
      const nextSquares = dot(residual, residual);
      const keep = nextSquares / squares;
      for (let f = 0; f < numFactors; f++) direction[f] = residual[f]! + keep * direction[f]!;
      squares = nextSquares;
    }
    for (let f = 0; f < numFactors; f++) rows[own + f] = x[f]!;
  }
};

/** Squared length of a residual that counts as zero. */
const tinySquares = 1e-20;

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let f = 0; f < a.length; f++) sum += a[f]! * b[f]!;
  return sum;
}

function dotRow(rows: Float32Array, start: number, vector: Float64Array): number {
  let sum = 0;
  for (let f = 0; f < vector.length; f++) sum += rows[start + f]! * vector[f]!;
  return sum;
}

function addScaled(scale: number, rows: Float32Array, start: number, to: Float64Array): void {
  for (let f = 0; f < to.length; f++) to[f]! += scale * rows[start + f]!;
}

/** out = (A + lambda I) v for A symmetric [n x n]; four lines at a time keep the processor busy. */
function multiply(a: Float64Array, lambda: number, v: Float64Array, out: Float64Array): void {
  const n = v.length;
  const whole = n - (n % 4);
  for (let i = 0; i < n; i++) out[i] = lambda * v[i]!;
  for (let i = 0; i < whole; i += 4) {
    const line = i * n;
    const v0 = v[i]!;
    const v1 = v[i + 1]!;
    const v2 = v[i + 2]!;
    const v3 = v[i + 3]!;
    for (let j = 0; j < n; j++) {
      out[j]! +=
        a[line + j]! * v0 +
        a[line + n + j]! * v1 +
        a[line + 2 * n + j]! * v2 +
        a[line + 3 * n + j]! * v3;
    }
  }
  for (let i = whole; i < n; i++) {
    for (let j = 0; j < n; j++) out[j]! += a[i * n + j]! * v[i]!;
  }
}
