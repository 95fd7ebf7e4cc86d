import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { articleFeatures, soundFeatures, type featureNames } from '../model/candidates/features.ts';
import { firstHeldOut, holdoutOptions } from '../model/gate/holdout.ts';
import { encodeRanker } from '../model/ranker/encode.ts';
import type { Tensorflow } from '../model/ranker/network.ts';
import { checkExamples, type Examples } from '../model/ranker/examples.ts';
import { rankerOptions, type RankerOptions } from '../model/ranker/ranker.ts';
import { trainRanker } from '../model/ranker/train.ts';
import { weekMs } from '../model/week.ts';
import { labelledListeners, readExamples } from './read-examples.ts';
import type { Stage } from './stage.ts';

/**
 * What the sources' own scores are worth before any label is seen: the weight, per standard
 * deviation, from which training starts and to which it stays near where labels are few.
 */
export const rankerPrior: Partial<Record<(typeof featureNames)[number], number>> = {
  'factors rank': 0.6,
  'playlists rank': 0.6,
  'artists rank': 0.5,
  'text rank': 0.3,
  'popularity rank': 0.2,
  sources: 0.4,
  'track listeners': 0.3,
  'genre match': 0.3,
  'artist plays': 0.8,
  'artist trend': 0.2,
};

/**
 * How the weekly ranker is trained, chosen on weeks of spring 2014 and on simulated listeners: the
 * mean of three networks, held nearer to the prior than the default, in larger batches.
 */
export const rankerTraining = {
  prior: rankerPrior,
  members: 3,
  l2: 20,
  batchGroups: 64,
  learningRate: 0.004,
} as const satisfies z.input<typeof rankerOptions>;

export const rankerStageOptions = z.object({
  /** Cut-offs (ISO 8601, UTC), oldest first, each with an input `examples-N`, N from 0. */
  cutoffs: z.array(z.iso.datetime()),
  ranker: rankerOptions.prefault({}),
  /**
   * Listeners of all cut-offs together that are learned from at most, so that memory does not grow
   * with the service: some 6 GB. Default 50,000.
   */
  mostGroups: z.int().positive().default(50_000),
  /** The newest cut-offs that are not learned from, for the gate to judge on. Default: none. */
  holdout: holdoutOptions.optional(),
});
export type RankerStageOptions = z.infer<typeof rankerStageOptions>;

/** The file of the artifact that holds the network. */
export const rankerFile = 'ranker.mmrk';
/** The ranker before it has seen a label: the prior alone. It makes lists where no model may. */
export const priorFile = 'prior.mmrk';
/** The file that says what was learned from, and what was not. */
export const trainingFile = 'training.json';

export const training = z.object({
  format: z.literal(1),
  /** Cut-offs that were learned from, and those held out, oldest first. */
  learned: z.array(z.iso.datetime()),
  heldOut: z.array(z.iso.datetime()),
  /** The end of the last label that was learned from; null where there was nothing to learn. */
  learnedUntil: z.iso.datetime().nullable(),
});
export type Training = z.infer<typeof training>;

/**
 * Trains the ranker on the examples of all weekly cut-offs, oldest first, but for the newest ones
 * where some are held out; the last of those learned from stop and measure the training.
 */
export function rankerStage(loadTensorflow: () => Promise<Tensorflow>): Stage<RankerStageOptions> {
  return {
    name: 'ranker',
    version: 5,
    options: rankerStageOptions,
    async run({ options: { cutoffs, ranker, holdout, mostGroups }, sql, input, output, report }) {
      const end =
        holdout === undefined
          ? cutoffs.length
          : firstHeldOut(cutoffs, await labelledListeners(sql, cutoffs.length), holdout);
      const { examples, how } = withoutSilent(
        await readExamples(sql, input, 0, end, mostGroups),
        ranker,
      );
      const groups = examples.groups.length - 1;
      report.rowsIn(examples.labels.length);

      const tf = await loadTensorflow();
      const trained = trainRanker(tf, examples, how);
      const prior = trainRanker(tf, examples, { ...how, minGroups: groups + 1 });
      await writeFile(join(output, rankerFile), encodeRanker(trained));
      await writeFile(join(output, priorFile), encodeRanker(prior));
      const said: Training = {
        format: 1,
        learned: cutoffs.slice(0, end),
        heldOut: cutoffs.slice(end),
        learnedUntil:
          end === 0 ? null : new Date(Date.parse(cutoffs[end - 1]!) + weekMs).toISOString(),
      };
      await writeFile(join(output, trainingFile), JSON.stringify(said, null, 1));
      report.rowsOut(1);
      report.figure('groups', groups);
      report.figure('heldOutCutoffs', cutoffs.length - end);
      report.figure('trainedOn', trained.trainedOn);
      for (const [key, value] of Object.entries(trained.metrics)) report.figure(key, value);
    },
  };
}

const silentWithoutData: readonly string[] = [...articleFeatures, ...soundFeatures];

/**
 * Leaves out what articles or sound would say where there were none: the ranker is the same, to the bit, as
 * one from before there were such features, and knows as little of them.
 */
export function withoutSilent(
  examples: Examples,
  how: RankerOptions,
): { examples: Examples; how: RankerOptions } {
  checkExamples(examples);
  const { featureNames, features, numFeatures } = examples;
  const columns = featureNames.map((name, column) => ({ name, column }));
  const kept = columns.filter(({ name, column }) => {
    if (!silentWithoutData.includes(name)) return true;
    for (let at = column; at < features.length; at += numFeatures) {
      if (features[at] !== 0) return true;
    }
    return false;
  });
  if (kept.length === columns.length) return { examples, how };
  const numRows = features.length / numFeatures;
  const less = new Float32Array(numRows * kept.length);
  for (let row = 0; row < numRows; row++) {
    for (const [to, { column }] of kept.entries()) {
      less[row * kept.length + to] = features[row * numFeatures + column]!;
    }
  }
  const names = kept.map(({ name }) => name);
  const isKept = (name: string): boolean => names.includes(name) || !featureNames.includes(name);
  const prior = Object.entries(how.prior).filter(([name]) => isKept(name));
  return {
    examples: { ...examples, featureNames: names, numFeatures: names.length, features: less },
    how: {
      ...how,
      prior: Object.fromEntries(prior),
      ...(how.without === undefined ? {} : { without: how.without.filter(isKept) }),
    },
  };
}
