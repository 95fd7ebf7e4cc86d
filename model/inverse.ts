/**
 * A symmetric positive definite matrix that is filled, then inverted in place.
 *
 * Inverted by sweeps (Goodnight: A Tutorial on the SWEEP Operator, 1979), which keep it symmetric:
 * with d = a_kk, a sweep of row and column k makes
 *
 *     a_ij - a_ik a_kj / d  of  a_ij,    a_ik / d  of  a_ik,    -1 / d  of  a_kk
 *
 * and when each k has had its sweep, -A^-1 is left. That takes size^3 / 2 multiplications. d is what
 * a Cholesky factorization divides by too, so it is never below the least eigenvalue of A.
 */
export interface SymmetricMatrix {
  readonly size: number;
  /** Adds to cells (i, j) and (j, i); j <= i. */
  add(i: number, j: number, value: number): void;
  /**
   * Makes it its inverse.
   *
   * @param least - what A's least eigenvalue is at least, above 0
   * @returns false, and then what it holds means nothing, where double precision does not tell A
   *   from a singular matrix (a pivot below half of `least`) or is exceeded
   */
  invert(least: number, signal?: AbortSignal): boolean | Promise<boolean>;
  /** Cell (i, j) of the inverse, j <= i. */
  inverse(i: number, j: number): number;
  /** Gives the memory back; nothing is asked of it from then on. */
  close(): void;
}

/** The readable one. Memory: 4 bytes times the square of the size. */
export class PackedMatrix implements SymmetricMatrix {
  readonly size: number;
  /** [size x (size + 1) / 2], the lower triangle, row by row. */
  readonly #cells: Float64Array;

  /** @param size - 1 or more; all 0 at first */
  constructor(size: number) {
    this.size = size;
    this.#cells = new Float64Array(this.#at(size, 0));
  }

  add(i: number, j: number, value: number): void {
    this.#cells[this.#at(i, j)]! += value;
  }

  invert(least: number, signal?: AbortSignal): boolean {
    const { size } = this;
    const cells = this.#cells;
    const column = new Float64Array(size);
    for (let k = 0; k < size; k++) {
      signal?.throwIfAborted();
      const pivot = cells[this.#at(k, k)]!;
      if (!(pivot >= least / 2) || pivot === Infinity) return false;
      for (let i = 0; i < size; i++) column[i] = cells[this.#at(Math.max(i, k), Math.min(i, k))]!;
      column[k] = 0;
      for (let i = 0; i < size; i++) {
        const factor = column[i]! / pivot;
        if (factor === 0) continue;
        const row = this.#at(i, 0);
        for (let j = 0; j <= i; j++) cells[row + j]! -= factor * column[j]!;
      }
      for (let i = 0; i < size; i++) {
        cells[this.#at(Math.max(i, k), Math.min(i, k))] = column[i]! / pivot;
      }
      cells[this.#at(k, k)] = -1 / pivot;
    }
    return true;
  }

  inverse(i: number, j: number): number {
    return -this.#cells[this.#at(i, j)]!;
  }

  close(): void {
    // Its memory is ordinary.
  }

  #at(i: number, j: number): number {
    return (i * (i + 1)) / 2 + j;
  }
}
