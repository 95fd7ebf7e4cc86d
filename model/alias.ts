/**
 * Alias table (Walker 1977, built as by Vose 1991): draws an index with a probability proportional
 * to its weight, in constant time.
 */
export interface AliasTable {
  /** [size], the chance that slot i stays i, in 0..1. */
  readonly keep: Float64Array;
  /** [size], what slot i becomes otherwise. */
  readonly alias: Int32Array;
}

/**
 * O(size). Indices of weight 0 are never drawn.
 *
 * @param weights - >= 0, at least one above
 * @throws RangeError where there is no weight above 0, or one is negative or not finite
 */
export function aliasTable(weights: ArrayLike<number>): AliasTable {
  const size = weights.length;
  let total = 0;
  for (let i = 0; i < size; i++) {
    const weight = weights[i]!;
    if (!(weight >= 0 && weight < Infinity)) {
      throw new RangeError(`alias: expected weights >= 0, got ${weight} at ${i}`);
    }
    total += weight;
  }
  if (!(total > 0)) throw new RangeError(`alias: expected a weight above 0, got ${size} without`);

  const keep = new Float64Array(size);
  const alias = new Int32Array(size);
  // One stack from either end: slots with less than their share, and with at least it.
  const slots = new Int32Array(size);
  let numSmall = 0;
  let numLarge = 0;
  let heaviest = 0;
  for (let i = 0; i < size; i++) {
    keep[i] = (weights[i]! / total) * size;
    alias[i] = i;
    if (weights[i]! > weights[heaviest]!) heaviest = i;
    if (keep[i]! < 1) slots[numSmall++] = i;
    else slots[size - ++numLarge] = i;
  }
  while (numSmall > 0 && numLarge > 0) {
    const small = slots[--numSmall]!;
    const large = slots[size - numLarge]!;
    alias[small] = large;
    keep[large] = keep[large]! - (1 - keep[small]!);
    if (keep[large] < 1) {
      numLarge--;
      slots[numSmall++] = large;
    }
  }
  // What is left over misses its share by rounding only; a slot without weight must still give way.
  while (numSmall > 0) {
    const small = slots[--numSmall]!;
    if (weights[small] === 0) alias[small] = heaviest;
    else keep[small] = 1;
  }
  while (numLarge > 0) keep[slots[size - numLarge--]!] = 1;
  return { keep, alias };
}

/** The index that a uniform number of [0, 1) stands for. */
export function drawIndex({ keep, alias }: AliasTable, uniform: number): number {
  const place = uniform * keep.length;
  const slot = Math.floor(place);
  return place - slot < keep[slot]! ? slot : alias[slot]!;
}
