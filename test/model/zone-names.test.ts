import { describe, expect, test } from '@jest/globals';
import { ianaZone, railsZoneNames, zoneOfOffset } from '../../model/zone-names.ts';

/** Minutes east of Greenwich at an instant, by Intl. */
function offsetMinutes(zone: string, instant: string): number {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    timeZoneName: 'longOffset',
  }).formatToParts(new Date(instant));
  const name = parts.find(({ type }) => type === 'timeZoneName')!.value;
  const match = /GMT(?:([+-])(\d\d):(\d\d))?/.exec(name)!;
  const minutes = Number(match[2] ?? 0) * 60 + Number(match[3] ?? 0);
  return match[1] === '-' ? -minutes : minutes;
}

describe('names of time zones', () => {
  test('every name of Rails is mapped to a zone that Intl accepts', () => {
    expect(railsZoneNames.length).toBeGreaterThanOrEqual(150);
    for (const name of railsZoneNames) {
      const zone = ianaZone(name);
      expect([name, typeof zone]).toEqual([name, 'string']);
      expect(() => new Intl.DateTimeFormat('en', { timeZone: zone! })).not.toThrow();
    }
  });

  test.each([
    ['Pacific Time (US & Canada)', 'America/Los_Angeles'],
    ['Jakarta', 'Asia/Jakarta'],
    ['Brasilia', 'America/Sao_Paulo'],
    ['International Date Line West', 'Etc/GMT+12'],
    ['Mid-Atlantic', 'Atlantic/South_Georgia'],
    ['Kathmandu', 'Asia/Kathmandu'],
    ["Nuku'alofa", 'Pacific/Tongatapu'],
    ['Chatham Is.', 'Pacific/Chatham'],
    ['UTC', 'Etc/UTC'],
  ])('%s is %s', (name, zone) => {
    expect(ianaZone(name)).toBe(zone);
  });

  test('zones of a quarter and half an hour keep their offset', () => {
    expect(offsetMinutes(ianaZone('Kathmandu')!, '2014-06-01T00:00:00Z')).toBe(345);
    expect(offsetMinutes(ianaZone('Tehran')!, '2014-06-01T00:00:00Z')).toBe(270);
    expect(offsetMinutes(ianaZone('Chatham Is.')!, '2014-06-01T00:00:00Z')).toBe(765);
  });

  test('IANA names pass, in any case and with spaces around them', () => {
    expect(ianaZone('Asia/Tokyo')).toBe('Asia/Tokyo');
    expect(ianaZone(' america/new_york ')).toBe('America/New_York');
    expect(ianaZone('Etc/GMT-14')).toBe('Etc/GMT-14');
  });

  test('a name that has gone out of use gives its successor', () => {
    expect(ianaZone('Asia/Calcutta')).toBe('Asia/Kolkata');
    expect(ianaZone('Europe/Kiev')).toBe('Europe/Kyiv');
    expect(ianaZone('US/Pacific')).toBe('America/Los_Angeles');
  });

  test('a zone that shares its clock with another country stays in its own', () => {
    expect(ianaZone('Bratislava')).toBe('Europe/Bratislava');
    expect(ianaZone('Kuwait')).toBe('Asia/Kuwait');
    expect(ianaZone('Europe/Oslo')).toBe('Europe/Oslo');
  });

  test.each(['Mars/Olympus', '', '+07:00', 'Tokyo/Asia', 'constructor', 'jakarta city'])(
    '"%s" is unknown',
    (name) => {
      expect(ianaZone(name)).toBeUndefined();
    },
  );

  test('an offset of whole hours gives the zone of that offset, whose sign is turned round', () => {
    for (let hours = -12; hours <= 14; hours++) {
      const zone = zoneOfOffset(hours * 3600)!;
      expect(offsetMinutes(zone, '2014-06-01T00:00:00Z')).toBe(hours * 60);
    }
    expect(zoneOfOffset(25200)).toBe('Etc/GMT-7');
    expect(zoneOfOffset(19800)).toBeUndefined();
    expect(zoneOfOffset(15 * 3600)).toBeUndefined();
  });
});
