import { nearestBatch } from '../model/nearest.ts';

export interface TrackNeighboursOptions {
  /** Of each track at most, 1 or more. */
  readonly numNeighbours: number;
  /** Cosine; what is not above it is left out. */
  readonly minSimilarity: number;
}

/**
 * The nearest of some tracks by the cosine of their vectors, without the tracks themselves: track,
 * neighbour, similarity; the nearest first.
 *
 * @param vectors - [allTracks x dim]
 * @param allowed - [allTracks] 1 for those that may be a neighbour
 */
export function* trackNeighbours(
  tracks: Int32Array,
  vectors: Float32Array,
  dim: number,
  allowed: Uint8Array,
  { numNeighbours, minSimilarity }: TrackNeighboursOptions,
): Iterable<[number, number, number]> {
  const queries = new Float32Array(tracks.length * dim);
  tracks.forEach((track, q) => {
    queries.set(vectors.subarray(track * dim, (track + 1) * dim), q * dim);
  });
  const k = numNeighbours + 1; // a track is its own nearest
  const found = nearestBatch(queries, vectors, dim, { k, metric: 'cosine', allowed });
  for (let q = 0; q < tracks.length; q++) {
    for (let n = q * k; n < q * k + found.counts[q]!; n++) {
      const neighbour = found.indices[n]!;
      const similarity = found.scores[n]!;
      if (neighbour === tracks[q] || similarity <= minSimilarity) continue;
      yield [tracks[q]!, neighbour, similarity];
    }
  }
}
