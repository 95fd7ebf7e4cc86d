import { TopK, type Best } from '../nearest.ts';
import type { Factors, Listener, Ragged } from './listener.ts';
import { sourceNames, type CandidatePool, type SourceName } from './pool.ts';

/**
 * A source of candidates. All have this one interface, none needs retraining for a new listener,
 * and each remembers the evidence (`because`) where it has it at hand.
 */
export interface CandidateSource {
  readonly name: SourceName;
  /** Offers up to `limit` admissible candidates, the best first; ties by track index. */
  collect(listener: Listener, pool: CandidatePool, limit: number): void;
}

const sourceId = (name: SourceName): number => sourceNames.indexOf(name);

/** How many of an artist's best-known tracks a source that thinks in artists offers. */
const tracksPerArtist = 3;
/** And of an artist whom the listener plays: what they play next is most often one more of theirs. */
const tracksPerPlayedArtist = 10;

/**
 * Matrix factorization: the inner product of listener and track factors, over the tracks that were
 * played before the cut-off.
 *
 * @param played - the tracks with factors, ascending
 */
export function factorsSource(
  listeners: Factors,
  tracks: Factors,
  played: Int32Array,
): CandidateSource {
  const source = sourceId('factors');
  const items = new FactoredItems(tracks, played);
  return {
    name: 'factors',
    collect(listener, pool, limit) {
      const scores = items.scores(listeners, listener.index);
      if (scores === undefined) return;
      const best = new TopK(limit);
      for (let n = 0; n < scores.length; n++) {
        const score = scores[n]!;
        if (score <= 0 || score < best.threshold) continue;
        const track = items.rows[n]!;
        if (pool.admits(track)) best.push(track, score);
      }
      const found = best.sorted();
      for (let n = 0; n < found.indices.length; n++) {
        pool.offer(source, found.indices[n]!, found.scores[n]!, -1);
      }
    },
  };
}

/**
 * Matrix factorization where tracks are too sparse: the inner product of listener and artist
 * factors, then each artist's best-known tracks.
 *
 * @param artistTracks - each artist's tracks, the best known first
 */
export function artistsSource(
  listeners: Factors,
  artists: Factors,
  artistTracks: Ragged,
): CandidateSource {
  const source = sourceId('artists');
  const items = new FactoredItems(artists, rowsThatHold(artistTracks));
  return {
    name: 'artists',
    collect(listener, pool, limit) {
      const scores = items.scores(listeners, listener.index);
      if (scores === undefined) return;
      const best = new TopK(limit);
      for (let n = 0; n < scores.length; n++) {
        if (scores[n]! > 0) best.push(items.rows[n]!, scores[n]!);
      }
      const found = best.sorted();
      offerTracksOf(found, () => -1, listener, artistTracks, pool, source, limit);
    },
  };
}

/**
 * Tracks that are near, in the embedding learnt from playlists, to what the listener played: the
 * sum over played tracks of confidence x similarity.
 *
 * @param neighbours - for each track its nearest ones with their similarity
 */
export function playlistsSource(neighbours: Ragged, numTracks: number): CandidateSource {
  const source = sourceId('playlists');
  const sum = new Accumulator(numTracks);
  return {
    name: 'playlists',
    collect(listener, pool, limit) {
      sum.addNeighbours(listener.tracks, listener.trackConfidence, neighbours);
      const best = new TopK(limit);
      for (const track of sum.touched) {
        if (pool.admits(track)) best.push(track, sum.value[track]!);
      }
      const { indices, scores } = best.sorted();
      for (let n = 0; n < indices.length; n++) {
        pool.offer(source, indices[n]!, scores[n]!, sum.because[indices[n]!]!);
      }
      sum.clear();
    },
  };
}

/**
 * Artists of whom similar things are written, as the ones whom the listener plays; then each
 * artist's best-known tracks.
 *
 * @param neighbours - for each artist the nearest by text, with the similarity
 */
export function textSource(
  neighbours: Ragged,
  artistTracks: Ragged,
  numArtists: number,
): CandidateSource {
  const source = sourceId('text');
  const sum = new Accumulator(numArtists);
  return {
    name: 'text',
    collect(listener, pool, limit) {
      sum.addNeighbours(listener.artists, listener.artistConfidence, neighbours);
      const best = new TopK(limit);
      for (const artist of sum.touched) best.push(artist, sum.value[artist]!);
      const because = (artist: number) => sum.because[artist]!;
      offerTracksOf(best.sorted(), because, listener, artistTracks, pool, source, limit);
      sum.clear();
    },
  };
}

/**
 * What is popular where the listener lives: in the zone, then in the country, then in the world.
 * The score is the place's, so that places of different size compare: 1 for the first, 1 / (1 +
 * log2(rank)) below.
 *
 * @param places - for each place its tracks, the most popular first
 */
