import { Temporal } from 'temporal-polyfill';
import { mondayStart } from './week.ts';

/**
 * The instant of 06:00 on the week's Monday in a zone, by its clocks: six hours after Monday began,
 * five or seven where they change in between. Where 06:00 does not exist it is after the gap; where
 * it comes twice, the first.
 *
 * @param week - `2014-W36`
 * @returns milliseconds since 1970
 * @throws Mistake `USAGE` for a malformed week, `UNKNOWN_ZONE`
 */
export function mondaySix(week: string, zone: string): number {
  return Temporal.Instant.fromEpochMilliseconds(mondayStart(week, zone))
    .toZonedDateTimeISO(zone)
    .toPlainDate()
    .toZonedDateTime({ timeZone: zone, plainTime: '06:00' }).epochMilliseconds;
}
