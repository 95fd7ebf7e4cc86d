import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { addWeeks, mondayStart, weekOf, weeksBetween } from '../../model/week.ts';
import { zoneNames } from '../support/zone-timeline.ts';

/*
 * The rule: the zone in which a listener is known to be at the cut-off of a week decides when that
 * week's list begins; there is one list of a (listener, week), and of those whose Monday has begun
 * the newest is shown.
 */
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const zones = zoneNames().filter((zone) => zone !== 'Factory');
const extremes = ['Pacific/Kiritimati', 'Pacific/Apia', 'Etc/GMT+12', 'Pacific/Pago_Pago'];
const anyZone = fc.oneof(fc.constantFrom(...zones), fc.constantFrom(...extremes));
const firstWeek = fc.integer({ min: 0, max: 1600 }).map((count) => addWeeks('2000-W01', count));
/** Where a listener was at the cut-off of each of some weeks in a row. */
const journey = fc.record({
  first: firstWeek,
  stays: fc.array(anyZone, { minLength: 3, maxLength: 10 }),
});

/** When each list of a journey begins. */
function listsOf({ first, stays }: { first: string; stays: string[] }) {
  return stays.map((zone, i) => {
    const week = addWeeks(first, i);
    return { week, zone, validFrom: mondayStart(week, zone) };
  });
}

function currentAt(lists: ReturnType<typeof listsOf>, now: number) {
  return lists
    .filter(({ validFrom }) => validFrom <= now)
    .sort((a, b) => b.validFrom - a.validFrom)[0];
}

describe('a listener who moves about the world as they like', () => {
  test('has a list of every week, each once, one after another, each for four days at least', () => {
    fc.assert(
      fc.property(journey, (moves) => {
        const lists = listsOf(moves);
        for (let i = 1; i < lists.length; i++) {
          const shown = lists[i]!.validFrom - lists[i - 1]!.validFrom;
          // A week of 168 hours, of 144 where a day is left out; Mondays begin within 26 hours.
          expect(shown).toBeGreaterThanOrEqual(144 * hourMs - 26 * hourMs);
          expect(shown).toBeLessThanOrEqual((168 + 26) * hourMs);
        }
      }),
      { numRuns: 150 },
    );
  });

  test('sees weeks go on by one and never back, whenever they look', () => {
    fc.assert(
      fc.property(journey, fc.integer({ min: 1, max: 37 }), (moves, stepHours) => {
        const lists = listsOf(moves);
        let before: string | undefined;
        const last = lists.at(-1)!.validFrom;
        for (let now = lists[0]!.validFrom; now <= last; now += stepHours * hourMs) {
          const { week } = currentAt(lists, now)!;
          if (before !== undefined) {
            // A step of at most 37 hours holds no two Mondays.
            expect([0, 1]).toContain(weeksBetween(before, week));
          }
          before = week;
        }
      }),
      { numRuns: 50 },
    );
  });

  test('sees no list before its Monday where they were known to be, and the old one not a moment longer', () => {
    fc.assert(
      fc.property(journey, (moves) => {
        for (const list of listsOf(moves)) {
          const { week, zone, validFrom } = list;
          const all = listsOf(moves);
          expect(weekOf(validFrom, zone)).toBe(week);
          expect(currentAt(all, validFrom)).toEqual(list);
          expect(currentAt(all, validFrom - 1)?.week).not.toBe(week);
        }
      }),
      { numRuns: 80 },
    );
  });

  test('is at any time within a week of the calendar on the wall, wherever they have gone since', () => {
    fc.assert(
      fc.property(
        journey,
        anyZone,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (moves, here, at) => {
          const lists = listsOf(moves);
          const [from, to] = [lists[0]!.validFrom, lists.at(-1)!.validFrom];
          const now = Math.floor(from + at * (to - from));
          const { week } = currentAt(lists, now)!;
          expect(Math.abs(weeksBetween(week, weekOf(now, here)))).toBeLessThanOrEqual(1);
        },
      ),
      { numRuns: 150 },
    );
  });
});

test('a listener who stays has the list of the week that it is there, at every instant', () => {
  fc.assert(
    fc.property(
      firstWeek,
      anyZone,
      fc.integer({ min: 0, max: 21 * dayMs }),
      (first, zone, after) => {
        const lists = listsOf({ first, stays: [zone, zone, zone, zone] });
        const now =
          lists[0]!.validFrom + Math.min(after, lists[3]!.validFrom - lists[0]!.validFrom);
        expect(currentAt(lists, now)!.week).toBe(weekOf(now, zone));
      },
    ),
    { numRuns: 150 },
  );
});

describe('over the date line', () => {
  test.each([
    // From, to, hours for which the list of the week of the move is shown.
    ['Pacific/Pago_Pago', 'Pacific/Apia', 168 - 24],
    ['Pacific/Apia', 'Pacific/Pago_Pago', 168 + 24],
    ['Etc/GMT+12', 'Pacific/Kiritimati', 168 - 26],
    ['Pacific/Kiritimati', 'Etc/GMT+12', 168 + 26],
  ])('from %s to %s the week of the move has %d hours', (from, to, hours) => {
    const [before, after] = listsOf({ first: '2026-W47', stays: [from, to] });
    expect(after!.validFrom - before!.validFrom).toBe(hours * hourMs);
  });
});
