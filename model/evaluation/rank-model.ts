import type { Interactions } from '../interactions.ts';
import type { Algorithm, FittedModel, Means, ModelArray } from '../recommend/recommender.ts';
import { shareArray, shareArrays } from '../shared.ts';
import { rankListeners, type Lists } from './rank.ts';
import { sliceRows } from './rows.ts';

/** Parts for each thread: more even out what the threads have to do, fewer open the model less. */
const partsPerThread = 8;

/** A part of the listeners, and the model that ranks for them: what a thread is sent. */
export interface RankTask {
  /** Its arrays over shared memory. */
  readonly fitted: FittedModel;
  /** [numListeners x numItems], over shared memory. */
  readonly histories: Interactions;
  readonly k: number;
  readonly seed: number;
  readonly kernels?: WebAssembly.Module;
}

/**
 * Opens a fitted model and ranks all items for each listener, those of the history masked: on
 * threads where there are some. The lists are the same bytes
 * either way.
 *
 * @param histories - [numListeners x numItems]
 */
export async function rankModel(
  algorithm: Pick<Algorithm, 'name' | 'open'>,
  fitted: FittedModel,
  histories: Interactions,
  k: number,
  means: Means,
): Promise<Lists> {
  const { threads, kernels, seed, signal } = means;
  if (threads === undefined || threads.size < 2) {
    const recommender = await algorithm.open(fitted, means);
    try {
      return await rankListeners(recommender, histories, { k, ...(signal && { signal }) });
    } finally {
      recommender.dispose?.();
    }
  }
  const shared = { fitted: shareModel(fitted), histories: shareInteractions(histories) };
  const size = Math.max(1, Math.ceil(histories.numRows / (partsPerThread * threads.size)));
  const tasks: RankTask[] = [];
  for (let from = 0; from < histories.numRows; from += size) {
    const part = sliceRows(shared.histories, from, Math.min(from + size, histories.numRows));
    tasks.push({ fitted: shared.fitted, histories: part, k, seed, ...(kernels && { kernels }) });
  }
  const parts = await threads.map<RankTask, Lists>(import.meta.url, 'rankPart', tasks, signal);
  const indices = new Int32Array(histories.numRows * k);
  const counts = new Int32Array(histories.numRows);
  let at = 0;
  for (const part of parts) {
    indices.set(part.indices, at * k);
    counts.set(part.counts, at);
    at += part.counts.length;
  }
  return { k, indices, counts };
}

/** Ranks for one part; runs on whichever thread. */
export async function rankPart({ fitted, histories, k, ...means }: RankTask): Promise<Lists> {
  // Imported here: an algorithm may itself use the evaluator, to choose its options.
  const { algorithms } = await import('../recommend/algorithms.ts');
  const algorithm = algorithms.get(fitted.name);
  if (algorithm === undefined) throw new RangeError(`rank: expected a model, got "${fitted.name}"`);
  return rankModel(algorithm, fitted, histories, k, means);
}

/** The model with its arrays over shared memory, copied where they are not yet. */
export function shareModel<Options>(fitted: FittedModel<Options>): FittedModel<Options> {
  const arrays: Record<string, ModelArray> = {};
  for (const [name, array] of Object.entries(fitted.arrays)) arrays[name] = shareArray(array);
  return { ...fitted, arrays };
}

function shareInteractions(interactions: Interactions): Interactions {
  return shareArrays(interactions);
}
