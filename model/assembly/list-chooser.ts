import { Likeness } from '../candidates/evidence.ts';
import { FeatureWriter } from '../candidates/feature-writer.ts';
import {
  numFeatures,
  TasteProfile,
  writeFeatures,
  type Popularity,
} from '../candidates/features.ts';
import { fillPool, poolCapacity, type CandidateOptions } from '../candidates/generate.ts';
import type { Factors, Listener } from '../candidates/listener.ts';
import { CandidatePool, sourceNames } from '../candidates/pool.ts';
import type { CandidateSource } from '../candidates/sources.ts';
import type { TrackTable } from '../candidates/tracks.ts';
import type { Scorer } from '../ranker/score.ts';
import type { AssemblyOptions } from './candidates.ts';
import { ListCandidates } from './list-candidates.ts';
import { orderTracks } from './order.ts';
import { Selector } from './select.ts';

/** What lists are made from: the tracks, the sources in the order in which they are asked. */
export interface ChooserWorld {
  readonly tracks: TrackTable;
  readonly popularity: Popularity;
  readonly sources: readonly CandidateSource[];
  /** All tracks that can be recommended, the most popular first. */
  readonly fallback: Int32Array;
  /** For the evidence. */
  readonly trackFactors: Factors;
  readonly artistFactors: Factors;
}

/** What is known of listeners, by index. Views, valid as long as the chooser works. */
export interface ChooserListeners {
  listener(index: number): Listener;
  /** Works heard, in any version, and works that the lists of the weeks before held. */
  heard(index: number): Int32Array;
  delivered(index: number): Int32Array;
}

export interface ChooserOptions {
  readonly candidates: CandidateOptions;
  readonly assembly: AssemblyOptions;
  /**
   * Listeners who are looked at together. The more, the fewer calls of the network; the fewer, the
   * less memory goes through the processor's caches. Default 32.
   */
  readonly together?: number;
  /** Whether to keep what the lists were chosen from. Default false. */
  readonly explain?: boolean;
  /** Milliseconds, to count what `seconds` says. Default: nothing is counted. */
  readonly clock?: () => number;
}

/** What choosing has taken so far, by step. */
export interface ChooserSeconds {
  /** Search, sources, features. */
  candidates: number;
  /** The network. */
  scoring: number;
  /** Selection, order, evidence. */
  assembly: number;
}

/** The tracks of a list in playing order, fewer than a list has where there are no more. */
export interface ChosenList {
  readonly listener: number;
  /** Distinct candidates that the ranker saw. */
  readonly candidates: number;
  readonly tracks: Int32Array;
  /** [tracks] the source that speaks for each, as of `sourceNames`. */
  readonly source: Uint8Array;
  /**
   * [tracks] whom the reason names: a heard track (`factors`, `playlists`), an artist whom the
   * listener plays, or the track's own (`artists`, `text`), a place (`popularity`); -1: nobody.
   */
  readonly because: Int32Array;
  /** [tracks] 1 where the listener has played the lead artist. */
  readonly artistPlayed: Uint8Array;
  /** Only where it was to be explained. */
  readonly from?: ChosenFrom;
}

/** What a list was chosen from, in the order of the sources. */
export interface ChosenFrom {
  /** [candidates] */
  readonly track: Int32Array;
  /** [candidates] the ranker's. */
  readonly score: Float32Array;
  /** [candidates x featureNames], row-major. */
  readonly features: Float32Array;
}

/** Listeners whom the sources prepare for at once: a search by groups opens each group once. */
const prepared = 1024;

/** Candidates that a listener gets whose list came out too short: far more, the popular ones. */
const widened = 3000;

const factorsSource = sourceNames.indexOf('factors');
const artistsSource = sourceNames.indexOf('artists');

/**
 * Chooses the lists of some listeners at a time: candidates from all sources, scored by the ranker,
 * assembled, with the evidence for each track. Same input, same bytes.
 */
export class ListChooser {
  readonly #world: ChooserWorld;
  readonly #listeners: ChooserListeners;
  readonly #options: ChooserOptions;
  readonly #scorer: Scorer;
  readonly #writer: FeatureWriter;
  readonly #profile: TasteProfile;
  readonly #kept: ListCandidates;
  readonly #selector = new Selector();
  readonly #trackLikeness: Likeness;
  readonly #artistLikeness: Likeness;
  readonly #pools = new Map<number, CandidatePool>();
  readonly seconds: ChooserSeconds = { candidates: 0, scoring: 0, assembly: 0 };

  /** @param scorer - of today's features; the caller disposes of it */
  constructor(
    world: ChooserWorld,
    listeners: ChooserListeners,
    scorer: Scorer,
    options: ChooserOptions,
  ) {
    this.#world = world;
    this.#listeners = listeners;
    this.#options = options;
    this.#scorer = scorer;
    this.#writer = new FeatureWriter(world.tracks, world.popularity, scorer.layout);
    this.#profile = new TasteProfile(world.tracks);
    this.#kept = new ListCandidates(world.tracks);
    this.#trackLikeness = new Likeness(world.trackFactors);
    this.#artistLikeness = new Likeness(world.artistFactors);
  }

