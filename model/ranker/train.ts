import type { z } from 'zod';
import { checkExamples, type Examples } from './examples.ts';
import { fit } from './fit.ts';
import {
  firstHeldBack,
  listwiseLosses,
  sliceGroups,
  withPositives,
  type PositiveGroups,
} from './groups.ts';
import { meanOfMembers, memberSeeds, shapeOf } from './members.ts';
import { groupedNdcg } from './ndcg.ts';
import { initialWeights, type NetworkShape, type Tensorflow } from './network.ts';
import { rankerOptions, type Ranker, type RankerMetrics, type RankerOptions } from './ranker.ts';
import { scoreChecked } from './score.ts';
import { fitStandardization, numInputs, standardize } from './standardize.ts';

/**
 * Trains the ranker on what listeners played in the week after each cut-off.
 *
 * The latest groups are held back: training stops when their loss no longer falls, and they give
 * the metrics; then (`refit`) the ranker is trained once more on all groups for as many passes.
 * With fewer groups than `minGroups`, or where no pass beats the prior by more than a standard
 * error of the held-back loss, the ranker is the prior alone: a network of the same form whose
 * perceptron is silent, with `trainedOn` 0. Without a prior its scores are constant.
 *
 * Of several `members` each is trained so by itself; the ranker is the mean of their scores.
 *
 * The same examples and options give the same weights to the bit (TensorFlow on one thread).
 *
 * @throws RangeError for examples that do not fit together, and for an unknown feature in `prior` or `without`
 */
export function trainRanker(
  tf: Tensorflow,
  examples: Examples,
  options: z.input<typeof rankerOptions> = {},
): Ranker {
  const parsed = rankerOptions.parse(options);
  checkExamples(examples);
  const { featureNames } = examples;
  for (const option of ['prior', 'without'] as const) {
    const names = option === 'prior' ? Object.keys(parsed.prior) : (parsed.without ?? []);
    const unknown = names.find((name) => !featureNames.includes(name));
    if (unknown !== undefined) {
      throw new RangeError(
        `${option}: expected one of [${featureNames.join(', ')}], got "${unknown}"`,
      );
    }
  }
  const all = withPositives(examples);
  const numGroups = all.groups.length - 1;
  const enough = numGroups >= parsed.minGroups;
  const heldFrom = enough ? firstHeldBack(all, parsed.holdout) : numGroups;
  const heldBack = sliceGroups(all, heldFrom, numGroups);

  // Nothing of the held-back weeks may show in what is measured on them: not in the scales either.
  const early = sliceGroups(all, 0, heldFrom);
  const seeds = memberSeeds(parsed);
  const learnFrom = early.labels.length > 0 ? early : examples;
  const starts = seeds.map((seed) => startFrom(learnFrom, featureNames, { ...parsed, seed }));
  const start = starts[0]!;
  const fitted = starts.map((from, member) =>
    enough
      ? fitUntilWorse(tf, from, early, heldBack, { ...parsed, seed: seeds[member]! })
      : unfitted(from),
  );
  const metrics = measure(tf, starts, fitted, heldBack, featureNames, parsed);
  const learned = fitted.some(({ passes }) => passes > 0);
  const finish = (from: Start, weights: Float32Array[][], labels: Float32Array): Ranker => ({
    featureNames: [...featureNames],
    options: parsed,
    standardization: from.standardization,
    weights: meanOfMembers(from.shape, weights),
    trainedOn: labels.reduce((sum, label) => sum + label, 0),
    metrics: { ...metrics, trainingGroups: learned ? heldFrom : 0 },
  });
  if (learned && (!parsed.refit || heldFrom === numGroups)) {
    const weights = fitted.map((member) => member.weights);
    return finish(start, weights, early.labels);
  }
  const whole = all.labels.length > 0 ? all : examples;
  const again = seeds.map((seed) => startFrom(whole, featureNames, { ...parsed, seed }));
  const weights = again.map((from, member) => {
    const { passes } = fitted[member]!;
    if (passes === 0) return from.weights;
    return fitPasses(tf, from, all, passes, { ...parsed, seed: seeds[member]! });
  });
  return finish(again[0]!, weights, learned ? all.labels : new Float32Array(0));
}

/** The network before training, and how its inputs are scaled. */
interface Start {
  readonly standardization: Ranker['standardization'];
  readonly shape: NetworkShape;
  readonly weights: Float32Array[];
}

interface Fitted {
  /** 0: the weights are those of the start. */
  readonly passes: number;
  readonly firstLoss: number;
  readonly lastLoss: number;
  readonly weights: Float32Array[];
}

const unfitted = ({ weights }: Start): Fitted => ({
  passes: 0,
  firstLoss: 0,
  lastLoss: 0,
  weights,
});

