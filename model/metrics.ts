/**
 * How good a ranked list is, with binary relevance.
 *
 * Each metric gives one value for one user, 0..1 unless it says otherwise. `ranked` holds item
 * indices, best first; an item that comes twice counts at its first place only, as a hit it can be
 * just once. A list shorter than k is one whose further places are misses. A user with nothing
 * relevant gives NaN: there is nothing to find, and `meanOf` leaves the user out.
 */
export type Ranked = ArrayLike<number>;
export type Relevant = ReadonlySet<number>;

/** |relevant in the first k| / |relevant|. As in LightGCN's evaluation; may stay below 1 where k < |relevant|. */
export function recallAt(k: number, ranked: Ranked, relevant: Relevant): number {
  return hitPlaces(k, ranked, relevant).length / denominator(relevant);
}

/** |relevant in the first k| / k, also where the list is shorter. */
export function precisionAt(k: number, ranked: Ranked, relevant: Relevant): number {
  if (relevant.size === 0) return NaN;
  return hitPlaces(k, ranked, relevant).length / k;
}

/** 1 where any of the first k is relevant, else 0. */
export function hitAt(k: number, ranked: Ranked, relevant: Relevant): number {
  if (relevant.size === 0) return NaN;
  return hitPlaces(k, ranked, relevant).length > 0 ? 1 : 0;
}

/**
 * DCG / ideal DCG (Järvelin, Kekäläinen 2002): DCG = sum over hits of 1 / log2(place + 1), places
 * from 1; the ideal list is cut at min(k, |relevant|).
 */
export function ndcgAt(k: number, ranked: Ranked, relevant: Relevant): number {
  let gain = 0;
  for (const place of hitPlaces(k, ranked, relevant)) gain += 1 / Math.log2(place + 1);
  let ideal = 0;
  for (let place = 1; place <= Math.min(k, relevant.size); place++) {
    ideal += 1 / Math.log2(place + 1);
  }
  return relevant.size === 0 ? NaN : gain / ideal;
}

/** 1 / place of the first relevant item of the whole list, 0 where there is none. */
export function reciprocalRank(ranked: Ranked, relevant: Relevant): number {
  if (relevant.size === 0) return NaN;
  const [first] = hitPlaces(ranked.length, ranked, relevant);
  return first === undefined ? 0 : 1 / first;
}

/**
 * |relevant in the first |relevant|| / |relevant|: precision and recall where both are equal. The
 * track part of the RecSys Challenge 2018, without its quarter credit for the right artist.
 */
export function rPrecision(ranked: Ranked, relevant: Relevant): number {
  return recallAt(relevant.size, ranked, relevant);
}

/**
 * How often a listener would press "more" until the first relevant track, with ten tracks a page
 * (RecSys Challenge 2018): floor((place - 1) / 10); 51 where none is among the first 500. 0 is best.
 */
export function clicks(ranked: Ranked, relevant: Relevant): number {
  if (relevant.size === 0) return NaN;
  const [first] = hitPlaces(500, ranked, relevant);
  return first === undefined ? 51 : Math.floor((first - 1) / 10);
}

/**
 * How unknown a list is, in bits: the mean over its items of -log2((listeners_i + 1) /
 * (numListeners + 1)) (self-information, Zhou et al. 2010; the 1 keeps items that nobody has heard
 * finite). 0 for what everybody knows. NaN for an empty list.
 *
 * @param listenersOf - [numItems], how many of the listeners have heard each item
 */
export function novelty(
  ranked: Ranked,
  listenersOf: ArrayLike<number>,
  numListeners: number,
): number {
  let bits = 0;
  for (let i = 0; i < ranked.length; i++) {
    bits -= Math.log2((listenersOf[ranked[i]!]! + 1) / (numListeners + 1));
  }
  return bits / ranked.length;
}

/** The mean over users, without those that gave NaN; NaN where none is left. */
export function meanOf(perUser: ArrayLike<number>): number {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < perUser.length; i++) {
    if (Number.isNaN(perUser[i])) continue;
    sum += perUser[i]!;
    count++;
  }
  return sum / count;
}

/** A figure as JSON keeps it: null for NaN. */
export function orNull(figure: number): number | null {
  return Number.isNaN(figure) ? null : figure;
}

/** How often each of the items 0..numItems-1 is in the lists: [numItems]. */
export function exposureOf(lists: Iterable<Ranked>, numItems: number): Float64Array {
  const exposure = new Float64Array(numItems);
  for (const list of lists) {
    for (let i = 0; i < list.length; i++) {
      const item = list[i]!;
      if (!(item >= 0 && item < numItems && Number.isInteger(item))) {
        throw new RangeError(
          `metrics: expected items of 0 or more and below ${numItems}, got ${item}`,
        );
      }
      exposure[item]! += 1;
    }
  }
  return exposure;
}

/** Share of the catalogue that is in any list: |items with exposure| / numItems. NaN without items. */
export function coverage(exposure: ArrayLike<number>): number {
  let shown = 0;
  for (let item = 0; item < exposure.length; item++) if (exposure[item]! > 0) shown++;
  return shown / exposure.length;
}

/**
 * Inequality of exposure over the whole catalogue, items never shown included: with exposures x
 * ascending, sum_i (2i - n - 1) x_i / (n sum x), i from 1. 0: all alike; (n - 1) / n: one item has
 * all. NaN where nothing is shown.
 */
export function gini(exposure: ArrayLike<number>): number {
  const ascending = Float64Array.from(exposure).sort();
  const n = ascending.length;
  let weighted = 0;
  let total = 0;
  for (let i = 0; i < n; i++) {
    weighted += (2 * (i + 1) - n - 1) * ascending[i]!;
    total += ascending[i]!;
  }
  return weighted / (n * total);
}

/** The places (from 1) among the first k that hold a relevant item, ascending. */
function hitPlaces(k: number, ranked: Ranked, relevant: Relevant): number[] {
  if (!Number.isInteger(k) || k < 0) {
    throw new RangeError(`metrics: expected k to be an integer of 0 or more, got ${k}`);
  }
  const places: number[] = [];
  const found = new Set<number>();
  for (let i = 0; i < Math.min(k, ranked.length); i++) {
    const item = ranked[i]!;
    if (!relevant.has(item) || found.has(item)) continue;
    found.add(item);
    places.push(i + 1);
  }
  return places;
}

function denominator(relevant: Relevant): number {
  return relevant.size === 0 ? NaN : relevant.size;
}
