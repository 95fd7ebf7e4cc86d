import type { Examples } from './examples.ts';

/** Groups of raw features, each with a positive, oldest first. */
export interface PositiveGroups {
  /** [numRows x numFeatures], row-major. */
  readonly features: Float32Array;
  /** [numRows], 0 or 1. */
  readonly labels: Float32Array;
  /** [numGroups + 1] row offsets. */
  readonly groups: Int32Array;
  /** [numGroups], ascending. */
  readonly cutoffs?: Int32Array | undefined;
}

/** The groups that hold a positive: the others teach nothing and have no NDCG. */
export function withPositives(examples: Examples): PositiveGroups {
  const { features, numFeatures, labels, groups, cutoffs } = examples;
  const kept: number[] = [];
  for (let group = 0; group + 1 < groups.length; group++) {
    const rows = labels.subarray(groups[group], groups[group + 1]);
    if (rows.some((label) => label === 1)) kept.push(group);
  }
  const offsets = new Int32Array(kept.length + 1);
  for (const [at, group] of kept.entries()) {
    offsets[at + 1] = offsets[at]! + groups[group + 1]! - groups[group]!;
  }
  const numRows = offsets.at(-1)!;
  const rows = new Float32Array(numRows * numFeatures);
  const marks = new Float32Array(numRows);
  for (const [at, group] of kept.entries()) {
    const [from, to] = [groups[group]!, groups[group + 1]!];
    rows.set(features.subarray(from * numFeatures, to * numFeatures), offsets[at]! * numFeatures);
    marks.set(labels.subarray(from, to), offsets[at]);
  }
  return {
    features: rows,
    labels: marks,
    groups: offsets,
    cutoffs: cutoffs && Int32Array.from(kept, (group) => cutoffs[group]!),
  };
}

/**
 * Where the latest `share` of the groups begins; later where that would split a cut-off, but where
 * that would leave nothing, with the last cut-off, unless there is no other.
 *
 * @returns 0..numGroups; numGroups means that nothing is held back
 */
export function firstHeldBack({ groups, cutoffs }: PositiveGroups, share: number): number {
  const numGroups = groups.length - 1;
  let first = numGroups - Math.floor(numGroups * share);
  if (!cutoffs || first === 0 || first === numGroups) return first;
  while (first < numGroups && cutoffs[first - 1] === cutoffs[first]) first++;
  if (first < numGroups) return first;
  while (first > 0 && cutoffs[first - 1] === cutoffs[numGroups - 1]) first--;
  return first === 0 ? numGroups : first;
}

/** Groups `first` to `last` (exclusive). */
export function sliceGroups(all: PositiveGroups, first: number, last: number): PositiveGroups {
  const [from, to] = [all.groups[first]!, all.groups[last]!];
  const numFeatures = all.labels.length > 0 ? all.features.length / all.labels.length : 0;
  return {
    features: all.features.subarray(from * numFeatures, to * numFeatures),
    labels: all.labels.subarray(from, to),
    groups: all.groups.slice(first, last + 1).map((row) => row - from),
  };
}

/**
 * Listwise cross-entropy of each group over all of its rows, in nats: `-mean over positives of
 * log softmax(scores)[positive]`.
 *
 * @param scores - [numRows]
 * @returns [numGroups]
 */
export function listwiseLosses(
  scores: Float32Array,
  { labels, groups }: PositiveGroups,
): Float64Array {
  const losses = new Float64Array(groups.length - 1);
  for (let group = 0; group < losses.length; group++) {
    const [first, last] = [groups[group]!, groups[group + 1]!];
    let top = -Infinity;
    for (let row = first; row < last; row++) top = Math.max(top, scores[row]!);
    let total = 0;
    let positives = 0;
    let hits = 0;
    for (let row = first; row < last; row++) {
      total += Math.exp(scores[row]! - top);
      positives += labels[row]!;
      hits += labels[row]! * (scores[row]! - top);
    }
    losses[group] = Math.log(total) - hits / positives;
  }
  return losses;
}