function startFrom(
  { features }: { features: Float32Array },
  featureNames: readonly string[],
  { prior, hidden, seed, without = [] }: RankerOptions,
): Start {
  const unseen = new Set(without.map((name) => featureNames.indexOf(name)));
  const standardization = fitStandardization(features, featureNames.length, unseen);
  const shape = { numInputs: numInputs(standardization), hidden };
  const linear = new Float32Array(shape.numInputs);
  for (const [name, weight] of Object.entries(prior)) linear[featureNames.indexOf(name)] = weight;
  return { standardization, shape, weights: initialWeights(shape, linear, seed) };
}

function standardized({ standardization, shape }: Start, groups: PositiveGroups) {
  const numRows = groups.labels.length;
  const inputs = new Float32Array(numRows * shape.numInputs);
  standardize(standardization, groups.features, 0, numRows, inputs);
  return { inputs, labels: groups.labels, groups: groups.groups };
}

/** The pass with the lowest held-back loss; the last one where nothing is held back. */
function fitUntilWorse(
  tf: Tensorflow,
  start: Start,
  early: PositiveGroups,
  heldBack: PositiveGroups,
  options: RankerOptions,
): Fitted {
  const losses = (weights: Float32Array[]): Float64Array =>
    listwiseLosses(
      scoreChecked(tf, start.shape, weights, start.standardization, heldBack.features),
      heldBack,
    );
  const watched = heldBack.labels.length > 0;
  const prior = losses(start.weights);
  let best = unfitted(start);
  let bestLosses = prior;
  let firstLoss = 0;
  fit(tf, start.shape, start.weights, standardized(start, early), options, (pass, loss, copy) => {
    if (pass === 1) firstLoss = loss;
    const weights = copy();
    const now = losses(weights);
    if (!watched || mean(now) < mean(bestLosses)) {
      bestLosses = now;
      best = { passes: pass, firstLoss, lastLoss: loss, weights };
    }
    return pass - best.passes < options.patience;
  });
  const gains = prior.map((loss, group) => loss - bestLosses[group]!);
  return watched && mean(gains) <= standardError(gains) ? unfitted(start) : best;
}

function fitPasses(
  tf: Tensorflow,
  start: Start,
  groups: PositiveGroups,
  passes: number,
  options: RankerOptions,
): Float32Array[] {
  let weights = start.weights;
  const data = standardized(start, groups);
  fit(tf, start.shape, start.weights, data, options, (pass, _loss, copy) => {
    if (pass === passes) weights = copy();
    return pass < passes;
  });
  return weights;
}

function measure(
  tf: Tensorflow,
  starts: readonly Start[],
  fitted: readonly Fitted[],
  heldBack: PositiveGroups,
  featureNames: readonly string[],
  options: RankerOptions,
): Omit<RankerMetrics, 'trainingGroups'> {
  const { shape: member, standardization, weights: prior } = starts[0]!;
  const shape = shapeOf(options, member.numInputs);
  const weights = meanOfMembers(
    member,
    fitted.map((one) => one.weights),
  );
  const over = (figure: (one: Fitted) => number) => mean(Float64Array.from(fitted, figure));
  const { features, labels, groups } = heldBack;
  const ndcg = (scores: Float32Array): number => groupedNdcg(scores, labels, groups, 30);
  const alone = featureNames.map((name, feature) => {
    const column = labels.map((_, row) => features[row * featureNames.length + feature]!);
    return { name, value: Math.max(ndcg(column), ndcg(column.map((value) => -value))) };
  });
  const bestAlone = alone.reduce((a, b) => (b.value > a.value ? b : a));
  const scores = scoreChecked(tf, shape, weights, standardization, features);
  const priorScores = scoreChecked(tf, member, prior, standardization, features);
  return {
    heldBackGroups: groups.length - 1,
    epochs: Math.ceil(over(({ passes }) => passes)),
    firstLoss: over(({ firstLoss }) => firstLoss),
    lastLoss: over(({ lastLoss }) => lastLoss),
    priorHeldBackLoss: mean(listwiseLosses(priorScores, heldBack)),
    heldBackLoss: mean(listwiseLosses(scores, heldBack)),
    'ndcg@30': ndcg(scores),
    'ndcg@30/prior': ndcg(priorScores),
    'ndcg@30/constant': ndcg(new Float32Array(labels.length)),
    'ndcg@30/bestFeature': bestAlone.value,
    bestFeature: bestAlone.name,
  };
}

/** 0 for none. */
function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

/** Of the mean; infinite for a single value. */
function standardError(values: Float64Array): number {
  const centre = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return values.length < 2 ? Infinity : Math.sqrt(squares / (values.length - 1) / values.length);
}
