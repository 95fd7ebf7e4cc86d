import { Calibration, wishedGenres } from './calibration.ts';
import {
  countGenres,
  type AssemblyConstraints,
  type AssemblyOptions,
  type ScoredCandidates,
  type Shortage,
} from './candidates.ts';

export interface Selection {
  /** Positions, in the order of choice. */
  readonly chosen: Int32Array;
  /** Only where fewer than `size` were found. */
  readonly shortage: Shortage | undefined;
}

/**
 * Chooses the tracks of a list, one at a time: of those that may still be listed, the one with the
 * most of
 *
 *     (1 - diversity) relevance + diversity gain(genres) + familiarPull gain(familiar or new)
 *
 * (gains: see `Calibration`). Relevance is the score mapped to the list: the logistic of its
 * distance from the score of rank `size`, in units of the distance of the best from there. So only
 * order and spacing of a listener's own scores count, not their scale.
 *
 * A work is listed once, an album once, a lead artist `perArtist` times. Where that ends in a list
 * too short, choices are exchanged one for two as long as that makes it longer.
 *
 * @throws RangeError for a score that is not finite
 */
export function selectTracks(
  candidates: ScoredCandidates,
  constraints: AssemblyConstraints,
  options: AssemblyOptions,
): Selection {
  const { size, diversity, exploration, familiarShare, familiarPull } = options;
  const ranked = rankAdmissible(candidates, constraints);
  const relevance = relevanceOf(candidates, ranked, size);
  const wished = wishedGenres(
    candidates,
    ranked.subarray(0, 3 * size),
    constraints.genreTaste,
    exploration,
  );
  const genres = new GenreGains(candidates, ranked, wished);
  const familiar = new Calibration(Float64Array.of(1 - familiarShare, familiarShare));

  const chosen = new Int32Array(Math.min(size, ranked.length));
  const open = Int32Array.from(ranked, (_, rank) => rank);
  let numOpen = open.length;
  let numChosen = 0;
  while (numChosen < chosen.length && numOpen > 0) {
    const ofNew = familiarPull * familiar.gain(0, 1);
    const ofFamiliar = familiarPull * familiar.gain(1, 1);
    const mostGained = Math.max(ofNew, ofFamiliar) + diversity * genres.compute();
    let best = open[0]!;
    let most = -Infinity;
    for (let at = 0; at < numOpen; at++) {
      const rank = open[at]!;
      const ofScore = (1 - diversity) * relevance[rank]!;
      // Relevance only falls from here on.
      if (ofScore + mostGained < most) break;
      const value =
        ofScore +
        (candidates.known[ranked[rank]!] === 1 ? ofFamiliar : ofNew) +
        diversity * genres.of(rank);
      if (value > most) {
        most = value;
        best = rank;
      }
    }
    const position = ranked[best]!;
    chosen[numChosen++] = position;
    familiar.add(candidates.known[position]!, 1);
    familiar.next();
    genres.add(best);
    const full = countArtist(candidates, chosen, numChosen, position) >= options.perArtist;
    let kept = 0;
    for (let at = 0; at < numOpen; at++) {
      const rank = open[at]!;
      if (rank !== best && !excludes(candidates, position, full, ranked[rank]!))
        open[kept++] = rank;
    }
    numOpen = kept;
  }
  if (numChosen === size) return { chosen, shortage: undefined };
  const more = exchange(candidates, ranked, [...chosen.subarray(0, numChosen)], options);
  return {
    chosen: Int32Array.from(more),
    shortage: more.length < size ? shortageOf(candidates, ranked, more, options) : undefined,
  };
}

/** Positions that are not excluded, best score first, ties by track, then by position. */
function rankAdmissible(
  candidates: ScoredCandidates,
  constraints: AssemblyConstraints,
): Int32Array {
  const { size, score, track, work } = candidates;
  const { excludedWorks, excluded } = constraints;
  const ranked = new Int32Array(size);
  let count = 0;
  for (let position = 0; position < size; position++) {
    if (!Number.isFinite(score[position])) {
      throw new RangeError(
        `candidates: expected the score of position ${position} to be finite, got ${score[position]}`,
      );
    }
    if (excluded && excluded[position] !== 0) continue;
    if (excludedWorks?.has(work[position]!)) continue;
    ranked[count++] = position;
  }
  return ranked
    .subarray(0, count)
    .sort((a, b) => score[b]! - score[a]! || track[a]! - track[b]! || a - b);
}

/** [ranked.length] in 0..1, descending. */
function relevanceOf({ score }: ScoredCandidates, ranked: Int32Array, size: number): Float64Array {
  const relevance = new Float64Array(ranked.length);
  if (ranked.length === 0) return relevance;
  const edge = score[ranked[Math.min(size, ranked.length) - 1]!]!;
  const spread = score[ranked[0]!]! - edge || 1;
  for (let rank = 0; rank < ranked.length; rank++) {
    relevance[rank] = 1 / (1 + Math.exp((edge - score[ranked[rank]!]!) / spread));
  }
  return relevance;
}

