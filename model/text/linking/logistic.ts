/**
 * Logistic regression: P(y = 1 | x) = 1 / (1 + exp(-w.x)). Fitted by Newton's method (iteratively
 * reweighted least squares) on the log likelihood less l2 / 2 x the square of the weights, so that
 * the optimum is one whatever the start; the bias, the first input, is not held back.
 * C. M. Bishop (2006), "Pattern Recognition and Machine Learning", 4.3.3.
 */

/** @param weights - as many as inputs */
export function probability(weights: ArrayLike<number>, inputs: ArrayLike<number>): number {
  let sum = 0;
  for (let n = 0; n < weights.length; n++) sum += weights[n]! * inputs[n]!;
  return 1 / (1 + Math.exp(-sum));
}

/**
 * @param rows - of inputs, all of one length, the first of each 1; at least one row
 * @param labels - 0 or 1
 * @param l2 - > 0
 * @returns the weights, rounded to 4 digits, as they are kept in code
 */
export function fitLogistic(
  rows: readonly (readonly number[])[],
  labels: readonly number[],
  l2: number,
): number[] {
  const size = rows[0]!.length;
  const weights = new Array<number>(size).fill(0);
  for (let step = 0; step < 50; step++) {
    const gradient = new Array<number>(size).fill(0);
    const hessian = Array.from({ length: size }, () => new Array<number>(size).fill(0));
    for (const [r, row] of rows.entries()) {
      const p = probability(weights, row);
      const spread = Math.max(p * (1 - p), 1e-9);
      for (let i = 0; i < size; i++) {
        if (row[i] === 0) continue;
        gradient[i]! += (labels[r]! - p) * row[i]!;
        for (let j = 0; j <= i; j++) hessian[i]![j]! += spread * row[i]! * row[j]!;
      }
    }
    for (let i = 0; i < size; i++) {
      const held = i === 0 ? 1e-6 : l2;
      gradient[i]! -= held * weights[i]!;
      hessian[i]![i]! += held;
    }
    const change = solve(hessian, gradient);
    let most = 0;
    for (let i = 0; i < size; i++) {
      weights[i]! += change[i]!;
      most = Math.max(most, Math.abs(change[i]!));
    }
    if (most < 1e-8) break;
  }
  return weights.map((weight) => Math.round(weight * 1e4) / 1e4);
}

/** Solves A x = b by Cholesky's decomposition. @param a - the lower triangle, overwritten */
function solve(a: number[][], b: readonly number[]): number[] {
  const size = b.length;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i]![j]!;
      for (let k = 0; k < j; k++) sum -= a[i]![k]! * a[j]![k]!;
      a[i]![j] = i === j ? Math.sqrt(sum) : sum / a[j]![j]!;
    }
  }
  const x = [...b];
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < i; k++) x[i]! -= a[i]![k]! * x[k]!;
    x[i]! /= a[i]![i]!;
  }
  for (let i = size - 1; i >= 0; i--) {
    for (let k = i + 1; k < size; k++) x[i]! -= a[k]![i]! * x[k]!;
    x[i]! /= a[i]![i]!;
  }
  return x;
}
