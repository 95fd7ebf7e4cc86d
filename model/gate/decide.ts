import { z } from 'zod';
import { differencesOf, pairedBootstrap, type Difference } from '../evaluation/bootstrap.ts';
import { meanOf } from '../metrics.ts';
import { guardrailLimits, type Guardrail } from './guardrails.ts';

/** When a challenger is better. */
export const gateOptions = z.strictObject({
  /** Level of the interval that must lie above zero, both sides together. Default 0.95. */
  level: z.number().gt(0).lt(1).default(0.95),
  /** Draws of the bootstrap. Default 2,000. */
  resamples: z.int().min(100).default(2000),
  /** Fewer listeners than this decide nothing: an interval of a handful cannot be trusted. Default 30. */
  leastListeners: z.int().min(2).default(30),
  limits: guardrailLimits.prefault({}),
  /** Default 1. */
  seed: z.int().default(1),
});
export type GateOptions = z.infer<typeof gateOptions>;

/** What both models did with the same listeners, none of whose labels either has learned from. */
export interface Contest {
  /** Who is to be beaten, in words: `champion ranker-0123`, `popularity`. */
  readonly rival: string;
  /** [numGroups] NDCG@30 of the rival; a group is a listener at a cut-off. NaN is left out. */
  readonly rivalNdcg: ArrayLike<number>;
  /** [numGroups] NDCG@30 of the challenger. */
  readonly challengerNdcg: ArrayLike<number>;
  /** [numGroups], the listener of each group: one with several is drawn with all of them. */
  readonly listeners: ArrayLike<number>;
  /** Of the lists of this week. */
  readonly guardrails: readonly Guardrail[];
}

export interface Decision {
  readonly promote: boolean;
  /** Why, a sentence each; those that stand in the way, or where none does, those that speak for it. */
  readonly reasons: readonly string[];
  /** Means over groups; 0 where there is none. */
  readonly ndcg: { readonly rival: number; readonly challenger: number };
  /** Challenger less rival; zeros where there is nothing to compare. */
  readonly difference: Difference;
}

/**
 * The gate: a challenger is promoted only where the paired bootstrap interval of its NDCG@30 less
 * the rival's lies wholly above zero and no guardrail breaks. In doubt the rival stays.
 *
 * @throws RangeError where the figures are not of the same groups
 */
export function decide(contest: Contest, options: GateOptions): Decision {
  const { rival, rivalNdcg, challengerNdcg, listeners, guardrails } = contest;
  const { level, resamples, seed, leastListeners } = options;
  const difference = finite(
    pairedBootstrap(differencesOf(challengerNdcg, rivalNdcg, 'NDCG@30'), {
      clusters: listeners,
      resamples,
      level,
      seed,
    }),
  );
  const ndcg = { rival: meanOf(rivalNdcg) || 0, challenger: meanOf(challengerNdcg) || 0 };
  const { low, high, mean } = difference;
  const figures =
    `NDCG@30 ${ndcg.challenger.toFixed(4)} against ${ndcg.rival.toFixed(4)} of ${rival}: ` +
    `${signed(mean)}, ${round(100 * level)} % interval ${signed(low)} to ${signed(high)}, ` +
    `${difference.listeners} listeners`;
  const against: string[] = [];
  if (difference.listeners < leastListeners) {
    against.push(
      `expected at least ${leastListeners} listeners to judge on, got ${difference.listeners}`,
    );
  } else if (!(low > 0)) {
    against.push(`${high < 0 ? 'worse' : 'not surely better'}: ${figures}`);
  }
  for (const { name, holds, bound, limit, challenger, champion } of guardrails) {
    if (holds) continue;
    against.push(
      `guardrail ${name}: expected at ${bound} ${round(limit)}, got ${round(challenger)} (${round(champion)} before)`,
    );
  }
  const promote = against.length === 0;
  return {
    promote,
    reasons: promote ? [`better: ${figures}`, 'no guardrail breaks'] : against,
    ndcg,
    difference,
  };
}

function finite(difference: Difference): Difference {
  return difference.listeners > 0
    ? difference
    : { ...difference, mean: 0, low: 0, high: 0, shareNotAbove: 1 };
}

function signed(value: number): string {
  return `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(4)}`;
}

/** Four significant digits at most. */
function round(value: number): number {
  return Number(value.toPrecision(4));
}
