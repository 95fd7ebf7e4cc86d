import { isTight } from './plan.ts';
import type { Plan } from './run.ts';
import type { Outcome } from './suite.ts';

/** Sums over runs; lists unless they say otherwise. */
export interface Summary {
  readonly runs: number;
  readonly listeners: number;
  readonly lost: number;
  readonly doubled: number;
  readonly late: number;
  /** Late although Monday was hours away: nothing explains them. */
  readonly lateUnexplained: number;
  /** Share of runs in which workers held messages when the fault struck. */
  readonly hitInFlight: number;
  /** Of all runs, at the moment of the fault. */
  readonly unacknowledged: number;
  /** Runs with something that is not as it must be. */
  readonly complaints: number;
  readonly seconds: number;
}

export function summaryOf(outcomes: readonly Outcome[]): Summary {
  const sum = (of: (outcome: Outcome) => number) =>
    outcomes.reduce((total, outcome) => total + of(outcome), 0);
  const hit = outcomes.filter(({ unacknowledged }) => unacknowledged > 0).length;
  return {
    runs: outcomes.length,
    listeners: sum(({ listeners }) => listeners),
    lost: sum(({ lost }) => lost),
    doubled: sum(({ doubled }) => doubled),
    late: sum(({ late }) => late),
    lateUnexplained: sum((outcome) => (isTight(outcome) ? 0 : outcome.late)),
    hitInFlight: outcomes.length === 0 ? 0 : hit / outcomes.length,
    unacknowledged: sum(({ unacknowledged }) => unacknowledged),
    complaints: outcomes.filter(({ complaints }) => complaints.length > 0).length,
    seconds: Math.round(sum(({ seconds }) => seconds)),
  };
}

/** Whether a series came out as it must: 0 lost, 0 doubled, lateness explained, half hit in flight. */
export function isGood(summary: Summary): boolean {
  const { lost, doubled, lateUnexplained, complaints, hitInFlight } = summary;
  return lost + doubled + lateUnexplained + complaints === 0 && hitInFlight >= 0.5;
}

/** One line for people. */
export function lineOf(outcome: Outcome, plan: Plan, of: number): string {
  const { fault, pids, unacknowledged, lost, doubled, late, listeners, seconds } = outcome;
  const hit = pids.length === 0 ? 'nobody killed' : `pid ${pids.join(', ')}`;
  const after = outcome.after === undefined ? '' : `, after "${outcome.after}"`;
  return [
    `${String(plan.number + 1).padStart(String(of).length)}/${of} ${fault}${after}: ${hit};`,
    `${unacknowledged} unacknowledged of ${outcome.batches} batches;`,
    `${listeners} listeners, ${lost} lost, ${doubled} doubled, ${late} late${late > 0 ? ` (${whyLate(outcome)})` : ''};`,
    `${seconds.toFixed(1)} s`,
    ...outcome.complaints.map((complaint) => `\n    ${complaint}`),
  ].join(' ');
}

function whyLate(outcome: Outcome): string {
  const { beforeMondayMs, afterMs } = outcome;
  return isTight(outcome)
    ? `Monday began ${beforeMondayMs} ms after publishing, the fault struck after ${afterMs} ms`
    : 'unexplained';
}

/** By fault, in the order of their names, and the sum. */
export function tableOf(outcomes: readonly Outcome[]): string {
  const names = [...new Set(outcomes.map(({ fault }) => fault))].sort();
  const row = (name: string, of: readonly Outcome[]) => {
    const { runs, listeners, lost, doubled, late, hitInFlight, unacknowledged, seconds } =
      summaryOf(of);
    const cells = [runs, Math.round(hitInFlight * runs), unacknowledged, listeners, lost, doubled];
    return (
      name.padEnd(42) + [...cells, late, seconds].map((cell) => String(cell).padStart(10)).join('')
    );
  };
  const head = ['runs', 'in flight', 'messages', 'listeners', 'lost', 'doubled', 'late', 'seconds'];
  return [
    `${'fault'.padEnd(42)}${head.map((name) => name.padStart(10)).join('')}`,
    ...names.map((name) =>
      row(
        name,
        outcomes.filter(({ fault }) => fault === name),
      ),
    ),
    row('all', outcomes),
  ].join('\n');
}
