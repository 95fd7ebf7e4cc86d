import { calibrationGain } from './calibration.ts';
import type {
  AssemblyConstraints,
  AssemblyOptions,
  ScoredCandidates,
  Shortage,
} from './candidates.ts';
import { GenreGains } from './genre-gains.ts';
import { Ranking } from './rank.ts';

/** So that rounding never puts a bound below what it bounds. */
const slack = 1 + 1e-12;
/** Ranks that are passed over at once where none of them can be the best. */
const blockRanks = 16;

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
  /** By rank, (1 - diversity) x relevance; computed as far as was looked. */
  #relevance = new Float64Array(0);
  /** By rank: 1 for familiar. */
  #known = new Uint8Array(0);
  /**
   * By rank: what the genres were worth when that was computed last, over the length of the list.
   * It never rises (see `calibrationGain`), so it bounds what they are worth now. -Infinity for
   * what can not be listed any more.
   */
  #gainMost = new Float64Array(0);
  /** The most of each block of ranks. */
  #blockMost = new Float64Array(0);

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
    const { score } = candidates;
    const numRanked = ranked.length;
    if (numRanked === 0) return 0;
    if (this.#relevance.length < numRanked) {
      this.#relevance = new Float64Array(2 * numRanked);
      this.#known = new Uint8Array(2 * numRanked);
      this.#gainMost = new Float64Array(2 * numRanked);
      this.#blockMost = new Float64Array(Math.ceil((2 * numRanked) / blockRanks));
    }
    const genres = this.#genres;
    genres.begin(candidates, ranked, ranked.subarray(0, 3 * size), taste, exploration);

    const edge = score[ranked[Math.min(size, numRanked) - 1]!]!;
    const spread = score[ranked[0]!]! - edge || 1;
    const relevance = this.#relevance;
    let numRelevant = 0;

    const known = this.#known;
    for (let rank = 0; rank < numRanked; rank++) known[rank] = candidates.known[ranked[rank]!]!;
    const gainMost = this.#gainMost.fill(Infinity, 0, numRanked);
    const blockMost = this.#blockMost.fill(Infinity);

    let numFamiliar = 0;
    let numChosen = 0;
    let second = -1;
    while (numChosen < chosen.length) {
      const length = numChosen + 1;
      const ofNew =
        familiarPull * calibrationGain(1 - familiarShare, numChosen - numFamiliar, length, 1);
      const ofFamiliar = familiarPull * calibrationGain(familiarShare, numFamiliar, length, 1);
      const ofGenres = diversity * length * slack;
      const ofKnown = Math.max(ofNew, ofFamiliar);
      let best = -1;
      let most = -Infinity;
      // The second best before is most often near the best now, and lets most others be passed over.
      if (second !== -1 && isOpen(candidates, chosen, numChosen, ranked[second]!, perArtist)) {
        best = second;
        most =
          relevance[second]! +
          (known[second] === 1 ? ofFamiliar : ofNew) +
          diversity * genres.of(second);
      }
      second = -1;
      let mostOfSecond = -Infinity;
      for (let from = 0; from < numRanked; from += blockRanks) {
        const to = Math.min(from + blockRanks, numRanked);
        for (; numRelevant <= from; numRelevant += blockRanks) {
          for (let rank = from; rank < to; rank++) {
            const distance = edge - score[ranked[rank]!]!;
            relevance[rank] = (1 - diversity) * (1 / (1 + Math.exp(distance / spread)));
          }
        }
        // Relevance only falls.
        const highest = relevance[from]! + ofKnown;
        const block = from / blockRanks;
        if (highest + ofGenres * blockMost[block]! < most) continue;
        let mostOfBlock = -Infinity;
        for (let rank = from; rank < to; rank++) {
          let gained = gainMost[rank]!;
          if (gained === -Infinity || rank === best) {
            if (gained > mostOfBlock) mostOfBlock = gained;
            continue;
          }
          const soFar = relevance[rank]! + (known[rank] === 1 ? ofFamiliar : ofNew);
          if (!(soFar + ofGenres * gained < most)) {
            const gain = genres.of(rank);
            gained = gain / length;
            const value = soFar + diversity * gain;
            if (value > most || (value === most && rank < best)) {
              if (isOpen(candidates, chosen, numChosen, ranked[rank]!, perArtist)) {
                second = best;
                mostOfSecond = most;
                most = value;
                best = rank;
              } else {
                gained = -Infinity;
              }
            } else if (value > mostOfSecond) {
              second = rank;
              mostOfSecond = value;
            }
            gainMost[rank] = gained;
          }
          if (gained > mostOfBlock) mostOfBlock = gained;
        }
        blockMost[block] = mostOfBlock;
      }
      if (best === -1) break;
      chosen[numChosen++] = ranked[best]!;
      numFamiliar += known[best]!;
      genres.add(best);
      gainMost[best] = -Infinity;
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
