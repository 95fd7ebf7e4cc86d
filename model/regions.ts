import zoneData from 'countries-and-timezones';
import { distance } from 'fastest-levenshtein';
import { Mistake } from './mistake.ts';

/**
 * Regions, as operations people say them.
 *
 * - An **area** is the first part of a zone's IANA name: `Europe`, `Asia`, `America` (north and
 *   south), `Africa`, `Australia`, `Pacific`, `Atlantic`, `Indian`, `Antarctica`, `Arctic`, `Etc`.
 *   It is what the zone database says, not geography: `Asia/Nicosia` is Asia, `Atlantic/Reykjavik`
 *   is Atlantic. Old names without an area (`Japan`, `US/Pacific`) belong to that of the zone they
 *   stand for.
 * - A **country** is an ISO 3166-1 alpha-2 code. A zone that several countries share belongs to
 *   the first in the zone database: `Asia/Bangkok` is TH, `Europe/Oslo` is NO.
 * - A **group** is a list of zones with a name, from the configuration.
 */

/** What one asks for: exactly one of the four. Upper and lower case do not matter. */
export interface RegionQuery {
  readonly region?: string | undefined;
  readonly country?: string | undefined;
  readonly zone?: string | undefined;
  readonly group?: string | undefined;
}

const areas = new Set([
  'Africa',
  'America',
  'Antarctica',
  'Arctic',
  'Asia',
  'Atlantic',
  'Australia',
  'Etc',
  'Europe',
  'Indian',
  'Pacific',
]);

/** The area of a zone; `Etc` for names that the zone database does not know. */
export function areaOf(zone: string): string {
  const [first] = zone.split('/', 1);
  if (areas.has(first!)) return first!;
  const canonical = canonicalZone(zone);
  return canonical === zone ? 'Etc' : canonical.split('/', 1)[0]!;
}

/** ISO 3166-1 alpha-2 code of a zone's country; undefined for `UTC`, `Etc/...` and unknown names. */
export function countryOf(zone: string): string | undefined {
  return zoneData.getTimezone(zone)?.countries[0];
}

/** The name that the zone database uses now: `Asia/Calcutta` is `Asia/Kolkata`. Unknown names are themselves. */
export function canonicalZone(zone: string): string {
  return zoneData.getTimezone(zone)?.aliasOf ?? zone;
}

/**
 * The zones that a query means.
 *
 * @param zonesThatExist - those that have lists; the answer is a selection of them, in name order
 * @param groups - named groups of the configuration; members without lists are passed over
 * @throws Mistake `USAGE` where not exactly one of the four is given; `UNKNOWN_REGION` where
 *   nothing is meant, listing up to five that come nearest in spelling
 */
export function resolveRegion(
  query: RegionQuery,
  zonesThatExist: readonly string[],
  groups: Readonly<Record<string, readonly string[]>> = {},
): string[] {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  if (given.length !== 1) {
    throw new Mistake(
      'USAGE',
      `expected exactly one of region, country, zone and group, got ${
        given.map(([kind]) => kind).join(' and ') || 'none'
      }`,
    );
  }
  const [kind, wanted] = given[0] as [keyof RegionQuery, string];
  const zones = [...new Set(zonesThatExist)].sort();
  const found = selections[kind](wanted, zones, groups);
  if (found.length === 0) throw unknownRegion(kind, wanted, zones, groups);
  return found;
}

type Selection = (
  wanted: string,
  zones: readonly string[],
  groups: Readonly<Record<string, readonly string[]>>,
) => string[];

const selections: Record<keyof RegionQuery, Selection> = {
  region: (wanted, zones) => zones.filter((zone) => same(areaOf(zone), wanted)),
  country: (wanted, zones) =>
    zones.filter((zone) => {
      const code = countryOf(zone);
      return code !== undefined && (same(code, wanted) || same(countryName(code), wanted));
    }),
  zone: (wanted, zones) => {
    const exact = zones.filter((zone) => same(zone, wanted));
    return exact.length > 0 ? exact : zones.filter((zone) => standsFor(zone, wanted));
  },
  group: (wanted, zones, groups) => {
    const name = Object.keys(groups).find((group) => same(group, wanted));
    const members = name === undefined ? [] : groups[name]!;
    return zones.filter((zone) => members.some((m) => same(m, zone) || standsFor(zone, m)));
  },
};

/** Two names of one zone. The country must agree too: `Europe/Oslo` is kept as `Europe/Berlin`. */
function standsFor(zone: string, wanted: string): boolean {
  const known = Object.keys(zoneData.getAllTimezones({ deprecated: true })).find((name) =>
    same(name, wanted),
  );
  if (known === undefined) return false;
  return canonicalZone(known) === canonicalZone(zone) && countryOf(known) === countryOf(zone);
}

function unknownRegion(
  kind: keyof RegionQuery,
  wanted: string,
  zones: readonly string[],
  groups: Readonly<Record<string, readonly string[]>>,
): Mistake {
  const names = candidates[kind](zones, groups);
  const nearest = nearestNames(wanted, names);
  return new Mistake(
    'UNKNOWN_REGION',
    nearest.length === 0
      ? `expected a ${kind} that has lists, got "${wanted}"; there is none`
      : `expected a ${kind} that has lists, got "${wanted}"; near ones: ${nearest.join(', ')}`,
  );
}

const candidates: Record<keyof RegionQuery, (...given: Parameters<typeof groupNames>) => string[]> =
  {
    region: (zones) => zones.map(areaOf),
    country: (zones) =>
      zones.flatMap((zone) => {
        const code = countryOf(zone);
        return code === undefined ? [] : [`${code} (${countryName(code)})`];
      }),
    zone: (zones) => [...zones],
    group: groupNames,
  };

function groupNames(
  _zones: readonly string[],
  groups: Readonly<Record<string, readonly string[]>>,
): string[] {
  return Object.keys(groups);
}

/** Up to five names, the nearest in spelling first, ties in name order. */
export function nearestNames(wanted: string, names: readonly string[]): string[] {
  const target = wanted.toLowerCase();
  return [...new Set(names)]
    .map((name) => ({ name, edits: spellingDistance(target, name.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits || (a.name < b.name ? -1 : 1))
    .slice(0, 5)
    .map(({ name }) => name);
}

/** The smallest number of edits to the name, or to a part of it (`jakarta` in `asia/jakarta`). */
function spellingDistance(target: string, name: string): number {
  return Math.min(...[name, ...name.split(/[/ ()]+/)].map((part) => distance(target, part)));
}

function countryName(code: string): string {
  return zoneData.getCountry(code)?.name ?? code;
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
