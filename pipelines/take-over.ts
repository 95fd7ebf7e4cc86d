import { addWeeks, weekMs } from '../model/week.ts';
import type { FrozenWeek } from './week-plan.ts';

/** What has to be known of examples before they are taken over. */
export interface ExamplesOfWeeks {
  /** How a week makes them (`methodOf`); undefined where it makes none. */
  methodOf(week: FrozenWeek): string | undefined;
  /** Whether they are there. */
  has(fingerprint: string): Promise<boolean>;
}

/**
 * What a lake may have gained or lost since of the time before a cut-off, as a share, for what was
 * learned there to hold. What comes between a batch and its cut-off is a few hundredths.
 */
const mostChange = 0.25;

/**
 * The newest week before this one whose challenger's examples are recorded, down to the oldest week
 * that this one trains on.
 */
export async function weekToLearnFrom(
  week: string,
  trainingWeeks: number,
  find: (week: string) => Promise<FrozenWeek | undefined>,
): Promise<FrozenWeek | undefined> {
  for (let back = 1; back <= trainingWeeks; back++) {
    const before = await find(addWeeks(week, -back));
    if (before?.examples !== undefined) return before;
  }
  return undefined;
}

/**
 * The examples that a week takes over from one before it: those of the cut-offs that both train on.
 * They stay what they were when they were made, with the catalogue and the listens of that time; so
 * a week makes snapshots and factors of the last few cut-offs only, however far back it learns.
 *
 * Not the examples whose week was not over when they were made: a batch that runs on Saturday knows
 * nothing yet of what is played on Sunday.
 *
 * None where they were made in another way (stages, versions, options), or where listens from before
 * that week's cut-off came or went since in numbers: then all are made anew. Where the lake is the
 * same, what that week made is found by its fingerprint anyway, so it is taken over as there.
 *
 * @param listensBefore - about how many listens the lake has now before the cut-off of `before`
 */
export async function takenOverBy(
  week: FrozenWeek,
  before: FrozenWeek,
  listensBefore: number,
  examples: ExamplesOfWeeks,
): Promise<NonNullable<FrozenWeek['takenOver']>> {
  if (before.examples === undefined || before.listens === undefined) return [];
  if (before.examples.method !== examples.methodOf(week)) return [];
  if (Math.abs(listensBefore - before.listens) > mostChange * before.listens) return [];
  const offered = before.lake.id === week.lake.id ? before.takenOver : before.examples.made;
  const isOver = (cutoff: string) => Date.parse(cutoff) + weekMs <= Date.parse(before.frozenAt);
  const taken = (offered ?? []).filter(
    ({ cutoff }) => week.trainingCutoffs.includes(cutoff) && isOver(cutoff),
  );
  for (const { fingerprint } of taken) if (!(await examples.has(fingerprint))) return [];
  return taken;
}
