import type { SymmetricMatrix } from './inverse.ts';
import { WorkspacePlan, type Workspace } from './kernels/workspace.ts';
import type { Threads } from './recommend/recommender.ts';

/** Rows of a block, as in `model/kernels/assembly/sweep.ts`. */
const side = 64;
const blockCells = side * side;
const blockBytes = blockCells * Float64Array.BYTES_PER_ELEMENT;

/** Below this size, threads cost more than they give. */
const defaultThreadsFrom = 1000;

export interface InverseMeans {
  /** Without them all is done on the calling thread. */
  readonly threads?: Threads | undefined;
  /** Size from which threads are taken. Default 1,000. */
  readonly threadsFrom?: number;
}

/**
 * `PackedMatrix` on the WebAssembly kernels and threads: blocks of 64 rows are swept at a time, so
 * that nearly all of the work is products of small blocks. The number of threads does not show in
 * the bytes. Memory: 4 bytes times the square of the size, shared.
 */
export class BlockedMatrix implements SymmetricMatrix {
  readonly size: number;
  readonly #numBlocks: number;
  readonly #workspace: Workspace;
  readonly #counter: number;
  readonly #blocks: number;
  readonly #left: number;
  readonly #right: number;
  readonly #cells: Float64Array;

  /**
   * @param size - 1 or more; all 0 at first
   * @throws RangeError where it does not fit into 4 GiB: beyond 32,000
   */
  constructor(
    size: number,
    kernels: WebAssembly.Module,
    { threads, threadsFrom = defaultThreadsFrom }: InverseMeans = {},
  ) {
    const numBlocks = Math.ceil(size / side);
    const numStored = (numBlocks * (numBlocks + 1)) / 2;
    const plan = new WorkspacePlan();
    this.size = size;
    this.#numBlocks = numBlocks;
    this.#counter = plan.place(8);
    this.#blocks = plan.place(numStored * blockBytes);
    this.#left = plan.place(numBlocks * blockBytes);
    this.#right = plan.place(numBlocks * blockBytes);
    this.#workspace = plan.open(kernels, size < threadsFrom ? undefined : threads, 'inverse');
    this.#cells = this.#workspace.float64(this.#blocks, numStored * blockCells);
  }

  add(i: number, j: number, value: number): void {
    this.#cells[this.#at(i, j)]! += value;
    // Diagonal blocks are kept whole.
    if (i !== j && Math.floor(i / side) === Math.floor(j / side)) {
      this.#cells[this.#at(j, i)]! += value;
    }
  }

  async invert(least: number, signal?: AbortSignal): Promise<boolean> {
    // What fills up the last block stands by itself.
    for (let i = this.size; i < this.#numBlocks * side; i++) this.#cells[this.#at(i, i)] = least;
    const panels = [this.#left, this.#right] as const;
    for (let pivot = 0; pivot < this.#numBlocks; pivot++) {
      signal?.throwIfAborted();
      if (this.#workspace.call('sweepPivot', this.#blocks, pivot, least / 2) === 0) return false;
      const args = [this.#blocks, this.#numBlocks, pivot, ...panels] as const;
      await this.#workspace.share('sweepPanel', this.#counter, ...args);
      await this.#workspace.share('sweepRest', this.#counter, ...args);
    }
    return true;
  }

  inverse(i: number, j: number): number {
    return -this.#cells[this.#at(i, j)]!;
  }

  close(): void {
    this.#workspace.close();
  }

  #at(i: number, j: number): number {
    const [row, column] = [Math.floor(i / side), Math.floor(j / side)];
    const block = (row * (row + 1)) / 2 + column;
    return block * blockCells + (i % side) * side + (j % side);
  }
}
