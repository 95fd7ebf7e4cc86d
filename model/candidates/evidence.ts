import type { Factors, Listener } from './listener.ts';
import { numSources, sourceNames, type CandidatePool, type SourceName } from './pool.ts';

/**
 * Which source's word counts where several offered a track and ranked it alike: the one whose
 * evidence says most to a listener comes first. Popularity speaks only where nobody else does.
 */
const eloquence: readonly SourceName[] = ['playlists', 'text', 'artists', 'factors', 'audio'];
const eloquent = Int32Array.from(eloquence, (name) => sourceNames.indexOf(name));
const popularity = sourceNames.indexOf('popularity');

/** The source that speaks for candidate `c`: of those that offered it, the one that ranked it best. */
export function speakingSource(pool: CandidatePool, c: number): number {
  let best = popularity;
  let bestRank = Infinity;
  for (let n = 0; n < eloquent.length; n++) {
    const source = eloquent[n]!;
    const rank = pool.rank[c * numSources + source]!;
    if (rank > 0 && rank < bestRank) {
      best = source;
      bestRank = rank;
    }
  }
  return best;
}

/**
 * Which of the rows a listener has played is most alike to another row: the greatest
 * log(1 + confidence) x cosine of their factors. Of equal ones the first.
 *
 * @param played - rows, with the confidence of each
 * @returns -1 where none has factors, or none is alike at all
 */
export function mostAlike(
  factors: Factors,
  row: number,
  played: Listener['tracks'],
  confidence: Listener['trackConfidence'],
): number {
  const { numFactors, values } = factors;
  let best = -1;
  let bestScore = 0;
  for (let n = 0; n < played.length; n++) {
    const other = played[n]! * numFactors;
    let product = 0;
    let square = 0;
    for (let f = 0; f < numFactors; f++) {
      const value = values[other + f]!;
      product += value * values[row * numFactors + f]!;
      square += value * value;
    }
    if (square === 0) continue;
    const score = (Math.log1p(confidence[n]!) * product) / Math.sqrt(square);
    if (score > bestScore) {
      bestScore = score;
      best = played[n]!;
    }
  }
  return best;
}

/** `mostAlike` for many rows of many listeners in turn. */
export class Likeness {
  readonly #factors: Factors;
  /** [numRows] lengths of the rows. */
  readonly #lengths: Float64Array;
  #played: Int32Array = new Int32Array(0);
  /** [played] log(1 + confidence), and the rows' factors [played x numFactors] side by side. */
  #weights = new Float64Array(0);
  #values = new Float64Array(0);
  readonly #row: Float64Array;

  constructor(factors: Factors) {
    const { numRows, numFactors, values } = factors;
    this.#factors = factors;
    this.#row = new Float64Array(numFactors);
    this.#lengths = new Float64Array(numRows);
    for (let row = 0; row < numRows; row++) {
      let square = 0;
      for (let f = row * numFactors; f < (row + 1) * numFactors; f++) {
        square += values[f]! * values[f]!;
      }
      this.#lengths[row] = Math.sqrt(square);
    }
  }

  /** The rows that the next listener has played, with the confidence of each. */
  begin(played: Listener['tracks'], confidence: Listener['trackConfidence']): void {
    const { numFactors, values } = this.#factors;
    // Four rows at a time; those that fill up the last four are zero.
    const room = 4 * Math.ceil(played.length / 4);
    if (this.#weights.length < room) {
      this.#weights = new Float64Array(2 * room);
      this.#values = new Float64Array(2 * room * numFactors);
    }
    this.#played = played;
    this.#values.fill(0, played.length * numFactors, room * numFactors);
    for (let n = 0; n < played.length; n++) {
      this.#weights[n] = Math.log1p(confidence[n]!);
      const from = played[n]! * numFactors;
      for (let f = 0; f < numFactors; f++) this.#values[n * numFactors + f] = values[from + f]!;
    }
  }

  /** Which of them is most alike to a row: see `mostAlike`. */
  mostAlike(row: number): number {
    const { numFactors, values } = this.#factors;
    const asked = this.#row;
    for (let f = 0; f < numFactors; f++) asked[f] = values[row * numFactors + f]!;
    const played = this.#values;
    let best = -1;
    let bestScore = 0;
    for (let n = 0; n < this.#played.length; n += 4) {
      const one = n * numFactors;
      const two = one + numFactors;
      const three = two + numFactors;
      const four = three + numFactors;
      // Four sums, so that one addition need not wait for the other.
      let first = 0;
      let second = 0;
      let third = 0;
      let fourth = 0;
      for (let f = 0; f < numFactors; f++) {
        const value = asked[f]!;
        first += played[one + f]! * value;
        second += played[two + f]! * value;
        third += played[three + f]! * value;
        fourth += played[four + f]! * value;
      }
      for (let m = n; m < n + 4 && m < this.#played.length; m++) {
        const product = m === n ? first : m === n + 1 ? second : m === n + 2 ? third : fourth;
        if (product <= 0) continue;
        const score = (this.#weights[m]! * product) / this.#lengths[this.#played[m]!]!;
        if (score > bestScore) {
          bestScore = score;
          best = this.#played[m]!;
        }
      }
    }
    return best;
  }
}
