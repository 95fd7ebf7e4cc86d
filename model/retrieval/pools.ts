import type { Factors } from '../candidates/listener.ts';
import { unitRows } from './clusters.ts';
import type { PackedItems } from './packed-items.ts';
import { identity } from './packed-items.ts';
import { spreadOf } from './spread.ts';

/** Members that the spread of a group is taken from, at most. */
const spreadMembers = 512;
/** A pool holds so many times k items, where there are so many. */
const leastTimesK = 4;

export interface PoolOptions {
  /** How many of the best each member wants. */
  readonly k: number;
  /** Share of the members' k best that the pool is to hold, 0..1. */
  readonly recall: number;
  /** Members whose best are found, to measure by. */
  readonly numMeasured: number;
}

/**
 * Which of the packed items a group of listeners may want. If their scores of an item y are about
 * normally distributed around c.y, c their mean, with the variance y'Cy, C their covariance, and
 * the k-th best of a member scores about t, then y is among a member's k best with the probability
 *
 *     Phi((c.y - t) / sqrt(y'Cy))
 *
 * so the pool of a given size that holds most of what they want is that of the greatest (c.y - t) /
 * sqrt(y'Cy). Where it ends is measured: the k best of some members are found among all packed
 * items, and the pool is to hold the share `recall` of them.
 *
 * @param queries - the listeners' factors; their lengths do not matter
 * @param members - rows of them that are not zero, one or more, in an order that has nothing to do
 *   with their factors: the first are measured
 * @returns places among the packed items, ascending
 */
export function poolOf(
  queries: Factors,
  members: Int32Array,
  packed: PackedItems,
  { k, recall, numMeasured }: PoolOptions,
): Int32Array {
  const { numItems } = packed;
  const least = Math.min(numItems, leastTimesK * k);
  if (least === numItems) return identity(numItems);
  const units = unitRows(queries, members.subarray(0, spreadMembers));
  const measured = identity(Math.min(numMeasured, members.length));
  const { places, scores, count } = packed.find(units, measured, k);
  let level = 0;
  for (let m = 0; m < measured.length; m++) level += scores[m * k + count - 1]!;
  level *= packed.unitOf(1) / measured.length;

  const { rows, rest } = spreadOf(units);
  const likelihood = packed.likelihood(rows, level, rest);
  const wanted = Float32Array.from(places, (place) => likelihood[place]!).sort();
  const cut = wanted[Math.floor((1 - recall) * wanted.length)]!;
  const pool = placesFrom(likelihood, cut);
  if (pool.length >= least) return pool;
  return placesFrom(likelihood, Float32Array.from(likelihood).sort()[numItems - least]!);
}

/** Where the likelihood is at least the cut, or cannot be told. */
function placesFrom(likelihood: Float32Array, cut: number): Int32Array {
  const places = new Int32Array(likelihood.length);
  let count = 0;
  for (let place = 0; place < likelihood.length; place++) {
    if (!(likelihood[place]! < cut)) places[count++] = place;
  }
  return places.slice(0, count);
}
