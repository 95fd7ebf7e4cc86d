import type { Config } from '../infra/config.ts';
import { importFolder } from '../infra/import-folder.ts';
import { openLake } from '../infra/lake.ts';
import { openSourceFolder } from '../infra/source-folder.ts';
import { loadKernels } from '../infra/kernels.ts';
import { loadTensorflow } from '../infra/tensorflow.ts';
import { summarizeNext, type SegmentSummary } from '../model/evaluation/next-summary.ts';
import {
  answerNext,
  pipelineWay,
  referenceWay,
  type NextAnswer,
} from '../pipelines/evaluate/next.ts';
import { planNext, type NextPlan } from '../pipelines/evaluate/next-plan.ts';
import { number } from '../pipelines/funnel.ts';
import type { Sql } from '../pipelines/ports.ts';
import { Runner } from '../pipelines/runner.ts';
import { weekOptions } from '../pipelines/week-plan.ts';
import { openHome, type Home } from './home.ts';
import { importTruth } from './truth-file.ts';
import { sourcesOf, type Sources } from './weekly.ts';
import { tell } from './tell.ts';

export interface NextRequest {
  readonly data: Sources;
  /** `2014-08-25`; undefined: the last Monday with the whole horizon after it in the data. */
  readonly cutoff: string | undefined;
  /** A further file of listens, to compare with instead of those after the cut-off in the data. */
  readonly truth: string | undefined;
  /** Weekly cut-offs that end with this one. */
  readonly weeks: number;
  readonly horizonDays: number;
  readonly catalogue: 'asof' | 'all' | 'both';
  /** Groups to leave out, each by itself. */
  readonly without: readonly string[];
  /** Listeners that an artist has at least who is not rare. */
  readonly rareBelow: number;
  readonly seed: number;
}

/** Listens before the cut-off that a listener has at least who is not of the few. */
const fewListens = 5;

export interface NextResult {
  readonly cutoffs: readonly string[];
  readonly horizonDays: number;
  readonly trainedOn: NextPlan['trainedOn'];
  readonly truth: NextPlan['truth'];
  readonly rareBelow: number;
  readonly seed: number;
  readonly results: readonly CatalogueResult[];
  readonly seconds: number;
  readonly peakMemoryMb: number;
}

export interface CatalogueResult {
  readonly catalogue: 'asof' | 'all';
  readonly counts: NextAnswer['counts'];
  readonly content: string;
  /** Rankings before assembly. */
  readonly rankings: Segments;
  /** Lists: the pipeline's as assembled, the others' under the rules of a list. */
  readonly lists: Segments;
}

export interface Segments {
  readonly all: SegmentSummary;
  /** Fewer than five listens before the cut-off. */
  readonly fewListens: SegmentSummary;
}

/** The product's own question: how well do our lists foretell what listeners play first? */
export async function evaluateNext(
  config: Config,
  request: NextRequest,
  signal: AbortSignal,
): Promise<NextResult> {
  const started = Date.now();
  const home = openHome(config);
  if ('folder' in request.data) await openSourceFolder(request.data.folder);
  const { lakeHome, dataDir } = await sourcesOf(
    config,
    { data: request.data, asked: { seed: request.seed } },
    signal,
  );
  await importFolder(dataDir, lakeHome, {
    signal,
    progress: (done, total, source) => tell(`  imported ${source} (${done} of ${total})`),
  });
  const lake = await openLake(lakeHome).snapshot();
  const further =
    request.truth === undefined
      ? undefined
      : await importTruth(request.truth, dataDir, config.home, signal);
  const plan = await withSql(home, (sql) => planNext(sql, lake, further, request));
  const results: CatalogueResult[] = [];
  const modes = request.catalogue === 'both' ? (['asof', 'all'] as const) : [request.catalogue];
  for (const catalogue of modes) {
    tell(`catalogue ${catalogue}`);
    const answer = await answerNext(
      {
        ...plan.lakes,
        ...{ catalogue, horizonDays: request.horizonDays, rareBelow: request.rareBelow },
        options: weekOptions.parse({ seed: request.seed }),
        without: request.without,
      },
      meansOf(home, signal),
    );
    results.push(resultOf(catalogue, answer, request.seed));
  }
  return {
    cutoffs: plan.lakes.cutoffs,
    horizonDays: request.horizonDays,
    trainedOn: plan.trainedOn,
    truth: plan.truth,
    rareBelow: request.rareBelow,
    seed: request.seed,
    results,
    seconds: (Date.now() - started) / 1000,
    peakMemoryMb: process.resourceUsage().maxRSS / 1024,
  };
}

function meansOf(home: Home, signal: AbortSignal) {
  const runner = new Runner({
    artifacts: home.artifacts,
    openSql: () => home.openSql(),
    clock: () => Date.now(),
    memoryMb: () => process.memoryUsage.rss() / 2 ** 20,
    signal,
    onFinish: (label, { reused, seconds }) => {
      if (!reused) tell(`  ${label} (${seconds.toFixed(1)} s)`);
    },
  });
  return {
    make: runner.make.bind(runner),
    openSql: () => home.openSql(),
    loadTensorflow,
    loadKernels,
    signal,
    onCutoff: (cutoff: string, pairs: number) =>
      tell(`  ${cutoff.slice(0, 10)}: ${number(pairs)} listeners with something to find`),
  };
}

function resultOf(
  catalogue: 'asof' | 'all',
  { rankings, lists, counts, content }: NextAnswer,
  seed: number,
): CatalogueResult {
  const segments = (figures: NextAnswer['lists']): Segments => {
    const options = { pipeline: pipelineWay, reference: referenceWay, seed };
    return {
      all: summarizeNext(figures, options),
      fewListens: summarizeNext(figures, { ...options, listensBelow: fewListens }),
    };
  };
  return { catalogue, counts, content, rankings: segments(rankings), lists: segments(lists) };
}

async function withSql<Result>(home: Home, work: (sql: Sql) => Promise<Result>): Promise<Result> {
  const sql = await home.openSql();
  try {
    return await work(sql);
  } finally {
    sql.dispose();
  }
}
