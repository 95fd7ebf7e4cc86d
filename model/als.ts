import { z } from 'zod';
import { fromTriples, transpose, type Interactions } from './interactions.ts';
import { createRandom } from './random.ts';
import {
  gramianOf,
  rowRegularization,
  solveCholesky,
  solveConjugateGradient,
  solveRowCholesky,
  type Weighting,
} from './solver.ts';

/**
 * Collaborative filtering of implicit feedback by alternating least squares (Hu, Koren, Volinsky:
 * Collaborative Filtering for Implicit Feedback Datasets, 2008). With r_ui the stored value,
 * preference p_ui = 1 where r_ui > 0, else 0; confidence c_ui = 1 + alpha r_ui; minimized is
 *
 *     sum_{u,i} c_ui (p_ui - x_u.y_i)^2 + sum_u lambda_u |x_u|^2 + sum_i lambda_i |y_i|^2
 *
 * over all pairs, stored or not. (The `implicit` library's confidence is alpha r without the 1.)
 */
export const alsOptions = z.object({
  /** Dimension of the factors. */
  factors: z.int().min(8).max(512).default(32),
  /** Each solves for all users, then for all items. */
  iterations: z.int().min(0).max(1000).default(10),
  /** lambda. 0 is allowed; then only well-posed problems have an exact solution. */
  regularization: z.number().nonnegative().default(10),
  /**
   * `uniform`: lambda_u = lambda, as the `implicit` library has it; lambda is then of the order of
   * 0.01 to 100.
   * `frequency`: lambda_u = lambda times the sum of u's confidences, numItems + alpha sum_i r_ui,
   * and for items alike, as iALS (Rendle, Krichene, Zhang, Koren 2021, nu = 1); lambda is then of
   * the order of 0.0001 to 0.1, and the same for small and large catalogues. Where it was tuned
   * (last.fm, HetRec 2011) it was the better by 2 to 4 per cent, with 0.005 and alpha 10.
   */
  regularizationScale: z.enum(['uniform', 'frequency']).default('uniform'),
  /** How much more than nothing stored one unit of r says. */
  alpha: z.number().positive().default(10),
  /** `cg` is fast, `cholesky` exact. */
  solver: z.enum(['cg', 'cholesky']).default('cg'),
  /**
   * Steps of conjugate gradients for each row and half-step; `cg` only. Default: 3, and 2 on the
   * kernels, whose steps go further.
   */
  cgSteps: z.int().min(1).max(100).optional(),
  seed: z.int().nonnegative().default(0),
});
export type AlsOptions = z.infer<typeof alsOptions>;

/** Listeners and items in one space: the score of (u, i) is x_u.y_i, about 0..1. */
export interface Factors {
  readonly numFactors: number;
  /** [numUsers x numFactors], row-major; zero for a user without interactions. */
  readonly userFactors: Float32Array;
  /** [numItems x numFactors], row-major; zero for an item without interactions. */
  readonly itemFactors: Float32Array;
}

export interface FactorizeHooks {
  /** Where to start instead of at random; copied, not changed. */
  readonly warmStart?: Factors;
  /**
   * Called after each iteration, counted from 0. `loss()` computes the minimized sum, which costs
   * about a quarter of an iteration.
   */
  readonly onIteration?: (iteration: number, loss: () => number) => void;
}

/**
 * Learns factors; the same input, options and seed give the same bytes.
 *
 * Without a warm start the items begin uniform in +-0.1 sqrt(3 / factors), a standard deviation of
 * 0.1 / sqrt(factors), and the users at zero.
 *
 * @param userItems - [numUsers x numItems], values >= 0
 * @throws ZodError for wrong options, RangeError for a negative value, for a warm start of another
 *   shape, and by `cholesky` without regularization where there is no single solution
 */
export function factorize(
  userItems: Interactions,
  options: z.input<typeof alsOptions> = {},
  { warmStart, onIteration }: FactorizeHooks = {},
): Factors {
  const parsed = alsOptions.parse(options);
  checkValues(userItems, parsed.alpha);
  const itemUsers = transpose(userItems);
  const found =
    warmStart === undefined ? randomStart(userItems, parsed) : copyOf(warmStart, userItems, parsed);
  const { numFactors, userFactors, itemFactors } = found;
  const solve = parsed.solver === 'cg' ? solveConjugateGradient : solveCholesky;
  const { cgSteps = 3 } = parsed;

  for (let iteration = 0; iteration < parsed.iterations; iteration++) {
    solve(userItems, userFactors, itemFactors, numFactors, parsed, cgSteps);
    checkFinite(userFactors, iteration);
    solve(itemUsers, itemFactors, userFactors, numFactors, parsed, cgSteps);
    checkFinite(itemFactors, iteration);
    onIteration?.(iteration, () => alsLoss(userItems, found, parsed));
  }
  return found;
}

/**
 * The factors of a listener who was not there, or has new listens: exact, by Cholesky.
 *
 * @param items - columns in 0..numItems-1, each once, with their r >= 0; none gives zero factors
 * @param itemFactors - [numItems x numFactors]
 * @param gramian - `gramianOf(itemFactors, numFactors)`, computed once for many listeners
 * @returns [numFactors]
 */
