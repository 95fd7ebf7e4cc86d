import { describe, expect, test } from '@jest/globals';
import { Mistake } from '../../model/mistake.ts';
import { areaOf, countryOf, nearestNames, resolveRegion } from '../../model/regions.ts';

const zones = [
  'America/New_York',
  'Asia/Calcutta',
  'Asia/Jakarta',
  'Asia/Makassar',
  'Europe/Berlin',
  'Europe/Oslo',
  'Pacific/Auckland',
  'US/Pacific',
  'UTC',
];

describe('a region', () => {
  test('is the first part of the zone name, also for names of the old kind', () => {
    expect(areaOf('Asia/Jakarta')).toBe('Asia');
    expect(areaOf('America/Argentina/Ushuaia')).toBe('America');
    expect(areaOf('US/Pacific')).toBe('America');
    expect(areaOf('Japan')).toBe('Asia');
    expect(areaOf('UTC')).toBe('Etc');
    expect(areaOf('Mars/Olympus')).toBe('Etc');
  });

  test('selects its zones, whatever the case', () => {
    expect(resolveRegion({ region: 'asia' }, zones)).toEqual([
      'Asia/Calcutta',
      'Asia/Jakarta',
      'Asia/Makassar',
    ]);
    expect(resolveRegion({ region: 'America' }, zones)).toEqual(['America/New_York', 'US/Pacific']);
  });
});

describe('a country', () => {
  test('is that of the zone itself, not of the zone it is kept as', () => {
    expect(countryOf('Europe/Oslo')).toBe('NO');
    expect(countryOf('Europe/Berlin')).toBe('DE');
    expect(countryOf('Asia/Calcutta')).toBe('IN');
    expect(countryOf('Asia/Bangkok')).toBe('TH');
    expect(countryOf('UTC')).toBeUndefined();
  });

  test('is found by code or by name', () => {
    expect(resolveRegion({ country: 'ID' }, zones)).toEqual(['Asia/Jakarta', 'Asia/Makassar']);
    expect(resolveRegion({ country: 'indonesia' }, zones)).toEqual([
      'Asia/Jakarta',
      'Asia/Makassar',
    ]);
    expect(resolveRegion({ country: 'DE' }, zones)).toEqual(['Europe/Berlin']);
  });
});

describe('a zone', () => {
  test('is found under its new and its old name', () => {
    expect(resolveRegion({ zone: 'Asia/Kolkata' }, zones)).toEqual(['Asia/Calcutta']);
    expect(resolveRegion({ zone: 'america/los_angeles' }, zones)).toEqual(['US/Pacific']);
  });

  test('is not its neighbour that keeps the same time', () => {
    expect(resolveRegion({ zone: 'Europe/Berlin' }, zones)).toEqual(['Europe/Berlin']);
    expect(() => resolveRegion({ zone: 'Europe/Stockholm' }, zones)).toThrow(Mistake);
  });
});

describe('a group', () => {
  test('is its members that have lists', () => {
    const groups = { launch: ['Asia/Jakarta', 'Asia/Kolkata', 'Asia/Tokyo'] };
    expect(resolveRegion({ group: 'Launch' }, zones, groups)).toEqual([
      'Asia/Calcutta',
      'Asia/Jakarta',
    ]);
  });
});

describe('a name that means nothing', () => {
  test('is answered with those that come near, nearest first', () => {
    expect(() => resolveRegion({ zone: 'Asia/Jakata' }, zones)).toThrow(
      /^expected a zone that has lists, got "Asia\/Jakata"; near ones: Asia\/Jakarta, Asia\/Makassar/,
    );
    expect(() => resolveRegion({ region: 'Azia' }, zones)).toThrow(/near ones: Asia, /);
    expect(() => resolveRegion({ country: 'IO' }, zones)).toThrow(/ID \(Indonesia\)/);
    expect(() => resolveRegion({ group: 'x' }, zones)).toThrow('there is none');
    expect(nearestNames('jakarta', zones)[0]).toBe('Asia/Jakarta');
  });

  test('has the code UNKNOWN_REGION, and two questions at once are a wrong use', () => {
    expect(codeOf(() => resolveRegion({ region: 'Atlantis' }, zones))).toBe('UNKNOWN_REGION');
    expect(codeOf(() => resolveRegion({ region: 'Asia', zone: 'UTC' }, zones))).toBe('USAGE');
    expect(codeOf(() => resolveRegion({}, zones))).toBe('USAGE');
  });
});

function codeOf(call: () => unknown): string | undefined {
  try {
    call();
  } catch (error) {
    return (error as Mistake).code;
  }
  return undefined;
}
