import type { Factors } from '../candidates/listener.ts';
import { PackedItems, identity, squaredLengths } from './packed-items.ts';
import { packCentres } from './clusters.ts';
import type { RetrievalPlan } from './plan.ts';

/** The best items of some listeners: rows of k, those beyond the count hold -1 and 0. */
export interface Retrieved {
  /** [numListeners x k] rows of the items, best first, ties by the smaller row. */
  readonly indices: Int32Array;
  /** [numListeners x k] inner products */
  readonly scores: Float32Array;
  /** [numListeners] */
  readonly counts: Int32Array;
}

/**
 * Finds the items of the greatest inner product, among the pool of the listener's group exactly:
 * products are summed in double precision in the order of the factors, as `nearest` does. What a
 * listener is given does not depend on who else is asked for, in which order, or on which thread.
 *
 * The pool of one group is in memory at a time. Ask for listeners in the order of the plan, some
 * hundreds at once: each change of group costs about a millisecond.
 */
export class Retriever {
  readonly #plan: RetrievalPlan;
  readonly #queries: Factors;
  readonly #items: Factors;
  readonly #squares: Float64Array;
  readonly #packed: PackedItems;
  /** Apart, so that folding in leaves the pool where it is. */
  readonly #centres: PackedItems;
  #group = -1;
  #k = 0;

  /**
   * @param queries - may hold more rows than were planned for: the nearest group is theirs
   * @param items - as planned with
   * @throws RangeError where sizes do not fit, or a factor is no finite number, with its place
   */
  constructor(plan: RetrievalPlan, queries: Factors, items: Factors, kernels: WebAssembly.Module) {
    for (const [what, { numFactors }] of Object.entries({ listeners: queries, items })) {
      if (numFactors !== plan.numFactors) {
        throw new RangeError(
          `retrieval: expected ${what} of ${plan.numFactors} factors, got ${numFactors}`,
        );
      }
    }
    this.#plan = plan;
    this.#queries = queries;
    this.#items = items;
    this.#squares = squaredLengths(items, 'items');
    this.#packed = new PackedItems(kernels);
    this.#centres = new PackedItems(kernels);
  }

  /**
   * @param listeners - rows of the queries
   * @param k - how many to find, 0 or more; beyond the plan's k the recall is not what was planned
   * @throws RangeError for a row that there is not, or a factor that is no finite number
   */
  find(listeners: Int32Array, k: number): Retrieved {
    if (!Number.isInteger(k) || k < 0) {
      throw new RangeError(`retrieval: expected k to be a whole number of 0 or more, got ${k}`);
    }
    const indices = new Int32Array(listeners.length * k).fill(-1);
    const scores = new Float32Array(listeners.length * k);
    const counts = new Int32Array(listeners.length);
    const groups = this.#groupsOf(listeners);
    const slots = identity(listeners.length).sort((a, b) => groups[a]! - groups[b]! || a - b);
    for (let from = 0, to = 0; k > 0 && from < slots.length; from = to) {
      const group = groups[slots[from]!]!;
      while (to < slots.length && groups[slots[to]!] === group) to++;
      if (group === -1) continue;
      const pool = this.#open(group, k);
      const own = slots.subarray(from, to);
      const found = this.#packed.find(
        this.#queries,
        own.map((slot) => listeners[slot]!),
        k,
      );
      for (let n = 0; n < own.length; n++) {
        const slot = own[n]!;
        counts[slot] = found.count;
        for (let r = 0; r < found.count; r++) {
          indices[slot * k + r] = pool[found.places[n * k + r]!]!;
          scores[slot * k + r] = found.scores[n * k + r]!;
        }
      }
    }
    return { indices, scores, counts };
  }

  /** Brings the group's pool to memory, where it is not there. */
  #open(group: number, k: number): Int32Array {
    const { poolStart, pools } = this.#plan;
    const pool = pools.subarray(poolStart[group], poolStart[group + 1]);
    if (this.#group !== group || this.#k < k) {
      this.#packed.pack(this.#items, pool, this.#squares, { k, exact: true });
      this.#group = group;
      this.#k = k;
    }
    return pool;
  }

  /** The group of each, -1 where the factors are zero. */
  #groupsOf(listeners: Int32Array): Int32Array {
    const { groupOf } = this.#plan;
    const groups = new Int32Array(listeners.length);
    const strangers: number[] = [];
    for (let n = 0; n < listeners.length; n++) {
      const row = listeners[n]!;
      if (this.#isZero(row)) groups[n] = -1;
      else if ((groups[n] = groupOf[row] ?? -1) === -1) strangers.push(n);
    }
    if (strangers.length > 0) this.#foldIn(listeners, strangers, groups);
    return groups;
  }

  /** The nearest group of the nearest region that has groups. */
  #foldIn(listeners: Int32Array, strangers: readonly number[], groups: Int32Array): void {
    const { numFactors, regionStart, regionCentres, centres } = this.#plan;
    const rows = Int32Array.from(strangers, (n) => listeners[n]!);
    const nearest = (of: Float32Array, own: Int32Array): Int32Array => {
      const factors = { numRows: of.length / numFactors, numFactors, values: of };
      packCentres(factors, this.#centres);
      return this.#centres.nearest(this.#queries, own);
    };
    const regions = nearest(regionCentres, rows);
    for (const region of new Set(regions)) {
      const own = strangers.filter((_, s) => regions[s] === region);
      const first = regionStart[region]!;
      const some = centres.subarray(first * numFactors, regionStart[region + 1]! * numFactors);
      const found = nearest(
        some,
        Int32Array.from(own, (n) => listeners[n]!),
      );
      own.forEach((n, s) => (groups[n] = first + found[s]!));
    }
  }

  #isZero(row: number): boolean {
    const { numRows, numFactors, values } = this.#queries;
    if (!(row >= 0 && row < numRows)) {
      throw new RangeError(`listeners: expected a row below ${numRows}, got ${row}`);
    }
    let isZero = true;
    for (let f = 0; f < numFactors; f++) {
      const value = values[row * numFactors + f]!;
      if (!Number.isFinite(value)) {
        throw new RangeError(
          `listeners: expected finite factors, got ${value} in row ${row}, factor ${f}`,
        );
      }
      if (value !== 0) isZero = false;
    }
    return isZero;
  }
}
