import { assemble } from '../model/assembly/assemble.ts';
import type { AssemblyOptions, ScoredCandidates } from '../model/assembly/candidates.ts';
import { mostAlike, speakingSource } from '../model/candidates/evidence.ts';
import {
  featureNames,
  numFeatures,
  TasteProfile,
  writeFeatures,
} from '../model/candidates/features.ts';
import {
  generateCandidates,
  poolCapacity,
  type CandidateOptions,
} from '../model/candidates/generate.ts';
import type { Listener } from '../model/candidates/listener.ts';
import {
  CandidatePool,
  numSources,
  sourceNames,
  type SourceName,
} from '../model/candidates/pool.ts';
import { audioColumns, genresPerTrack } from '../model/candidates/tracks.ts';
import type { Tensorflow } from '../model/ranker/network.ts';
import type { Ranker } from '../model/ranker/ranker.ts';
import { alignFeatures } from '../model/ranker/align.ts';
import { score } from '../model/ranker/score.ts';
import type { Chosen } from './chosen.ts';
import { worksOf, type WorksNotListed } from './heard.ts';
import { listenerOf, type World } from './world.ts';

export interface ListMakerOptions {
  readonly candidates: CandidateOptions;
  readonly assembly: AssemblyOptions;
  readonly world: World;
  readonly notListed: WorksNotListed;
  readonly tf: Tensorflow;
  readonly ranker: Ranker;
  /** Its version, for mistakes. */
  readonly model: string;
}

/** What is chosen for a listener, and the candidates that it is chosen from. */
export interface Choice {
  readonly chosen: Chosen;
  /** [candidates], in the order of the sources. */
  readonly track: Int32Array;
  /** [candidates], the ranker's. */
  readonly score: Float32Array;
  /** [candidates x featureNames], row-major, as the ranker saw them; a view. */
  readonly features: Float32Array;
}

/** The candidates of one listener, kept until the ranker has scored them. */
interface Gathered {
  readonly listener: Listener;
  readonly track: Int32Array;
  /** Which source speaks for each, and whom it names (-1: nobody). */
  readonly source: Uint8Array;
  readonly because: Int32Array;
  readonly genreTaste: Float32Array;
  readonly firstRow: number;
}

/** Candidates that a listener gets whose list came out too short: far more, the popular ones. */
const widened = 3000;

/** Chooses the lists of some listeners at a time. Same input, same lists. */
export class ListMaker {
  readonly #options: ListMakerOptions;
  readonly #profile: TasteProfile;

  constructor(options: ListMakerOptions) {
    this.#options = options;
    this.#profile = new TasteProfile(options.world.tracks);
  }

  /**
   * What is chosen for each listener, in their order, fewer tracks than a list has where there are
   * no more; and what it is chosen from.
   */
  choose(listeners: Int32Array): Choice[] {
    const { candidates, assembly } = this.#options;
    const choices = this.#choose(listeners, candidates);
    const short = listeners.filter((_, n) => choices[n]!.chosen.tracks.length < assembly.size);
    if (short.length > 0) {
      const again = this.#choose(short, { ...candidates, atLeast: widened });
      again.forEach((choice, n) => (choices[listeners.indexOf(short[n]!)] = choice));
    }
    return choices;
  }

  #choose(listeners: Int32Array, options: CandidateOptions): Choice[] {
    const { world, tf, ranker, model } = this.#options;
    const { gathered, features } = this.#gather(listeners, options);
    const scores = score(tf, ranker, alignFeatures(ranker, { featureNames, features }, model));
    return gathered.map((listed) => {
      const { listener, track, source, because, genreTaste, firstRow } = listed;
      const candidates = scoredCandidates(world, listener, track, scores.subarray(firstRow));
      const { positions } = assemble(candidates, { genreTaste }, this.#options.assembly);
      const chosen: Chosen = {
        listener: listener.index,
        candidates: track.length,
        tracks: Array.from(positions, (c) => ({
          track: track[c]!,
          artistPlayed: candidates.known[c] === 1,
          ...evidence(world, listener, track[c]!, source[c]!, because[c]!),
        })),
      };
      const rows = features.subarray(
        firstRow * numFeatures,
        (firstRow + track.length) * numFeatures,
      );
      return { chosen, track, score: candidates.score.subarray(0, track.length), features: rows };
    });
  }

