import { z } from 'zod';
import { transpose, type Interactions } from './interactions.ts';
import { TopK } from './nearest.ts';

/**
 * Item-item neighbours: which items stand together in playlists, or are played by the same
 * listeners. Rows of the input are those playlists or listeners ("baskets"), n_ij counts the rows
 * that hold both i and j, n_i those that hold i, N all rows.
 */
export const neighbourOptions = z.object({
  /** Neighbours kept for each item at most. */
  k: z.int().min(1).max(10_000).default(50),
  /**
   * `cosine`: sum_rows r_i r_j / (|r_i| |r_j|), columns taken as vectors of their values; for
   * values of 1, n_ij / sqrt(n_i n_j). 0..1 for values >= 0.
   * `ppmi`: max(0, ln(n_ij N / (n_i n_j))), positive pointwise mutual information: the logarithm of
   * the lift. Values are not looked at.
   */
  measure: z.enum(['cosine', 'ppmi']).default('cosine'),
  /**
   * The similarity is multiplied by n_ij / (n_ij + shrinkage) (Bell, Koren 2007), so that what was
   * seen together once by chance does not come first. In rows; 0 turns it off.
   */
  shrinkage: z.number().nonnegative().default(0),
  /** Pairs that fewer rows hold are no neighbours. */
  minCount: z.int().min(1).default(1),
});
export type NeighbourOptions = z.infer<typeof neighbourOptions>;

/**
 * For each item its neighbours, the most similar first, ties by the smaller index: those of `i`
 * are at `indptr[i] .. indptr[i + 1]`. Never the item itself; only similarities above 0. Not
 * symmetric, as each item keeps its own k.
 */
export interface Neighbours {
  readonly numItems: number;
  /** [numItems + 1] */
  readonly indptr: Uint32Array;
  readonly indices: Int32Array;
  readonly similarities: Float32Array;
}

/**
 * The k nearest of every item, exactly. Time: the sum over rows of the squared row length.
 *
 * @param baskets - [numBaskets x numItems]
 * @throws ZodError for wrong options
 */
export function neighboursOf(
  baskets: Interactions,
  options: z.input<typeof neighbourOptions> = {},
): Neighbours {
  const { k, measure, shrinkage, minCount } = neighbourOptions.parse(options);
  const numItems = baskets.numCols;
  const itemBaskets = transpose(baskets);
  const norms = columnNorms(itemBaskets);
  const sizes = Float64Array.from({ length: numItems }, (_, i) => {
    return itemBaskets.indptr[i + 1]! - itemBaskets.indptr[i]!;
  });

  const similarityOf = (i: number, j: number, product: number, count: number): number => {
    const raw =
      measure === 'cosine'
        ? product / (norms[i]! * norms[j]!)
        : Math.log((count * baskets.numRows) / (sizes[i]! * sizes[j]!));
    return raw * (count / (count + shrinkage));
  };

  const heap = new TopK(k);
  const indptr = new Uint32Array(numItems + 1);
  const indices: Int32Array[] = [];
  const similarities: Float64Array[] = [];
  const met = new Int32Array(numItems);
  const products = new Float64Array(numItems);
  const counts = new Int32Array(numItems);

  for (let item = 0; item < numItems; item++) {
    const numMet = meet(item, itemBaskets, baskets, met, products, counts);
    heap.clear();
    for (let m = 0; m < numMet; m++) {
      const other = met[m]!;
      const count = counts[other]!;
      if (other !== item && count >= minCount) {
        const similarity = similarityOf(item, other, products[other]!, count);
        if (similarity > 0) heap.push(other, similarity);
      }
      products[other] = 0;
      counts[other] = 0;
    }
    const best = heap.sorted();
    indices.push(best.indices);
    similarities.push(best.scores);
    indptr[item + 1] = indptr[item]! + best.indices.length;
  }
  return {
    numItems,
    indptr,
    indices: joined(indices, new Int32Array(indptr[numItems]!)),
    similarities: joined(similarities, new Float32Array(indptr[numItems]!)),
  };
}

/** The neighbours of one item, best first: views, not copies. @throws RangeError for no such item */
export function neighboursOfItem(
  { numItems, indptr, indices, similarities }: Neighbours,
  item: number,
): { readonly indices: Int32Array; readonly similarities: Float32Array } {
  if (!(item >= 0 && item < numItems && Number.isInteger(item))) {
    throw new RangeError(
      `neighbours: expected an item of 0 or more and below ${numItems}, got ${item}`,
    );
  }
  const start = indptr[item]!;
  const end = indptr[item + 1]!;
  return {
    indices: indices.subarray(start, end),
    similarities: similarities.subarray(start, end),
  };
}

/**
 * Sums products and counts with every item that shares a basket; gives how many were met, itself
 * included. Expects `products` and `counts` at zero.
 */
function meet(
  item: number,
  itemBaskets: Interactions,
  baskets: Interactions,
  met: Int32Array,
  products: Float64Array,
  counts: Int32Array,
): number {
  let numMet = 0;
  for (let b = itemBaskets.indptr[item]!; b < itemBaskets.indptr[item + 1]!; b++) {
    const basket = itemBaskets.indices[b]!;
    const value = itemBaskets.values[b]!;
    const end = baskets.indptr[basket + 1]!;
    for (let i = baskets.indptr[basket]!; i < end; i++) {
      const other = baskets.indices[i]!;
      if (counts[other] === 0) met[numMet++] = other;
      counts[other]!++;
      products[other]! += value * baskets.values[i]!;
    }
  }
  return numMet;
}

function columnNorms({ numRows, indptr, values }: Interactions): Float64Array {
  const norms = new Float64Array(numRows);
  for (let row = 0; row < numRows; row++) {
    let squares = 0;
    for (let i = indptr[row]!; i < indptr[row + 1]!; i++) squares += values[i]! * values[i]!;
    norms[row] = Math.sqrt(squares);
  }
  return norms;
}

function joined<Target extends Int32Array | Float32Array>(
  parts: ArrayLike<number>[],
  target: Target,
): Target {
  let at = 0;
  for (const part of parts) {
    target.set(part, at);
    at += part.length;
  }
  return target;
}
