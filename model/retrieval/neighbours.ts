import type { Factors } from '../candidates/listener.ts';
import { unitRows } from './clusters.ts';
import { planRetrieval, type RetrievalMeans, type RetrievalOptions } from './plan.ts';
import { Retriever } from './retriever.ts';
import { identity } from './packed-items.ts';

export interface NeighbourSearch {
  /** Rows whose neighbours are sought; a zero one has none. */
  readonly of: Int32Array;
  /** Rows that may be a neighbour, none of them zero, ascending. */
  readonly among: Int32Array;
  /** Neighbours of each at most, 1 or more. */
  readonly numNeighbours: number;
  /** Cosine that a neighbour must exceed, 0..1. */
  readonly minSimilarity: number;
  /** Up to how much work the search is exact, and what share is found beyond that. */
  readonly retrieval?: Pick<
    RetrievalOptions,
    'recall' | 'groupSize' | 'exactItems' | 'exactProducts' | 'seed'
  >;
}

/** Neighbours of some rows. */
export interface FoundNeighbours {
  /** How many of the rows are done by now. */
  readonly done: number;
  /** Row, neighbour, cosine; each row's nearest first, ties by the smaller neighbour. */
  readonly found: Iterable<[number, number, number]>;
}

/** Rows whose neighbours are held at a time. */
const askedAtOnce = 1000;

/**
 * The nearest of some rows by cosine, without the rows themselves, some rows at a time. As in
 * `planRetrieval` all others are compared where they are few; where they are many, those of a pool
 * that is shared by rows of like direction and holds the share `recall` of the nearest. Memory: a
 * copy of the vectors, and 6 bytes a factor for each that may be a neighbour.
 *
 * The same vectors and the same search give the same neighbours, whatever the number of threads.
 *
 * @throws RangeError where a factor is no finite number
 */
export async function* neighboursByCosine(
  vectors: Factors,
  { of, among, numNeighbours, minSimilarity, retrieval = {} }: NeighbourSearch,
  means: RetrievalMeans,
): AsyncGenerator<FoundNeighbours, void, undefined> {
  if (of.length === 0 || among.length === 0) return;
  const k = numNeighbours + 1; // a row is its own nearest
  const asking = unitRows(vectors, of);
  const asked = unitRows(vectors, among);
  const plan = await planRetrieval(
    asking,
    asked,
    identity(among.length),
    { ...retrieval, k },
    means,
  );
  const retriever = new Retriever(plan, asking, asked, means.kernels);
  for (let from = 0; from < plan.order.length; from += askedAtOnce) {
    const rows = plan.order.subarray(from, from + askedAtOnce);
    const { indices, scores, counts } = retriever.find(rows, k);
    const found = function* (): Iterable<[number, number, number]> {
      for (let n = 0; n < rows.length; n++) {
        const row = of[rows[n]!]!;
        let left = numNeighbours;
        for (let at = n * k; at < n * k + counts[n]! && left > 0; at++) {
          const neighbour = among[indices[at]!]!;
          const similarity = Math.min(1, scores[at]!);
          if (neighbour === row) continue;
          if (!(similarity > minSimilarity)) break;
          left--;
          yield [row, neighbour, similarity];
        }
      }
    };
    yield { done: from + rows.length, found: found() };
  }
}
