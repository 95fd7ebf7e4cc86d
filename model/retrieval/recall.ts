import type { Factors } from '../candidates/listener.ts';
import { createRandom } from '../random.ts';
import { sampled } from './clusters.ts';
import { identity, PackedItems, squaredLengths } from './packed-items.ts';
import { Retriever } from './retriever.ts';
import type { RetrievalPlan } from './plan.ts';

export interface RecallOptions {
  /** Default 200. */
  readonly k?: number;
  /** Listeners drawn, of those that have factors. Default 1,000. */
  readonly numListeners?: number;
  /** Default 1. */
  readonly seed?: number;
}

export interface Recall {
  /** Of the k best by exact scoring, the share that is found: mean over the listeners. */
  readonly mean: number;
  /** A tenth of the listeners have less. */
  readonly tenth: number;
  readonly least: number;
  readonly numListeners: number;
}

/**
 * Recall@k against exact scoring of all items, of listeners drawn at random. An item that scores
 * what the k-th best does counts as found: who is first of equals is of no matter.
 *
 * @param rows - of the items that may be found
 * @throws RangeError where nobody has factors, or all items do not fit into 4 GiB
 */
export function recallAgainstExact(
  plan: RetrievalPlan,
  queries: Factors,
  items: Factors,
  rows: Int32Array,
  kernels: WebAssembly.Module,
  { k = 200, numListeners = 1000, seed = 1 }: RecallOptions = {},
): Recall {
  const planned = plan.order.subarray(0, plan.groupStart.at(-1));
  const listeners = sampled(planned, numListeners, createRandom(seed, 'recall')).sort();
  if (listeners.length === 0 || rows.length === 0) {
    throw new RangeError('recall: expected listeners with factors, and items');
  }
  const found = new Retriever(plan, queries, items, kernels).find(listeners, k);
  const packed = new PackedItems(kernels);
  packed.pack(items, rows, squaredLengths(items, 'items'), { k, exact: true });
  const exact = packed.find(queries, listeners, k);
  const shares = new Float64Array(listeners.length);
  for (const n of identity(listeners.length)) {
    const last = Math.fround(exact.scores[n * k + exact.count - 1]!);
    let hits = 0;
    for (let r = 0; r < found.counts[n]!; r++) if (found.scores[n * k + r]! >= last) hits++;
    shares[n] = hits / exact.count;
  }
  const mean = shares.reduce((a, b) => a + b, 0) / shares.length;
  shares.sort();
  const tenth = shares[Math.floor(shares.length / 10)]!;
  return { mean, tenth, least: shares[0]!, numListeners: listeners.length };
}
