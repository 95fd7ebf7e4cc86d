import { calibrationGain, countGenreIds, wishedGenres } from './calibration.ts';
import { countGenres, type ScoredCandidates } from './candidates.ts';

/**
 * What the genres of candidates are worth as a list grows, computed when it is asked for: gains of
 * whole tracks are sums over their **keys**, a key being a genre and the number of genres that the
 * track has. One object serves all lists in turn.
 */
export class GenreGains {
  #slots = 1;
  #wished = new Float64Array(0);
  /** By genre: what the list counts in it. */
  #listed = new Float64Array(0);
  /** [numGenres + 1 x slots] local number of the key, -1 where it is not in use. */
  #local = new Int32Array(0);
  /** [candidates x slots] by rank: local keys, and how many. */
  #keys = new Int32Array(0);
  #numKeys = new Uint8Array(0);
  /** By local key. */
  #genre = new Int32Array(0);
  #count = new Int32Array(0);
  #gain = new Float64Array(0);
  /** Length of the list for which `gain` was computed. */
  #computedAt = new Int32Array(0);
  #length = 0;

  /** Begins a list of the ranked candidates. */
  begin(
    candidates: ScoredCandidates,
    ranked: Int32Array,
    best: Int32Array,
    taste: Float32Array | undefined,
    exploration: number,
  ): void {
    const { genres, genresPerTrack } = candidates;
    const numGenres = countGenreIds(candidates, taste);
    const slots = Math.max(1, genresPerTrack);
    this.#makeRoom(numGenres + 1, ranked.length, slots);
    wishedGenres(candidates, best, taste, exploration, this.#wished);
    this.#listed.fill(0, 0, numGenres + 1);
    const local = this.#local.fill(-1, 0, (numGenres + 1) * slots);
    const keys = this.#keys;
    let numUsed = 0;
    for (let rank = 0; rank < ranked.length; rank++) {
      const first = ranked[rank]! * genresPerTrack;
      const count = countGenres(candidates, ranked[rank]!);
      const numKeys = count === 0 ? 1 : count;
      this.#numKeys[rank] = numKeys;
      for (let slot = 0; slot < numKeys; slot++) {
        const genre = count === 0 ? numGenres : genres[first + slot]!;
        const key = genre * slots + numKeys - 1;
        if (local[key] === -1) {
          this.#genre[numUsed] = genre;
          this.#count[numUsed] = numKeys;
          local[key] = numUsed++;
        }
        keys[rank * slots + slot] = local[key]!;
      }
    }
    this.#computedAt.fill(0, 0, numUsed);
    this.#length = 1;
  }

  /** Of the candidate of this rank. */
  of(rank: number): number {
    const first = rank * this.#slots;
    const last = first + this.#numKeys[rank]!;
    let sum = 0;
    for (let at = first; at < last; at++) sum += this.#gainOf(this.#keys[at]!);
    return sum;
  }

  /** Lists the candidate of this rank. */
  add(rank: number): void {
    const first = rank * this.#slots;
    const last = first + this.#numKeys[rank]!;
    for (let at = first; at < last; at++) {
      const key = this.#keys[at]!;
      this.#listed[this.#genre[key]!]! += 1 / this.#count[key]!;
    }
    this.#length++;
  }

  #gainOf(key: number): number {
    if (this.#computedAt[key] === this.#length) return this.#gain[key]!;
    const genre = this.#genre[key]!;
    const count = this.#count[key]!;
    const gain = calibrationGain(
      this.#wished[genre]!,
      this.#listed[genre]!,
      this.#length,
      1 / count,
    );
    this.#gain[key] = gain;
    this.#computedAt[key] = this.#length;
    return gain;
  }

  #makeRoom(numClasses: number, numRanked: number, slots: number): void {
    this.#slots = slots;
    if (this.#wished.length !== numClasses) this.#wished = new Float64Array(numClasses);
    if (this.#listed.length < numClasses) this.#listed = new Float64Array(2 * numClasses);
    if (this.#numKeys.length < numRanked) this.#numKeys = new Uint8Array(2 * numRanked);
    if (this.#keys.length < numRanked * slots) this.#keys = new Int32Array(2 * numRanked * slots);
    const numKeys = numClasses * slots;
    if (this.#local.length < numKeys) {
      this.#local = new Int32Array(2 * numKeys);
      this.#genre = new Int32Array(2 * numKeys);
      this.#count = new Int32Array(2 * numKeys);
      this.#gain = new Float64Array(2 * numKeys);
      this.#computedAt = new Int32Array(2 * numKeys);
    }
  }
}
