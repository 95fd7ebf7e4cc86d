import type { Factors } from '../candidates/listener.ts';
import { createRandom, type Random } from '../random.ts';
import type { Threads } from '../recommend/recommender.ts';
import { concatenated, shareArray, shareArrays } from '../shared.ts';
import { clusterDirections, meanDirection } from './clusters.ts';
import { PackedItems, squaredLengths } from './packed-items.ts';
import { groupRegion, membersByCluster, type RegionGroups, type RegionTask } from './region.ts';

const regionModule = new URL('region.ts', import.meta.url).href;

export interface RetrievalOptions {
  /** The best that are to be found for each listener, 1 or more. Default 200. */
  readonly k?: number;
  /** Share of them that the pools are to hold, above 0, at most 1. Default 0.98. */
  readonly recall?: number;
  /** Listeners of a group, about. Default 1,024. */
  readonly groupSize?: number;
  /**
   * Up to so many items, of 32 factors, every listener's pool is all of them; of more factors,
   * fewer. Default 16,384: 40 microseconds a listener.
   */
  readonly exactItems?: number;
  /** Up to so many products of listener and item, of 32 factors, too. Default 1e9: two seconds. */
  readonly exactProducts?: number;
  /** Default 1. */
  readonly seed?: number;
  /**
   * A plan of the same listeners with other factors, whose groups are to be the groups of this one
   * too: then one order of asking is good for both. Left out, groups are made.
   */
  readonly along?: RetrievalPlan;
}

export interface RetrievalMeans {
  readonly kernels: WebAssembly.Module;
  /** Without them all is done on the calling thread; how many does not show in the bytes. */
  readonly threads?: Threads;
  readonly signal?: AbortSignal;
  /** Regions ready, of how many. */
  readonly onRegion?: (ready: number, of: number) => void;
}

/**
 * Where the best items of each listener are looked for: listeners in groups of like taste, and a
 * pool of items for each group. Plain arrays: may lie in SharedArrayBuffers (`shareArrays`) and be
 * written to a file.
 */
export interface RetrievalPlan {
  readonly numFactors: number;
  /** What the pools were measured for. */
  readonly k: number;
  /**
   * All listeners, group by group, ascending in each; those of zero factors last, in no group.
   * Whoever asks in this order asks at the least cost.
   */
  readonly order: Int32Array;
  /** [numGroups + 1] where in `order` a group begins. */
  readonly groupStart: Int32Array;
  /** [numListeners] the group of each, -1 where the factors are zero. */
  readonly groupOf: Int32Array;
  /** [numGroups x numFactors] mean direction of each group, of length 1. */
  readonly centres: Float32Array;
  /** [numRegions + 1] where among the groups a region begins. */
  readonly regionStart: Int32Array;
  /** [numRegions x numFactors] */
  readonly regionCentres: Float32Array;
  /** [numGroups + 1] where in `pools` that of a group begins. */
  readonly poolStart: Int32Array;
  /** Rows of the items, ascending in each pool. */
  readonly pools: Int32Array;
}

/**
 * Plans the retrieval of the items with the greatest inner product. Listeners are split by k-means
 * of their directions, first into regions, then into groups; a group's pool is what its members may
 * want (`poolOf`), chosen among its region's. Few items, or few of everything: one group, whose pool
 * is all items, and what is found is exact.
 *
 * @param queries - [numListeners x numFactors]
 * @param items - [numItems x numFactors]
 * @param rows - of the items that may be found, ascending
 * @throws RangeError where sizes do not fit, or a factor is no finite number, with its place
 */
export async function planRetrieval(
  queries: Factors,
  items: Factors,
  rows: Int32Array,
  options: RetrievalOptions,
  { kernels, threads, signal, onRegion }: RetrievalMeans,
): Promise<RetrievalPlan> {
  const { k = 200, recall = 0.98, groupSize = 1024, seed = 1 } = options;
  const { exactItems = 16_384, exactProducts = 1e9 } = options;
  checkOptions(k, recall, groupSize);
  if (queries.numFactors !== items.numFactors) {
    throw new RangeError(
      `retrieval: expected items of ${queries.numFactors} factors, got ${items.numFactors}`,
    );
  }
  checkRows(rows, items.numRows);
  const squares = squaredLengths(items, 'items');
  const lengths = squaredLengths(queries, 'listeners');
  const listeners = new Int32Array(lengths.length);
  const zeros: number[] = [];
  let numListeners = 0;
  for (let row = 0; row < lengths.length; row++) {
    if (lengths[row]! > 0) listeners[numListeners++] = row;
    else zeros.push(row);
  }
  const members = listeners.slice(0, numListeners);
  const packed = new PackedItems(kernels);
  const random = createRandom(seed, 'regions');
  const cost = rows.length * Math.max(1, items.numFactors / 32);
  const few = cost <= exactItems || cost * numListeners <= exactProducts;
  if (members.length === 0 || few) {
    const { centres } = clusterDirections(queries, members, 1, random, packed);
    const one: RegionGroups = {
      members,
      memberCounts: Int32Array.of(members.length),
      centres: members.length === 0 ? new Float32Array(items.numFactors) : centres.values,
      pools: rows.slice(),
      poolCounts: Int32Array.of(rows.length),
    };
    return planOf(queries, k, [one], one.centres, zeros);
  }

  const { regions, centres } =
    options.along === undefined || options.along.groupStart.length <= 2
      ? regionsOf(queries, members, groupSize, random, packed)
      : regionsAlong(options.along, queries, lengths);
  const sharesMemory = threads !== undefined;
  const common = {
    ...{ kernels, k, recall, groupSize, seed },
    queries: sharesMemory ? shareArrays(queries) : queries,
    items: sharesMemory ? shareArrays(items) : items,
    squares: sharesMemory ? shareArray(squares) : squares,
    rows: sharesMemory ? shareArray(rows) : rows,
  };
  const tasks: RegionTask[] = regions
    .map((own, region) => ({ ...common, ...own, region }))
    .filter((task) => task.members.length > 0)
    // The largest first, so that no thread is left with it at the end.
    .sort((a, b) => b.members.length - a.members.length || a.region - b.region);
  const found = await groupAll(tasks, threads, signal, onRegion);
  const inOrder = tasks
    .map((task, n) => ({ region: task.region, groups: found[n]! }))
    .sort((a, b) => a.region - b.region);
  const { numFactors } = queries;
  const regionCentres = new Float32Array(inOrder.length * numFactors);
  inOrder.forEach(({ region }, n) => {
    const from = region * numFactors;
    regionCentres.set(centres.subarray(from, from + numFactors), n * numFactors);
  });
  const groups = inOrder.map((region) => region.groups);
  return planOf(queries, k, groups, regionCentres, zeros);
}

