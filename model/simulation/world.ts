import { randomNormal } from 'd3-random';
import { createRandom } from '../random.ts';
import { buildAliasTables, type AliasTables } from './alias.ts';
import { tastePopularity } from './artists.ts';
import { createCatalogue, type Catalogue } from './catalogue.ts';
import { dayOf } from './days.ts';
import { startsOn, type SimulationOptions } from './options.ts';
import { tastes } from './tastes.ts';
import { createZoneClock, type ZoneClock } from './zone-clock.ts';
import { zones } from './zones.ts';

/** All that listeners share. Memory grows with the tracks, not with the listeners. */
export interface World {
  readonly options: SimulationOptions;
  readonly catalogue: Catalogue;
  /** The first day of the history, and the day after its last: both Mondays. */
  readonly startDay: number;
  readonly endDay: number;
  /** One segment over `zones`. */
  readonly byZone: AliasTables;
  /** One segment for each zone, over `tastes`. */
  readonly tastesByZone: AliasTables;
  /** For each zone. */
  readonly clocks: readonly ZoneClock[];
  /** One segment over the 168 hours of a local week, from Monday 00:00. */
  readonly rhythm: AliasTables;
}

/** How much more a taste is listened to in its home areas. */
const homeFactor = 2.5;
/** Standard deviation, in logarithms, of what a single zone makes of a taste. */
const zoneSpread = 0.4;

const weekdayHours = [3, 2, 1, 1, 1, 2, 4, 8, 9, 7, 6, 6, 7, 6, 6, 7, 8, 10, 12, 14, 16, 16, 13, 7];
const weekendHours = [
  8, 6, 4, 2, 1, 1, 2, 3, 5, 7, 9, 10, 11, 11, 11, 11, 12, 13, 14, 16, 17, 17, 15, 11,
];
/** Monday to Sunday. */
const dayFactors = [0.95, 0.95, 1, 1.02, 1.15, 1.1, 0.95];

export function createWorld(options: SimulationOptions): World {
  const startDay = dayOf(startsOn(options));
  const endDay = dayOf(options.endsOn);
  return {
    options,
    catalogue: createCatalogue(options),
    startDay,
    endDay,
    byZone: buildAliasTables(zones.map((zone) => zone.weight)),
    tastesByZone: tablesByZone(options.seed),
    clocks: zones.map((zone) => createZoneClock(zone.name, startDay, endDay + 7)),
    rhythm: buildAliasTables(
      dayFactors.flatMap((factor, day) =>
        (day < 5 ? weekdayHours : weekendHours).map((weight) => weight * factor),
      ),
    ),
  };
}

function tablesByZone(seed: number): AliasTables {
  const popularity = tastePopularity(seed);
  const flavour = randomNormal.source(createRandom(seed, 'zone tastes').uniform)(0, zoneSpread);
  const weights = zones.flatMap(({ area }) =>
    tastes.map((taste, index) => {
      const home = taste.home.includes(area) ? homeFactor : 1;
      return popularity[index]! * home * Math.exp(flavour());
    }),
  );
  const starts = Int32Array.from({ length: zones.length + 1 }, (_, zone) => zone * tastes.length);
  return buildAliasTables(weights, starts);
}
