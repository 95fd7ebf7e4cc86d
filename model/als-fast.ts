import type { z } from 'zod';
import {
  AlsKernels,
  placeFactors,
  placeRows,
  writeRows,
  type PlacedFactors,
  type PlacedRows,
} from './als-kernels.ts';
import {
  alsLoss,
  alsOptions,
  checkFinite,
  checkValues,
  copyOf,
  diverged,
  drawFactors,
  factorize,
  type AlsOptions,
  type Factors,
  type FactorizeHooks,
} from './als.ts';
import { transpose, type Interactions } from './interactions.ts';
import { WorkspacePlan } from './kernels/workspace.ts';
import type { Threads } from './recommend/recommender.ts';

export interface FastMeans {
  /** The compiled kernels; without them the readable solver does the work. */
  readonly kernels?: WebAssembly.Module;
  /** Without them all is done on the calling thread. */
  readonly threads?: Threads;
  /**
   * Floating-point operations, of the training as a whole, from which threads are taken: below,
   * they cost more than they give. Default 4e9, a quarter of a second.
   */
  readonly threadsFrom?: number;
  /** Looked at between iterations. */
  readonly signal?: AbortSignal;
}

/**
 * `factorize`, on the WebAssembly kernels and threads where they are given and the solver is `cg`:
 * the same options, the same minimized sum, to within rounding the same minimum. The number of
 * threads does not show in the bytes. Needs shared memory for the matrix in both orders and the
 * factors, and a copy of the factors at the end.
 *
 * @throws as `factorize`, and RangeError where it needs more than 4 GiB of shared memory
 */
export async function factorizeFast(
  userItems: Interactions,
  options: z.input<typeof alsOptions> = {},
  { kernels, threads, threadsFrom = 4e9, signal }: FastMeans = {},
  { warmStart, onIteration }: FactorizeHooks = {},
): Promise<Factors> {
  const parsed = alsOptions.parse(options);
  if (kernels === undefined || parsed.solver !== 'cg') {
    return factorize(userItems, parsed, {
      ...(warmStart === undefined ? {} : { warmStart }),
      onIteration(iteration, loss) {
        signal?.throwIfAborted();
        onIteration?.(iteration, loss);
      },
    });
  }
  checkValues(userItems, parsed.alpha);
  const begin = warmStart === undefined ? undefined : copyOf(warmStart, userItems, parsed);
  const training = new Training(
    userItems,
    parsed,
    begin,
    kernels,
    flopsOf(userItems, parsed) < threadsFrom ? undefined : threads,
  );
  try {
    for (let iteration = 0; iteration < parsed.iterations; iteration++) {
      signal?.throwIfAborted();
      await training.iterate(iteration);
      onIteration?.(iteration, () => alsLoss(userItems, training.factors(), parsed));
    }
    const found = training.factors();
    checkFinite(found.itemFactors, parsed.iterations - 1);
    return found;
  } finally {
    training.close();
  }
}

class Training {
  readonly #als: AlsKernels;
  readonly #options: AlsOptions;
  readonly #users: Side;
  readonly #items: Side;

  constructor(
    userItems: Interactions,
    options: AlsOptions,
    begin: Factors | undefined,
    kernels: WebAssembly.Module,
    threads: Threads | undefined,
  ) {
    const { numRows, numCols } = userItems;
    const { factors } = options;
    const plan = new WorkspacePlan();
    const place = (count: number): Side => ({
      factors: placeFactors(plan, count, factors),
      stored: placeRows(plan, count, userItems.indices.length),
    });
    this.#options = options;
    this.#users = place(numRows);
    this.#items = place(numCols);
    this.#als = new AlsKernels(plan, factors, kernels, threads);
    writeRows(this.#als.workspace, this.#users.stored, userItems);
    writeRows(this.#als.workspace, this.#items.stored, transpose(userItems));
    if (begin === undefined) {
      const { width } = this.#als;
      drawFactors(this.#als.view(this.#items.factors), width, factors, options.seed);
    } else {
      this.#als.write(this.#users.factors, begin.userFactors);
      this.#als.write(this.#items.factors, begin.itemFactors);
    }
  }

  async iterate(iteration: number): Promise<void> {
    await this.#halfStep(this.#users, this.#items, iteration);
    await this.#halfStep(this.#items, this.#users, iteration);
  }

  async #halfStep(rows: Side, cols: Side, iteration: number): Promise<void> {
    const { cgSteps = 2 } = this.#options;
    if (!(await this.#als.diagonalize(cols.factors))) diverged(iteration);
    await this.#als.solve(rows.factors, rows.stored, cols.factors, this.#options, cgSteps, true);
  }

  close(): void {
    this.#als.workspace.close();
  }

  factors(): Factors {
    return {
      numFactors: this.#options.factors,
      userFactors: this.#als.read(this.#users.factors),
      itemFactors: this.#als.read(this.#items.factors),
    };
  }
}

interface Side {
  readonly factors: PlacedFactors;
  readonly stored: PlacedRows;
}

/** About how many floating-point operations training takes. */
function flopsOf({ numRows, numCols, indices }: Interactions, options: AlsOptions): number {
  const { factors, iterations, cgSteps = 2 } = options;
  const rows = (numRows + numCols) * 5 * factors ** 2;
  return iterations * (rows + 2 * indices.length * 4 * factors * (cgSteps + 1));
}
