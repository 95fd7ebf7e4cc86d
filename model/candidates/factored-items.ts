import type { Factors } from './listener.ts';

/** Items that have factors, side by side in memory, and the inner products of all with a row. */
export class FactoredItems {
  /** The items' rows in their matrix, ascending; those of zero factors are left out. */
  readonly rows: Int32Array;
  readonly #numFactors: number;
  /** [rows.length x numFactors] row-major. */
  readonly #values: Float32Array;
  /** Used again for each listener. */
  readonly #scores: Float64Array;
  readonly #query: Float64Array;
  /** Place of each row of the matrix in `rows`, -1 where it is not among them. */
  readonly #place: Int32Array;
  #asked = false;

  constructor(factors: Factors, rows: Int32Array) {
    this.#numFactors = factors.numFactors;
    this.rows = rows.filter((row) => !isZero(factors, row));
    this.#values = new Float32Array(this.rows.length * this.#numFactors);
    this.#place = new Int32Array(factors.numRows).fill(-1);
    for (let n = 0; n < this.rows.length; n++) {
      const from = this.rows[n]! * this.#numFactors;
      const row = factors.values.subarray(from, from + this.#numFactors);
      this.#values.set(row, n * this.#numFactors);
      this.#place[this.rows[n]!] = n;
    }
    this.#scores = new Float64Array(this.rows.length);
    this.#query = new Float64Array(this.#numFactors);
  }

  /** In the order of `rows`, valid until the next call; undefined for a row of zero factors. */
  scores(factors: Factors, row: number): Float64Array | undefined {
    this.#asked = row < factors.numRows && !isZero(factors, row);
    if (!this.#asked) return undefined;
    const numFactors = this.#numFactors;
    const query = this.#query;
    const values = this.#values;
    const scores = this.#scores;
    const from = row * numFactors;
    query.set(factors.values.subarray(from, from + numFactors));
    let at = 0;
    for (let n = 0; n < scores.length; n++) {
      // Two sums, so that one addition need not wait for the other.
      let even = 0;
      let odd = 0;
      for (let f = 0; f + 1 < numFactors; f += 2) {
        even += query[f]! * values[at]!;
        odd += query[f + 1]! * values[at + 1]!;
        at += 2;
      }
      if (numFactors % 2 === 1) even += query[numFactors - 1]! * values[at++]!;
      scores[n] = even + odd;
    }
    return scores;
  }

  /** Of one row with the row that `scores` was asked for last; 0 for one without factors. */
  score(row: number): number {
    const place = this.#place[row] ?? -1;
    return this.#asked && place !== -1 ? this.#scores[place]! : 0;
  }
}

function isZero({ numFactors, values }: Factors, row: number): boolean {
  const from = row * numFactors;
  for (let f = from; f < from + numFactors; f++) if (values[f] !== 0) return false;
  return true;
}
