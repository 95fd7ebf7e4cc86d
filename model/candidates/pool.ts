/** The sources in the order of their bits and columns. */
export const sourceNames = ['factors', 'playlists', 'text', 'popularity', 'artists'] as const;
export type SourceName = (typeof sourceNames)[number];
export const numSources = sourceNames.length;

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
  readonly #slot: Int32Array;
  readonly #excluded: Uint8Array;
  #excludedWorks: number[] = [];
  readonly #offered = new Int32Array(numSources);

  /** @param work - [numTracks] the work of each track */
  constructor(work: Int32Array, numWorks: number, capacity: number) {
    this.track = new Int32Array(capacity);
    this.score = new Float32Array(capacity * numSources);
    this.rank = new Int32Array(capacity * numSources);
    this.because = new Int32Array(capacity * numSources);
    this.#work = work;
    this.#slot = new Int32Array(work.length).fill(-1);
    this.#excluded = new Uint8Array(numWorks);
  }

  get capacity(): number {
    return this.track.length;
  }

  /** Empties the pool; no track of the excluded works enters it until the next `begin`. */
  begin(excludedWorks: Iterable<number>): void {
    for (let c = 0; c < this.size; c++) this.#slot[this.track[c]!] = -1;
    for (const work of this.#excludedWorks) this.#excluded[work] = 0;
    this.#excludedWorks = [...excludedWorks];
    for (const work of this.#excludedWorks) this.#excluded[work] = 1;
    this.#offered.fill(0);
    this.size = 0;
  }

  /** Whether a track may enter. */
  admits(track: number): boolean {
    return this.#excluded[this.#work[track]!] === 0;
  }

  has(track: number): boolean {
    return this.#slot[track] !== -1;
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
    if (!this.admits(track)) return false;
    let slot = this.#slot[track]!;
    if (slot === -1) {
      if (this.size === this.capacity) return false;
      slot = this.size++;
      this.#slot[track] = slot;
      this.track[slot] = track;
      const from = slot * numSources;
      this.score.fill(0, from, from + numSources);
      this.rank.fill(0, from, from + numSources);
      this.because.fill(-1, from, from + numSources);
    }
    const at = slot * numSources + source;
    if (this.rank[at] !== 0) return false;
    this.score[at] = score;
    this.because[at] = because;
    this.rank[at] = ++this.#offered[source]!;
    return true;
  }
}
