/** The sources in the order of their bits and columns. Stored: new ones are appended. */
export const sourceNames = [
  'factors',
  'playlists',
  'text',
  'popularity',
  'artists',
  'audio',
] as const;
export type SourceName = (typeof sourceNames)[number];
export const numSources = sourceNames.length;

/** Of what 32 bits hold. */
const greatest = 2 ** 31 - 1;

/**
 * The candidates of one listener, merged over the sources: each track once, with each source's
 * score and the evidence for it. One pool serves all listeners in turn; `begin` empties it in time
 * proportional to what the last listener used.
 */
export class CandidatePool {
  /** [capacity] tracks of the candidates 0 .. size - 1, in the order of their first offer. */
  readonly track: Int32Array;
  /** [capacity x numSources] score by source, >= 0, row-major; 0 where the source did not offer it. */
  readonly score: Float32Array;
  /** [capacity x numSources] 1-based rank within the source, 0 where it did not offer it. */
  readonly rank: Int32Array;
  /** [capacity x numSources] the heard track or artist that spoke for it, -1 for none. */
  readonly because: Int32Array;
  size = 0;

  readonly #work: Int32Array;
  /** [numTracks] row of the track, counted from the first row of its listener: see `#from`. */
  readonly #slot: Int32Array;
  /** [numWorks] turn of the last listener who is not to be given the work. */
  readonly #excluded: Int32Array;
  readonly #offered = new Int32Array(numSources);
  /** A slot belongs to this listener if it is not below; grows, so that nothing need be cleared. */
  #from = 0;
  #turn = 0;

  /** @param work - [numTracks] the work of each track */
  constructor(work: Int32Array, numWorks: number, capacity: number) {
    this.track = new Int32Array(capacity);
    this.score = new Float32Array(capacity * numSources);
    this.rank = new Int32Array(capacity * numSources);
    this.because = new Int32Array(capacity * numSources).fill(-1);
    this.#work = work;
    this.#slot = new Int32Array(work.length).fill(-1);
    this.#excluded = new Int32Array(numWorks);
  }

  get capacity(): number {
    return this.track.length;
  }

  /** Empties the pool; no track of the excluded works enters it until the next `begin`. */
  begin(excludedWorks: Iterable<number>): void {
    this.#from += this.size;
    if (this.#from > greatest - this.capacity) {
      this.#slot.fill(-1);
      this.#from = 0;
    }
    if (this.#turn === greatest) {
      this.#excluded.fill(0);
      this.#turn = 0;
    }
    this.#turn++;
    const used = this.size * numSources;
    this.score.fill(0, 0, used);
    this.rank.fill(0, 0, used);
    this.because.fill(-1, 0, used);
    this.#offered.fill(0);
    this.size = 0;
    this.exclude(excludedWorks);
  }

  /** Excludes more works, before anything is offered. */
  exclude(works: Iterable<number>): void {
    for (const work of works) this.#excluded[work] = this.#turn;
  }

  /** Whether a track may enter. */
  admits(track: number): boolean {
    return this.#excluded[this.#work[track]!] !== this.#turn;
  }

  has(track: number): boolean {
    return this.#slot[track]! >= this.#from;
  }

  /** How many candidates the source has offered and had accepted. */
  offeredBy(source: number): number {
    return this.#offered[source]!;
  }

  /**
   * Offers a candidate; a source offers in its own order of preference, a track once.
   *
   * @returns whether it was taken: not where the work is excluded or the pool is full
   */
  offer(source: number, track: number, score: number, because: number): boolean {
    let slot = this.#slot[track]! - this.#from;
    if (slot < 0) {
      if (this.size === this.capacity || !this.admits(track)) return false;
      slot = this.size++;
      this.#slot[track] = this.#from + slot;
      this.track[slot] = track;
    }
    const at = slot * numSources + source;
    if (this.rank[at] !== 0) return false;
    this.score[at] = score;
    this.because[at] = because;
    this.rank[at] = ++this.#offered[source]!;
    return true;
  }
}
