import { randomNormal } from 'd3-random';
import { createRandom, type Random } from '../random.ts';
import { drawAlias } from './alias.ts';
import { stylesPerTaste } from './tastes.ts';
import type { World } from './world.ts';
import { zones } from './zones.ts';

/**
 * Who a listener is: a pure function of (seed, index), whatever the number of listeners. Weeks
 * count from 0, the first of the history; the week to make has the number `weeks`.
 */
export interface Listener {
  readonly index: number;
  /** `u000000017`, stable. */
  readonly id: string;
  /** Index in `zones`. */
  readonly zone: number;
  /** The zone from the local day `movesOn` on; for most, who stay, equal to `zone`. */
  readonly laterZone: number;
  readonly movesOn: number;
  /** BCP 47, or empty where the source does not know. */
  readonly language: string;
  /** The planted tastes: 1 to 4 indices in `tastes`. */
  readonly tastes: Int32Array;
  /** `[(weeks + 1) x numTastes]`, row-major, each row sums to 1: the slow drift of the mixture. */
  readonly mixtures: Float64Array;
  /** `[numTastes x stylesPerTaste]`: cells of each taste, the preferred style first. */
  readonly cells: Int32Array;
  /** Listens over the history, 1 or more. */
  readonly numListens: number;
  /** Listens in these weeks, `fromWeek` to before `untilWeek`; `weeks + 1`: still there. */
  readonly fromWeek: number;
  readonly untilWeek: number;
}

/** Share of the listens of a taste that go to its preferred style, to the second, to the third. */
export const styleShares = [0.6, 0.3, 0.1] as const;

const movingShare = 0.015;
const leavingShare = 0.1;
/** Standard deviation, in logarithms, of the number of listens: the median is half the mean. */
const listensSpread = 1.2;
/** Standard deviation, in logarithms, of what a week changes in the weight of a taste. */
const weeklyDrift = 0.08;

export function createListener(world: World, index: number): Listener {
  const { seed, weeks, listensPerListener } = world.options;
  const random = createRandom(seed, 'listener', index);
  const zone = drawAlias(world.byZone, 0, random);
  const moves = weeks >= 3 && random.uniform() < movingShare;
  const movesOn = world.startDay + 7 + random.int(Math.max(1, 7 * (weeks - 2)));
  const laterZone = moves ? drawAlias(world.byZone, 0, random) : zone;
  const tastesOfListener = drawTastes(world, zone, random);
  const fromWeek = random.uniform() < 0.65 ? 0 : random.int(weeks);
  const leaves = random.uniform() < leavingShare;
  const untilWeek = leaves ? fromWeek + 1 + random.int(weeks - fromWeek) : weeks + 1;
  const normal = randomNormal.source(random.uniform)(0, 1);
  const median = Math.log(listensPerListener) - listensSpread ** 2 / 2;
  const numListens = Math.min(
    Math.ceil(50 * listensPerListener),
    Math.max(1, Math.round(Math.exp(median + listensSpread * normal()))),
  );
  return {
    index,
    id: `u${String(index).padStart(9, '0')}`,
    zone,
    laterZone,
    movesOn,
    language: drawLanguage(zone, random),
    tastes: tastesOfListener,
    mixtures: driftingMixtures(tastesOfListener.length, weeks, random, normal),
    cells: drawCells(tastesOfListener, random),
    numListens,
    fromWeek,
    untilWeek,
  };
}

/** The zone in which a listener is on a local day. */
export function zoneOn(listener: Listener, day: number): number {
  return day < listener.movesOn ? listener.zone : listener.laterZone;
}

/** The mixture of a week as (taste, weight), sum 1; week `weeks` is the planted truth. */
export function mixtureIn(listener: Listener, week: number): { taste: number; weight: number }[] {
  const width = listener.tastes.length;
  return Array.from(listener.tastes, (taste, slot) => ({
    taste,
    weight: listener.mixtures[week * width + slot]!,
  }));
}

function drawTastes(world: World, zone: number, random: Random): Int32Array {
  const u = random.uniform();
  const count = u < 0.2 ? 1 : u < 0.55 ? 2 : u < 0.85 ? 3 : 4;
  const chosen: number[] = [];
  while (chosen.length < count) {
    const taste = drawAlias(world.tastesByZone, zone, random);
    if (!chosen.includes(taste)) chosen.push(taste);
  }
  return Int32Array.from(chosen);
}

function drawLanguage(zone: number, random: Random): string {
  const { languages } = zones[zone]!;
  const u = random.uniform();
  if (u < 0.04) return '';
  if (u < 0.14) return 'en';
  return languages[u < 0.84 ? 0 : random.int(languages.length)]!;
}

/** Dirichlet(1) at first, then a random walk of the logarithms, a step each week. */
function driftingMixtures(
  width: number,
  weeks: number,
  random: Random,
  normal: () => number,
): Float64Array {
  const mixtures = new Float64Array((weeks + 1) * width);
  const weights = Float64Array.from({ length: width }, () => 0.02 - Math.log1p(-random.uniform()));
  for (let week = 0; week <= weeks; week++) {
    let sum = 0;
    for (let slot = 0; slot < width; slot++) {
      weights[slot] = weights[slot]! * Math.exp(weeklyDrift * normal());
      sum += weights[slot]!;
    }
    for (let slot = 0; slot < width; slot++) mixtures[week * width + slot] = weights[slot]! / sum;
  }
  return mixtures;
}

function drawCells(chosen: Int32Array, random: Random): Int32Array {
  const cells = new Int32Array(chosen.length * stylesPerTaste);
  chosen.forEach((taste, slot) => {
    for (let style = 0; style < stylesPerTaste; style++) {
      cells[slot * stylesPerTaste + style] = taste * stylesPerTaste + style;
    }
    random.shuffle(cells.subarray(slot * stylesPerTaste, (slot + 1) * stylesPerTaste));
  });
  return cells;
}
