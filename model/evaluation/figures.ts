import { rowOf, type Interactions } from '../interactions.ts';
import {
  coverage,
  exposureOf,
  gini,
  meanOf,
  ndcgAt,
  novelty,
  precisionAt,
  recallAt,
  reciprocalRank,
} from '../metrics.ts';
import { listOf, type Lists } from './rank.ts';

/** How good lists are: names are a metric and its cut, `recall@20`. */
export interface Figures {
  /**
   * [numListeners] each, in the order of the lists: `recall`, `ndcg`, `precision`, `mrr` at each k,
   * as `model/metrics.ts` defines them; NaN for a listener with nothing to find.
   */
  readonly byListener: Readonly<Record<string, Float64Array>>;
  /**
   * The means of these over the listeners with something to find; and of all lists together
   * `coverage` (share of the catalogue that is in any list), `novelty` (mean over lists, bits) and
   * `gini` (inequality of exposure) at each k.
   */
  readonly means: Readonly<Record<string, number>>;
}

/** What the lists are drawn from. */
export interface Catalogue {
  /** [numItems], how many listeners of the training matrix have each item. */
  readonly listenersOf: ArrayLike<number>;
  /** Of the training matrix. */
  readonly numListeners: number;
}

/**
 * Measures lists at several cuts.
 *
 * @param lists - at least as long as the largest k
 * @param relevant - [numListeners x numItems], what each listener should find
 * @param ks - cuts, each 1 or more
 * @throws RangeError where these do not fit together
 */
export function figuresOf(
  lists: Lists,
  relevant: Interactions,
  ks: readonly number[],
  catalogue: Catalogue,
): Figures {
  const numListeners = lists.counts.length;
  if (relevant.numRows !== numListeners) {
    throw new RangeError(
      `figures: expected what ${numListeners} listeners should find, got ${relevant.numRows} rows`,
    );
  }
  const longest = Math.max(...ks);
  if (!(ks.length > 0 && longest <= lists.k && ks.every((k) => Number.isInteger(k) && k > 0))) {
    throw new RangeError(`figures: expected cuts of 1..${lists.k}, got [${ks.join(', ')}]`);
  }
  const byListener: Record<string, Float64Array> = {};
  for (const k of ks) {
    for (const metric of ['recall', 'ndcg', 'precision', 'mrr']) {
      byListener[`${metric}@${k}`] = new Float64Array(numListeners);
    }
  }
  for (let listener = 0; listener < numListeners; listener++) {
    const list = listOf(lists, listener);
    const wanted = new Set(rowOf(relevant, listener).indices);
    for (const k of ks) {
      byListener[`recall@${k}`]![listener] = recallAt(k, list, wanted);
      byListener[`ndcg@${k}`]![listener] = ndcgAt(k, list, wanted);
      byListener[`precision@${k}`]![listener] = precisionAt(k, list, wanted);
      byListener[`mrr@${k}`]![listener] = reciprocalRank(list.subarray(0, k), wanted);
    }
  }
  const means: Record<string, number> = {};
  for (const [name, values] of Object.entries(byListener)) means[name] = meanOf(values);
  for (const k of ks) Object.assign(means, ofAllLists(lists, k, relevant.numCols, catalogue));
  return { byListener, means };
}

function ofAllLists(
  lists: Lists,
  k: number,
  numItems: number,
  { listenersOf, numListeners }: Catalogue,
): Record<string, number> {
  const cut = Array.from(lists.counts, (_, listener) => listOf(lists, listener).subarray(0, k));
  const exposure = exposureOf(cut, numItems);
  return {
    [`coverage@${k}`]: coverage(exposure),
    [`novelty@${k}`]: meanOf(cut.map((list) => novelty(list, listenersOf, numListeners))),
    [`gini@${k}`]: gini(exposure),
  };
}
