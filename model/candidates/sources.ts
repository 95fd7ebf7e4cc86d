import { TopK } from '../nearest.ts';
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
  return {
    name: 'factors',
    collect(listener, pool, limit) {
      if (!hasFactors(listeners, listener.index)) return;
      const best = new TopK(limit);
      for (const track of played) {
        if (!pool.admits(track)) continue;
        const score = dot(listeners, listener.index, tracks, track);
        if (score > 0) best.push(track, score);
      }
      const { indices, scores } = best.sorted();
      for (let n = 0; n < indices.length; n++) pool.offer(source, indices[n]!, scores[n]!, -1);
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
  const withTracks = rowsThatHold(artistTracks);
  return {
    name: 'artists',
    collect(listener, pool, limit) {
      if (!hasFactors(listeners, listener.index)) return;
      const best = new TopK(limit);
      for (const artist of withTracks) {
        const score = dot(listeners, listener.index, artists, artist);
        if (score > 0) best.push(artist, score);
      }
      const { indices, scores } = best.sorted();
      offerTracksOf(indices, scores, () => -1, artistTracks, pool, source, limit);
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
      const { indices, scores } = best.sorted();
      const because = (artist: number) => sum.because[artist]!;
      offerTracksOf(indices, scores, because, artistTracks, pool, source, limit);
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
  artists: Int32Array,
  scores: Float32Array | Float64Array,
  because: (artist: number) => number,
  artistTracks: Ragged,
  pool: CandidatePool,
  source: number,
  limit: number,
): void {
  for (let n = 0; n < artists.length && pool.offeredBy(source) < limit; n++) {
    const artist = artists[n]!;
    const from = artistTracks.start[artist]!;
    const to = artistTracks.start[artist + 1]!;
    let taken = 0;
    for (let t = from; t < to && taken < tracksPerArtist; t++) {
      if (pool.offeredBy(source) === limit) return;
      if (pool.offer(source, artistTracks.indices[t]!, scores[n]!, because(artist))) taken++;
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

/** Whether a listener has factors: rows of those without interactions are zero. */
function hasFactors(factors: Factors, row: number): boolean {
  if (row >= factors.numRows) return false;
  const from = row * factors.numFactors;
  for (let f = from; f < from + factors.numFactors; f++) if (factors.values[f] !== 0) return true;
  return false;
}

function dot(a: Factors, rowOfA: number, b: Factors, rowOfB: number): number {
  const size = a.numFactors;
  let atA = rowOfA * size;
  let atB = rowOfB * size;
  let sum = 0;
  for (let f = 0; f < size; f++) sum += a.values[atA++]! * b.values[atB++]!;
  return sum;
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
