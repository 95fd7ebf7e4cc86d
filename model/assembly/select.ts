import { calibrationGain } from './calibration.ts';
import type {
  AssemblyConstraints,
  AssemblyOptions,
  ScoredCandidates,
  Shortage,
} from './candidates.ts';
import { GenreGains } from './genre-gains.ts';
import { Ranking } from './rank.ts';

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
 * (gains: see `calibrationGain`). Relevance is the score mapped to the list: the logistic of its
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
  return new Selector().select(candidates, constraints, options);
}

/** `selectTracks` for many listeners in turn, in memory that is used again. */
export class Selector {
  readonly #ranking = new Ranking();
  readonly #genres = new GenreGains();
  /** By rank; computed as far as was looked. */
  #relevance = new Float64Array(0);
  /** The ranks still open as a chain: `next[rank]` follows it, the last slot stands before all. */
  #next = new Int32Array(0);

  select(
    candidates: ScoredCandidates,
    constraints: AssemblyConstraints,
    options: AssemblyOptions,
  ): Selection {
    const { size } = options;
    const ranked = this.#ranking.of(candidates, constraints);
    const chosen = new Int32Array(Math.min(size, ranked.length));
    const numChosen = this.#fill(candidates, ranked, chosen, constraints.genreTaste, options);
    if (numChosen === size) return { chosen, shortage: undefined };
    const more = exchange(candidates, ranked, [...chosen.subarray(0, numChosen)], options);
    return {
      chosen: Int32Array.from(more),
      shortage: more.length < size ? shortageOf(candidates, ranked, more, options) : undefined,
    };
  }

  /** @returns how many were found */
  #fill(
    candidates: ScoredCandidates,
    ranked: Int32Array,
    chosen: Int32Array,
    taste: Float32Array | undefined,
    options: AssemblyOptions,
  ): number {
    const { size, perArtist, diversity, exploration, familiarShare, familiarPull } = options;
    const { known, score } = candidates;
    const numRanked = ranked.length;
    if (numRanked === 0) return 0;
    if (this.#relevance.length < numRanked) {
      this.#relevance = new Float64Array(2 * numRanked);
      this.#next = new Int32Array(2 * numRanked + 1);
    }
    const genres = this.#genres;
    genres.begin(candidates, ranked, ranked.subarray(0, 3 * size), taste, exploration);

    const edge = score[ranked[Math.min(size, numRanked) - 1]!]!;
    const spread = score[ranked[0]!]! - edge || 1;
    const relevance = this.#relevance;
    let numRelevant = 0;

    const next = this.#next;
    const before = numRanked;
    next[before] = 0;
    for (let rank = 0; rank < numRanked; rank++) next[rank] = rank + 1;

    let numFamiliar = 0;
    let numChosen = 0;
    while (numChosen < chosen.length) {
      const length = numChosen + 1;
      const ofNew =
        familiarPull * calibrationGain(1 - familiarShare, numChosen - numFamiliar, length, 1);
      const ofFamiliar = familiarPull * calibrationGain(familiarShare, numFamiliar, length, 1);
      const ofGenres = diversity * genres.bound();
      const mostGained = Math.max(ofNew, ofFamiliar) + ofGenres;
      let best = -1;
      let beforeBest = -1;
      let most = -Infinity;
      let last = before;
      for (let rank = next[before]; rank < numRanked; rank = next[rank]!) {
        for (; numRelevant <= rank; numRelevant++) {
          const distance = edge - score[ranked[numRelevant]!]!;
          relevance[numRelevant] = 1 / (1 + Math.exp(distance / spread));
        }
        const ofScore = (1 - diversity) * relevance[rank]!;
        // Relevance only falls from here on.
        if (ofScore + mostGained < most) break;
        const position = ranked[rank]!;
        const soFar = ofScore + (known[position] === 1 ? ofFamiliar : ofNew);
        if (soFar + ofGenres >= most) {
          const value = soFar + diversity * genres.of(rank);
          if (value > most) {
            if (!isOpen(candidates, chosen, numChosen, position, perArtist)) {
              next[last] = next[rank]!; // and it never will be again
              continue;
            }
            most = value;
            best = rank;
            beforeBest = last;
          }
        }
        last = rank;
      }
      if (best === -1) break;
      const position = ranked[best]!;
      chosen[numChosen++] = position;
      if (known[position] === 1) numFamiliar++;
      genres.add(best);
      next[beforeBest] = next[best]!;
    }
    return numChosen;
  }
}

/** Whether the tracks chosen so far leave a place for another. */
function isOpen(
  { work, artist, album }: ScoredCandidates,
  chosen: Int32Array,
  numChosen: number,
  position: number,
  perArtist: number,
): boolean {
  const ofWork = work[position]!;
  const ofArtist = artist[position]!;
  const ofAlbum = album[position]!;
  let sameArtist = 0;
  for (let at = 0; at < numChosen; at++) {
    const listed = chosen[at]!;
    if (work[listed] === ofWork) return false;
    if (ofAlbum >= 0 && album[listed] === ofAlbum) return false;
    if (artist[listed] === ofArtist && ++sameArtist >= perArtist) return false;
  }
  return true;
}

/** Whether `listed` keeps `other` out, artists aside. */
function excludes({ work, album }: ScoredCandidates, listed: number, other: number): boolean {
  return work[listed] === work[other] || (album[listed]! >= 0 && album[listed] === album[other]);
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
    !chosen.some((listed) => listed === position || excludes(candidates, listed, position))
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
