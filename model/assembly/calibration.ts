import { countGenres, type ScoredCandidates } from './candidates.ts';

/** Smoothing of a list's shares by the wished ones, so that no logarithm is of 0 (Steck's alpha). */
const smoothing = 0.01;

/**
 * How much closer to the wished proportions a list comes by one more track; calibrated
 * recommendation (Steck, RecSys 2018). With p the wished and q the listed shares, a list is off by
 *
 *     KL(p || q') = sum over classes of p log(p / q'),   q' = (1 - a) q + a p,   a = 0.01
 *
 * A track of m genres counts 1/m in each. `gain` is K times what the track takes off the
 * divergence, K the length of the list with it: near p / q for the track's class, at every length.
 */
export class Calibration {
  readonly #wished: Float64Array;
  readonly #listed: Float64Array;
  #length = 0;

  /** @param wished - [numClasses] shares that sum to 1 */
  constructor(wished: Float64Array) {
    this.#wished = wished;
    this.#listed = new Float64Array(wished.length);
  }

  /** Of a track that has the class with this weight; sums over the classes of a track. */
  gain(ofClass: number, weight: number): number {
    const wish = this.#wished[ofClass]!;
    if (wish === 0) return 0;
    const length = this.#length + 1;
    const floor = smoothing * wish;
    const before = ((1 - smoothing) * this.#listed[ofClass]!) / length + floor;
    return length * wish * Math.log1p(((1 - smoothing) * weight) / (length * before));
  }

  add(ofClass: number, weight: number): void {
    this.#listed[ofClass]! += weight;
  }

  /** Ends the adding of a track's classes. */
  next(): void {
    this.#length++;
  }
}

/**
 * The genres wished for: `1 - exploration` the listener's taste, the rest as on offer among the
 * best candidates (Steck's prior p0); all as on offer where no taste is known. The last class
 * stands for tracks without a genre, wished for as often as they are on offer.
 *
 * @param best - positions, the best first
 * @returns [numGenres + 1]
 */
export function wishedGenres(
  candidates: ScoredCandidates,
  best: Int32Array,
  taste: Float32Array | undefined,
  exploration: number,
): Float64Array {
  const { genres, genresPerTrack, size } = candidates;
  let numGenres = taste?.length ?? 0;
  for (let at = 0; at < size * genresPerTrack; at++) {
    if (genres[at]! >= numGenres) numGenres = genres[at]! + 1;
  }
  const wished = new Float64Array(numGenres + 1);
  let described = 0;
  for (const position of best) {
    const count = countGenres(candidates, position);
    if (count > 0) described++;
    const first = position * genresPerTrack;
    for (let at = first; at < first + count; at++) wished[genres[at]!]! += 1 / count;
  }
  let total = 0;
  for (let genre = 0; genre < (taste?.length ?? 0); genre++) total += taste![genre]!;
  const share = described / Math.max(1, best.length);
  const offered = (total > 0 ? exploration : 1) / Math.max(1, best.length);
  for (let genre = 0; genre < numGenres; genre++) {
    const own = total > 0 ? ((1 - exploration) * share * (taste![genre] ?? 0)) / total : 0;
    wished[genre] = offered * wished[genre]! + own;
  }
  wished[numGenres] = 1 - share;
  return wished;
}
