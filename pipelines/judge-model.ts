import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { differencesOf, pairedBootstrap } from '../model/evaluation/bootstrap.ts';
import { calibrationOf } from '../model/evaluation/calibration.ts';
import { permutationImportance } from '../model/evaluation/importance.ts';
import { byPopularity } from '../model/gate/baseline.ts';
import { ndcgOf, ndcgOfRandom, type Holdout } from '../model/gate/judge.ts';
import { meanOf } from '../model/metrics.ts';
import { alignFeatures } from '../model/ranker/align.ts';
import { decodeRanker } from '../model/ranker/encode.ts';
import { groupedNdcg, ndcgByGroup } from '../model/ranker/ndcg.ts';
import type { Tensorflow } from '../model/ranker/network.ts';
import { score } from '../model/ranker/score.ts';
import { Explainer } from './explain.ts';
import type { GateReport } from './gate-report.ts';
import type { ListsOptions } from './make-lists.ts';
import type { ModelReport } from './model-report.ts';
import type { Model } from './models.ts';
import type { Sql } from './ports.ts';
import { priorFile, training, trainingFile } from './ranker.ts';
import { readExamples } from './read-examples.ts';

export interface JudgedModel {
  readonly model: Pick<
    Model,
    'version' | 'state' | 'parent' | 'week' | 'dataCutoff' | 'seed' | 'code' | 'createdAt'
  >;
  /** Its file. */
  readonly bytes: Uint8Array;
  /** The file of the champion that it was compared with. */
  readonly champion?: Uint8Array | undefined;
  /** Of the week that it was trained for: what its gate found, and what that was made from. */
  readonly gate: GateReport;
  readonly sql: Sql;
  readonly options: ListsOptions;
  readonly input: (name: string) => string;
  readonly tf: Tensorflow;
  readonly kernels: WebAssembly.Module;
}

/** Listeners whose lists are made for what the sources reach. */
const trialListeners = 500;
/** Listeners whose lists are shown, and how much of what they have heard. */
const exampleLists = 3;
const exampleHeard = 5;

/**
 * All that there is to say of a model: on the holdout of its own week, which it has not learned
 * from, beside the champion of then and the baselines. The same inputs give the same report.
 */
export async function judgeModel(judged: JudgedModel): Promise<ModelReport> {
  const { model, bytes, champion, gate, sql, input, tf } = judged;
  const said = training.parse(
    JSON.parse(await readFile(join(input('ranker'), trainingFile), 'utf8')),
  );
  const first = said.learned.length;
  const holdout = await readExamples(sql, input, first, first + said.heldOut.length);
  const rank = (file: Uint8Array, where: string): Float32Array => {
    const ranker = decodeRanker(file, where);
    return score(tf, ranker, alignFeatures(ranker, holdout, where));
  };
  const scores = rank(bytes, model.version);
  const prior = await readFile(join(input('ranker'), priorFile));
  const others = {
    ...(champion === undefined
      ? {}
      : { [`champion ${gate.champion}`]: rank(champion, gate.champion ?? 'champion') }),
    prior: rank(prior, 'prior'),
  };
  const baselines = {
    popularity: ndcgOf(tf, byPopularity(decodeRanker(prior, priorFile)), holdout, 'popularity'),
    'random order': ndcgOfRandom(holdout),
  };
  return {
    format: 1,
    version: model.version,
    state: model.state,
    ...(model.parent === null ? {} : { parent: model.parent }),
    week: model.week,
    cutoff: model.dataCutoff,
    seed: model.seed,
    commit: model.code,
    trainedAt: model.createdAt,
    ...(gate.challenger === model.version
      ? { decision: { promote: gate.promoted, reasons: gate.reasons } }
      : {}),
    holdout: { groups: holdout.listeners.length, listeners: new Set(holdout.listeners).size },
    ...compared(holdout, scores, others, baselines, model.seed),
    guardrails: gate.challenger === model.version ? gate.guardrails : [],
    calibration: calibrationOf(scores, holdout.labels, holdout.groups),
    importance: importanceOf(judged, holdout),
    ...(await listsOf(judged)),
  };
}

/** NDCG of all, and the model less each other. */
function compared(
  holdout: Holdout,
  scores: Float32Array,
  others: Readonly<Record<string, Float32Array>>,
  baselines: Readonly<Record<string, Float64Array>>,
  seed: number,
): Pick<ModelReport, 'metrics' | 'differences'> {
  const { labels, groups, listeners } = holdout;
  const figures = (k: number): [string, Float64Array][] => [
    ['this model', ndcgByGroup(scores, labels, groups, k)],
    ...Object.entries(others).map(([name, theirs]): [string, Float64Array] => [
      name,
      ndcgByGroup(theirs, labels, groups, k),
    ]),
  ];
  const at30: [string, Float64Array][] = [...figures(30), ...Object.entries(baselines)];
  const meansOf = (rows: readonly [string, Float64Array][]) =>
    rows.map(([model, values]) => ({ model, value: meanOf(values) || 0 }));
  return {
    metrics: [
      { name: 'NDCG@30', models: meansOf(at30) },
      { name: 'NDCG@10', models: meansOf(figures(10)) },
    ],
    differences: at30.slice(1).flatMap(([against, values]) => {
      const {
        mean,
        low,
        high,
        level,
        listeners: counted,
      } = pairedBootstrap(differencesOf(at30[0]![1], values), { clusters: listeners, seed });
      return counted === 0 ? [] : [{ against, figure: 'NDCG@30', mean, low, high, level }];
    }),
  };
}

function importanceOf(
  { model, bytes, tf }: JudgedModel,
  holdout: Holdout,
): ModelReport['importance'] {
  const ranker = decodeRanker(bytes, model.version);
  const { featureNames, features } = alignFeatures(ranker, holdout, model.version);
  const { labels, groups } = holdout;
  return permutationImportance(
    featureNames,
    features.slice(),
    groups,
    (shuffled) =>
      groupedNdcg(score(tf, ranker, { featureNames, features: shuffled }), labels, groups, 30),
    { seed: model.seed },
  );
}

/** What its lists of the week are or would be. */
async function listsOf(judged: JudgedModel): Promise<Pick<ModelReport, 'coverage' | 'examples'>> {
  const explainer = await Explainer.open({ ...judged, model: judged.bytes });
  const examples: ModelReport['examples'] = [];
  for (const user of await explainer.examples(exampleLists)) {
    const { heard, list } = await explainer.explain(user);
    examples.push({
      user,
      heard: heard.slice(0, exampleHeard).map(({ title, artist }) => ({ title, artist })),
      tracks: list.tracks.map(({ title, artists, reason, source }) => {
        return { title, artists, reason, source };
      }),
    });
  }
  return { coverage: explainer.reach(trialListeners), examples };
}
