import { describe, expect, test } from '@jest/globals';
import { Temporal } from 'temporal-polyfill';
import {
  mondayStart,
  nextWeek,
  weekCutoffUtc,
  weekMs,
  weekOf,
  weekRange,
} from '../../model/week.ts';
import { firstInstantOf, timelineOf, zoneNames } from '../support/zone-timeline.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const names = zoneNames();
const known = names.filter((zone) => isKnown(zone));

function isKnown(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

function local(instantMs: number, zone: string): string {
  return Temporal.Instant.fromEpochMilliseconds(instantMs)
    .toZonedDateTimeISO(zone)
    .toString({ timeZoneName: 'never', smallestUnit: 'minute' });
}

function localStart(week: string, zone: string): string {
  return local(mondayStart(week, zone), zone);
}

function hoursOf(week: string, zone: string): number {
  return (mondayStart(nextWeek(week), zone) - mondayStart(week, zone)) / hourMs;
}

test('every name of the tz database is a zone here, links too, but the one that means "not set"', () => {
  expect(known.length).toBeGreaterThan(440);
  expect(known).toEqual(
    expect.arrayContaining(['US/Pacific', 'Asia/Calcutta', 'NZ-CHAT', 'Etc/GMT-14', 'GB', 'UTC']),
  );
  expect(names.filter((zone) => !known.includes(zone) && zone !== 'Factory')).toEqual([]);
  for (const zone of known) expect(() => mondayStart('2026-W47', zone)).not.toThrow();
});

// All Mondays of all zones: test/integration/calendar-zones.test.ts.
test('Mondays of 2020 to 2030 beside which clocks change begin as the clock on the wall says, and every 40th other', () => {
  const weeks = weekRange('2020-W01..2030-W52');
  const [first, last] = [weekCutoffUtc(weeks[0]!), weekCutoffUtc(weeks.at(-1)!)];
  const wrong: string[] = [];
  let [beside, others] = [0, 0];
  for (const [i, zone] of known.entries()) {
    const timeline = timelineOf(zone, first - weekMs, last + weekMs, 3 * weekMs);
    const changes = timeline.slice(1).map(({ from }) => from);
    for (const [number, week] of weeks.entries()) {
      const expected = firstInstantOf(weekCutoffUtc(week), timeline);
      const isBeside = changes.some((change) => Math.abs(change - expected) <= dayMs);
      if (!isBeside && (number + i) % 40 !== 0) continue;
      if (isBeside) beside++;
      else others++;
      if (mondayStart(week, zone) !== expected) wrong.push(`${zone} ${week}`);
    }
  }
  expect(wrong).toEqual([]);
  expect(beside).toBeGreaterThan(2000);
  expect(others).toBeGreaterThan(7000);
});

describe('a week around new year', () => {
  const some = ['Pacific/Kiritimati', 'Etc/GMT+12', ...known.filter((_, i) => i % 7 === 0)];

  test.each([
    ['2020-W53', '2020-12-28T00:00'],
    ['2021-W01', '2021-01-04T00:00'],
    ['2024-W52', '2024-12-23T00:00'],
    ['2025-W01', '2024-12-30T00:00'],
    ['2026-W53', '2026-12-28T00:00'],
    ['2027-W01', '2027-01-04T00:00'],
  ])('%s begins on the clock of %s all over the world', (week, expected) => {
    for (const zone of some) {
      expect([zone, localStart(week, zone).slice(0, 16)]).toEqual([zone, expected]);
      expect(weekOf(mondayStart(week, zone), zone)).toBe(week);
    }
  });
});

describe('a Monday', () => {
  test.each([
    ['Australia/Eucla', '2026-W47', '2026-11-16T00:00+08:45'],
    ['Asia/Kathmandu', '2026-W47', '2026-11-16T00:00+05:45'],
    ['Pacific/Chatham', '2026-W15', '2026-04-06T00:00+12:45'],
    ['Pacific/Marquesas', '2026-W47', '2026-11-16T00:00-09:30'],
    ['America/St_Johns', '2026-W45', '2026-11-02T00:00-03:30'],
    ['Antarctica/Troll', '2026-W14', '2026-03-30T00:00+02:00'],
    ['Pacific/Kiritimati', '2026-W47', '2026-11-16T00:00+14:00'],
    ['Etc/GMT+12', '2026-W47', '2026-11-16T00:00-12:00'],
    ['Asia/Calcutta', '2026-W47', '2026-11-16T00:00+05:30'],
  ])('in %s, %s, begins at %s', (zone, week, expected) => {
    expect(localStart(week, zone)).toBe(expected);
  });

  test.each([
    // Midnight is left out on a day of the week, or comes twice.
    ['Africa/Cairo', '2023-W17', 167],
    ['Africa/Cairo', '2023-W43', 169],
    ['America/Havana', '2026-W10', 167],
    ['America/Havana', '2026-W44', 169],
    ['America/Santiago', '2026-W36', 167],
    ['America/Santiago', '2026-W14', 169],
    ['America/Asuncion', '2023-W39', 167],
    ['America/Asuncion', '2024-W12', 169],
    ['Asia/Beirut', '2026-W13', 167],
    ['Asia/Beirut', '2026-W43', 169],
    ['Australia/Lord_Howe', '2026-W14', 168.5],
    ['Antarctica/Troll', '2026-W13', 166],
    // A day was left out.
    ['Pacific/Kwajalein', '1993-W33', 144],
    ['Pacific/Fakaofo', '2011-W52', 144],
    ['Pacific/Kiritimati', '1994-W52', 144],
  ])('follows that of %s, %s, after %d hours', (zone, week, hours) => {
    expect(hoursOf(week, zone)).toBe(hours);
  });

  test('begins after the gap where its midnight is left out, and at the first of two', () => {
    expect(localStart('2021-W12', 'Asia/Tehran')).toBe('2021-03-22T01:00+04:30');
    expect(localStart('1996-W41', 'America/Asuncion')).toBe('1996-10-07T00:00-03:00');
    expect(localStart('1998-W14', 'Asia/Amman')).toBe('1998-03-30T00:00+02:00');
    expect(localStart('2001-W39', 'Asia/Jerusalem')).toBe('2001-09-24T00:00+03:00');
  });
});
