import { countGenres, type ScoredCandidates } from './candidates.ts';

/** Smoothing of a list's shares by the wished ones, so that no logarithm is of 0 (Steck's alpha). */
const smoothing = 0.01;

/**
 * How much closer to the wished proportions a list comes by one more track; calibrated
 * recommendation (Steck, RecSys 2018). With p the wished and q the listed shares, a list is off by
 *
 *     KL(p || q') = sum over classes of p log(p / q'),   q' = (1 - a) q + a p,   a = 0.01
 *
 * A track of m classes counts 1/m in each. The gain is K times what the track takes off the
 * divergence, K the length of the list with it: near p / q for the track's class, at every length.
 * It falls as more of the class is listed, and grows no faster than K.
 *
 * @param wish - p of one class of the track
 * @param listed - what the tracks listed so far count in the class
 * @param length - K
 * @param weight - 1/m; the gain of a track is the sum over its classes
 */
export function calibrationGain(
  wish: number,
  listed: number,
  length: number,
  weight: number,
): number {
  if (wish === 0) return 0;
  const floor = smoothing * wish;
  const before = ((1 - smoothing) * listed) / length + floor;
  return length * wish * Math.log1p(((1 - smoothing) * weight) / (length * before));
}

/** Genres that candidates or a taste have: one more than the greatest id. */
export function countGenreIds(
  { genres, genresPerTrack, size }: ScoredCandidates,
  taste: Float32Array | undefined,
): number {
  let numGenres = taste?.length ?? 0;
  for (let at = 0; at < size * genresPerTrack; at++) {
    if (genres[at]! >= numGenres) numGenres = genres[at]! + 1;
  }
  return numGenres;
}

/**
 * The genres wished for: `1 - exploration` the listener's taste, the rest as on offer among the
 * best candidates (Steck's prior p0); all as on offer where no taste is known. The last class
 * stands for tracks without a genre, wished for as often as they are on offer.
 *
 * @param best - positions, the best first
 * @param wished - [numGenres + 1] that is written
 */
export function wishedGenres(
  candidates: ScoredCandidates,
  best: Int32Array,
  taste: Float32Array | undefined,
  exploration: number,
  wished: Float64Array,
): void {
  const { genres, genresPerTrack } = candidates;
  const numGenres = wished.length - 1;
  wished.fill(0);
  let described = 0;
  for (let n = 0; n < best.length; n++) {
    const count = countGenres(candidates, best[n]!);
    if (count === 0) continue;
    described++;
    const first = best[n]! * genresPerTrack;
    for (let at = first; at < first + count; at++) wished[genres[at]!]! += 1 / count;
  }
  const numTastes = taste?.length ?? 0;
  let total = 0;
  for (let genre = 0; genre < numTastes; genre++) total += taste![genre]!;
  const share = described / Math.max(1, best.length);
  const offered = (total > 0 ? exploration : 1) / Math.max(1, best.length);
  for (let genre = 0; genre < numGenres; genre++) {
    const liked = total > 0 && genre < numTastes ? taste![genre]! : 0;
    const own = liked === 0 ? 0 : ((1 - exploration) * share * liked) / total;
    wished[genre] = offered * wished[genre]! + own;
  }
  wished[numGenres] = 1 - share;
}
