import type { Interactions } from '../interactions.ts';
import { TopK } from '../nearest.ts';
import type { Recommender } from '../recommend/recommender.ts';
import { sliceRows } from './rows.ts';

/** The best items of each listener, best first. */
export interface Lists {
  readonly k: number;
  /** [numListeners x k], row-major; -1 beyond the end of a list. */
  readonly indices: Int32Array;
  /** [numListeners], how many each list has: k, or fewer where fewer items are left. */
  readonly counts: Int32Array;
}

export interface RankOptions {
  /** Length of the lists. */
  readonly k: number;
  /** [numListeners x numItems], what nobody may get; left out, the histories. */
  readonly masked?: Interactions;
  /** Listeners scored at once. Default: as many as give 16 MB of scores, 1 at least, 256 at most. */
  readonly batchSize?: number;
  /** Told after each batch how many listeners are done. */
  readonly onProgress?: (done: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Ranks all items for each listener, but for those masked, by score, ties by the smaller index. The
 * size of the batches does not show.
 *
 * @param histories - [numListeners x numItems]
 * @throws RangeError where a score is NaN or infinite, or the sizes do not fit. A score of
 *   -Infinity is allowed: never recommend
 */
export async function rankListeners(
  recommender: Recommender,
  histories: Interactions,
  options: RankOptions,
): Promise<Lists> {
  const { numItems } = recommender;
  const { numRows } = histories;
  const { k, masked = histories, onProgress, signal } = options;
  const batchSize = options.batchSize ?? Math.max(1, Math.min(256, Math.floor(2 ** 22 / numItems)));
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new RangeError(`rank: expected batches of 1 listener or more, got ${batchSize}`);
  }
  if (masked.numRows !== numRows || masked.numCols !== numItems) {
    throw new RangeError(
      `rank: expected a mask of ${numRows} x ${numItems}, got ${masked.numRows} x ${masked.numCols}`,
    );
  }
  const heap = new TopK(k);
  const indices = new Int32Array(numRows * k).fill(-1);
  const counts = new Int32Array(numRows);
  const scores = new Float32Array(Math.min(batchSize, numRows) * numItems);

  for (let first = 0; first < numRows; first += batchSize) {
    signal?.throwIfAborted();
    const count = Math.min(batchSize, numRows - first);
    await recommender.score(
      sliceRows(histories, first, first + count),
      scores.subarray(0, count * numItems),
    );
    for (let row = 0; row < count; row++) {
      const listener = first + row;
      const own = scores.subarray(row * numItems, (row + 1) * numItems);
      for (let m = masked.indptr[listener]!; m < masked.indptr[listener + 1]!; m++) {
        own[masked.indices[m]!] = -Infinity;
      }
      pushAll(heap, own, listener);
      const best = heap.sorted().indices;
      indices.set(best, listener * k);
      counts[listener] = best.length;
    }
    onProgress?.(first + count);
  }
  return { k, indices, counts };
}

/** One list: a view, not a copy. */
export function listOf({ k, indices, counts }: Lists, listener: number): Int32Array {
  return indices.subarray(listener * k, listener * k + counts[listener]!);
}

function pushAll(heap: TopK, scores: Float32Array, listener: number): void {
  heap.clear();
  let { threshold } = heap;
  for (let item = 0; item < scores.length; item++) {
    const score = scores[item]!;
    if (score < threshold) continue;
    if (score === -Infinity) continue;
    if (!Number.isFinite(score)) {
      throw new RangeError(
        `rank: expected finite scores, got ${score} for item ${item} of listener ${listener}`,
      );
    }
    heap.push(item, score);
    threshold = heap.threshold;
  }
}
