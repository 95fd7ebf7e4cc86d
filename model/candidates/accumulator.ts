import type { Ragged } from './listener.ts';

/** A dense sum that is emptied in time proportional to what was touched. */
export class Accumulator {
  readonly value: Float64Array;
  /** What added most to each. */
  readonly because: Int32Array;
  readonly #most: Float64Array;
  touched: number[] = [];

  constructor(size: number) {
    this.value = new Float64Array(size);
    this.because = new Int32Array(size).fill(-1);
    this.#most = new Float64Array(size);
  }

  addNeighbours(of: Int32Array, confidence: Float32Array, neighbours: Ragged): void {
    for (let h = 0; h < of.length; h++) {
      const row = of[h]!;
      const weight = Math.log1p(confidence[h]!);
      for (let n = neighbours.start[row]!; n < neighbours.start[row + 1]!; n++) {
        const neighbour = neighbours.indices[n]!;
        const part = weight * neighbours.values[n]!;
        if (part <= 0) continue; // what adds nothing is not touched
        if (this.value[neighbour] === 0) this.touched.push(neighbour);
        this.value[neighbour]! += part;
        if (part > this.#most[neighbour]!) {
          this.#most[neighbour] = part;
          this.because[neighbour] = row;
        }
      }
    }
  }

  clear(): void {
    for (const index of this.touched) {
      this.value[index] = 0;
      this.#most[index] = 0;
      this.because[index] = -1;
    }
    this.touched = [];
  }
}
