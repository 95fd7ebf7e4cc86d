import type { ScoredCandidates } from './candidates.ts';

/** Step in a dimension that one of the two tracks does not have: about that of two at random. */
const unknownStep = 0.3;
/** What two tracks of one genre next to each other add to the step: breaks up runs where it is easy. */
const sameGenreStep = 0.15;
/** The same for two of one artist. */
const sameArtistStep = 1;
/** A change of the path must gain this much, so that the search ends whatever the rounding. */
const leastGain = 1e-9;

/**
 * The playing order of chosen tracks. The best scores come first, in bands: the very best, then
 * the others of the `opening` best, then as many, then one more each time (1, 2, 3, 4, 5, ... with
 * an opening of 3). So the order follows the scores closely where people surely listen, and ever
 * more loosely later on.
 *
 * Within a band each step is small: from the track before on the nearest follows (greedy), and the
 * path is improved by turning round stretches of it (2-opt, Croes 1958) until none helps.
 *
 * The step between two tracks is the mean difference of energy, valence and tempo (octaves count
 * as equal: 80 and 160 beats are the same pulse), and more for the same genre or artist.
 *
 * @param chosen - positions, each once
 * @returns the same positions
 */
export function orderTracks(
  candidates: ScoredCandidates,
  chosen: Int32Array,
  opening: number,
): Int32Array {
  const best = chosen.slice();
  sortByScore(candidates, best);
  const count = best.length;
  const bands = bandsOf(count, opening);
  const steps = stepsWithin(candidates, best, bands);
  const path = new Int32Array(count);
  for (let at = 0; at < count; at++) path[at] = at;
  for (const { from, to } of bands) {
    for (let at = from; at < to; at++) {
      const last = path[at - 1]! * count;
      let nearest = at;
      let least = steps[last + path[at]!]!;
      for (let other = at + 1; other < to; other++) {
        const step = steps[last + path[other]!]!;
        if (step < least || (step === least && path[other]! < path[nearest]!)) {
          nearest = other;
          least = step;
        }
      }
      const first = path[at]!;
      path[at] = path[nearest]!;
      path[nearest] = first;
    }
    shorten(path, steps, count, from, to);
  }
  for (let at = 0; at < count; at++) path[at] = best[path[at]!]!;
  return path;
}

/** Best first, ties by track, then by position. The few tracks of a list: by insertion. */
function sortByScore({ score, track }: ScoredCandidates, positions: Int32Array): void {
  for (let at = 1; at < positions.length; at++) {
    const position = positions[at]!;
    const value = score[position]!;
    let to = at;
    for (; to > 0; to--) {
      const before = positions[to - 1]!;
      const other = score[before]!;
      if (other > value) break;
      if (other === value) {
        if (track[before]! < track[position]!) break;
        if (track[before] === track[position] && before < position) break;
      }
      positions[to] = before;
    }
    positions[to] = position;
  }
}

export interface Band {
  readonly from: number;
  readonly to: number;
}

/**
 * The bands after the first track, places `from` to `to` (exclusive): together with it they
 * partition the list.
 */
export function bandsOf(count: number, opening: number): Band[] {
  const bands: Band[] = [];
  let width = opening - 1;
  for (let from = 1; from < count; width++) {
    if (width === 0) continue;
    const to = Math.min(count, from + width);
    bands.push({ from, to });
    from = to;
  }
  return bands;
}

/**
 * [count x count] steps between the tracks, symmetric, row-major; 0 for two that can not follow
 * each other, being neither of one band nor of two in a row.
 */
function stepsWithin(
  candidates: ScoredCandidates,
  positions: Int32Array,
  bands: readonly Band[],
): Float64Array {
  const { energy, valence, tempo, artist } = candidates;
  const count = positions.length;
  const steps = new Float64Array(count * count);
  const octave = new Float64Array(count);
  const genreMask = new Int32Array(count);
  for (let at = 0; at < count; at++) {
    octave[at] = Math.log2(tempo[positions[at]!]!);
    genreMask[at] = genreMaskOf(candidates, positions[at]!);
  }
  let before = 0; // where the band before begins
  for (const { from, to } of bands) {
    for (let a = from; a < to; a++) {
      const one = positions[a]!;
      for (let b = before; b < a; b++) {
        const other = positions[b]!;
        const beat = octave[a]! - octave[b]!;
        let step =
          (known(Math.abs(energy[one]! - energy[other]!)) +
            known(Math.abs(valence[one]! - valence[other]!)) +
            known(2 * Math.abs(beat - Math.round(beat)))) /
          3;
        if ((genreMask[a]! & genreMask[b]!) !== 0 && shareGenre(candidates, one, other)) {
          step += sameGenreStep;
        }
        if (artist[one] === artist[other]) step += sameArtistStep;
        steps[a * count + b] = step;
        steps[b * count + a] = step;
      }
    }
    before = from;
  }
  return steps;
}

/** NaN and infinities are not known: of neither is the difference with itself 0. */
function known(step: number): number {
  return step - step === 0 ? step : unknownStep;
}

/** Tracks that share a genre share a bit; the reverse need not hold. */
function genreMaskOf({ genres, genresPerTrack }: ScoredCandidates, position: number): number {
  const first = position * genresPerTrack;
  let mask = 0;
  for (let at = first; at < first + genresPerTrack && genres[at]! >= 0; at++) {
    mask |= 1 << (genres[at]! & 31);
  }
  return mask;
}

function shareGenre(
  { genres, genresPerTrack }: ScoredCandidates,
  one: number,
  other: number,
): boolean {
  const first = one * genresPerTrack;
  const second = other * genresPerTrack;
  for (let at = first; at < first + genresPerTrack && genres[at]! >= 0; at++) {
    for (let of = second; of < second + genresPerTrack; of++) {
      if (genres[of] === genres[at]) return true;
    }
  }
  return false;
}

/** 2-opt on the places `start` to `end` (exclusive) of a path, as if it ended there. */
function shorten(
  path: Int32Array,
  steps: Float64Array,
  count: number,
  start: number,
  end: number,
): void {
  for (let improved = true; improved;) {
    improved = false;
    for (let from = start; from < end - 1; from++) {
      for (let to = from + 1; to < end; to++) {
        const before = path[from - 1]! * count;
        let gain = steps[before + path[from]!]! - steps[before + path[to]!]!;
        if (to + 1 < end) {
          const after = path[to + 1]! * count;
          gain += steps[after + path[to]!]! - steps[after + path[from]!]!;
        }
        if (gain > leastGain) {
          turn(path, from, to);
          improved = true;
        }
      }
    }
  }
}

/** Turns the stretch of the places `from` to `to` (inclusive) round. */
function turn(path: Int32Array, from: number, to: number): void {
  for (let left = from, right = to; left < right; left++, right--) {
    const first = path[left]!;
    path[left] = path[right]!;
    path[right] = first;
  }
}
