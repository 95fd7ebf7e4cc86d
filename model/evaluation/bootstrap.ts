import { createRandom } from '../random.ts';

/**
 * Is one model better than another? The paired bootstrap (Efron, Tibshirani 1993; for retrieval
 * Sakai 2006): the same listeners get lists of both, their differences are drawn again with
 * replacement, and the spread of the mean over the draws says how sure it is.
 */
export interface BootstrapOptions {
  /**
   * [numDifferences], the listener that each difference belongs to: any whole numbers of 0 or more.
   * Then listeners are drawn, each with all its differences, such as those of several cut-offs:
   * one listener's differences are not independent. Left out, each difference is its own.
   */
  readonly clusters?: ArrayLike<number>;
  /** How often is drawn. Default 2000. */
  readonly resamples?: number;
  /** Share of the draws inside the interval, above 0 and below 1. Default 0.95. */
  readonly level?: number;
  /** Names the random stream. */
  readonly seed: number | string;
}

/** A mean difference, and how sure it is. Above 0: the first of the two is better. */
export interface Difference {
  /** Over all differences; one listener with several counts by their number. */
  readonly mean: number;
  /** Quantile (1 - level) / 2 of the means that were drawn (percentile interval). */
  readonly low: number;
  /** Quantile (1 + level) / 2. */
  readonly high: number;
  readonly level: number;
  /** Share of the draws with a mean of 0 or less: small where the first is surely better. */
  readonly shareNotAbove: number;
  /** Differences that count. */
  readonly count: number;
  /** Listeners that they belong to. */
  readonly listeners: number;
}

/**
 * The interval around the mean of paired differences. NaN (a listener with nothing to find) is left
 * out. With nothing left all figures are NaN, of which none is above 0.
 *
 * The same differences, options and seed give the same bytes.
 *
 * @param differences - figure of the first model less that of the second, one for each listener
 * @throws RangeError for options out of range, or clusters that do not fit
 */
export function pairedBootstrap(
  differences: ArrayLike<number>,
  options: BootstrapOptions,
): Difference {
  const { clusters, resamples = 2000, level = 0.95, seed } = options;
  checkOptions(differences, clusters, resamples, level);
  const groups = groupsOf(differences, clusters);
  const listeners = groups.sums.length;
  const count = total(groups.counts);
  if (listeners === 0) {
    return { mean: NaN, low: NaN, high: NaN, level, shareNotAbove: NaN, count, listeners };
  }
  const means = drawMeans(groups, resamples, seed);
  let notAbove = 0;
  for (const mean of means) if (mean <= 0) notAbove++;
  means.sort();
  return {
    mean: total(groups.sums) / count,
    low: quantile(means, (1 - level) / 2),
    high: quantile(means, (1 + level) / 2),
    level,
    shareNotAbove: notAbove / resamples,
    count,
    listeners,
  };
}

/** Figures of one model by name (`ndcg@20`): one value for each listener, in the same order. */
export type FiguresByListener = Readonly<Record<string, ArrayLike<number>>>;

/**
 * `pairedBootstrap` for each figure that both models have; the draws are the same for all.
 *
 * @throws RangeError where the lengths of a figure differ
 */
export function compareFigures(
  first: FiguresByListener,
  second: FiguresByListener,
  options: BootstrapOptions,
): Record<string, Difference> {
  const compared: Record<string, Difference> = {};
  for (const [name, figures] of Object.entries(first)) {
    const others = second[name];
    if (others === undefined) continue;
    compared[name] = pairedBootstrap(differencesOf(figures, others, name), options);
  }
  return compared;
}

/** Value by value, first - second. @throws RangeError where the lengths differ */
export function differencesOf(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  name = 'figures',
): Float64Array {
  if (first.length !== second.length) {
    throw new RangeError(
      `bootstrap: expected ${name} of the same listeners, got ${first.length} and ${second.length}`,
    );
  }
  return Float64Array.from({ length: first.length }, (_, i) => first[i]! - second[i]!);
}

interface Groups {
  /** [numListeners], sum of each one's differences. */
  readonly sums: Float64Array;
  /** [numListeners], at least 1. */
  readonly counts: Float64Array;
}

/** Listeners in the order of their first difference. */
function groupsOf(differences: ArrayLike<number>, clusters?: ArrayLike<number>): Groups {
  const places = new Map<number, number>();
  const sums: number[] = [];
  const counts: number[] = [];
  for (let i = 0; i < differences.length; i++) {
    const difference = differences[i]!;
    if (Number.isNaN(difference)) continue;
    const cluster = clusters?.[i] ?? i;
    let place = places.get(cluster);
    if (place === undefined) {
      place = places.size;
      places.set(cluster, place);
      sums.push(0);
      counts.push(0);
    }
    sums[place]! += difference;
    counts[place]!++;
  }
  return { sums: Float64Array.from(sums), counts: Float64Array.from(counts) };
}

function drawMeans({ sums, counts }: Groups, resamples: number, seed: number | string) {
  const { int } = createRandom(seed, 'bootstrap');
  const means = new Float64Array(resamples);
  for (let draw = 0; draw < resamples; draw++) {
    let sum = 0;
    let count = 0;
    for (let i = 0; i < sums.length; i++) {
      const listener = int(sums.length);
      sum += sums[listener]!;
      count += counts[listener]!;
    }
    means[draw] = sum / count;
  }
  return means;
}

/** Of ascending values, linear between neighbours (type 7 of Hyndman, Fan 1996). */
function quantile(ascending: Float64Array, share: number): number {
  const place = share * (ascending.length - 1);
  const below = Math.floor(place);
  const low = ascending[below]!;
  const high = ascending[Math.min(below + 1, ascending.length - 1)]!;
  return low + (place - below) * (high - low);
}

function total(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}

function checkOptions(
  differences: ArrayLike<number>,
  clusters: ArrayLike<number> | undefined,
  resamples: number,
  level: number,
): void {
  if (!Number.isInteger(resamples) || resamples < 1) {
    throw new RangeError(`bootstrap: expected resamples of 1 or more, got ${resamples}`);
  }
  if (!(level > 0 && level < 1)) {
    throw new RangeError(`bootstrap: expected a level above 0 and below 1, got ${level}`);
  }
  if (clusters !== undefined && clusters.length !== differences.length) {
    throw new RangeError(
      `bootstrap: expected a listener for each of ${differences.length} differences, ` +
        `got ${clusters.length}`,
    );
  }
}
