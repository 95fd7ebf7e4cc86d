import { compareFigures, type Difference } from '../../model/evaluation/bootstrap.ts';
import { figuresOf, type Figures } from '../../model/evaluation/figures.ts';
import { rankModel } from '../../model/evaluation/rank-model.ts';
import { filledRows, selectRows } from '../../model/evaluation/rows.ts';
import { tuneOptions } from '../../model/evaluation/tune.ts';
import { withRecency } from '../../model/recommend/recency.ts';
import { listenersOf } from '../../model/recommend/popularity.ts';
import type { Algorithm, Means } from '../../model/recommend/recommender.ts';
import type { Clock } from '../ports.ts';
import { union, type Split } from './split.ts';

export interface EvaluateOptions {
  /** Options of the model that are given; with `tune` they are not searched. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Cuts of the figures. Tuning goes by NDCG at the largest. */
  readonly ks: readonly number[];
  /** Choose the options on the valid part, which the split must have. */
  readonly tune: boolean;
  /** Train on the valid part too, and mask it, once options are chosen. */
  readonly fitValid: boolean;
}

/** One model measured on the test part. */
export interface Evaluation {
  readonly model: string;
  /** Parsed, those chosen included. */
  readonly options: unknown;
  /** [numListeners], the users with anything in the test part, ascending. */
  readonly listeners: Int32Array;
  readonly figures: Figures;
  /** 0 where nothing was tuned. */
  readonly tuningSeconds: number;
  readonly trainingSeconds: number;
  /** Scoring all listeners and ranking all items. */
  readonly scoringSeconds: number;
}

/**
 * Trains a model, ranks all items for every user of the test part, and measures. The items that it
 * trained on are masked; so the valid part is only with `fitValid`. The test part chooses nothing.
 *
 * @throws ZodError for wrong options, RangeError where there is no valid part to tune or train on
 */
export async function evaluateModel<Options>(
  algorithm: Algorithm<Options>,
  split: Split,
  { options: given, ks, tune, fitValid }: EvaluateOptions,
  means: Means,
  clock: Clock,
): Promise<Evaluation> {
  const { valid } = split;
  const known = algorithm.weighsValues === true ? split.train : withRecency(split.train, 0);
  if ((tune || fitValid) && valid === undefined) {
    throw new RangeError('evaluate: expected a valid part to tune or train on');
  }
  const longest = Math.max(...ks);
  const [options, tuningSeconds] = await timed(clock, () =>
    tune
      ? tuneOptions(
          algorithm,
          { splits: [{ train: known, valid: valid! }], k: longest, fixed: given },
          means,
        )
      : algorithm.options.parse(given),
  );
  means.signal?.throwIfAborted();
  means.report?.(`${algorithm.name} ${JSON.stringify(options)}: training`);
  const train = fitValid ? union(known, valid!) : known;
  const [fitted, trainingSeconds] = await timed(clock, () => algorithm.fit(train, options, means));

  const listeners = filledRows(split.test);
  means.report?.(`${algorithm.name}: ranking all items for ${listeners.length} listeners`);
  const [lists, scoringSeconds] = await timed(clock, () =>
    rankModel(algorithm, fitted, selectRows(train, listeners), longest, means),
  );
  const figures = figuresOf(lists, selectRows(split.test, listeners), ks, {
    listenersOf: listenersOf(train),
    numListeners: train.numRows,
  });
  return {
    model: algorithm.name,
    options,
    listeners,
    figures,
    tuningSeconds,
    trainingSeconds,
    scoringSeconds,
  };
}

/** Each figure of the first model less that of the second, with its interval over listeners. */
export function compareEvaluations(
  first: Evaluation,
  second: Evaluation,
  seed: number,
): Record<string, Difference> {
  return compareFigures(first.figures.byListener, second.figures.byListener, { seed });
}

/** A line for each listener of each model: `listener,model,recall@20,...`, as CSV. */
export function* perListenerLines(evaluations: readonly Evaluation[]): Generator<string> {
  const names = Object.keys(evaluations[0]?.figures.byListener ?? {});
  yield `${['listener', 'model', ...names].join(',')}\n`;
  for (const { model, listeners, figures } of evaluations) {
    for (const [row, listener] of listeners.entries()) {
      const own = names.map((name) => figures.byListener[name]![row]!);
      yield `${[listener, model, ...own].join(',')}\n`;
    }
  }
}

async function timed<Result>(
  clock: Clock,
  work: () => Promise<Result> | Result,
): Promise<[Result, seconds: number]> {
  const startMs = clock();
  const result = await work();
  return [result, (clock() - startMs) / 1000];
}
