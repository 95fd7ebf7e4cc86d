import { expect, jest, test } from '@jest/globals';
import { mondayStart, weekCutoffUtc, weekMs, weekRange } from '../../model/week.ts';
import { firstInstantOf, timelineOf, zoneNames } from '../support/zone-timeline.ts';

jest.setTimeout(600_000);

const dayMs = 24 * 3_600_000;

test('every Monday of 2020 to 2030 in every zone begins when the clock on the wall first shows it', () => {
  const weeks = weekRange('2020-W01..2030-W52');
  const [first, last] = [weekCutoffUtc(weeks[0]!), weekCutoffUtc(weeks.at(-1)!)];
  const zones = zoneNames().filter((zone) => zone !== 'Factory');
  const wrong: string[] = [];
  let checked = 0;
  for (const zone of zones) {
    const timeline = timelineOf(zone, first - weekMs, last + weekMs, dayMs);
    for (const week of weeks) {
      checked++;
      if (mondayStart(week, zone) === firstInstantOf(weekCutoffUtc(week), timeline)) continue;
      wrong.push(`${zone} ${week}`);
    }
  }
  expect(wrong).toEqual([]);
  expect(checked).toBe(zones.length * 574);
});
