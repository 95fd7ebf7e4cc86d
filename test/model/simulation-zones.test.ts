import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { dayMs, dayOf, isMonday, isoDate } from '../../model/simulation/days.ts';
import { areas } from '../../model/simulation/tastes.ts';
import { createZoneClock, toInstant } from '../../model/simulation/zone-clock.ts';
import { zones } from '../../model/simulation/zones.ts';

const start = dayOf('2025-01-06');
const end = dayOf('2026-01-12');

describe('the zones', () => {
  test('are IANA names that Intl knows, each once, with an area and a language', () => {
    expect(new Set(zones.map((zone) => zone.name)).size).toBe(zones.length);
    expect(zones.length).toBeGreaterThanOrEqual(60);
    for (const { name, weight, area, languages } of zones) {
      expect(() => new Intl.DateTimeFormat('en', { timeZone: name })).not.toThrow();
      expect(areas).toContain(area);
      expect(weight).toBeGreaterThan(0);
      for (const language of languages) expect(() => new Intl.Locale(language)).not.toThrow();
    }
  });

  test('hold the offsets that break calendars', () => {
    const offsetsH = new Set(
      zones.flatMap(({ name }) =>
        [...createZoneClock(name, start, end).offsetMs].map((offset) => offset / 3_600_000),
      ),
    );
    // Kiritimati, UTC-12, Pago Pago, India, Nepal, Chatham, Eucla, Newfoundland, Marquesas.
    for (const offsetH of [14, -12, -11, 5.5, 5.75, 13.75, 8.75, -3.5, -9.5]) {
      expect([...offsetsH]).toContain(offsetH);
    }
  });
});

describe('the clock of a zone', () => {
  test('agrees with Temporal on every local time, skipped and repeated ones included', () => {
    const clocks = zones.map(({ name }) => createZoneClock(name, start, end));
    fc.assert(
      fc.property(
        fc.nat({ max: zones.length - 1 }),
        fc.integer({ min: start * 1440, max: end * 1440 - 1 }),
        (zone, minute) => {
          const localMs = minute * 60_000;
          const expected = Temporal.Instant.fromEpochMilliseconds(localMs)
            .toZonedDateTimeISO('UTC')
            .toPlainDateTime()
            .toZonedDateTime(zones[zone]!.name, { disambiguation: 'later' }).epochMilliseconds;
          expect(toInstant(clocks[zone]!, localMs)).toBe(expected);
        },
      ),
      { numRuns: 300 },
    );
  });

  test.each([
    ['Europe/Berlin', '2025-03-30T02:30', '2025-03-30T01:30:00Z'], // skipped
    ['Europe/Berlin', '2025-10-26T02:30', '2025-10-26T01:30:00Z'], // repeated
    ['America/New_York', '2025-11-02T01:15', '2025-11-02T06:15:00Z'],
    ['Australia/Lord_Howe', '2025-10-05T02:15', '2025-10-04T15:45:00Z'], // half an hour skipped
    ['Pacific/Kiritimati', '2026-01-05T00:00', '2026-01-04T10:00:00Z'],
    ['Etc/GMT+12', '2026-01-05T00:00', '2026-01-05T12:00:00Z'],
  ])('%s at %s is %s', (zone, local, instant) => {
    const clock = createZoneClock(zone, start, end);
    expect(toInstant(clock, Date.parse(`${local}:00Z`))).toBe(Date.parse(instant));
  });
});

describe('days', () => {
  test('count from a Thursday and come back as dates', () => {
    expect(dayOf('1970-01-01')).toBe(0);
    expect(isoDate(dayOf('2024-02-29'))).toBe('2024-02-29');
    expect(isMonday(dayOf('2026-01-05'))).toBe(true);
    expect(isMonday(dayOf('2026-01-06'))).toBe(false);
    expect(dayMs).toBe(24 * 60 * 60 * 1000);
  });
});
