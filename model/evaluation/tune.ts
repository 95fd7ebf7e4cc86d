import { rowOf, type Interactions } from '../interactions.ts';
import { meanOf, ndcgAt } from '../metrics.ts';
import { createRandom } from '../random.ts';
import type { Algorithm, Means, TuningTask } from '../recommend/recommender.ts';
import { listOf, type Lists } from './rank.ts';
import { rankModel } from './rank-model.ts';
import { filledRows, selectRows } from './rows.ts';
import { isBeaten } from './standard-error.ts';

/** Listeners measured for each choice at most, drawn by the seed. */
const maxListeners = 3000;

/**
 * Chooses the options of an algorithm: by its own procedure where it has one, otherwise option
 * after option, each value of its space tried with the others held, until a pass changes nothing or
 * there were enough (`rounds`). Starts from the defaults; what is fixed is not searched.
 *
 * Of numbers, the one chosen is the middle of all that the best does not beat by more than a
 * standard error of the paired difference, since which of them is best is chance; of an even number
 * of them the better of the two in the middle. Of other values it is the best. What counts is the
 * mean NDCG over the listeners of all splits.
 *
 * The space and each figure are reported. Same matrices, space and seed: same choice.
 */
export async function tuneOptions<Options>(
  algorithm: Algorithm<Options>,
  task: TuningTask,
  means: Means,
): Promise<Options> {
  const { tuning } = algorithm;
  const fixed = algorithm.options.parse(task.fixed);
  if (tuning === undefined) return fixed;
  means.report?.(`search space of ${algorithm.name}: ${JSON.stringify(tuning.space)}`);
  if (tuning.tune !== undefined) return tuning.tune(task, means);

  const splits = task.splits.map(({ train, valid }) => {
    const measured = listenersToMeasure(valid, means.seed);
    return { train, histories: selectRows(train, measured), wanted: selectRows(valid, measured) };
  });
  const known = new Map<string, Float64Array>();
  const figuresOf = async (options: Options): Promise<Float64Array> => {
    const key = JSON.stringify(options);
    const before = known.get(key);
    if (before !== undefined) return before;
    means.signal?.throwIfAborted();
    const figures: number[] = [];
    for (const { train, histories, wanted } of splits) {
      const fitted = await algorithm.fit(train, options, means);
      const lists = await rankModel(algorithm, fitted, histories, task.k, means);
      figures.push(...ndcgByListener(lists, wanted));
    }
    means.report?.(`${key}: ndcg@${task.k} ${meanOf(figures).toFixed(5)}`);
    const byListener = Float64Array.from(figures);
    known.set(key, byListener);
    return byListener;
  };

  let chosen = fixed;
  for (let round = 0; round < (tuning.rounds ?? 2); round++) {
    const before = JSON.stringify(chosen);
    for (const [name, values] of Object.entries(tuning.space)) {
      if (name in task.fixed) continue;
      const held = chosen;
      const tried: Tried<Options>[] = [];
      for (const value of new Set([(held as Record<string, unknown>)[name], ...values])) {
        const options = algorithm.options.parse({ ...held, [name]: value });
        tried.push({ value, options, figures: await figuresOf(options) });
      }
      chosen = middleOfBest(tried).options;
    }
    if (JSON.stringify(chosen) === before) break;
  }
  return chosen;
}

interface Tried<Options> {
  readonly value: unknown;
  readonly options: Options;
  /** By listener. */
  readonly figures: Float64Array;
}

function middleOfBest<Options>(tried: readonly Tried<Options>[]): Tried<Options> {
  const better = (first: Tried<Options>, second: Tried<Options>): Tried<Options> =>
    meanOf(second.figures) > meanOf(first.figures) ? second : first;
  const best = tried.reduce(better);
  if (tried.some(({ value }) => typeof value !== 'number')) return best;
  const alike = tried
    .filter(({ figures }) => !isBeaten(figures, best.figures))
    .sort((a, b) => Number(a.value) - Number(b.value));
  const low = alike[Math.floor((alike.length - 1) / 2)]!;
  const high = alike[Math.floor(alike.length / 2)]!;
  return better(low, high);
}

/** Listeners with something to find, ascending: all, or as many as are drawn. */
export function listenersToMeasure(valid: Interactions, seed: number): Int32Array {
  const all = filledRows(valid);
  if (all.length <= maxListeners) return all;
  return createRandom(seed, 'tuning').shuffle(all).slice(0, maxListeners).sort();
}

function ndcgByListener(lists: Lists, wanted: Interactions): number[] {
  return Array.from(lists.counts, (_, listener) =>
    ndcgAt(lists.k, listOf(lists, listener), new Set(rowOf(wanted, listener).indices)),
  );
}
