import type { Factors } from '../candidates/listener.ts';
import { createRandom, type Random } from '../random.ts';
import { concatenated } from '../shared.ts';
import { clusterDirections, meanDirection, sampled } from './clusters.ts';
import { PackedItems } from './packed-items.ts';
import { poolOf } from './pools.ts';

/** Items from which on a region's own are chosen first, for its groups to choose from. */
const regionFrom = 65_536;
/** Members whose best are found among all items, and among the region's. */
const measuredOfRegion = 32;
const measuredOfGroup = 16;
/** Of what is wanted and not in the pool of a group, the part that the region may have lost. */
const lostByRegion = 0.2;

/** A region of listeners of like taste, to be split into groups: what a thread is sent. */
export interface RegionTask {
  readonly kernels: WebAssembly.Module;
  readonly queries: Factors;
  readonly items: Factors;
  /** [items.numRows] */
  readonly squares: Float64Array;
  /** Rows of the items that may be found. */
  readonly rows: Int32Array;
  /** Rows of the queries, none of them zero, ascending; one or more. */
  readonly members: Int32Array;
  /** The members in groups that are given; left out, groups are made. */
  readonly groups?: readonly Int32Array[];
  readonly region: number;
  readonly k: number;
  readonly recall: number;
  readonly groupSize: number;
  readonly seed: number;
}

export interface RegionGroups {
  /** The members, group by group, each ascending. */
  readonly members: Int32Array;
  /** [numGroups] */
  readonly memberCounts: Int32Array;
  /** [numGroups x numFactors], of length 1 */
  readonly centres: Float32Array;
  /** The groups' items one after the other: rows, each group's ascending. */
  readonly pools: Int32Array;
  /** [numGroups] */
  readonly poolCounts: Int32Array;
}

/** One for the thread: its memory is used again. */
let own: PackedItems | undefined;

/**
 * Splits a region into groups and finds each group's pool of items. Depends on nothing but the
 * task, wherever it runs.
 */
export function groupRegion(task: RegionTask): RegionGroups {
  own ??= new PackedItems(task.kernels);
  const packed = own;
  const { queries, items, squares, members, k } = task;
  const { numFactors } = queries;
  const random = createRandom(task.seed, 'region', task.region);
  const { byGroup, centres } =
    task.groups === undefined
      ? groupsOf(task, random, packed)
      : {
          byGroup: task.groups,
          centres: concatenated(task.groups.map((own) => meanDirection(queries, own))),
        };
  const shuffled = sampled(members, members.length, random);

  let rows = task.rows;
  packed.pack(items, rows, squares, { k, exact: false });
  if (rows.length > regionFrom) {
    const recall = 1 - (1 - task.recall) * lostByRegion;
    const options = { k, recall, numMeasured: measuredOfRegion };
    const all = rows;
    rows = poolOf(queries, shuffled, packed, options).map((place) => all[place]!);
    packed.pack(items, rows, squares, { k, exact: false });
  }
  const kept =
    task.rows.length > regionFrom ? 1 - (1 - task.recall) * (1 - lostByRegion) : task.recall;
  const found: { group: number; members: Int32Array; pool: Int32Array }[] = [];
  for (let group = 0; group < byGroup.length; group++) {
    const own = byGroup[group]!;
    if (own.length === 0) continue;
    const inOrder = sampled(own, own.length, random);
    const options = { k, recall: kept, numMeasured: measuredOfGroup };
    const pool = poolOf(queries, inOrder, packed, options).map((place) => rows[place]!);
    found.push({ group, members: own, pool });
  }
  const values = new Float32Array(found.length * numFactors);
  found.forEach(({ group }, n) => {
    values.set(centres.subarray(group * numFactors, (group + 1) * numFactors), n * numFactors);
  });
  return {
    members: concatenated(found.map((group) => group.members)),
    memberCounts: Int32Array.from(found, (group) => group.members.length),
    centres: values,
    pools: concatenated(found.map((group) => group.pool)),
    poolCounts: Int32Array.from(found, (group) => group.pool.length),
  };
}

function groupsOf(
  { queries, members, groupSize }: RegionTask,
  random: Random,
  packed: PackedItems,
): { byGroup: Int32Array[]; centres: Float32Array } {
  const numGroups = Math.ceil(members.length / groupSize);
  const { clusters, centres } = clusterDirections(queries, members, numGroups, random, packed);
  return {
    byGroup: membersByCluster(members, clusters, centres.numRows),
    centres: centres.values,
  };
}

/** The rows of each cluster, in the order given. */
export function membersByCluster(
  rows: Int32Array,
  clusters: Int32Array,
  numClusters: number,
): Int32Array[] {
  const counts = new Int32Array(numClusters);
  for (const cluster of clusters) counts[cluster]!++;
  const members = Array.from(counts, (count) => new Int32Array(count));
  const filled = new Int32Array(numClusters);
  for (let n = 0; n < rows.length; n++) {
    const cluster = clusters[n]!;
    members[cluster]![filled[cluster]!++] = rows[n]!;
  }
  return members;
}
