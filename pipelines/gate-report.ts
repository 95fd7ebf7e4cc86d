import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { Mistake } from '../model/mistake.ts';

/** The file of the artifact that says what was decided and why. */
export const gateReportFile = 'gate.json';

const figures = z.record(z.string(), z.number());

const guardrail = z.object({
  name: z.enum(['coverage', 'gini', 'popularShare', 'overlap', 'artistOverlap', 'shortLists']),
  champion: z.number(),
  challenger: z.number(),
  limit: z.number(),
  bound: z.enum(['least', 'most']),
  holds: z.boolean(),
});

/** What the gate of a week found. NDCG is NDCG@30, the mean over the groups of the holdout. */
export const gateReport = z.object({
  format: z.literal(1),
  week: z.string(),
  cutoff: z.iso.datetime(),
  /** The model trained this week. */
  challenger: z.string(),
  /** The champion when the week was frozen; null where there was none. */
  champion: z.string().nullable(),
  /** The model that makes the week's lists. */
  lists: z.string(),
  /** Whether the challenger becomes champion. */
  promoted: z.boolean(),
  /** Why, a sentence each. */
  reasons: z.array(z.string()).min(1),
  /** What the challenger had to beat. */
  rival: z.enum(['champion', 'popularity', 'random']),
  /** The end of the last label that the challenger learned from; null: from none. */
  learnedUntil: z.iso.datetime().nullable(),
  holdout: z.object({
    cutoffs: z.array(z.iso.datetime()),
    listeners: z.int(),
    /** Listeners at cut-offs. */
    groups: z.int(),
  }),
  /** Of `challenger`, `champion` where there is one, `prior`, `popularity` and `random`. */
  ndcg: figures,
  /** Challenger less rival, with its bootstrap interval. */
  difference: z.object({
    mean: z.number(),
    low: z.number(),
    high: z.number(),
    level: z.number(),
    shareNotAbove: z.number(),
    count: z.int(),
    listeners: z.int(),
  }),
  /** Of the lists of the trial; `champion` there is popularity where there is no champion. */
  guardrails: z.array(guardrail),
  /** Listeners of the trial. */
  trial: z.int(),
  /** What training said: see `RankerMetrics`. */
  training: z.record(z.string(), z.union([z.number(), z.string()])),
});
export type GateReport = z.infer<typeof gateReport>;

/** @throws Mistake `ARTIFACT_CORRUPT` where the file is not such a report */
export async function readGateReport(path: string): Promise<GateReport> {
  try {
    return gateReport.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (cause) {
    throw new Mistake(
      'ARTIFACT_CORRUPT',
      `${path}: expected the report of a gate, got something else; make it again with --from gate`,
      { cause },
    );
  }
}

/**
 * What was decided, in one line.
 *
 * @param isPromoted - whether the model that was let through is champion: another one may be by now
 */
export function gateLine(report: GateReport, isPromoted: boolean): string {
  const { challenger, champion, lists, promoted, reasons } = report;
  const why = reasons.join('; ');
  if (isPromoted) return `gate: ${challenger} was promoted to champion: ${why}`;
  if (promoted) {
    return `gate: ${challenger} makes the lists of this week alone, for another model is champion by now: ${why}`;
  }
  const makes = `${lists === champion ? 'champion ' : ''}${lists} makes the lists`;
  return lists === challenger
    ? `gate: ${makes}: ${why}`
    : `gate: ${makes}, not ${challenger}: ${why}`;
}
