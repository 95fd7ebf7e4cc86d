import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { Mistake } from '../../model/mistake.ts';
import {
  addWeeks,
  mondayStart,
  nextWeek,
  parseWeek,
  previousWeek,
  weekCutoffUtc,
  weekKeyPattern,
  weekOf,
  weekRange,
  weeksBetween,
} from '../../model/week.ts';

const hourMs = 60 * 60 * 1000;
const zones = [...Intl.supportedValuesOf('timeZone'), 'UTC', 'Etc/GMT+12', 'Etc/GMT-14'];

/** `Mon 2014-09-01T00:00:00+07:00`: what a clock on the wall there shows. */
function local(instantMs: number, zone: string): string {
  const there = Temporal.Instant.fromEpochMilliseconds(instantMs).toZonedDateTimeISO(zone);
  const day = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'][there.dayOfWeek - 1];
  return `${day} ${there.toString({ timeZoneName: 'never', smallestUnit: 'second' })}`;
}

function localStart(week: string, zone: string): string {
  return local(mondayStart(week, zone), zone);
}

function hoursOf(week: string, zone: string): number {
  return (mondayStart(nextWeek(week), zone) - mondayStart(week, zone)) / hourMs;
}

function mistakeOf(act: () => unknown): { code: string; message: string } {
  try {
    act();
  } catch (error) {
    if (error instanceof Mistake) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('expected a Mistake');
}

describe('week keys', () => {
  test('the year is the one of the Thursday', () => {
    const dates: [string, string][] = [
      ['2014-12-28', '2014-W52'],
      ['2014-12-29', '2015-W01'],
      ['2016-01-03', '2015-W53'],
      ['2016-01-04', '2016-W01'],
      ['2021-01-03', '2020-W53'],
      ['2024-12-30', '2025-W01'],
      ['1970-01-01', '1970-W01'],
      ['1969-12-28', '1969-W52'],
    ];
    for (const [date, week] of dates) expect(weekOf(Date.parse(date), 'UTC')).toBe(week);
  });

  test('a week 53 is taken from the years that have one and from no other', () => {
    const long = Array.from({ length: 60 }, (_, i) => 1990 + i).filter((year) => {
      try {
        return parseWeek(`${year}-W53`).week === 53;
      } catch {
        return false;
      }
    });
    expect(long).toEqual([1992, 1998, 2004, 2009, 2015, 2020, 2026, 2032, 2037, 2043, 2048]);
    expect(mistakeOf(() => parseWeek('2014-W53'))).toEqual({
      code: 'USAGE',
      message: 'expected a week of 2014, which ends with 2014-W52, got "2014-W53"',
    });
  });

  test.each(['2014-36', '2014-W00', '2014-W54', '2014-W6', '14-W36', '2014-w36', ' 2014-W36', ''])(
    'the malformed week %j is a mistake that shows how to write it',
    (key) => {
      expect(mistakeOf(() => parseWeek(key))).toEqual({
        code: 'USAGE',
        message: `expected a week such as "2014-W36", got ${JSON.stringify(key)}`,
      });
    },
  );

  test('adding, going on, going back and counting agree, over year ends and long years', () => {
    expect(nextWeek('2020-W53')).toBe('2021-W01');
    expect(previousWeek('2016-W01')).toBe('2015-W53');
    expect(addWeeks('2014-W36', 18)).toBe('2015-W02');
    const weeks = fc
      .integer({ min: -20000, max: 100000 })
      .map((days) => weekOf(days * 24 * hourMs, 'UTC'));
    fc.assert(
      fc.property(weeks, fc.integer({ min: -3000, max: 3000 }), (week, count) => {
        const there = addWeeks(week, count);
        expect(there).toMatch(weekKeyPattern);
        expect(weeksBetween(week, there)).toBe(count);
        expect(addWeeks(there, -count)).toBe(week);
        expect(previousWeek(nextWeek(there))).toBe(there);
        expect(weekCutoffUtc(there) - weekCutoffUtc(week)).toBe(count * 168 * hourMs);
        expect(Math.sign(there.localeCompare(week, 'en'))).toBe(Math.sign(count));
      }),
    );
  });

  test('a range holds both its ends', () => {
    expect(weekRange('2014-W51..2015-W02')).toEqual([
      '2014-W51',
      '2014-W52',
      '2015-W01',
      '2015-W02',
    ]);
    expect(weekRange('2014-W20..2014-W36')).toHaveLength(17);
    expect(weekRange('2014-W36')).toEqual(['2014-W36']);
    expect(weekRange('2014-W36..2014-W36')).toEqual(['2014-W36']);
  });

  test.each([
    ['2014-W36..2014-W20', 'expected weeks in ascending order, got "2014-W36..2014-W20"'],
    ['2014-W20-2014-W36', 'expected weeks such as "2014-W20..2014-W36", got "2014-W20-2014-W36"'],
    ['2014-W20..', 'expected weeks such as "2014-W20..2014-W36", got "2014-W20.."'],
    ['..2014-W20', 'expected weeks such as "2014-W20..2014-W36", got "..2014-W20"'],
    [
      '2014-W20..2014-W21..2014-W22',
      'expected weeks such as "2014-W20..2014-W36", got "2014-W20..2014-W21..2014-W22"',
    ],
    ['2014-W50..2014-W53', 'expected a week of 2014, which ends with 2014-W52, got "2014-W53"'],
  ])('the range %j is a mistake', (range, message) => {
    expect(mistakeOf(() => weekRange(range))).toEqual({ code: 'USAGE', message });
  });
});

describe('Monday in every zone', () => {
  test('of ten years begins on a Monday, just after a Sunday, once a week', () => {
    const all = weekRange('2014-W01..2024-W01');
    const wrong: string[] = [];
    for (const [i, zone] of zones.entries()) {
      // Each zone takes every 25th week; zones that share their rules share out the weeks.
      const weeks = all.filter((_, week) => week % 25 === i % 25);
      // The platform's own calendar is the oracle.
      const calendar = new Intl.DateTimeFormat('en', { weekday: 'long', timeZone: zone });
      let last = -Infinity;
      for (const week of weeks) {
        const start = mondayStart(week, zone);
        const fits =
          start > last &&
          calendar.format(start) === 'Monday' &&
          calendar.format(start - 1) === 'Sunday' &&
          Math.abs(start - weekCutoffUtc(week)) <= 14 * hourMs;
        if (!fits) wrong.push(`${zone} ${week}`);
        last = start;
      }
    }
    expect(wrong).toEqual([]);
  });

  test('begins the week: the instant before belongs to the week before', () => {
    const week = fc.integer({ min: 0, max: 2500 }).map((count) => addWeeks('1990-W01', count));
    fc.assert(
      fc.property(week, fc.constantFrom(...zones), (of, zone) => {
        const start = mondayStart(of, zone);
        expect(weekOf(start, zone)).toBe(of);
        expect(weekOf(start - 1, zone)).toBe(previousWeek(of));
      }),
      { numRuns: 300 },
    );
  });

  test('any instant lies in the week of its local date', () => {
    const instant = fc.integer({ min: Date.UTC(2000, 0), max: Date.UTC(2035, 0) });
    fc.assert(
      fc.property(instant, fc.constantFrom(...zones), (at, zone) => {
        const there = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone);
        const number = String(there.weekOfYear).padStart(2, '0');
        expect(weekOf(at, zone)).toBe(`${there.yearOfWeek}-W${number}`);
      }),
      { numRuns: 500 },
    );
  });

  test('from Monday noon to Sunday 10:00 UTC it is the same week all over the world', () => {
    const cutoff = weekCutoffUtc('2014-W36');
    for (const zone of zones) {
      expect(weekOf(cutoff + 12 * hourMs, zone)).toBe('2014-W36');
      expect(weekOf(cutoff + 6 * 24 * hourMs + 10 * hourMs - 1, zone)).toBe('2014-W36');
    }
  });
});

