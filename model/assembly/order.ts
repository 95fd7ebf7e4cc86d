import { hasGenre, type ScoredCandidates } from './candidates.ts';

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
  const { score, track } = candidates;
  const count = chosen.length;
  const best = chosen
    .slice()
    .sort((a, b) => score[b]! - score[a]! || track[a]! - track[b]! || a - b);
  const steps = stepsBetween(candidates, best);
  const path = Int32Array.from(best, (_, at) => at);
  for (const { from, to } of bandsOf(count, opening)) {
    for (let at = from; at < to; at++) {
      const last = path[at - 1]! * count;
      let nearest = at;
      for (let other = at + 1; other < to; other++) {
        const gain = steps[last + path[nearest]!]! - steps[last + path[other]!]!;
        if (gain > 0 || (gain === 0 && path[other]! < path[nearest]!)) nearest = other;
      }
      [path[at], path[nearest]] = [path[nearest]!, path[at]!];
    }
    shorten(path, steps, count, from, to);
  }
  return path.map((at) => best[at]!);
}

/**
 * The bands after the first track, places `from` to `to` (exclusive): together with it they
 * partition the list.
 */
export function bandsOf(count: number, opening: number): { from: number; to: number }[] {
  const bands: { from: number; to: number }[] = [];
  let width = opening - 1;
  for (let from = 1; from < count; width++) {
    if (width === 0) continue;
    const to = Math.min(count, from + width);
    bands.push({ from, to });
    from = to;
  }
  return bands;
}

/** [count x count] steps between the tracks, symmetric, row-major. */
function stepsBetween(candidates: ScoredCandidates, positions: Int32Array): Float64Array {
  const { energy, valence, tempo, artist } = candidates;
  const count = positions.length;
  const steps = new Float64Array(count * count);
  const octave = Float64Array.from(positions, (position) => Math.log2(tempo[position]!));
  for (let a = 0; a < count; a++) {
    const one = positions[a]!;
    for (let b = 0; b < a; b++) {
      const other = positions[b]!;
      const beat = octave[a]! - octave[b]!;
      let step =
        (known(Math.abs(energy[one]! - energy[other]!)) +
          known(Math.abs(valence[one]! - valence[other]!)) +
          known(2 * Math.abs(beat - Math.round(beat)))) /
        3;
      if (shareGenre(candidates, one, other)) step += sameGenreStep;
      if (artist[one] === artist[other]) step += sameArtistStep;
      steps[a * count + b] = step;
      steps[b * count + a] = step;
    }
  }
  return steps;
}

function known(step: number): number {
  return Number.isFinite(step) ? step : unknownStep;
}

function shareGenre(candidates: ScoredCandidates, one: number, other: number): boolean {
  const { genres, genresPerTrack } = candidates;
  const first = one * genresPerTrack;
  for (let at = first; at < first + genresPerTrack && genres[at]! >= 0; at++) {
    if (hasGenre(candidates, other, genres[at]!)) return true;
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
          path.subarray(from, to + 1).reverse();
          improved = true;
        }
      }
    }
  }
}
