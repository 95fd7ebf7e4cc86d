import type { Interactions } from './interactions.ts';
import type { WorkspacePlan } from './kernels/workspace.ts';
import { type Workspace } from './kernels/workspace.ts';
import type { Threads } from './recommend/recommender.ts';
import type { Weighting } from './solver.ts';

/**
 * Factors of one side of the matrix in shared memory: [count x width], row-major, `count` rounded
 * up to fours and `width` to eights; what is added is zero and stays zero.
 */
export interface PlacedFactors {
  readonly count: number;
  readonly at: number;
}

/** Rows of a matrix in shared memory, in compressed sparse rows: see `Interactions`. */
export interface PlacedRows {
  readonly indptr: number;
  readonly indices: number;
  readonly values: number;
}

/** The Gramian is summed in so many slices, whatever the number of threads. */
const numSlices = 16;
/** Rows of scratch that a thread needs: `scratchBytes` of the kernels. */
const scratchRows = 40;
/** Relative size of an eigenvalue that single precision cannot tell from 0. */
const noise = 1e-6;

const float = Float32Array.BYTES_PER_ELEMENT;
const double = Float64Array.BYTES_PER_ELEMENT;

/**
 * The half-steps of ALS on the WebAssembly kernels. What the readable solver (`model/solver.ts`)
 * multiplies by the Gramian for every row and step, this does once for all rows:
 *
 * The minimized sum does not change when both sides are multiplied by one orthogonal matrix. So
 * before the rows are solved, rows and columns are brought to where the columns' Gramian is
 * diagonal: G = Q D Q', Y becomes Y Q, X becomes X Q. There G costs a step O(numFactors) instead
 * of O(numFactors^2), and (D + lambda_u)^-1, at hand, is an excellent preconditioner: two steps of
 * conjugate gradients reach a lower loss than three without it.
 *
 * In single precision, but for the Gramian. Each row is solved alone and the Gramian summed in a
 * fixed order: the number of threads does not show in the bytes.
 */
export class AlsKernels {
  readonly numFactors: number;
  /** `numFactors` to the next eight. */
  readonly width: number;
  readonly workspace: Workspace;
  readonly #counter: number;
  readonly #slices: number;
  readonly #vectors: number;
  readonly #eigenvalues: number;
  readonly #side: number;
  readonly #rotation: number;
  readonly #diagonal: number;
  readonly #scratch: number;

  /**
   * @param plan - what else lies in the workspace, which is opened with it
   * @throws RangeError where all does not fit into 4 GiB
   */
  constructor(
    plan: WorkspacePlan,
    numFactors: number,
    kernels: WebAssembly.Module,
    threads?: Threads,
  ) {
    const width = widthOf(numFactors);
    this.numFactors = numFactors;
    this.width = width;
    this.#counter = plan.place(8);
    this.#slices = plan.place(numSlices * width * width * double);
    this.#vectors = plan.place(width * width * double);
    this.#eigenvalues = plan.place(width * double);
    this.#side = plan.place(width * double);
    this.#rotation = plan.place(width * width * float);
    this.#diagonal = plan.place(width * float);
    this.#scratch = plan.place((threads?.size ?? 1) * scratchRows * width * float);
    this.workspace = plan.open(kernels, threads, 'als');
  }