/** Gains of whole tracks: sums over their genres, which are computed once for each choice. */
class GenreGains {
  readonly #calibration: Calibration;
  readonly #slots: number;
  /** [ranked.length x slots] keys of a track's genres, row-major, then -1. */
  readonly #keys: Int32Array;
  /** Keys in use, each once. A key is genre * slots + number of genres of the track - 1. */
  readonly #used: Int32Array;
  readonly #gains: Float64Array;

  constructor(candidates: ScoredCandidates, ranked: Int32Array, wished: Float64Array) {
    const { genres, genresPerTrack } = candidates;
    const slots = Math.max(1, genresPerTrack);
    const unknown = wished.length - 1;
    this.#calibration = new Calibration(wished);
    this.#slots = slots;
    this.#keys = new Int32Array(ranked.length * slots).fill(-1);
    this.#gains = new Float64Array(wished.length * slots);
    const seen = new Uint8Array(this.#gains.length);
    let numUsed = 0;
    for (let rank = 0; rank < ranked.length; rank++) {
      const first = ranked[rank]! * genresPerTrack;
      const count = countGenres(candidates, ranked[rank]!);
      for (let slot = 0; slot < Math.max(1, count); slot++) {
        const key = count === 0 ? unknown * slots : genres[first + slot]! * slots + count - 1;
        this.#keys[rank * slots + slot] = key;
        if (seen[key] === 0) numUsed++;
        seen[key] = 1;
      }
    }
    this.#used = new Int32Array(numUsed);
    for (let key = 0, at = 0; key < seen.length; key++) if (seen[key] === 1) this.#used[at++] = key;
  }

  /** Brings the gains up to date; gives a bound that no track's gain exceeds. */
  compute(): number {
    let bound = 0;
    for (const key of this.#used) {
      const count = (key % this.#slots) + 1;
      const gain = this.#calibration.gain(Math.floor(key / this.#slots), 1 / count);
      this.#gains[key] = gain;
      bound = Math.max(bound, gain * count);
    }
    return bound;
  }

  of(rank: number): number {
    let sum = 0;
    const first = rank * this.#slots;
    for (let at = first; at < first + this.#slots && this.#keys[at]! >= 0; at++) {
      sum += this.#gains[this.#keys[at]!]!;
    }
    return sum;
  }

  add(rank: number): void {
    const first = rank * this.#slots;
    for (let at = first; at < first + this.#slots && this.#keys[at]! >= 0; at++) {
      const key = this.#keys[at]!;
      this.#calibration.add(Math.floor(key / this.#slots), 1 / ((key % this.#slots) + 1));
    }
    this.#calibration.next();
  }
}

/** Whether `listed` (its artist `full` or not) keeps `other` out. */
function excludes(
  { work, artist, album }: ScoredCandidates,
  listed: number,
  full: boolean,
  other: number,
): boolean {
  return (
    work[listed] === work[other] ||
    (full && artist[listed] === artist[other]) ||
    (album[listed]! >= 0 && album[listed] === album[other])
  );
}

function countArtist(
  { artist }: ScoredCandidates,
  chosen: ArrayLike<number>,
  numChosen: number,
  position: number,
): number {
  let count = 0;
  for (let at = 0; at < numChosen; at++) {
    if (artist[chosen[at]!] === artist[position]) count++;
  }
  return count;
}

/** Whether a track may join the chosen ones. */
function fits(
  candidates: ScoredCandidates,
  chosen: readonly number[],
  position: number,
  perArtist: number,
): boolean {
  return (
    countArtist(candidates, chosen, chosen.length, position) < perArtist &&
    !chosen.some((listed) => listed === position || excludes(candidates, listed, false, position))
  );
}

/**
 * Takes one track out where two or more can come in for it, until the list is full or none can.
 * What comes in does so by score.
 */
function exchange(
  candidates: ScoredCandidates,
  ranked: Int32Array,
  chosen: readonly number[],
  { size, perArtist }: AssemblyOptions,
): number[] {
  let list = [...chosen];
  for (let slot = list.length - 1; slot >= 0 && list.length < size; slot--) {
    const rest = list.toSpliced(slot, 1);
    const free = [...ranked].filter(
      (position) => position !== list[slot] && fits(candidates, rest, position, perArtist),
    );
    for (const first of free) {
      const more = [...rest, first];
      for (const other of free) {
        if (more.length < size && fits(candidates, more, other, perArtist)) more.push(other);
      }
      if (more.length <= list.length) continue;
      list = more;
      slot = list.length;
      break;
    }
  }
  return list;
}

function shortageOf(
  candidates: ScoredCandidates,
  ranked: Int32Array,
  chosen: readonly number[],
  { perArtist }: AssemblyOptions,
): Shortage {
  const { size, work } = candidates;
  const shortage = { excluded: size - ranked.length, sameWork: 0, sameArtist: 0, sameAlbum: 0 };
  for (const position of ranked) {
    if (chosen.includes(position)) continue;
    if (chosen.some((listed) => work[listed] === work[position])) shortage.sameWork++;
    else if (countArtist(candidates, chosen, chosen.length, position) >= perArtist)
      shortage.sameArtist++;
    else shortage.sameAlbum++;
  }
  return shortage;
}