export function foldIn(
  items: { readonly indices: ArrayLike<number>; readonly values: ArrayLike<number> },
  itemFactors: Float32Array,
  gramian: Float64Array,
  options: Weighting,
): Float32Array {
  const numFactors = Math.sqrt(gramian.length);
  const row = fromTriples(
    new Uint8Array(items.indices.length),
    items.indices,
    items.values,
    1,
    itemFactors.length / numFactors,
  );
  checkValues(row, options.alpha);
  const factors = new Float32Array(numFactors);
  solveRowCholesky(row, 0, factors, itemFactors, gramian, options);
  return factors;
}

/**
 * The minimized sum over all numUsers x numItems pairs, with regularization; what is not stored is
 * summed through the Gramian.
 */
export function alsLoss(userItems: Interactions, factors: Factors, weighting: Weighting): number {
  const { numFactors, userFactors, itemFactors } = factors;
  const { numRows, numCols, indptr, indices, values } = userItems;
  const userGramian = gramianOf(userFactors, numFactors);
  const itemGramian = gramianOf(itemFactors, numFactors);

  // sum over all pairs of score^2 = trace(X'X Y'Y)
  let loss = 0;
  for (let f = 0; f < userGramian.length; f++) loss += userGramian[f]! * itemGramian[f]!;
  for (let user = 0; user < numRows; user++) {
    for (let stored = indptr[user]!; stored < indptr[user + 1]!; stored++) {
      const item = indices[stored]!;
      let score = 0;
      for (let f = 0; f < numFactors; f++) {
        score += userFactors[user * numFactors + f]! * itemFactors[item * numFactors + f]!;
      }
      const value = values[stored]!;
      const error = (value > 0 ? 1 : 0) - score;
      loss += (1 + weighting.alpha * value) * error * error - score * score;
    }
  }
  const itemUsers = weighting.regularizationScale === 'uniform' ? undefined : transpose(userItems);
  for (let user = 0; user < numRows; user++) {
    loss += rowRegularization(userItems, user, weighting) * squares(userFactors, user, numFactors);
  }
  for (let item = 0; item < numCols; item++) {
    const lambda =
      itemUsers === undefined
        ? weighting.regularization
        : rowRegularization(itemUsers, item, weighting);
    loss += lambda * squares(itemFactors, item, numFactors);
  }
  return loss;
}

function squares(factors: Float32Array, row: number, numFactors: number): number {
  let sum = 0;
  for (let f = row * numFactors; f < (row + 1) * numFactors; f++) sum += factors[f]! * factors[f]!;
  return sum;
}

/** Draws as a random start has them. @param rows - [rows x width], of which the first cells are drawn */
export function drawFactors(
  rows: Float32Array,
  width: number,
  numFactors: number,
  seed: number,
): void {
  const { uniform } = createRandom(seed, 'als');
  const bound = 0.1 * Math.sqrt(3 / numFactors);
  for (let row = 0; row < rows.length; row += width) {
    for (let f = 0; f < numFactors; f++) rows[row + f] = (2 * uniform() - 1) * bound;
  }
}

/** Items uniform, users zero: see `factorize`. */
function randomStart(userItems: Interactions, { factors, seed }: AlsOptions): Factors {
  const itemFactors = new Float32Array(userItems.numCols * factors);
  drawFactors(itemFactors, factors, factors, seed);
  return {
    numFactors: factors,
    userFactors: new Float32Array(userItems.numRows * factors),
    itemFactors,
  };
}

/** @throws RangeError where a warm start has another shape, or values that are not finite */
export function copyOf(
  from: Factors,
  { numRows, numCols }: Interactions,
  { factors }: AlsOptions,
): Factors {
  if (
    from.numFactors !== factors ||
    from.userFactors.length !== numRows * factors ||
    from.itemFactors.length !== numCols * factors
  ) {
    throw new RangeError(
      `als: expected a warm start of ${numRows} users, ${numCols} items and ${factors} factors, ` +
        `got ${from.userFactors.length / from.numFactors}, ` +
        `${from.itemFactors.length / from.numFactors} and ${from.numFactors}`,
    );
  }
  if (!from.userFactors.every(Number.isFinite) || !from.itemFactors.every(Number.isFinite)) {
    throw new RangeError('als: expected a warm start of finite numbers, got others');
  }
  return {
    numFactors: factors,
    userFactors: from.userFactors.slice(),
    itemFactors: from.itemFactors.slice(),
  };
}

/**
 * Confidences beyond this are refused: single precision, in which the factors are, cannot hold
 * what their products come to.
 */
const maxConfidence = 1e9;

/** @throws RangeError naming the first value that is below 0, no number, or too large */
export function checkValues({ values }: Interactions, alpha: number): void {
  for (const value of values) {
    if (!(value >= 0)) throw new RangeError(`als: expected values >= 0, got ${value}`);
    if (value * alpha > maxConfidence) {
      throw new RangeError(
        `als: expected values of at most ${maxConfidence / alpha}, ` +
          `${maxConfidence} over alpha, got ${value}`,
      );
    }
  }
}

/** @throws RangeError where training diverged */
export function checkFinite(factors: Float32Array, iteration: number): void {
  if (!factors.every(Number.isFinite)) diverged(iteration);
}

export function diverged(iteration: number): never {
  throw new RangeError(
    `als: training diverged in iteration ${iteration + 1}: a factor is no finite number; ` +
      'expected more regularization, or a smaller warm start',
  );
}
