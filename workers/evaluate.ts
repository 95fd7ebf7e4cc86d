import { open } from 'node:fs/promises';
import { loadKernels } from '../infra/kernels.ts';
import { loadTensorflow } from '../infra/tensorflow.ts';
import { openThreads } from '../infra/threads.ts';
import type { Difference } from '../model/evaluation/bootstrap.ts';
import { Mistake } from '../model/mistake.ts';
import { algorithms } from '../model/recommend/algorithms.ts';
import type { Algorithm, Means } from '../model/recommend/recommender.ts';
import {
  compareEvaluations,
  evaluateModel,
  perListenerLines,
  type Evaluation,
} from '../pipelines/evaluate/evaluate.ts';
import { readSplit, type LineOrder, type SplitFiles } from '../pipelines/evaluate/split.ts';
import { tell } from './tell.ts';

export interface EvaluateRequest {
  readonly files: SplitFiles;
  /** What the order of a line of the training file says. */
  readonly order: LineOrder;
  readonly model: string;
  /** Of the model; the one that it is compared with has its defaults, or is tuned. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly ks: readonly number[];
  readonly seed: number;
  /** Default: the cores that this process may use. */
  readonly threads: number | undefined;
  readonly tune: boolean;
  readonly fitValid: boolean;
  readonly compare: string | undefined;
  /** File for the figures of each listener. */
  readonly perListener: string | undefined;
}

export interface ModelResult {
  readonly model: string;
  readonly options: unknown;
  /** Means by name, `recall@20`. */
  readonly figures: Readonly<Record<string, number>>;
  readonly tuningSeconds: number;
  readonly trainingSeconds: number;
  readonly scoringSeconds: number;
}

export interface EvaluateResult extends ModelResult {
  readonly seed: number;
  readonly tuned: boolean;
  readonly fitValid: boolean;
  /** Users with anything in the test part. */
  readonly listeners: number;
  readonly items: number;
  /** Pairs trained on. */
  readonly interactions: number;
  /** Of the whole command. */
  readonly seconds: number;
  readonly peakMemoryMb: number;
  /** The second model, and by figure the first less the second. */
  readonly compared?: ModelResult & { readonly differences: Readonly<Record<string, Difference>> };
}

/** @throws Mistake for files and options that are wrong */
export async function evaluate(
  request: EvaluateRequest,
  signal: AbortSignal,
): Promise<EvaluateResult> {
  const { files, model, options, seed, compare, fitValid } = request;
  const start = performance.now();
  const runs = [{ algorithm: algorithmOf(model), options }];
  if (compare !== undefined) runs.push({ algorithm: algorithmOf(compare), options: {} });
  for (const { algorithm, options: given } of runs) checkOptions(algorithm, given);

  const split = await readSplit(files, request.order, signal);
  for (const remark of split.remarks) tell(remark);
  const evaluations: Evaluation[] = [];
  const threads = openThreads(request.threads === undefined ? {} : { size: request.threads });
  // Opened first: a wrong name shows before any work is done.
  const perListener =
    request.perListener === undefined ? undefined : await open(request.perListener, 'w');
  try {
    for (const { algorithm, options: given } of runs) {
      const kernels = await loadKernels();
      const means: Means = { seed, signal, threads, report: tell, kernels, loadTensorflow };
      const clock = () => performance.now();
      evaluations.push(
        await evaluateModel(algorithm, split, { ...request, options: given }, means, clock),
      );
    }
    await perListener?.writeFile([...perListenerLines(evaluations)].join(''));
  } finally {
    await perListener?.close();
    await threads.dispose();
  }
  const [first, second] = evaluations as [Evaluation, Evaluation?];
  const interactions = split.train.indices.length + (fitValid ? split.valid!.indices.length : 0);
  return {
    ...modelResult(first),
    seed,
    tuned: request.tune,
    fitValid,
    listeners: first.listeners.length,
    items: split.train.numCols,
    interactions,
    seconds: (performance.now() - start) / 1000,
    peakMemoryMb: process.resourceUsage().maxRSS / 1024,
    ...(second === undefined
      ? {}
      : {
          compared: {
            ...modelResult(second),
            differences: compareEvaluations(first, second, seed),
          },
        }),
  };
}

function modelResult({
  model,
  options,
  figures,
  tuningSeconds,
  trainingSeconds,
  scoringSeconds,
}: Evaluation): ModelResult {
  return { model, options, figures: figures.means, tuningSeconds, trainingSeconds, scoringSeconds };
}

function algorithmOf(name: string): Algorithm {
  const algorithm = algorithms.get(name);
  if (algorithm !== undefined) return algorithm;
  const names = [...algorithms.keys()].join(', ');
  throw new Mistake('USAGE', `expected a model of ${names}, got "${name}"`);
}

function checkOptions({ name, options }: Algorithm, given: Readonly<Record<string, unknown>>) {
  const parsed = options.safeParse(given);
  if (parsed.success) return;
  const { path, message } = parsed.error.issues[0]!;
  const option = path[0] === undefined ? '' : `, ${String(path[0])}`;
  const value = path[0] === undefined ? undefined : given[String(path[0])];
  const got = value === undefined ? '' : `, got ${JSON.stringify(value)}`;
  throw new Mistake('USAGE', `--option of ${name}${option}: ${message}${got}`);
}
