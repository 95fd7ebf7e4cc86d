import { Retriever } from '../retrieval/retriever.ts';
import type { RetrievalPlan } from '../retrieval/plan.ts';
import type { Factors, Listener, Ragged } from './listener.ts';
import { sourceNames } from './pool.ts';
import { readAhead } from './read-ahead.ts';
import { offerTracksOf, type CandidateSource } from './sources.ts';

/** How to find the best items of many listeners at once. */
export interface Retrieving {
  readonly plan: RetrievalPlan;
  /** [numListeners x numFactors] */
  readonly listeners: Factors;
  /** [numItems x numFactors] */
  readonly items: Factors;
  /** Rows of the items that were planned with. */
  readonly rows: Int32Array;
  readonly kernels: WebAssembly.Module;
}

/** The source `factors`, found by groups of listeners: see `factorsSource` for what it offers. */
export function retrievedTracksSource(retrieving: Retrieving): CandidateSource {
  const source = sourceNames.indexOf('factors');
  const finder = new Finder(retrieving);
  return {
    name: 'factors',
    prepare: (listeners) => finder.prepare(listeners),
    match: (track) => finder.score(track),
    matches(tracks, count, into) {
      finder.scores(tracks, count, into);
    },
    collect(listener, pool, limit) {
      // Who has heard the best of theirs is asked for more.
      for (let found = finder.begin(listener); ; found = finder.further()) {
        for (let n = 0; n < found.count && pool.offeredBy(source) < limit; n++) {
          const score = found.scores[found.from + n]!;
          if (score <= 0) return;
          pool.offer(source, found.indices[found.from + n]!, score, -1);
        }
        if (pool.offeredBy(source) === limit || !found.hasMore) return;
      }
    },
  };
}

/** The source `artists`, found by groups of listeners: see `artistsSource`. */
export function retrievedArtistsSource(
  retrieving: Retrieving,
  artistTracks: Ragged,
  artistOf: Int32Array,
): CandidateSource {
  const source = sourceNames.indexOf('artists');
  const finder = new Finder(retrieving);
  let artists = new Int32Array(0);
  return {
    name: 'artists',
    prepare: (listeners) => finder.prepare(listeners),
    match: (track) => finder.score(artistOf[track]!),
    matches(tracks, count, into) {
      if (artists.length < count) artists = new Int32Array(count);
      for (let n = 0; n < count; n++) artists[n] = artistOf[tracks[n]!]!;
      finder.scores(artists, count, into);
    },
    collect(listener, pool, limit) {
      const { indices, scores, from, count } = finder.begin(listener);
      let positive = 0;
      while (positive < Math.min(count, limit) && scores[from + positive]! > 0) positive++;
      const best = {
        indices: indices.subarray(from, from + positive),
        scores: Float64Array.from(scores.subarray(from, from + positive)),
      };
      offerTracksOf(best, undefined, listener, artistTracks, pool, source, limit);
    },
  };
}

/** The best items of one listener: a stretch of the arrays. */
interface Found {
  readonly indices: Int32Array;
  readonly scores: Float32Array;
  readonly from: number;
  readonly count: number;
  /** Whether there may be more than these. */
  readonly hasMore: boolean;
}

class Finder {
  readonly #retriever: Retriever;
  readonly #listeners: Factors;
  readonly #items: Factors;
  readonly #k: number;
  /** [numItems] 1 where an item may be found. */
  readonly #isItem: Uint8Array;
  readonly #slotOf = new Map<number, number>();
  #found: ReturnType<Retriever['find']> | undefined;
  #listener = -1;
  /** How many were asked for last. */
  #asked = 0;

  constructor({ plan, listeners, items, rows, kernels }: Retrieving) {
    this.#retriever = new Retriever(plan, listeners, items, kernels);
    this.#listeners = listeners;
    this.#items = items;
    this.#k = plan.k;
    this.#isItem = new Uint8Array(items.numRows);
    for (const row of rows) this.#isItem[row] = 1;
  }

  prepare(listeners: readonly Listener[]): void {
    this.#slotOf.clear();
    const rows: number[] = [];
    for (const { index } of listeners) {
      this.#slotOf.set(index, index < this.#listeners.numRows ? rows.push(index) - 1 : -1);
    }
    this.#found = this.#retriever.find(Int32Array.from(rows), this.#k);
  }

  begin(listener: Listener): Found {
    this.#listener = listener.index;
    this.#asked = this.#k;
    if (!this.#slotOf.has(listener.index)) this.prepare([listener]);
    const slot = this.#slotOf.get(listener.index)!;
    const { indices, scores, counts } = this.#found!;
    const count = counts[slot] ?? 0;
    return { indices, scores, from: slot * this.#k, count, hasMore: count === this.#k };
  }

  /** More of the listener whom `begin` was called for, from the first on. */
  further(): Found {
    this.#asked *= 4;
    const { indices, scores, counts } = this.#retriever.find(
      Int32Array.of(this.#listener),
      this.#asked,
    );
    return { indices, scores, from: 0, count: counts[0]!, hasMore: counts[0] === this.#asked };
  }

  /** `score` of the first `count` items into `into`. */
  scores(items: Int32Array, count: number, into: Float64Array): void {
    const { numFactors, values } = this.#items;
    let sum = 0;
    for (let n = 0; n < count; n++) {
      const from = items[n]! * numFactors;
      sum += values[from]! + values[from + numFactors - 1]!;
    }
    readAhead.sum = sum;
    for (let n = 0; n < count; n++) into[n] = this.score(items[n]!);
  }

  /** The inner product with the listener whom `begin` was called for; 0 below 0 and for no item. */
  score(item: number): number {
    if (this.#isItem[item] !== 1 || this.#listener >= this.#listeners.numRows) return 0;
    const { numFactors, values } = this.#items;
    const own = this.#listeners.values;
    const from = item * numFactors;
    const at = this.#listener * numFactors;
    let even = 0;
    let odd = 0;
    for (let f = 0; f + 1 < numFactors; f += 2) {
      even += own[at + f]! * values[from + f]!;
      odd += own[at + f + 1]! * values[from + f + 1]!;
    }
    if (numFactors % 2 === 1) even += own[at + numFactors - 1]! * values[from + numFactors - 1]!;
    const sum = even + odd;
    return sum > 0 ? sum : 0;
  }
}
