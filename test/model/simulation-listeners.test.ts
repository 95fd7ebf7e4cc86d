import { beforeAll, describe, expect, test } from '@jest/globals';
import { dayMs } from '../../model/simulation/days.ts';
import { simulateListener, type Plays } from '../../model/simulation/history.ts';
import { createListener, mixtureIn, type Listener } from '../../model/simulation/listener.ts';
import { simulationOptions } from '../../model/simulation/options.ts';
import { tastes } from '../../model/simulation/tastes.ts';
import { mainTastes, tasteShare, type TasteMixture } from '../../model/simulation/taste-share.ts';
import { createWorld, type World } from '../../model/simulation/world.ts';
import { toInstant } from '../../model/simulation/zone-clock.ts';
import { zones } from '../../model/simulation/zones.ts';

const numListeners = 800;

interface Simulated {
  readonly listener: Listener;
  readonly history: Plays;
  readonly firstPlays: Plays;
}

let world: World;
let simulated: Simulated[];

beforeAll(() => {
  world = createWorld(simulationOptions.parse({ tracks: 4_000, listeners: numListeners }));
  simulated = Array.from({ length: numListeners }, (_, index) => {
    const listener = createListener(world, index);
    return { listener, ...simulateListener(world, listener) };
  });
});

const truthOf = (listener: Listener): TasteMixture =>
  new Map(
    mixtureIn(listener, world.options.weeks).map(({ taste, weight }) => [
      tastes[taste]!.name,
      weight,
    ]),
  );

const tastesOfTrack = (track: number): TasteMixture => {
  const { artists, artistOf } = world.catalogue;
  const { main, mainShare, other } = artists[artistOf[track]!]!;
  const mixture = new Map([[tastes[main]!.name, mainShare]]);
  return other === main ? mixture : mixture.set(tastes[other]!.name, 1 - mainShare);
};

const mean = (values: readonly number[]): number =>
  values.reduce((a, b) => a + b, 0) / values.length;

describe('planted tastes', () => {
  const popularList = (): TasteMixture[] => {
    const plays = new Map<number, number>();
    for (const { history } of simulated) {
      for (const track of history.track) {
        plays.set(track, (plays.get(track) ?? 0) + 1);
      }
    }
    return [...plays]
      .sort(([a, playsA], [b, playsB]) => playsB - playsA || a - b)
      .slice(0, 30)
      .map(([track]) => tastesOfTrack(track));
  };
  const shareOf = ({ listener }: Simulated, plays: Plays): number =>
    tasteShare(Array.from(plays.track, tastesOfTrack), truthOf(listener));

  test('hold five times as much of what is listened to as popularity would give', () => {
    const popular = popularList();
    const byPopularity = mean(
      simulated.map(({ listener }) => tasteShare(popular, truthOf(listener))),
    );
    const byListening = mean(simulated.map((one) => shareOf(one, one.history)));
    expect(byListening).toBeGreaterThan(0.6);
    expect(byListening).toBeGreaterThan(5 * byPopularity);
  });

  test('hold what is played for the first time in the week to make, so it can be foreseen', () => {
    const popular = popularList();
    const active = simulated.filter(({ firstPlays }) => firstPlays.length > 0);
    expect(active.length).toBeGreaterThan(numListeners / 3);
    const byPopularity = mean(active.map(({ listener }) => tasteShare(popular, truthOf(listener))));
    expect(mean(active.map((one) => shareOf(one, one.firstPlays)))).toBeGreaterThan(
      4 * byPopularity,
    );
  });

  test('are few, sum to one and drift slowly', () => {
    for (const { listener } of simulated) {
      const first = mixtureIn(listener, 0);
      const last = mixtureIn(listener, world.options.weeks);
      expect(last.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 9);
      expect(first.length).toBeLessThanOrEqual(4);
      const moved = first.reduce(
        (sum, { weight }, k) => sum + Math.abs(weight - last[k]!.weight),
        0,
      );
      expect(moved / 2).toBeLessThan(0.5);
      expect(mainTastes(truthOf(listener)).length).toBeGreaterThan(0);
    }
  });

  test('differ by area: each is more listened to at home', () => {
    let home = 0;
    let homeExpected = 0;
    const areaShare = new Map<string, number>();
    for (const { listener } of simulated) {
      const { area } = zones[listener.zone]!;
      areaShare.set(area, (areaShare.get(area) ?? 0) + 1 / numListeners);
    }
    for (const { listener } of simulated) {
      for (const taste of listener.tastes) {
        const own = tastes[taste]!.home;
        if (own.includes(zones[listener.zone]!.area)) home++;
        homeExpected += own.reduce((sum, area) => sum + (areaShare.get(area) ?? 0), 0);
      }
    }
    expect(home).toBeGreaterThan(1.25 * homeExpected);
  });
});