describe('Monday where clocks are odd', () => {
  test.each([
    ['Asia/Jakarta', '2014-W36', 'Mon 2014-09-01T00:00:00+07:00'],
    ['Asia/Kathmandu', '2014-W36', 'Mon 2014-09-01T00:00:00+05:45'],
    ['Asia/Kolkata', '2014-W36', 'Mon 2014-09-01T00:00:00+05:30'],
    ['Pacific/Chatham', '2014-W36', 'Mon 2014-09-01T00:00:00+12:45'],
    ['Pacific/Chatham', '2014-W41', 'Mon 2014-10-06T00:00:00+13:45'],
    ['Australia/Lord_Howe', '2014-W36', 'Mon 2014-09-01T00:00:00+10:30'],
    ['Australia/Lord_Howe', '2014-W41', 'Mon 2014-10-06T00:00:00+11:00'],
    ['Pacific/Kiritimati', '2014-W36', 'Mon 2014-09-01T00:00:00+14:00'],
    ['Etc/GMT+12', '2014-W36', 'Mon 2014-09-01T00:00:00-12:00'],
  ])('%s, %s: %s', (zone, week, expected) => {
    expect(localStart(week, zone)).toBe(expected);
  });

  test('the world takes 26 hours to begin a Monday', () => {
    const [first, last] = ['Pacific/Kiritimati', 'Etc/GMT+12'];
    expect(mondayStart('2014-W36', last) - mondayStart('2014-W36', first)).toBe(26 * hourMs);
  });

  test.each([
    // The clocks went forward at this very midnight.
    ['Asia/Tehran', '2021-W12', 'Mon 2021-03-22T01:00:00+04:30', 'Sun 2021-03-21T23:59:59+03:30'],
    [
      'America/Sao_Paulo',
      '1997-W41',
      'Mon 1997-10-06T01:00:00-02:00',
      'Sun 1997-10-05T23:59:59-03:00',
    ],
    [
      'America/Asuncion',
      '1992-W41',
      'Mon 1992-10-05T01:00:00-03:00',
      'Sun 1992-10-04T23:59:59-04:00',
    ],
    ['Asia/Damascus', '2002-W14', 'Mon 2002-04-01T01:00:00+03:00', 'Sun 2002-03-31T23:59:59+02:00'],
  ])(
    'in %s, %s, midnight does not exist: the first instant after the gap',
    (zone, week, at, before) => {
      expect(localStart(week, zone)).toBe(at);
      expect(local(mondayStart(week, zone) - 1, zone)).toBe(before);
    },
  );

  test('where midnight comes twice, the first one counts', () => {
    // At 01:00 on Monday 2001-09-24 the clocks of Jerusalem went back to 00:00.
    const start = mondayStart('2001-W39', 'Asia/Jerusalem');
    expect(local(start, 'Asia/Jerusalem')).toBe('Mon 2001-09-24T00:00:00+03:00');
    expect(local(start + hourMs, 'Asia/Jerusalem')).toBe('Mon 2001-09-24T00:00:00+02:00');
    expect(weekOf(start + hourMs, 'Asia/Jerusalem')).toBe('2001-W39');
  });

  test('where midnight ends with a second last hour of Sunday, Monday begins after it', () => {
    // At 24:00 on Sunday 2014-09-21 the clocks of Tehran went back to 23:00.
    const start = mondayStart('2014-W39', 'Asia/Tehran');
    expect(local(start, 'Asia/Tehran')).toBe('Mon 2014-09-22T00:00:00+03:30');
    expect(local(start - hourMs, 'Asia/Tehran')).toBe('Sun 2014-09-21T23:00:00+03:30');
    expect(local(start - hourMs - 1, 'Asia/Tehran')).toBe('Sun 2014-09-21T23:59:59+04:30');
    expect(weekOf(start - 1, 'Asia/Tehran')).toBe('2014-W38');
  });

  test.each([
    ['Europe/Berlin', '2014-W13', 167],
    ['Europe/Berlin', '2014-W14', 168],
    ['Europe/Berlin', '2014-W43', 169],
    ['America/Los_Angeles', '2014-W10', 167],
    ['America/Los_Angeles', '2014-W44', 169],
    ['Australia/Lord_Howe', '2014-W14', 168.5],
    ['Australia/Lord_Howe', '2014-W40', 167.5],
    // Midnight of the Sunday is left out or repeated; the Mondays around it are whole.
    ['America/Sao_Paulo', '2014-W42', 167],
    ['America/Sao_Paulo', '2014-W07', 169],
    ['America/Havana', '2014-W10', 167],
    ['America/Havana', '2014-W44', 169],
    ['America/Santiago', '2014-W36', 167],
    ['America/Santiago', '2014-W17', 169],
    ['America/Asuncion', '2014-W40', 167],
    ['America/Asuncion', '2014-W12', 169],
    ['Asia/Beirut', '2014-W13', 167],
    ['Asia/Beirut', '2014-W43', 169],
    ['Asia/Jakarta', '2014-W43', 168],
  ])('the week of %s, %s, has %d hours', (zone, week, hours) => {
    expect(hoursOf(week, zone)).toBe(hours);
  });

  test('the week in which Samoa left out its Friday has six days', () => {
    expect(hoursOf('2011-W52', 'Pacific/Apia')).toBe(6 * 24);
    expect(localStart('2011-W52', 'Pacific/Apia')).toBe('Mon 2011-12-26T00:00:00-10:00');
    expect(localStart('2012-W01', 'Pacific/Apia')).toBe('Mon 2012-01-02T00:00:00+14:00');
    const thursday = Date.parse('2011-12-29T12:00:00-10:00');
    expect(weekOf(thursday, 'Pacific/Apia')).toBe('2011-W52');
    expect(local(thursday + 24 * hourMs, 'Pacific/Apia')).toBe('Sat 2011-12-31T12:00:00+14:00');
  });
});

