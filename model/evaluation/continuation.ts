import { neighboursOf, type Neighbours } from '../cooccurrence.ts';
import { embedTracks, type EmbeddingOptions } from '../embedding.ts';
import { rowOf, type Interactions } from '../interactions.ts';
import { normalizeRows, TopK } from '../nearest.ts';

/** How far a ranking goes (RecSys Challenge 2018). */
export const continuationDepth = 500;

/** Neighbours that a track keeps. */
const numNeighbours = 200;
/** Of reciprocal rank fusion: how little the first ranks differ (Cormack, Clarke, Buettcher 2009). */
const fusionRank = 60;

/** Ways to go on with a playlist; see `PlaylistContinuation`. */
export const continuationWays = [
  'blend',
  'embedding',
  'cooccurrence',
  'cosine',
  'popularity',
] as const;
export type ContinuationWay = (typeof continuationWays)[number];

/**
 * Ranks the tracks that a playlist does not hold by how well they would go on with it.
 *
 * - `popularity`: in how many playlists a track is now;
 * - `cosine`: the sum, over the tracks of the playlist, of the cosine of playlists that hold both,
 *   each track with its 200 nearest;
 * - `cooccurrence`: the same, where a playlist of n tracks counts 1 / log2(1 + n), as in the
 *   pipeline's source `playlists`;
 * - `embedding`: the cosine with the mean of the vectors of the tracks, as learnt from playlists;
 * - `blend`: reciprocal rank fusion of these four, sum of 1 / (60 + rank). Nothing is fitted.
 *
 * Ties go to the lower track. What a way has no score for is not ranked by it.
 */
export class PlaylistContinuation {
  readonly #current: Interactions;
  readonly #popular: Int32Array;
  readonly #cosine: Neighbours;
  readonly #cooccurrence: Neighbours;
  readonly #vectors: Float32Array;
  readonly #dim: number;
  readonly #seen: Uint8Array;
  readonly #sums: Float64Array;

  /**
   * @param current - [numPlaylists x numTracks] what is in the playlists now
   * @param known - [numPlaylists x numTracks] what is, or has been: learnt from
   */
  constructor(current: Interactions, known: Interactions, embedding: Partial<EmbeddingOptions>) {
    const numTracks = current.numCols;
    this.#current = current;
    const playlists = new Float64Array(numTracks);
    for (const track of current.indices) playlists[track]!++;
    const popular = new TopK(numTracks);
    for (let track = 0; track < numTracks; track++) {
      if (playlists[track]! > 0) popular.push(track, playlists[track]!);
    }
    this.#popular = popular.sorted().indices;
    this.#cosine = neighboursOf(
      withValues(known, () => 1),
      { k: numNeighbours },
    );
    this.#cooccurrence = neighboursOf(
      withValues(known, (size) => 1 / Math.sqrt(Math.log2(1 + size))),
      { k: numNeighbours },
    );
    const { dim, vectors, seen } = embedTracks(known, embedding);
    this.#dim = dim;
    this.#vectors = normalizeRows(vectors, dim);
    this.#seen = seen;
    this.#sums = new Float64Array(numTracks);
  }

  /** Tracks, best first, up to `continuationDepth` by each way. */
  continue(playlist: number): Record<ContinuationWay, Int32Array> {
    const contents = rowOf(this.#current, playlist).indices;
    const held = new Set(contents);
    const ways = {
      embedding: this.#byEmbedding(contents, held),
      cooccurrence: this.#byNeighbours(this.#cooccurrence, contents, held),
      cosine: this.#byNeighbours(this.#cosine, contents, held),
      popularity: this.#popular.filter((track) => !held.has(track)).slice(0, continuationDepth),
    };
    return { blend: fuse(Object.values(ways)), ...ways };
  }

  #byNeighbours(neighbours: Neighbours, contents: Int32Array, held: ReadonlySet<number>) {
    const { indptr, indices, similarities } = neighbours;
    const sums = this.#sums;
    const touched: number[] = [];
    for (const track of contents) {
      for (let n = indptr[track]!; n < indptr[track + 1]!; n++) {
        const other = indices[n]!;
        if (sums[other] === 0) touched.push(other);
        sums[other]! += similarities[n]!;
      }
    }
    const best = new TopK(continuationDepth);
    for (const track of touched) {
      if (!held.has(track)) best.push(track, sums[track]!);
      sums[track] = 0;
    }
    return best.sorted().indices;
  }

  #byEmbedding(contents: Int32Array, held: ReadonlySet<number>): Int32Array {
    const dim = this.#dim;
    const vectors = this.#vectors;
    const mean = new Float64Array(dim);
    for (const track of contents) {
      for (let d = 0; d < dim; d++) mean[d]! += vectors[track * dim + d]!;
    }
    const best = new TopK(continuationDepth);
    if (mean.every((value) => value === 0)) return best.sorted().indices;
    for (let track = 0; track < this.#seen.length; track++) {
      if (this.#seen[track] === 0 || held.has(track)) continue;
      let product = 0;
      for (let d = 0; d < dim; d++) product += mean[d]! * vectors[track * dim + d]!;
      best.push(track, product);
    }
    return best.sorted().indices;
  }
}

/** Reciprocal rank fusion of rankings. */
export function fuse(rankings: readonly ArrayLike<number>[]): Int32Array {
  const sums = new Map<number, number>();
  for (const ranking of rankings) {
    for (let n = 0; n < ranking.length; n++) {
      const track = ranking[n]!;
      sums.set(track, (sums.get(track) ?? 0) + 1 / (fusionRank + n + 1));
    }
  }
  const best = new TopK(continuationDepth);
  for (const [track, sum] of sums) best.push(track, sum);
  return best.sorted().indices;
}

/** The same pairs, each with the value that a row of its size gives. */
function withValues(rows: Interactions, valueOf: (size: number) => number): Interactions {
  const values = new Float32Array(rows.indices.length);
  for (let row = 0; row < rows.numRows; row++) {
    const from = rows.indptr[row]!;
    const to = rows.indptr[row + 1]!;
    values.fill(valueOf(to - from), from, to);
  }
  return { ...rows, values };
}
