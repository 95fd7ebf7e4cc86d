import { createRandom } from '../../model/random.ts';
import { faults, mongodbAway, type Fault } from './faults.ts';
import type { Plan } from './run.ts';

/** Zones in which Monday begins at the same moment. */
const zones = ['Asia/Bangkok', 'Asia/Ho_Chi_Minh', 'Asia/Jakarta'];

/** Published so long before Monday, nothing that lasts a minute makes a list late. */
const roomyMs = 5 * 3_600_000;
/** One run in six has its Monday so soon that a fault can make lists late. */
const tightShare = 1 / 6;
const tightMs = [300, 3000] as const;
/** What goes away is away for so long, */
const awayMs = [200, 3000] as const;
/** but MongoDB for a whole minute in the first runs of a long series, cut off and frozen. */
const minuteMs = 60_000;
const longSeries = 100;

/**
 * The runs of a series, drawn from its seed alone: each fault as often as its weight says, at least
 * once where there are enough runs, in a drawn order.
 *
 * @param which - only these faults; default all
 */
export function plansOf(runs: number, seed: number, which: readonly Fault[] = faults): Plan[] {
  const random = createRandom(seed, 'order of the faults');
  const names = random.shuffle(shares(which, runs));
  const minutes = new Set(runs < longSeries ? [] : [mongodbAway, 'MongoDB frozen (SIGSTOP)']);
  return names.map((fault, number) => {
    const away = minutes.delete(fault) ? minuteMs : undefined;
    return planOf(
      which.find(({ name }) => name === fault)!,
      number,
      seed,
      away,
    );
  });
}

function planOf(fault: Fault, number: number, seed: number, away: number | undefined): Plan {
  const random = createRandom(seed, 'run', number);
  const between = ([low, high]: readonly [number, number]) =>
    Math.round(low + random.uniform() * (high - low));
  const most = fault.maxListeners ?? 1000;
  const sizes = Object.fromEntries(
    zones.map((zone) => [zone, between([most / 6, most / 3])] as const),
  );
  const listeners = Object.values(sizes).reduce((sum, size) => sum + size, 0);
  const batchSize = between([4, 9]);
  const isTight = random.uniform() < tightShare && away === undefined;
  const drawnAway = between(awayMs);
  return {
    number,
    seed,
    fault: fault.name,
    zones: sizes,
    listeners,
    batchSize,
    mongoDelayMs: between([4, 10]),
    strikeAt: 1 + random.int(Math.floor((0.7 * listeners) / batchSize)),
    strikeAfterMs: random.int(20),
    beforeMondayMs: isTight ? between(tightMs) : roomyMs,
    awayMs: away ?? drawnAway,
  };
}

/** Whether a list can be late without anything being wrong. */
export function isTight({ beforeMondayMs }: Pick<Plan, 'beforeMondayMs'>): boolean {
  return beforeMondayMs < roomyMs;
}

/** Names of faults, each as often as its share by largest remainders (ties: in their order). */
function shares(which: readonly Fault[], runs: number): string[] {
  const sum = which.reduce((total, { weight }) => total + weight, 0);
  const least = runs >= which.length ? 1 : 0;
  const free = runs - least * which.length;
  const parts = which.map(({ name, weight }, index) => {
    const exact = (free * weight) / sum;
    return { name, index, count: least + Math.floor(exact), rest: exact % 1 };
  });
  let left = runs - parts.reduce((total, { count }) => total + count, 0);
  for (const part of [...parts].sort((a, b) => b.rest - a.rest || a.index - b.index)) {
    if (left-- > 0) part.count++;
  }
  return parts.flatMap(({ name, count }) => Array.from({ length: count }, () => name));
}