describe('a listener who moves', () => {
  test('in mid-week stays in the week; only the next Monday comes later or earlier', () => {
    const flight = Date.parse('2014-09-03T12:00:00Z');
    const [tokyo, losAngeles] = ['Asia/Tokyo', 'America/Los_Angeles'];
    expect(weekOf(flight, tokyo)).toBe('2014-W36');
    expect(weekOf(flight, losAngeles)).toBe('2014-W36');
    const delay = mondayStart('2014-W37', losAngeles) - mondayStart('2014-W37', tokyo);
    expect(delay).toBe(16 * hourMs);
  });

  test('on a Sunday eastwards over the date line is in the next week at once, and back again', () => {
    const sunday = Date.parse('2014-08-31T20:00:00-10:00');
    expect(weekOf(sunday, 'Pacific/Honolulu')).toBe('2014-W35');
    expect(weekOf(sunday, 'Pacific/Auckland')).toBe('2014-W36');
  });

  test('is never more than a week from where they were', () => {
    const instant = fc.integer({ min: Date.UTC(2010, 0), max: Date.UTC(2030, 0) });
    const zone = fc.constantFrom(...zones);
    fc.assert(
      fc.property(instant, zone, zone, (at, from, to) => {
        expect(Math.abs(weeksBetween(weekOf(at, from), weekOf(at, to)))).toBeLessThanOrEqual(1);
      }),
      { numRuns: 300 },
    );
  });
});

describe('wrong use', () => {
  test.each(['Mars/Olympus', '', '+07:00', 'Jakarta'])('the zone %j is a mistake', (zone) => {
    const mistake = {
      code: 'UNKNOWN_ZONE',
      message: `expected a time zone such as "Asia/Jakarta", got ${JSON.stringify(zone)}`,
    };
    expect(mistakeOf(() => mondayStart('2014-W36', zone))).toEqual(mistake);
    expect(mistakeOf(() => weekOf(0, zone))).toEqual(mistake);
  });

  test('a malformed week is one everywhere', () => {
    const acts = [mondayStart, weekCutoffUtc, nextWeek, previousWeek];
    for (const act of acts) {
      expect(mistakeOf(() => act('2014-9', 'UTC')).code).toBe('USAGE');
    }
  });

  test('an instant that is no number is a bug', () => {
    expect(() => weekOf(NaN, 'UTC')).toThrow(RangeError);
  });
});