  /** @returns a list for each, in their order */
  choose(listeners: Int32Array): ChosenList[] {
    const { candidates, assembly } = this.#options;
    const lists = this.#chooseAll(listeners, candidates);
    const short: number[] = [];
    for (const [n, list] of lists.entries()) {
      if (list.tracks.length < assembly.size) short.push(n);
    }
    if (short.length === 0) return lists;
    const again = Int32Array.from(short, (n) => listeners[n]!);
    const wide = { ...candidates, atLeast: Math.max(candidates.atLeast, widened) };
    for (const [n, list] of this.#chooseAll(again, wide).entries()) lists[short[n]!] = list;
    return lists;
  }

  #chooseAll(listeners: Int32Array, options: CandidateOptions): ChosenList[] {
    // As many rows at a time whatever the number of candidates.
    const share = this.#options.candidates.atLeast / options.atLeast;
    const together = Math.max(1, Math.floor((this.#options.together ?? 32) * share));
    const lists: ChosenList[] = [];
    for (let from = 0; from < listeners.length; from += prepared) {
      const some: Listener[] = [];
      for (let n = from; n < Math.min(from + prepared, listeners.length); n++) {
        some.push(this.#listeners.listener(listeners[n]!));
      }
      const began = this.#now();
      for (const source of this.#world.sources) source.prepare?.(some);
      this.seconds.candidates += this.#now() - began;
      for (let first = 0; first < some.length; first += together) {
        this.#chooseSome(some.slice(first, first + together), options, lists);
      }
    }
    return lists;
  }

  #chooseSome(some: readonly Listener[], options: CandidateOptions, lists: ChosenList[]): void {
    const kept = this.#kept;
    const began = this.#now();
    kept.clear();
    const { numGenres, firstRow, tastes, features } = this.#gather(some, options);
    const gathered = this.#now();
    const scores = this.#scorer.score(kept.rows);
    const scored = this.#now();
    this.seconds.candidates += gathered - began;
    this.seconds.scoring += scored - gathered;
    for (let n = 0; n < some.length; n++) {
      const [from, to] = [firstRow[n]!, firstRow[n + 1]!];
      const genreTaste = tastes.subarray(n * numGenres, (n + 1) * numGenres);
      const candidates = kept.scored(from, to, scores);
      const { assembly } = this.#options;
      const { chosen } = this.#selector.select(candidates, { genreTaste }, assembly);
      kept.describe(from, chosen);
      const positions = orderTracks(candidates, chosen, assembly.opening);
      const list = this.#listOf(some[n]!, candidates.size, positions, from);
      if (!this.#options.explain) lists.push(list);
      else {
        const track = candidates.track.slice();
        const score = candidates.score.slice();
        lists.push({ ...list, from: { track, score, features: features[n]! } });
      }
    }
    this.seconds.assembly += this.#now() - scored;
  }

  /** In seconds; 0 without a clock. */
  #now(): number {
    return (this.#options.clock?.() ?? 0) / 1000;
  }

  /** Fills `kept` and the scorer's inputs. */
  #gather(
    some: readonly Listener[],
    options: CandidateOptions,
  ): { numGenres: number; firstRow: Int32Array; tastes: Float32Array; features: Float32Array[] } {
    const { tracks, popularity, sources, fallback } = this.#world;
    const kept = this.#kept;
    const pool = this.#poolOf(options);
    const numGenres = this.#profile.genres.length;
    const tastes = new Float32Array(some.length * numGenres);
    const firstRow = new Int32Array(some.length + 1);
    const features: Float32Array[] = [];
    for (const [n, listener] of some.entries()) {
      pool.begin(this.#listeners.heard(listener.index));
      pool.exclude(this.#listeners.delivered(listener.index));
      fillPool(pool, listener, sources, fallback, options);
      const profile = this.#profile.of(listener);
      const inputs = this.#scorer.inputs(kept.rows + pool.size);
      this.#writer.write(pool, listener, profile, sources, inputs, kept.rows);
      kept.add(pool, listener);
      tastes.set(profile.genres, n * numGenres);
      firstRow[n + 1] = kept.rows;
      if (!this.#options.explain) continue;
      const rows = new Float32Array(pool.size * numFeatures);
      writeFeatures(pool, listener, profile, tracks, popularity, sources, rows);
      features.push(rows);
    }
    return { numGenres, firstRow, tastes, features };
  }

  #listOf(listener: Listener, candidates: number, positions: Int32Array, from: number): ChosenList {
    const { track, source, because, known } = this.#kept;
    const list = {
      listener: listener.index,
      candidates,
      tracks: new Int32Array(positions.length),
      source: new Uint8Array(positions.length),
      because: new Int32Array(positions.length),
      artistPlayed: new Uint8Array(positions.length),
    };
    let [byTracks, byArtists] = [false, false];
    for (let n = 0; n < positions.length; n++) {
      const row = from + positions[n]!;
      list.tracks[n] = track[row]!;
      list.source[n] = source[row]!;
      list.because[n] = because[row]!;
      list.artistPlayed[n] = known[row]!;
      byTracks ||= source[row] === factorsSource;
      byArtists ||= source[row] === artistsSource && known[row] === 0;
    }
    if (byTracks) this.#trackLikeness.begin(listener.tracks, listener.trackConfidence);
    if (byArtists) this.#artistLikeness.begin(listener.artists, listener.artistConfidence);
    for (let n = 0; n < positions.length; n++) {
      // These two leave open whom they name.
      const of = list.tracks[n]!;
      if (list.source[n] === factorsSource) {
        list.because[n] = this.#trackLikeness.mostAlike(of);
      } else if (list.source[n] === artistsSource) {
        const artist = this.#world.tracks.artist[of]!;
        list.because[n] =
          list.artistPlayed[n] === 1 ? artist : this.#artistLikeness.mostAlike(artist);
      }
    }
    return list;
  }

  #poolOf(options: CandidateOptions): CandidatePool {
    const capacity = poolCapacity(options);
    let pool = this.#pools.get(capacity);
    if (pool === undefined) {
      const { work, numWorks } = this.#world.tracks;
      pool = new CandidatePool(work, numWorks, capacity);
      this.#pools.set(capacity, pool);
    }
    return pool;
  }
}
