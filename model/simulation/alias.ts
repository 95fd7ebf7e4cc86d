import type { Random } from '../random.ts';

/**
 * Draws from fixed weights in constant time: Walker's alias method as built by Vose (1991).
 * Several tables, the **segments**, lie one after the other in the same two arrays.
 */
export interface AliasTables {
  /** `[numEntries]`: the chance that a column keeps its own entry, else it gives `alias`. */
  readonly keep: Float32Array;
  /** `[numEntries]`: entries, counted within the segment. */
  readonly alias: Int32Array;
  /** `[numSegments + 1]`: segment `s` is `starts[s] .. starts[s + 1]`. */
  readonly starts: Int32Array;
}

/**
 * @param weights - `[numEntries]`, zero or more; of each segment that is not empty at least one > 0
 * @param starts - `[numSegments + 1]`, ascending from 0 to `numEntries`; a segment may be empty
 * @throws RangeError for a segment without weight
 */
export function buildAliasTables(
  weights: ArrayLike<number>,
  starts: Int32Array = Int32Array.of(0, weights.length),
): AliasTables {
  const keep = new Float32Array(weights.length);
  const alias = new Int32Array(weights.length);
  for (let segment = 0; segment + 1 < starts.length; segment++) {
    buildSegment(weights, starts[segment]!, starts[segment + 1]!, keep, alias);
  }
  return { keep, alias, starts };
}

/** One entry of a segment, counted from 0 within it; -1 where the segment is empty. */
export function drawAlias(tables: AliasTables, segment: number, random: Random): number {
  const start = tables.starts[segment]!;
  const size = tables.starts[segment + 1]! - start;
  if (size === 0) return -1;
  const point = random.uniform() * size;
  const column = Math.floor(point);
  return point - column < tables.keep[start + column]! ? column : tables.alias[start + column]!;
}

/** The number of entries of a segment. */
export function segmentSize(tables: AliasTables, segment: number): number {
  return tables.starts[segment + 1]! - tables.starts[segment]!;
}

function buildSegment(
  weights: ArrayLike<number>,
  start: number,
  end: number,
  keep: Float32Array,
  alias: Int32Array,
): void {
  const size = end - start;
  if (size === 0) return;
  let sum = 0;
  for (let entry = start; entry < end; entry++) sum += weights[entry]!;
  if (!(sum > 0)) throw new RangeError(`alias table: expected a weight above 0, got sum ${sum}`);

  const scaled = new Float64Array(size);
  // Columns below one are filled from the left of `queue`, those above from its right.
  const queue = new Int32Array(size);
  let small = 0;
  let large = size;
  for (let entry = 0; entry < size; entry++) {
    scaled[entry] = (weights[start + entry]! * size) / sum;
    if (scaled[entry]! < 1) queue[small++] = entry;
    else queue[--large] = entry;
  }
  while (small > 0 && large < size) {
    const poor = queue[--small]!;
    const rich = queue[large]!;
    keep[start + poor] = scaled[poor]!;
    alias[start + poor] = rich;
    scaled[rich] = scaled[rich]! - (1 - scaled[poor]!);
    if (scaled[rich] < 1) {
      large++;
      queue[small++] = rich;
    }
  }
  // Whatever is left is one but for rounding.
  for (; large < size; large++) keepWhole(queue[large]!);
  while (small > 0) keepWhole(queue[--small]!);

  function keepWhole(entry: number): void {
    keep[start + entry] = 1;
    alias[start + entry] = entry;
  }
}