export function popularitySource(places: Ragged, world: number): CandidateSource {
  const source = sourceId('popularity');
  return {
    name: 'popularity',
    collect(listener, pool, limit) {
      const order = [listener.zonePlace, listener.countryPlace, world];
      const shares = [0.5, 0.75, 1];
      for (let p = 0; p < order.length; p++) {
        const place = order[p]!;
        if (place === -1) continue;
        const until = Math.ceil(limit * shares[p]!);
        const from = places.start[place]!;
        const to = places.start[place + 1]!;
        for (let n = from; n < to && pool.offeredBy(source) < until; n++) {
          pool.offer(source, places.indices[n]!, 1 / (1 + Math.log2(n - from + 1)), place);
        }
      }
    },
  };
}

function offerTracksOf(
  artists: Best,
  because: (artist: number) => number,
  listener: Listener,
  artistTracks: Ragged,
  pool: CandidatePool,
  source: number,
  limit: number,
): void {
  const played = new Set(listener.artists);
  for (let n = 0; n < artists.indices.length && pool.offeredBy(source) < limit; n++) {
    const artist = artists.indices[n]!;
    const most = played.has(artist) ? tracksPerPlayedArtist : tracksPerArtist;
    const to = artistTracks.start[artist + 1]!;
    let taken = 0;
    for (let t = artistTracks.start[artist]!; t < to && taken < most; t++) {
      if (pool.offeredBy(source) === limit) return;
      const track = artistTracks.indices[t]!;
      if (pool.offer(source, track, artists.scores[n]!, because(artist))) taken++;
    }
  }
}

function rowsThatHold(rows: Ragged): Int32Array {
  const found: number[] = [];
  for (let r = 0; r + 1 < rows.start.length; r++) {
    if (rows.start[r + 1]! > rows.start[r]!) found.push(r);
  }
  return Int32Array.from(found);
}

/** Items that have factors, side by side in memory, and the inner products of all with a row. */
class FactoredItems {
  /** The items' rows in their matrix, ascending; those of zero factors are left out. */
  readonly rows: Int32Array;
  readonly #numFactors: number;
  /** [rows.length x numFactors] row-major. */
  readonly #values: Float32Array;
  /** Used again for each listener. */
  readonly #scores: Float64Array;
  readonly #query: Float64Array;

  constructor(factors: Factors, rows: Int32Array) {
    this.#numFactors = factors.numFactors;
    this.rows = rows.filter((row) => !isZero(factors, row));
    this.#values = new Float32Array(this.rows.length * this.#numFactors);
    for (let n = 0; n < this.rows.length; n++) {
      const from = this.rows[n]! * this.#numFactors;
      const row = factors.values.subarray(from, from + this.#numFactors);
      this.#values.set(row, n * this.#numFactors);
    }
    this.#scores = new Float64Array(this.rows.length);
    this.#query = new Float64Array(this.#numFactors);
  }

  /** In the order of `rows`, valid until the next call; undefined for a row of zero factors. */
  scores(factors: Factors, row: number): Float64Array | undefined {
    if (row >= factors.numRows || isZero(factors, row)) return undefined;
    const numFactors = this.#numFactors;
    const query = this.#query;
    const values = this.#values;
    const scores = this.#scores;
    const from = row * numFactors;
    query.set(factors.values.subarray(from, from + numFactors));
    let at = 0;
    for (let n = 0; n < scores.length; n++) {
      // Two sums, so that one addition need not wait for the other.
      let even = 0;
      let odd = 0;
      for (let f = 0; f + 1 < numFactors; f += 2) {
        even += query[f]! * values[at]!;
        odd += query[f + 1]! * values[at + 1]!;
        at += 2;
      }
      if (numFactors % 2 === 1) even += query[numFactors - 1]! * values[at++]!;
      scores[n] = even + odd;
    }
    return scores;
  }
}

function isZero({ numFactors, values }: Factors, row: number): boolean {
  const from = row * numFactors;
  for (let f = from; f < from + numFactors; f++) if (values[f] !== 0) return false;
  return true;
}

/** A dense sum that is emptied in time proportional to what was touched. */
class Accumulator {
  readonly value: Float64Array;
  /** What added most to each. */
  readonly because: Int32Array;
  readonly #most: Float64Array;
  touched: number[] = [];

  constructor(size: number) {
    this.value = new Float64Array(size);
    this.because = new Int32Array(size).fill(-1);
    this.#most = new Float64Array(size);
  }

  addNeighbours(of: Int32Array, confidence: Float32Array, neighbours: Ragged): void {
    for (let h = 0; h < of.length; h++) {
      const row = of[h]!;
      const weight = Math.log1p(confidence[h]!);
      for (let n = neighbours.start[row]!; n < neighbours.start[row + 1]!; n++) {
        const neighbour = neighbours.indices[n]!;
        const part = weight * neighbours.values[n]!;
        if (part <= 0) continue; // what adds nothing is not touched
        if (this.value[neighbour] === 0) this.touched.push(neighbour);
        this.value[neighbour]! += part;
        if (part > this.#most[neighbour]!) {
          this.#most[neighbour] = part;
          this.because[neighbour] = row;
        }
      }
    }
  }

  clear(): void {
    for (const index of this.touched) {
      this.value[index] = 0;
      this.#most[index] = 0;
      this.because[index] = -1;
    }
    this.touched = [];
  }
}
