import type { Ragged } from './listener.ts';

/** What `slot` may hold; beyond it is emptied. */
const greatest = 2 ** 31 - 1;

/**
 * Sums over some of many indices. What was touched lies side by side, so that the next sum begins
 * without looking at this one, and the memory that is in use is small whatever `size` is.
 */
export class Accumulator {
  /** How many indices were touched; their places are 0 .. numTouched - 1. */
  numTouched = 0;
  /** [numTouched and more] by place: the index, and its sum. */
  touched: Int32Array;
  sums: Float64Array;
  /** By place: what added most, and how much. */
  #because: Int32Array;
  #most: Float64Array;
  /** [size] place of each index, counted from `#from`; what is below was of a sum before. */
  readonly #slot: Int32Array;
  #from = 0;

  constructor(size: number) {
    this.#slot = new Int32Array(size).fill(-1);
    this.touched = new Int32Array(1024);
    this.sums = new Float64Array(1024);
    this.#because = new Int32Array(1024);
    this.#most = new Float64Array(1024);
  }

  /** 0 of what was not touched. */
  valueOf(index: number): number {
    const place = this.#slot[index]! - this.#from;
    return place < 0 ? 0 : this.sums[place]!;
  }

  /** What added most to it; -1 for what was not touched. */
  because(index: number): number {
    const place = this.#slot[index]! - this.#from;
    return place < 0 ? -1 : this.#because[place]!;
  }

  /** Adds log(1 + confidence) x value of the neighbours of some rows; of what adds as much the first counts. */
  addNeighbours(of: Int32Array, confidence: Float32Array, neighbours: Ragged): void {
    const { start, indices, values } = neighbours;
    const slot = this.#slot;
    const from = this.#from;
    let numTouched = this.numTouched;
    for (let h = 0; h < of.length; h++) {
      const row = of[h]!;
      const weight = Math.log1p(confidence[h]!);
      const last = start[row + 1]!;
      this.#makeRoom(numTouched + last - start[row]!);
      const { touched, sums } = this;
      const because = this.#because;
      const most = this.#most;
      for (let n = start[row]!; n < last; n++) {
        const part = weight * values[n]!;
        if (!(part > 0)) continue; // what adds nothing is not touched
        const neighbour = indices[n]!;
        const place = slot[neighbour]! - from;
        if (place < 0) {
          slot[neighbour] = from + numTouched;
          touched[numTouched] = neighbour;
          sums[numTouched] = part;
          most[numTouched] = part;
          because[numTouched] = row;
          numTouched++;
          continue;
        }
        sums[place]! += part;
        if (part > most[place]!) {
          most[place] = part;
          because[place] = row;
        }
      }
    }
    this.numTouched = numTouched;
  }

  clear(): void {
    this.#from += this.numTouched;
    this.numTouched = 0;
    if (this.#from > greatest - this.#slot.length) {
      this.#slot.fill(-1);
      this.#from = 0;
    }
  }

  #makeRoom(places: number): void {
    if (places <= this.touched.length) return;
    const larger = <Values extends Int32Array | Float64Array>(values: Values): Values => {
      const next = new (values.constructor as new (length: number) => Values)(2 * places);
      next.set(values);
      return next;
    };
    this.touched = larger(this.touched);
    this.sums = larger(this.sums);
    this.#because = larger(this.#because);
    this.#most = larger(this.#most);
  }
}
