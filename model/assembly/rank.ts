import type { AssemblyConstraints, ScoredCandidates } from './candidates.ts';

/** More candidates than this do not fit a double beside their score. */
const mostCandidates = 2 ** 21;

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** Ranks candidates, again and again in the same memory. */
export class Ranking {
  #keys = new Float64Array(0);
  #ranked = new Int32Array(0);

  /**
   * Positions that are not excluded, best score first, ties by track, then by position; a view,
   * valid until the next call.
   *
   * @throws RangeError for a score that is not finite, and for 2^21 candidates and more
   */
  of(candidates: ScoredCandidates, constraints: AssemblyConstraints): Int32Array {
    const { size, score, work } = candidates;
    const { excludedWorks, excluded } = constraints;
    if (size >= mostCandidates) {
      throw new RangeError(`candidates: expected fewer than ${mostCandidates}, got ${size}`);
    }
    if (this.#keys.length < size) {
      this.#keys = new Float64Array(2 * size);
      this.#ranked = new Int32Array(2 * size);
    }
    const keys = this.#keys;
    let count = 0;
    for (let position = 0; position < size; position++) {
      const value = score[position]!;
      if (!Number.isFinite(value)) {
        throw new RangeError(
          `candidates: expected the score of position ${position} to be finite, got ${value}`,
        );
      }
      if (excluded !== undefined && excluded[position] !== 0) continue;
      if (excludedWorks?.has(work[position]!) === true) continue;
      // Score and position in one number: sorting numbers needs no function to compare them.
      keys[count++] = descending(value) * size + position;
    }
    keys.subarray(0, count).sort();
    const ranked = this.#ranked.subarray(0, count);
    for (let rank = 0; rank < count; rank++) ranked[rank] = keys[rank]! % size;
    settleTies(candidates, ranked);
    return ranked;
  }
}

/** A whole number of 32 bits that falls as the score rises; of 0 and -0 the same. */
function descending(score: number): number {
  float[0] = score + 0; // -0 + 0 is 0
  const word = bits[0]!;
  return word >= 0x80000000 ? word : 0x7fffffff - word;
}

/** Brings equal scores, which are side by side in the order of positions, into that of tracks. */
function settleTies({ score, track }: ScoredCandidates, ranked: Int32Array): void {
  for (let rank = 1; rank < ranked.length; rank++) {
    const position = ranked[rank]!;
    let to = rank;
    for (; to > 0; to--) {
      const before = ranked[to - 1]!;
      if (score[before] !== score[position] || track[before]! <= track[position]!) break;
      ranked[to] = before;
    }
    ranked[to] = position;
  }
}
