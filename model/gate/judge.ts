import { alignFeatures } from '../ranker/align.ts';
import type { Examples } from '../ranker/examples.ts';
import { ndcgByGroup } from '../ranker/ndcg.ts';
import type { Tensorflow } from '../ranker/network.ts';
import type { Ranker } from '../ranker/ranker.ts';
import { score } from '../ranker/score.ts';

/** Examples that judge: which listener each group is of. */
export interface Holdout extends Examples {
  /** [numGroups] */
  readonly listeners: Int32Array;
}

/** Places that are looked at: as many as a list has. */
const places = 30;

/**
 * NDCG@30 of a ranker on each group of the holdout; NaN where nothing was played. Features are
 * found by name: see `alignFeatures`.
 *
 * @returns [numGroups]
 * @throws Mistake `ARTIFACT_CORRUPT` for a ranker that knows too few of the features
 */
export function ndcgOf(
  tf: Tensorflow,
  ranker: Ranker,
  holdout: Examples,
  where?: string,
): Float64Array {
  const scores = score(tf, ranker, alignFeatures(ranker, holdout, where));
  return ndcgByGroup(scores, holdout.labels, holdout.groups, places);
}

/** NDCG@30 of no score at all, that is, the expectation over all orders: [numGroups]. */
export function ndcgOfRandom({ labels, groups }: Examples): Float64Array {
  return ndcgByGroup(new Float32Array(labels.length), labels, groups, places);
}
