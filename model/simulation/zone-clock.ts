import { Temporal } from 'temporal-polyfill';
import { dayMs } from './days.ts';

/**
 * The offsets of one zone over the simulated time, so that a local time becomes an instant without
 * asking the time-zone data again. Times that daylight saving skips move on by the gap; of a time
 * that it repeats the later is meant.
 */
export interface ZoneClock {
  /** `[numOffsets]`: instants from which `offsetMs` holds, ascending; the first is before all. */
  readonly from: Float64Array;
  readonly offsetMs: Float64Array;
}

/**
 * @param zone - IANA name
 * @param startDay - first day asked for
 * @param endDay - the day after the last
 */
export function createZoneClock(zone: string, startDay: number, endDay: number): ZoneClock {
  const margin = 2 * dayMs;
  let at: Temporal.ZonedDateTime | null = Temporal.Instant.fromEpochMilliseconds(
    startDay * dayMs - margin,
  ).toZonedDateTimeISO(zone);
  const from: number[] = [];
  const offsets: number[] = [];
  while (at !== null && at.epochMilliseconds < endDay * dayMs + margin) {
    from.push(at.epochMilliseconds);
    offsets.push(at.offsetNanoseconds / 1e6);
    at = at.getTimeZoneTransition('next');
  }
  from[0] = -Infinity;
  return { from: Float64Array.from(from), offsetMs: Float64Array.from(offsets) };
}

/** The instant at which a wall clock in the zone shows the local time. */
export function toInstant(clock: ZoneClock, localMs: number): number {
  for (let period = clock.from.length - 1; period > 0; period--) {
    const instant = localMs - clock.offsetMs[period]!;
    if (instant >= clock.from[period]!) return instant;
  }
  return localMs - clock.offsetMs[0]!;
}
