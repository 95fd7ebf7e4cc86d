import { z } from 'zod';
import type { Standardization } from './standardize.ts';

/** How the ranker is trained. */
export const rankerOptions = z.strictObject({
  /** Units of the hidden layers; none: a linear model. Default [32, 16]. */
  hidden: z.array(z.int().min(1).max(1024)).max(4).default([32, 16]),
  /**
   * Networks that are trained, each from a seed of its own; the score is the mean of theirs, which
   * depends less on chance than that of one. 1 to 16. Default 1.
   */
  members: z.int().min(1).max(16).optional(),
  /** Most passes over the training groups, 1 to 1,000. Default 40. */
  epochs: z.int().min(1).max(1000).default(40),
  /** Passes without a better held-back loss after which training stops. Default 5. */
  patience: z.int().min(1).default(5),
  /** Groups in a batch. Default 32. */
  batchGroups: z.int().min(1).default(32),
  /** Candidates not played that a group shows in a pass, drawn anew for each. Default 60. */
  negatives: z.int().min(1).default(60),
  /** Step size of Adam, above 0. Default 0.003. */
  learningRate: z.number().positive().max(1).default(0.003),
  /**
   * Weight of the squared distance of the weights from where they start (the prior, and 0 for the
   * perceptron), in units of one group's loss: it counts the same however many groups there are,
   * so few labels stay near the prior. Default 5.
   */
  l2: z.number().min(0).default(5),
  /** Share of hidden units dropped in training, 0 to below 1. Default 0. */
  dropout: z.number().min(0).max(0.95).default(0),
  /** Share of the groups with positives, the latest, held back to stop and to measure. Default 0.15. */
  holdout: z.number().min(0).max(0.5).default(0.15),
  /** Fewer groups with positives than this: the prior is returned as it is. Default 40. */
  minGroups: z.int().min(1).default(40),
  /** Whether the held-back groups are trained on too, once they have said for how long. Default true. */
  refit: z.boolean().default(true),
  /** Linear weight of a feature, per standard deviation, before any label is seen. Default none. */
  prior: z.record(z.string(), z.number()).default({}),
  /** Features that it is blind to, in training and ever after: for ablations. Default none. */
  without: z.array(z.string()).optional(),
  /** Default 1. */
  seed: z.int().default(1),
});
export type RankerOptions = z.infer<typeof rankerOptions>;

/**
 * What training reports. Losses are listwise cross-entropies in nats, means over groups; NDCGs are
 * on the held-back groups, all of their candidates ranked, before the refit. A figure that nothing
 * was held back for is 0.
 */
export const rankerMetrics = z.strictObject({
  /** Groups with a positive that the weights were fitted to before the refit. */
  trainingGroups: z.int(),
  heldBackGroups: z.int(),
  /** Passes kept, of several members the mean, rounded up; 0 means that no pass beat the prior. */
  epochs: z.int(),
  /** Mean training loss in the first and the last pass kept; negatives sampled. */
  firstLoss: z.number(),
  lastLoss: z.number(),
  /** Held-back loss of the prior and of the weights kept; all candidates. */
  priorHeldBackLoss: z.number(),
  heldBackLoss: z.number(),
  'ndcg@30': z.number(),
  'ndcg@30/prior': z.number(),
  'ndcg@30/constant': z.number(),
  /** The best of all features alone, each in its better direction. */
  'ndcg@30/bestFeature': z.number(),
  bestFeature: z.string(),
});
export type RankerMetrics = z.infer<typeof rankerMetrics>;

/** A trained ranker: plain numbers, no tensors; `score` applies it, `encodeRanker` stores it. */
export interface Ranker {
  readonly featureNames: readonly string[];
  readonly options: RankerOptions;
  readonly standardization: Standardization;
  /** In the order of `weightShapes(shapeOf(options, numInputs))`; each [rows x columns], row-major. */
  readonly weights: readonly Float32Array[];
  /** Positives that the weights were fitted to; 0 = the prior as it was given. */
  readonly trainedOn: number;
  readonly metrics: RankerMetrics;
}
