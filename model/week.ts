import { Temporal } from 'temporal-polyfill';
import { Mistake } from './mistake.ts';

/**
 * The calendar of weeks and time zones.
 *
 * A **week** is an ISO 8601 week, written `2014-W36`: it begins on Monday, and week 1 is the one
 * with 4 January. In a **zone** (IANA name, `Asia/Jakarta`) it lasts from the first instant of its
 * Monday to the first instant of the next one: 168 hours, 167 or 169 where the clocks change, 144
 * where a day was left out. Where midnight does not exist Monday begins after the gap; where it
 * comes twice, at the first. Instants are milliseconds since 1970 (UTC).
 */

/** ISO week key, `2026-W47`: the ISO week-numbering year and the week, 01 to 53. */
export const weekKeyPattern = /^\d{4}-W(0[1-9]|[1-4]\d|5[0-3])$/;

export const weekMs = 7 * 24 * 60 * 60 * 1000;
/** Monday 1970-01-05 00:00 UTC: a whole number of weeks from any Monday 00:00 UTC. */
const firstMondayMs = 4 * 24 * 60 * 60 * 1000;

/**
 * @param key - `2014-W36`
 * @returns the ISO week-numbering year and the week, from 1
 * @throws Mistake `USAGE` for anything else, and for a week 53 that the year does not have
 */
export function parseWeek(key: string): { year: number; week: number } {
  if (!weekKeyPattern.test(key)) {
    throw new Mistake('USAGE', `expected a week such as "2014-W36", got ${JSON.stringify(key)}`);
  }
  const year = Number(key.slice(0, 4));
  const week = Number(key.slice(6));
  if (week === 53 && weekOneOf(year) + 52 === weekOneOf(year + 1)) {
    throw new Mistake(
      'USAGE',
      `expected a week of ${key.slice(0, 4)}, which ends with ${key.slice(0, 4)}-W52, got "${key}"`,
    );
  }
  return { year, week };
}

/** The week in which an instant lies, in a zone. @throws Mistake `UNKNOWN_ZONE` */
export function weekOf(instantMs: number, zone: string): string {
  if (!Number.isFinite(instantMs)) {
    throw new RangeError(`weekOf: expected an instant in milliseconds, got ${instantMs}`);
  }
  // No zone is a whole day from UTC, so the week is this one or one of its neighbours.
  const index = Math.floor((instantMs - firstMondayMs) / weekMs);
  if (instantMs < startOf(index, zone)) return keyOf(index - 1);
  if (instantMs >= startOf(index + 1, zone)) return keyOf(index + 1);
  return keyOf(index);
}

/**
 * The first instant of the week's Monday in a zone: when its lists become visible there.
 *
 * @throws Mistake `USAGE` for a malformed week, `UNKNOWN_ZONE`
 */
export function mondayStart(week: string, zone: string): number {
  return startOf(indexOf(week), zone);
}

/** Monday 00:00 UTC of the week, whatever the zone: the cut-off of what the model may know. */
export function weekCutoffUtc(week: string): number {
  return firstMondayMs + indexOf(week) * weekMs;
}

/** `count` weeks later; earlier where negative. */
export function addWeeks(week: string, count: number): string {
  return keyOf(indexOf(week) + count);
}

export function nextWeek(week: string): string {
  return addWeeks(week, 1);
}

export function previousWeek(week: string): string {
  return addWeeks(week, -1);
}

/** How many weeks `to` is after `from`; negative where it is before. */
export function weeksBetween(from: string, to: string): number {
  return indexOf(to) - indexOf(from);
}

/**
 * @param range - `2014-W20..2014-W36`, both included, or a single week
 * @returns the weeks, ascending
 * @throws Mistake `USAGE` for a malformed range and for one that ends before it begins
 */
export function weekRange(range: string): string[] {
  const [from = '', to = from, ...rest] = range.split('..');
  if (rest.length > 0 || !weekKeyPattern.test(from) || !weekKeyPattern.test(to)) {
    throw new Mistake(
      'USAGE',
      `expected weeks such as "2014-W20..2014-W36", got ${JSON.stringify(range)}`,
    );
  }
  const count = weeksBetween(from, to) + 1;
  if (count < 1) {
    throw new Mistake('USAGE', `expected weeks in ascending order, got "${range}"`);
  }
  return Array.from({ length: count }, (_, i) => addWeeks(from, i));
}

/** Weeks since that of Monday 1970-01-05. */
function indexOf(week: string): number {
  const { year, week: number } = parseWeek(week);
  return weekOneOf(year) + number - 1;
}

function keyOf(index: number): string {
  // The Thursday of an ISO week lies in its year.
  const year = new Date(firstMondayMs + index * weekMs + 3 * (weekMs / 7)).getUTCFullYear();
  const week = index - weekOneOf(year) + 1;
  return `${String(year).padStart(4, '0')}-W${String(week).padStart(2, '0')}`;
}

const weekOnes = new Map<number, number>();

/** Index of the year's week 1, the week with 4 January. */
function weekOneOf(year: number): number {
  let index = weekOnes.get(year);
  if (index === undefined) {
    const fourthOfJanuary = new Date(0).setUTCFullYear(year, 0, 4);
    index = Math.floor((fourthOfJanuary - firstMondayMs) / weekMs);
    weekOnes.set(year, index);
  }
  return index;
}

/** Zone -> week index -> instant. The tz database does not change while we run. */
const starts = new Map<string, Map<number, number>>();

function startOf(index: number, zone: string): number {
  let ofZone = starts.get(zone);
  if (ofZone === undefined) {
    checkZone(zone);
    ofZone = new Map();
    starts.set(zone, ofZone);
  }
  let start = ofZone.get(index);
  if (start === undefined) {
    const monday = new Date(firstMondayMs + index * weekMs);
    start = Temporal.PlainDate.from({
      year: monday.getUTCFullYear(),
      month: monday.getUTCMonth() + 1,
      day: monday.getUTCDate(),
    }).toZonedDateTime(zone).epochMilliseconds;
    ofZone.set(index, start);
  }
  return start;
}

function checkZone(zone: string): void {
  try {
    // Temporal would take a fixed offset as a zone: it knows no daylight saving.
    if (/^[+-]/.test(zone)) throw new RangeError('an offset is no zone');
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone);
  } catch (cause) {
    throw new Mistake(
      'UNKNOWN_ZONE',
      `expected a time zone such as "Asia/Jakarta", got ${JSON.stringify(zone)}`,
      { cause },
    );
  }
}