  #gather(
    listeners: Int32Array,
    options: CandidateOptions,
  ): { gathered: Gathered[]; features: Float32Array } {
    const { world, notListed } = this.#options;
    const { tracks, popularity, sources, fallback } = world;
    const pool = new CandidatePool(tracks.work, tracks.numWorks, poolCapacity(options));
    const features = new GrowingRows(numFeatures, listeners.length * options.atLeast * 2);
    const gathered: Gathered[] = [];
    for (const index of listeners) {
      const listener = listenerOf(world, index);
      const excluded = new Set(worksOf(notListed.heard, index));
      for (const work of worksOf(notListed.delivered, index)) excluded.add(work);
      generateCandidates(pool, listener, excluded, sources, fallback, options);
      const profile = this.#profile.of(listener);
      const firstRow = features.rows;
      const rows = features.add(pool.size);
      writeFeatures(pool, listener, profile, tracks, popularity, sources, rows, firstRow);
      const source = new Uint8Array(pool.size);
      const because = new Int32Array(pool.size);
      for (let c = 0; c < pool.size; c++) {
        source[c] = speakingSource(pool, c);
        because[c] = pool.because[c * numSources + source[c]!]!;
      }
      gathered.push({
        listener,
        track: pool.track.slice(0, pool.size),
        source,
        because,
        genreTaste: profile.genres.slice(),
        firstRow,
      });
    }
    return { gathered, features: features.filled() };
  }
}

/** Whom the reason names, where the source left that open: see `Chosen`. */
function evidence(
  world: World,
  listener: Listener,
  track: number,
  source: number,
  because: number,
): { source: SourceName; because: number } {
  const name = sourceNames[source]!;
  const { tracks, trackFactors, artistFactors } = world;
  switch (name) {
    case 'factors':
      return {
        source: name,
        because: mostAlike(trackFactors, track, listener.tracks, listener.trackConfidence),
      };
    case 'artists': {
      const artist = tracks.artist[track]!;
      const { artists, artistConfidence } = listener;
      if (artists.includes(artist)) return { source: name, because: artist };
      return { source: name, because: mostAlike(artistFactors, artist, artists, artistConfidence) };
    }
    default:
      return { source: name, because };
  }
}

function scoredCandidates(
  { tracks }: World,
  listener: Listener,
  track: Int32Array,
  scores: Float32Array,
): ScoredCandidates {
  const size = track.length;
  const known = new Set(listener.artists);
  const width = audioColumns.length;
  const audio = (column: (typeof audioColumns)[number]): Float32Array => {
    const offset = audioColumns.indexOf(column);
    return Float32Array.from(track, (t) => tracks.audio[t * width + offset]!);
  };
  const genres = new Int32Array(size * genresPerTrack);
  for (let c = 0; c < size; c++) {
    const from = track[c]! * genresPerTrack;
    genres.set(tracks.genres.subarray(from, from + genresPerTrack), c * genresPerTrack);
  }
  return {
    size,
    track,
    score: scores,
    artist: Int32Array.from(track, (t) => tracks.artist[t]!),
    work: Int32Array.from(track, (t) => tracks.work[t]!),
    album: Int32Array.from(track, (t) => tracks.album[t]!),
    genres,
    genresPerTrack,
    energy: audio('energy'),
    valence: audio('valence'),
    tempo: audio('tempo'),
    known: Uint8Array.from(track, (t) => (known.has(tracks.artist[t]!) ? 1 : 0)),
  };
}

/** Rows of floats in one array that doubles when it is full. */
class GrowingRows {
  readonly #columns: number;
  #values: Float32Array;
  rows = 0;

  constructor(columns: number, capacity: number) {
    this.#columns = columns;
    this.#values = new Float32Array(columns * Math.max(1, capacity));
  }

  /** Makes room for rows; gives the whole array, to be written at the row that was next. */
  add(rows: number): Float32Array {
    this.rows += rows;
    const needed = this.rows * this.#columns;
    if (needed > this.#values.length) {
      const larger = new Float32Array(Math.max(needed, this.#values.length * 2));
      larger.set(this.#values);
      this.#values = larger;
    }
    return this.#values;
  }

  filled(): Float32Array {
    return this.#values.subarray(0, this.rows * this.#columns);
  }
}