/** Regions of listeners, and [numRegions x numFactors] the mean direction of each. */
interface Regions {
  readonly regions: readonly Pick<RegionTask, 'members' | 'groups'>[];
  readonly centres: Float32Array;
}

function regionsOf(
  queries: Factors,
  members: Int32Array,
  groupSize: number,
  random: Random,
  packed: PackedItems,
): Regions {
  const numRegions = Math.ceil(Math.sqrt(members.length / groupSize) / 2);
  const { clusters, centres } = clusterDirections(queries, members, numRegions, random, packed);
  const regions = membersByCluster(members, clusters, centres.numRows);
  return { regions: regions.map((own) => ({ members: own })), centres: centres.values };
}

/** The regions and groups of another plan, without those whose factors are zero in this one. */
function regionsAlong(along: RetrievalPlan, queries: Factors, lengths: Float64Array): Regions {
  const { order, groupStart, regionStart } = along;
  const { numFactors } = queries;
  const numRegions = regionStart.length - 1;
  const centres = new Float32Array(numRegions * numFactors);
  const regions = Array.from({ length: numRegions }, (_, region) => {
    const groups: Int32Array[] = [];
    for (let group = regionStart[region]!; group < regionStart[region + 1]!; group++) {
      const own = order.subarray(groupStart[group], groupStart[group + 1]);
      groups.push(own.filter((row) => (lengths[row] ?? 0) > 0));
    }
    const members = concatenated(groups).sort();
    centres.set(meanDirection(queries, members), region * numFactors);
    return { members, groups };
  });
  return { regions, centres };
}

async function groupAll(
  tasks: readonly RegionTask[],
  threads: Threads | undefined,
  signal: AbortSignal | undefined,
  onRegion: RetrievalMeans['onRegion'],
): Promise<RegionGroups[]> {
  const found: RegionGroups[] = [];
  const atOnce = threads === undefined ? 1 : 4 * threads.size;
  for (let first = 0; first < tasks.length; first += atOnce) {
    signal?.throwIfAborted();
    const some = tasks.slice(first, first + atOnce);
    if (threads === undefined) found.push(...some.map(groupRegion));
    else
      found.push(
        ...(await threads.map<RegionTask, RegionGroups>(regionModule, 'groupRegion', some, signal)),
      );
    onRegion?.(found.length, tasks.length);
  }
  return found;
}

function planOf(
  queries: Factors,
  k: number,
  regions: readonly RegionGroups[],
  regionCentres: Float32Array,
  zeros: readonly number[],
): RetrievalPlan {
  const { numFactors } = queries;
  const members = concatenated(regions.map((region) => region.members));
  const groupStart = starts(regions.flatMap((region) => Array.from(region.memberCounts)));
  const numGroups = groupStart.length - 1;
  const groupOf = new Int32Array(queries.numRows).fill(-1);
  for (let group = 0; group < numGroups; group++) {
    for (let n = groupStart[group]!; n < groupStart[group + 1]!; n++) groupOf[members[n]!] = group;
  }
  const centres = new Float32Array(numGroups * numFactors);
  let at = 0;
  for (const region of regions) {
    centres.set(region.centres, at);
    at += region.centres.length;
  }
  return {
    numFactors,
    k,
    order: concatenated([members, Int32Array.from(zeros)]),
    groupStart,
    groupOf,
    centres,
    regionStart: starts(regions.map((region) => region.memberCounts.length)),
    regionCentres,
    poolStart: starts(regions.flatMap((region) => Array.from(region.poolCounts))),
    pools: concatenated(regions.map((region) => region.pools)),
  };
}

function starts(counts: readonly number[]): Int32Array {
  const start = new Int32Array(counts.length + 1);
  counts.forEach((count, n) => (start[n + 1] = start[n]! + count));
  return start;
}

function checkOptions(k: number, recall: number, groupSize: number): void {
  if (!Number.isInteger(k) || k < 1) {
    throw new RangeError(`retrieval: expected k to be a whole number of 1 or more, got ${k}`);
  }
  if (!(recall > 0 && recall <= 1)) {
    throw new RangeError(`retrieval: expected a recall above 0, at most 1, got ${recall}`);
  }
  if (!(groupSize >= 1)) {
    throw new RangeError(`retrieval: expected groups of 1 or more, got ${groupSize}`);
  }
}

function checkRows(rows: Int32Array, numItems: number): void {
  let before = -1;
  for (const row of rows) {
    if (row <= before || row >= numItems) {
      throw new RangeError(
        `retrieval: expected ascending rows of ${numItems} items, got ${row} after ${before}`,
      );
    }
    before = row;
  }
}