  /**
   * Finds the space where the Gramian of these factors is diagonal, and brings them there. `solve`
   * brings the other side.
   *
   * @returns false where a factor is no finite number: nothing was changed then
   */
  async diagonalize({ at, count }: PlacedFactors): Promise<boolean> {
    const { width, workspace } = this;
    const numRows = padded(count);
    await workspace.share('gramian', this.#counter, at, numRows, width, this.#slices, numSlices);
    workspace.call('sumSlices', this.#slices, numSlices, width);
    const state = [this.#slices, width, this.#vectors, this.#eigenvalues, this.#side];
    if (workspace.call('eigen', ...state) !== 0) return false;
    const values = workspace.float64(this.#eigenvalues, width);
    if (!values.every(Number.isFinite)) return false;
    workspace.float32(this.#diagonal, width).set(values.map((value) => Math.max(value, 0)));
    this.#packRotation();
    const rest = [at, numRows, width, this.#rotation, this.#scratch];
    await workspace.share('rotate', this.#counter, ...rest);
    return true;
  }

  /** Eigenvectors in single precision, as the kernel `multiply` wants its right factor. */
  #packRotation(): void {
    const { width, workspace } = this;
    const vectors = workspace.float64(this.#vectors, width * width);
    const rotation = workspace.float32(this.#rotation, width * width);
    for (let f = 0; f < width; f++) {
      const tile = (f >> 3) * 8 * width + (f & 7);
      for (let k = 0; k < width; k++) rotation[tile + 8 * k] = vectors[f * width + k]!;
    }
  }

  /**
   * Steps each row towards its minimum, given the columns as the last `diagonalize` left them.
   *
   * @param rotates - whether the rows are first to be brought to the space of the columns
   */
  async solve(
    rows: PlacedFactors,
    stored: PlacedRows,
    cols: PlacedFactors,
    { alpha, regularization, regularizationScale }: Weighting,
    steps: number,
    rotates: boolean,
  ): Promise<void> {
    const { width, workspace } = this;
    const diagonal = workspace.float32(this.#diagonal, width);
    await workspace.share(
      'solve',
      this.#counter,
      rows.count,
      width,
      rows.at,
      cols.at,
      stored.indptr,
      stored.indices,
      stored.values,
      rotates ? this.#rotation : 0,
      this.#diagonal,
      Math.max(noise * diagonal.reduce((a, b) => Math.max(a, b), 0), Number.MIN_VALUE),
      regularization,
      regularizationScale === 'uniform' ? 0 : cols.count,
      alpha,
      steps,
      this.#scratch,
    );
  }

  /** Copies factors in. @param factors - [count x numFactors] */
  write({ at, count }: PlacedFactors, factors: Float32Array): void {
    const { numFactors, width, workspace } = this;
    const placed = workspace.float32(at, count * width);
    for (let row = 0; row < count; row++) {
      placed.set(factors.subarray(row * numFactors, (row + 1) * numFactors), row * width);
    }
  }

  /** The numbers themselves, with what is added: [count x width]. */
  view({ at, count }: PlacedFactors): Float32Array {
    return this.workspace.float32(at, count * this.width);
  }

  /** Copies factors out: [count x numFactors]. */
  read({ at, count }: PlacedFactors): Float32Array {
    const { numFactors, width, workspace } = this;
    const placed = workspace.float32(at, count * width);
    if (width === numFactors) return placed.slice();
    const factors = new Float32Array(count * numFactors);
    for (let row = 0; row < count; row++) {
      factors.set(placed.subarray(row * width, row * width + numFactors), row * numFactors);
    }
    return factors;
  }
}

/** Plans a place for factors. */
export function placeFactors(
  plan: WorkspacePlan,
  count: number,
  numFactors: number,
): PlacedFactors {
  return { count, at: plan.place(padded(count) * widthOf(numFactors) * float) };
}

/** Plans a place for rows that hold so much. */
export function placeRows(plan: WorkspacePlan, numRows: number, numStored: number): PlacedRows {
  return {
    indptr: plan.place((numRows + 1) * 4),
    indices: plan.place(numStored * 4),
    values: plan.place(numStored * float),
  };
}

/** Copies rows in; those planned may be longer. */
export function writeRows(workspace: Workspace, at: PlacedRows, rows: Interactions): void {
  workspace.uint32(at.indptr, rows.indptr.length).set(rows.indptr);
  workspace.uint32(at.indices, rows.indices.length).set(rows.indices);
  workspace.float32(at.values, rows.values.length).set(rows.values);
}

/** Factors in memory, with what is added: the next multiple of eight. */
export function widthOf(numFactors: number): number {
  return Math.ceil(numFactors / 8) * 8;
}

function padded(count: number): number {
  return Math.ceil(count / 4) * 4;
}
