import { rowOf, type Interactions } from '../interactions.ts';
import { meanOf, ndcgAt } from '../metrics.ts';
import { createRandom } from '../random.ts';
import type { Algorithm, Means, TuningTask } from '../recommend/recommender.ts';
import { listOf, type Lists } from './rank.ts';
import { rankModel } from './rank-model.ts';
import { filledRows, selectRows } from './rows.ts';

/** Listeners measured for each choice at most, drawn by the seed. */
const maxListeners = 3000;

/**
 * Chooses the options of an algorithm: by its own procedure where it has one, otherwise option
 * after option, each value of its space tried with the others held, the best by NDCG kept (of two
 * alike the one that was held, else the earlier), until a pass changes nothing or there were
 * enough (`rounds`). Of several holdouts the mean of the figures counts. Starts from the defaults. What is fixed is not searched.
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

  const holdouts = task.holdouts.map(({ train, valid }) => {
    const measured = listenersToMeasure(valid, means.seed);
    return { train, histories: selectRows(train, measured), wanted: selectRows(valid, measured) };
  });
  const known = new Map<string, number>();
  const figureOf = async (options: Options): Promise<number> => {
    const key = JSON.stringify(options);
    const before = known.get(key);
    if (before !== undefined) return before;
    means.signal?.throwIfAborted();
    let figure = 0;
    for (const { train, histories, wanted } of holdouts) {
      const fitted = await algorithm.fit(train, options, means);
      const lists = await rankModel(algorithm, fitted, histories, task.k, means);
      figure += meanNdcg(lists, wanted) / holdouts.length;
    }
    means.report?.(`${key}: ndcg@${task.k} ${figure.toFixed(5)}`);
    known.set(key, figure);
    return figure;
  };

  let best = fixed;
  let bestFigure = await figureOf(best);
  for (let round = 0; round < (tuning.rounds ?? 2); round++) {
    const before = best;
    for (const [name, values] of Object.entries(tuning.space)) {
      if (name in task.fixed) continue;
      const from = best;
      for (const value of values) {
        const options = algorithm.options.parse({ ...from, [name]: value });
        const figure = await figureOf(options);
        if (!(figure > bestFigure)) continue;
        best = options;
        bestFigure = figure;
      }
    }
    if (best === before) break;
  }
  return best;
}

/** Listeners with something to find, ascending: all, or as many as are drawn. */
export function listenersToMeasure(valid: Interactions, seed: number): Int32Array {
  const all = filledRows(valid);
  if (all.length <= maxListeners) return all;
  return createRandom(seed, 'tuning').shuffle(all).slice(0, maxListeners).sort();
}

/** Over listeners with something to find, at the length of the lists. */
function meanNdcg(lists: Lists, wanted: Interactions): number {
  return meanOf(
    Array.from(lists.counts, (_, listener) =>
      ndcgAt(lists.k, listOf(lists, listener), new Set(rowOf(wanted, listener).indices)),
    ),
  );
}
