import type { TermRows } from './tfidf.ts';

export interface NeighbourOptions {
  /** Neighbours kept for each row, 1 or more. Default 50. */
  readonly numNeighbours?: number;
  /** Cosine that a neighbour must exceed, 0..1. Default 0.05. */
  readonly minSimilarity?: number;
}

/** Row r's neighbours are `offsets[r]` to `offsets[r + 1]`, the most similar first. */
export interface Neighbours {
  readonly offsets: Int32Array;
  readonly neighbours: Int32Array;
  /** Cosine, in (minSimilarity, 1], descending in each row. */
  readonly similarities: Float32Array;
}

/**
 * Exact nearest neighbours by cosine, through an inverted index: the cost is the sum over terms of
 * (documents with it) squared. Ties go to the lower row.
 * @param weights - rows of Euclidean length 1, see `tfIdf`
 */
export function cosineNeighbours(weights: TermRows, options: NeighbourOptions = {}): Neighbours {
  const { numNeighbours = 50, minSimilarity = 0.05 } = options;
  const numRows = weights.offsets.length - 1;
  const postings = invert(weights);
  const dot = new Float64Array(numRows);
  const touched = new Int32Array(numRows);
  // The nearest of the row so far, in order.
  const near = new Int32Array(numNeighbours);
  const nearSimilarity = new Float64Array(numNeighbours);
  const offsets = new Int32Array(numRows + 1);
  const neighbours: number[] = [];
  const similarities: number[] = [];
  for (let row = 0; row < numRows; row++) {
    let numTouched = 0;
    for (let at = weights.offsets[row]!; at < weights.offsets[row + 1]!; at++) {
      const term = weights.terms[at]!;
      const weight = weights.values[at]!;
      for (let p = postings.offsets[term]!; p < postings.offsets[term + 1]!; p++) {
        const other = postings.rows[p]!;
        if (dot[other] === 0) touched[numTouched++] = other;
        dot[other]! += weight * postings.values[p]!;
      }
    }
    let numNear = 0;
    for (let i = 0; i < numTouched; i++) {
      const other = touched[i]!;
      // Ranked as stored, so that the order of equal figures is that of the rows.
      const similarity = Math.min(1, Math.fround(dot[other]!));
      if (other === row || !(similarity > minSimilarity)) continue;
      const farthest = nearSimilarity[numNear - 1]!;
      if (numNear === numNeighbours && similarity <= farthest) {
        if (similarity < farthest || other > near[numNear - 1]!) continue;
      }
      let p = numNear < numNeighbours ? numNear++ : numNear - 1;
      for (; p > 0; p--) {
        const ahead = nearSimilarity[p - 1]!;
        if (ahead > similarity || (ahead === similarity && near[p - 1]! < other)) break;
        near[p] = near[p - 1]!;
        nearSimilarity[p] = ahead;
      }
      near[p] = other;
      nearSimilarity[p] = similarity;
    }
    for (let p = 0; p < numNear; p++) {
      neighbours.push(near[p]!);
      similarities.push(nearSimilarity[p]!);
    }
    offsets[row + 1] = neighbours.length;
    for (let i = 0; i < numTouched; i++) dot[touched[i]!] = 0;
  }
  return {
    offsets,
    neighbours: Int32Array.from(neighbours),
    similarities: Float32Array.from(similarities),
  };
}

/**
 * The term that adds most to the cosine of two rows: the largest product of weights among the
 * terms of the best rank that they share; ties go to the lower id. -1 where they share none.
 * @param rankOf - [numTerms], lower is better
 */
export function strongestShared(
  weights: TermRows,
  rowA: number,
  rowB: number,
  rankOf: Uint8Array,
): number {
  let best = -1;
  let bestRank = 256;
  let bestProduct = 0;
  let b = weights.offsets[rowB]!;
  const endB = weights.offsets[rowB + 1]!;
  for (let a = weights.offsets[rowA]!; a < weights.offsets[rowA + 1]!; a++) {
    const term = weights.terms[a]!;
    while (b < endB && weights.terms[b]! < term) b++;
    if (b === endB) break;
    if (weights.terms[b] !== term) continue;
    const product = weights.values[a]! * weights.values[b]!;
    const rank = rankOf[term]!;
    if (rank < bestRank || (rank === bestRank && product > bestProduct)) {
      best = term;
      bestRank = rank;
      bestProduct = product;
    }
  }
  return best;
}

/** By term: the rows that hold it, ascending, with their weights. */
function invert(weights: TermRows): {
  offsets: Int32Array;
  rows: Int32Array;
  values: Float32Array;
} {
  const offsets = new Int32Array(weights.numTerms + 1);
  for (const term of weights.terms) offsets[term + 1]!++;
  for (let term = 0; term < weights.numTerms; term++) offsets[term + 1]! += offsets[term]!;
  const next = offsets.slice();
  const rows = new Int32Array(weights.terms.length);
  const values = new Float32Array(weights.terms.length);
  for (let row = 0; row + 1 < weights.offsets.length; row++) {
    for (let at = weights.offsets[row]!; at < weights.offsets[row + 1]!; at++) {
      const p = next[weights.terms[at]!]!++;
      rows[p] = row;
      values[p] = weights.values[at]!;
    }
  }
  return { offsets, rows, values };
}