describe('a listener', () => {
  test('is the same whatever the number of listeners', () => {
    const more = createWorld({ ...world.options, listeners: 2 * numListeners });
    for (const index of [0, 17, numListeners - 1]) {
      const listener = createListener(more, index);
      expect(listener).toEqual(simulated[index]!.listener);
      expect(simulateListener(more, listener).history).toEqual(simulated[index]!.history);
    }
  });

  test('is another one with another seed', () => {
    const other = createWorld({ ...world.options, seed: 2 });
    expect(createListener(other, 0)).not.toEqual(simulated[0]!.listener);
  });

  test('has at least one listen; the mean is near what was asked for, the tail heavy', () => {
    const counts = simulated.map(({ history }) => history.length).sort((a, b) => a - b);
    expect(counts[0]).toBe(1);
    expect(mean(counts)).toBeGreaterThan(32);
    expect(mean(counts)).toBeLessThan(48);
    expect(counts[numListeners / 2]!).toBeLessThan(0.65 * mean(counts));
  });

  test('replays: about half of the plays are of tracks played before', () => {
    const plays = simulated.reduce((sum, { history }) => sum + history.length, 0);
    const distinct = simulated.reduce((sum, { history }) => sum + new Set(history.track).size, 0);
    expect(1 - distinct / plays).toBeGreaterThan(0.3);
    expect(1 - distinct / plays).toBeLessThan(0.7);
  });

  test('sometimes moves to another zone, and then listens there', () => {
    const movers = simulated.filter(({ history }) => new Set(history.zone).size > 1);
    expect(movers.length).toBeGreaterThan(0);
    expect(movers.length).toBeLessThan(0.05 * numListeners);
    for (const { listener, history } of movers) {
      expect(history.zone[history.length - 1]).toBe(listener.laterZone);
    }
  });
});

describe('the listens', () => {
  test('ascend, and lie between the Mondays of the listener’s own zone', () => {
    const misplaced = simulated.filter(({ listener, history, firstPlays }) => {
      const begin = toInstant(world.clocks[listener.zone]!, world.startDay * dayMs) / 1000;
      const end = toInstant(world.clocks[listener.laterZone]!, world.endDay * dayMs) / 1000;
      const times = history.instantS;
      return (
        times.some((instantS, k) => instantS < (k === 0 ? begin : times[k - 1]! + 30)) ||
        times.some((instantS) => instantS >= end) ||
        firstPlays.instantS.some((instantS) => instantS < end || instantS >= end + 7 * 86_400)
      );
    });
    expect(misplaced).toEqual([]);
  });

  test('are of tracks that were out', () => {
    const { releasedOn } = world.catalogue;
    const early = simulated.flatMap(({ history }) =>
      [...history.track].filter((track, k) => releasedOn[track]! > history.instantS[k]! / 86_400),
    );
    expect(early).toEqual([]);
  });

  test('of the week to make are first plays: not in the history, each once', () => {
    const total = simulated.reduce((sum, { firstPlays }) => sum + firstPlays.length, 0);
    expect(total).toBeGreaterThan(numListeners);
    const again = simulated.filter(({ history, firstPlays }) => {
      const heard = new Set(history.track);
      return (
        firstPlays.track.some((track) => heard.has(track)) ||
        new Set(firstPlays.track).size < firstPlays.length
      );
    });
    expect(again).toEqual([]);
  });

  test('follow the local clock: evenings are busy and small hours quiet in every area', () => {
    const byArea = new Map<string, number[]>();
    const hourOf = zones.map(
      ({ name }) =>
        new Intl.DateTimeFormat('en', { timeZone: name, hour: 'numeric', hourCycle: 'h23' }),
    );
    for (const { history } of simulated) {
      for (let k = 0; k < history.length; k += 3) {
        const zone = history.zone[k]!;
        const hour = Number(hourOf[zone]!.format(history.instantS[k]! * 1000));
        const hours = byArea.get(zones[zone]!.area) ?? new Array<number>(24).fill(0);
        hours[hour]!++;
        byArea.set(zones[zone]!.area, hours);
      }
    }
    for (const area of ['north america', 'east asia', 'south asia', 'europe']) {
      const hours = byArea.get(area)!;
      const share = (from: number, to: number): number =>
        hours.slice(from, to).reduce((a, b) => a + b, 0) / hours.reduce((a, b) => a + b, 0);
      expect(share(18, 23)).toBeGreaterThan(0.3);
      expect(share(2, 6)).toBeLessThan(0.1);
    }
  });
});
