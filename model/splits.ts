import { firstMondayMs, weekMs } from './week.ts';

/**
 * Splits by time: what was known before a cut-off trains, what came after it tests. No split here
 * lets training see what happened later. Instants are milliseconds since 1970 (UTC).
 */

export interface TemporalSplit {
  /** Positions with time < cutoffMs, in the order given; so are the other two. */
  readonly train: Uint32Array;
  /** cutoffMs <= time < cutoffMs + horizonMs. */
  readonly test: Uint32Array;
  /** The rest: time >= cutoffMs + horizonMs. */
  readonly later: Uint32Array;
}

/**
 * Splits events into what precedes a cut-off, the horizon from it on, and what is later. Every
 * position is in exactly one of the three.
 *
 * @param times - [numEvents], in any order
 * @param horizonMs - length of the test period, default one week
 * @throws RangeError where a time is NaN, or the horizon not above 0
 */
export function temporalSplit(
  times: ArrayLike<number>,
  cutoffMs: number,
  horizonMs = weekMs,
): TemporalSplit {
  if (!(horizonMs > 0)) {
    throw new RangeError(`splits: expected a horizon above 0 ms, got ${horizonMs}`);
  }
  const period = periodOf(times, Float64Array.of(cutoffMs, cutoffMs + horizonMs));
  const positions = (wanted: number): Uint32Array => {
    const found = new Uint32Array(period.length);
    let count = 0;
    for (let i = 0; i < period.length; i++) if (period[i] === wanted) found[count++] = i;
    return found.slice(0, count);
  };
  return { train: positions(0), test: positions(1), later: positions(2) };
}

/**
 * The weekly cut-offs between two instants: every Monday 00:00 UTC c with fromMs <= c < toMs,
 * ascending; none where toMs <= fromMs. The same instants as `weekCutoffUtc` of their weeks.
 *
 * To train on whole label weeks only, leave out the cut-offs after the last event less one week.
 */
export function weeklyCutoffs(fromMs: number, toMs: number): Float64Array {
  if (!Number.isFinite(fromMs) || !Number.isFinite(toMs)) {
    throw new RangeError(`splits: expected two instants, got ${fromMs} and ${toMs}`);
  }
  const first = Math.ceil((fromMs - firstMondayMs) / weekMs);
  const end = Math.ceil((toMs - firstMondayMs) / weekMs);
  return Float64Array.from(
    { length: Math.max(0, end - first) },
    (_, i) => firstMondayMs + (first + i) * weekMs,
  );
}

/**
 * The period of each event among cut-offs: 0 before the first, i from the i-th (counted from 1) to
 * before the next, `cutoffs.length` from the last on. For rolling training: the events of periods
 * 0..i-1 were known at the i-th cut-off, those of period i are its labels.
 *
 * @param cutoffs - strictly ascending
 * @returns [numEvents]
 * @throws RangeError where a time is NaN, or the cut-offs do not ascend
 */
export function periodOf(times: ArrayLike<number>, cutoffs: ArrayLike<number>): Int32Array {
  for (let i = 0; i < cutoffs.length; i++) {
    if (Number.isFinite(cutoffs[i]) && (i === 0 || cutoffs[i]! > cutoffs[i - 1]!)) continue;
    throw new RangeError(
      `splits: expected ascending cut-offs, got ${cutoffs[i]} at ${i} after ${cutoffs[i - 1] ?? 'none'}`,
    );
  }
  const periods = new Int32Array(times.length);
  for (let i = 0; i < times.length; i++) {
    const time = times[i]!;
    if (Number.isNaN(time)) throw new RangeError(`splits: expected times[${i}], got NaN`);
    let low = 0;
    let high = cutoffs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (cutoffs[middle]! <= time) low = middle + 1;
      else high = middle;
    }
    periods[i] = low;
  }
  return periods;
}
