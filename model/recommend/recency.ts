import type { Interactions } from '../interactions.ts';

/**
 * The same interactions, each value raised to a power: how much it matters when something was
 * heard, or how often. With 0 all that is stored counts alike, with 1 as it is stored.
 *
 * @param exponent - 0 or more
 * @returns [numRows x numCols], indices shared with what was given
 */
export function withRecency(interactions: Interactions, exponent: number): Interactions {
  if (exponent === 1) return interactions;
  return { ...interactions, values: interactions.values.map((value) => value ** exponent) };
}

/** A matrix parted by recency: what each row did last, and what it did before. */
export interface LatestSplit {
  readonly before: Interactions;
  readonly latest: Interactions;
}

/**
 * Holds out of each row the share of greatest values, the newest where values fall with age: at
 * least one of a row with two or more, none of a row with one. Of alike values the greater columns.
 *
 * @param share - between 0 and 1
 * @returns undefined where all stored values are alike: nothing is known of the order
 */
export function latestSplit(interactions: Interactions, share: number): LatestSplit | undefined {
  const { numRows, numCols, indptr, indices, values } = interactions;
  if (values.every((value) => value === values[0])) return undefined;
  const isLatest = new Uint8Array(indices.length);
  for (let row = 0; row < numRows; row++) {
    const [from, to] = [indptr[row]!, indptr[row + 1]!];
    const count = to - from < 2 ? 0 : Math.max(1, Math.round((to - from) * share));
    const newestFirst = Uint32Array.from({ length: to - from }, (_, n) => from + n).sort(
      (a, b) => values[b]! - values[a]! || b - a,
    );
    for (const at of newestFirst.subarray(0, count)) isLatest[at] = 1;
  }
  const part = (wanted: number): Interactions => {
    const kept = (_: number, at: number): boolean => isLatest[at] === wanted;
    const partPtr = new Uint32Array(numRows + 1);
    for (let row = 0; row < numRows; row++) {
      let count = 0;
      for (let at = indptr[row]!; at < indptr[row + 1]!; at++) {
        if (isLatest[at] === wanted) count++;
      }
      partPtr[row + 1] = partPtr[row]! + count;
    }
    return {
      numRows,
      numCols,
      indptr: partPtr,
      indices: indices.filter(kept),
      values: values.filter(kept),
    };
  };
  return { before: part(0), latest: part(1) };
}
