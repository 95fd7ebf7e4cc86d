import { z } from 'zod';

/** Which of the newest cut-offs judge, and are not learned from. */
export const holdoutOptions = z.strictObject({
  /** Listeners with a label that are wanted: the newest cut-offs that have so many. Default 300. */
  listeners: z.int().min(1).default(300),
  /**
   * Share of all listeners with a label, over all cut-offs, that may be held out at most, so that
   * enough is left to learn from; the newest cut-off is held out whatever it holds. Default 0.25.
   */
  mostShare: z.number().min(0).max(0.9).default(0.25),
  /**
   * Only cut-offs from this one on (ISO 8601, UTC) may judge: the champion has learned from those
   * before. Null: any. Default null.
   */
  notBefore: z.iso.datetime().nullable().default(null),
});
export type HoldoutOptions = z.infer<typeof holdoutOptions>;

/**
 * The first cut-off that judges; those before it are learned from. As few of the newest as hold the
 * listeners that are wanted. The oldest cut-off that has labels is never held out: without anything
 * to learn from there is nothing to judge.
 *
 * @param cutoffs - ISO 8601, UTC, ascending
 * @param labelled - [numCutoffs] listeners with a label at each
 * @returns 0..numCutoffs; numCutoffs: nothing judges
 */
export function firstHeldOut(
  cutoffs: readonly string[],
  labelled: readonly number[],
  { listeners, mostShare, notBefore }: HoldoutOptions,
): number {
  const all = labelled.reduce((sum, count) => sum + count, 0);
  const oldest = labelled.findIndex((count) => count > 0);
  let first = cutoffs.length;
  let held = 0;
  for (let n = cutoffs.length - 1; n > oldest && oldest >= 0; n--) {
    if (notBefore !== null && Date.parse(cutoffs[n]!) < Date.parse(notBefore)) break;
    if (held >= listeners) break;
    const count = labelled[n]!;
    if (held > 0 && held + count > mostShare * all) break;
    first = n;
    held += count;
  }
  return held === 0 ? cutoffs.length : first;
}
