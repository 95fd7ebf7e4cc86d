import zoneData from 'countries-and-timezones';
import { areaOf, countryOf } from '../../../model/regions.ts';
import { ianaZone } from '../../../model/zone-names.ts';
import { tastes as described } from '../../../model/simulation/tastes.ts';
import { zones as populous } from '../../../model/simulation/zones.ts';
import type { Sql, SqlValue } from '../../../pipelines/ports.ts';

/** A zone of the simulator has its weight, any other half of that of the least. */
const weightOfOthers = 0.5;

/** Every zone of the zone database, with its share of the listeners; ordered by name. */
export function weightedZones(): { zone: string; share: number }[] {
  const weights = new Map<string, number>(
    Object.keys(zoneData.getAllTimezones())
      .filter((zone) => ianaZone(zone) === zone) // not `Factory`, which is no place
      .map((zone) => [zone, weightOfOthers]),
  );
  for (const { name, weight } of populous) weights.set(name, weight);
  const total = [...weights.values()].reduce((sum, weight) => sum + weight, 0);
  return [...weights]
    .map(([zone, weight]) => ({ zone, share: weight / total }))
    .sort((a, b) => (a.zone < b.zone ? -1 : 1));
}

/** How many tastes a world has: as many as leave each some hundreds of artists, at least 4. */
export function numTastesOf(numArtists: number): number {
  return Math.max(4, Math.min(256, Math.round(Math.sqrt(numArtists) * 0.8)));
}

/** Shares of tastes: the largest is about ten times the least. */
export function tasteShares(numTastes: number): number[] {
  const weights = Array.from({ length: numTastes }, (_, n) => (n + 4) ** -0.6);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** Fills `zones`, `tastes` and `descriptions`, which the `.sql` files of this folder draw from. */
export async function fillStructure(sql: Sql, numTastes: number): Promise<void> {
  await sql.run(
    `CREATE TEMP TABLE zones (zone_ix INTEGER, zone VARCHAR, country VARCHAR, area VARCHAR,
                              low DOUBLE, high DOUBLE);
     CREATE TEMP TABLE tastes (taste INTEGER, described INTEGER, low DOUBLE, high DOUBLE);
     CREATE TEMP TABLE description_words (described INTEGER, name VARCHAR, styles VARCHAR,
                                          adjectives VARCHAR, nouns VARCHAR, audio VARCHAR);`,
  );
  const zones = weightedZones();
  const inZones = bounds(zones.map(({ share }) => share));
  await sql.append(
    'zones',
    zones.map(({ zone }, n): SqlValue[] => [
      ...[n, zone, countryOf(zone) ?? null, areaOf(zone)],
      ...inZones[n]!,
    ]),
  );
  const inTastes = bounds(tasteShares(numTastes));
  await sql.append(
    'tastes',
    inTastes.map((within, n) => [n, n % described.length, ...within]),
  );
  await sql.append(
    'description_words',
    described.map(({ name, styles, adjectives, nouns, audio }, n) => [
      n,
      name,
      ...[styles, adjectives, nouns, audio].map((list) => list.join('|')),
    ]),
  );
  await sql.run(
    `CREATE TEMP TABLE descriptions AS
     SELECT described, name, string_split(styles, '|') AS styles,
            string_split(adjectives, '|') AS adjectives, string_split(nouns, '|') AS nouns,
            CAST(string_split(audio, '|') AS DOUBLE[]) AS audio
     FROM description_words`,
  );
}

/** 0 to 1 cut in the given shares. */
function bounds(shares: readonly number[]): [number, number][] {
  let low = 0;
  return shares.map((share, n) => {
    const from = low;
    low = n === shares.length - 1 ? 1 : low + share;
    return [from, low];
  });
}
