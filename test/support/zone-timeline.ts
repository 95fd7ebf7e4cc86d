import { existsSync, readFileSync } from 'node:fs';
import zoneData from 'countries-and-timezones';

/** Where the system keeps the zone database as text, if it does. */
const systemZones = '/usr/share/zoneinfo/tzdata.zi';

/**
 * Every name of the tz database that can be had here: the platform's, those of the library of
 * countries with its links (`US/Pacific`), and the system's.
 */
export function zoneNames(): string[] {
  return [
    ...new Set([
      ...Intl.supportedValuesOf('timeZone'),
      ...Object.keys(zoneData.getAllTimezones({ deprecated: true })),
      ...systemNames(),
      'UTC',
      ...Array.from({ length: 12 }, (_, hours) => `Etc/GMT+${hours + 1}`),
      ...Array.from({ length: 14 }, (_, hours) => `Etc/GMT-${hours + 1}`),
    ]),
  ].sort();
}

function systemNames(): string[] {
  if (!existsSync(systemZones)) return [];
  return readFileSync(systemZones, 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .flatMap(([kind, first, second]) => (kind === 'Z' ? [first!] : kind === 'L' ? [second!] : []));
}

/** A time in which the clocks of a zone are so far ahead of UTC. */
export interface Stretch {
  readonly from: number;
  /** The first instant after it. */
  readonly to: number;
  readonly offset: number;
}

/**
 * What the clocks of a zone show from `from` to `to`, found by looking at them: every `stepMs`, and
 * where two looks differ, by halving, to the millisecond. Two changes within a step that undo each
 * other go unseen.
 */
export function timelineOf(zone: string, from: number, to: number, stepMs: number): Stretch[] {
  const offsetAt = clockOf(zone);
  const stretches: Stretch[] = [];
  let begun = from;
  let offset = offsetAt(from);
  const look = (low: number, high: number): void => {
    if (offsetAt(high) === offset) return;
    let [before, after] = [low, high];
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2);
      if (offsetAt(middle) === offset) before = middle;
      else after = middle;
    }
    stretches.push({ from: begun, to: after, offset });
    [begun, offset] = [after, offsetAt(after)];
    look(after, high);
  };
  for (let at = from; at < to; at += stepMs) look(at, Math.min(to, at + stepMs));
  stretches.push({ from: begun, to: Infinity, offset });
  return stretches;
}

/** The platform's clock on the wall: how far it is ahead of UTC at an instant. */
function clockOf(zone: string): (instant: number) => number {
  const wall = new Intl.DateTimeFormat('sv-SE', {
    timeZone: zone,
    dateStyle: 'short',
    timeStyle: 'medium',
  });
  return (instant) => {
    const second = Math.floor(instant / 1000) * 1000;
    return Date.parse(`${wall.format(second).replace(' ', 'T')}Z`) - second;
  };
}

/**
 * The first instant at which the clocks show a date, or a later one.
 *
 * @param midnight - 00:00 of that date, as if it were in UTC
 */
export function firstInstantOf(midnight: number, timeline: readonly Stretch[]): number {
  for (const { from, to, offset } of timeline) {
    const instant = Math.max(from, midnight - offset);
    if (instant < to) return instant;
  }
  throw new RangeError('the timeline ends before the date');
}
