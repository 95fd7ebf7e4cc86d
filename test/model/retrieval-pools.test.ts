import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { loadKernels } from '../../infra/kernels.ts';
import { openThreads } from '../../infra/threads.ts';
import type { Factors } from '../../model/candidates/listener.ts';
import { identity } from '../../model/retrieval/packed-items.ts';
import {
  planRetrieval,
  type RetrievalOptions,
  type RetrievalPlan,
} from '../../model/retrieval/plan.ts';
import { recallAgainstExact } from '../../model/retrieval/recall.ts';
import { Retriever } from '../../model/retrieval/retriever.ts';
import { spreadOf } from '../../model/retrieval/spread.ts';
import { plantedFactors } from '../support/planted-factors.ts';

const threads = openThreads({ size: 2 });
afterAll(() => threads.dispose());

/** Whatever the sizes, pools that are not everything. */
const pooled: RetrievalOptions = { exactItems: 0, exactProducts: 0 };
const small = plantedFactors({ numListeners: 3000, numItems: 4000, numFactors: 16, seed: 5 });
small.listeners.values.fill(0, 7 * 16, 9 * 16);
const every = identity(4000);
const k = 20;

let kernels: WebAssembly.Module;
let plan: RetrievalPlan;
beforeAll(async () => {
  kernels = await loadKernels();
  const options = { ...pooled, k, groupSize: 100 };
  plan = await planRetrieval(small.listeners, small.items, every, options, { kernels });
});

describe('pools of a planted world', () => {
  test('hold what exact scoring finds, for 20,000 listeners and items, and are small', async () => {
    const { listeners, items } = plantedFactors({ numListeners: 20_000, numItems: 20_000 });
    const rows = identity(20_000);
    const large = await planRetrieval(listeners, items, rows, pooled, { kernels });
    const recall = recallAgainstExact(large, listeners, items, rows, kernels);
    expect(recall.numListeners).toBe(1000);
    expect(recall.mean).toBeGreaterThan(0.965);
    expect(recall.mean).toBeLessThan(1);
    const searched = groupsOf(large).reduce(
      (sum, { members, pool }) => sum + (members.length * pool.length) / 20_000,
      0,
    );
    expect(searched / 20_000).toBeLessThan(0.4);
  });

  test('grow where more is to be held', async () => {
    const sizes: number[] = [];
    for (const recall of [0.5, 0.9, 1]) {
      const options = { ...pooled, k, recall };
      const own = await planRetrieval(small.listeners, small.items, every, options, { kernels });
      sizes.push(own.pools.length);
    }
    expect(sizes[0]).toBeLessThan(sizes[1]!);
    expect(sizes[1]).toBeLessThan(sizes[2]!);
  });

  test('hold nothing but what may be found, ascending', async () => {
    const rows = every.filter((row) => row % 3 === 1);
    const options = { ...pooled, k };
    const own = await planRetrieval(small.listeners, small.items, rows, options, { kernels });
    for (const { pool } of groupsOf(own)) {
      expect(pool.every((row, n) => row % 3 === 1 && (n === 0 || row > pool[n - 1]!))).toBe(true);
    }
  });
});

describe('a plan', () => {
  test('has every listener once, in the group that it says, those without factors last', () => {
    expect(Array.from(plan.order).sort((a, b) => a - b)).toEqual(Array.from(identity(3000)));
    expect(Array.from(plan.order.subarray(-2))).toEqual([7, 8]);
    expect(plan.groupStart.at(-1)).toBe(2998);
    expect(plan.regionStart.at(-1)).toBe(plan.groupStart.length - 1);
    groupsOf(plan).forEach(({ members }, group) => {
      expect(members.length).toBeGreaterThan(0);
      expect(members.every((row) => plan.groupOf[row] === group)).toBe(true);
    });
    expect(plan.groupOf[7]).toBe(-1);
  });

  test('is the same to the byte again, and from two threads', async () => {
    const options = { ...pooled, k, groupSize: 100 };
    const { listeners, items } = small;
    expect(await planRetrieval(listeners, items, every, options, { kernels })).toEqual(plan);
    const seen: number[][] = [];
    const shared = await planRetrieval(listeners, items, every, options, {
      kernels,
      threads,
      onRegion: (...counts) => seen.push(counts),
    });
    expect(shared).toEqual(plan);
    expect(seen.at(-1)).toEqual([plan.regionStart.length - 1, plan.regionStart.length - 1]);
  });

  test('stops where it is told to', async () => {
    const means = { kernels, signal: AbortSignal.abort() };
    const planning = planRetrieval(small.listeners, small.items, every, pooled, means);
    await expect(planning).rejects.toThrow('abort');
  });
});

describe('what a listener is given', () => {
  test('does not depend on who else is asked for, nor in which order', () => {
    const retriever = new Retriever(plan, small.listeners, small.items, kernels);
    const all = retriever.find(identity(3000), k);
    const backwards = identity(3000).reverse();
    const other = new Retriever(plan, small.listeners, small.items, kernels).find(backwards, k);
    for (const row of [0, 1, 7, 1234, 2999]) {
      const alone = retriever.find(Int32Array.of(row), k);
      const place = (2999 - row) * k;
      expect(alone.indices).toEqual(all.indices.slice(row * k, (row + 1) * k));
      expect(alone.scores).toEqual(other.scores.slice(place, place + k));
      expect(alone.indices).toEqual(other.indices.slice(place, place + k));
      expect(alone.counts[0]).toBe(row === 7 ? 0 : k);
    }
  });

  test('is the first of what it would be given with a greater k', () => {
    const retriever = new Retriever(plan, small.listeners, small.items, kernels);
    const few = retriever.find(Int32Array.of(42), 5);
    const many = retriever.find(Int32Array.of(42), 50);
    expect(few.indices).toEqual(many.indices.slice(0, 5));
    expect(few.scores).toEqual(many.scores.slice(0, 5));
  });

  test('is the same when the factors are twice as long', () => {
    const { listeners, items } = small;
    const twice: Factors = { ...listeners, values: listeners.values.map((value) => 2 * value) };
    const rows = Int32Array.of(3, 4, 5);
    const one = new Retriever(plan, listeners, items, kernels).find(rows, k);
    const two = new Retriever(plan, twice, items, kernels).find(rows, k);
    expect(two.indices).toEqual(one.indices);
    expect(two.scores).toEqual(one.scores.map((score) => 2 * score));
  });

  test('is of the nearest group for those who came after the plan', () => {
    const { listeners, items } = small;
    const copied = [17, 8, 2500, 17];
    const values = new Float32Array((3000 + copied.length) * 16);
    values.set(listeners.values);
    copied.forEach((row, n) => {
      values.set(listeners.values.subarray(row * 16, (row + 1) * 16), (3000 + n) * 16);
    });
    const more: Factors = { numRows: 3000 + copied.length, numFactors: 16, values };
    const retriever = new Retriever(plan, more, items, kernels);
    const strangers = retriever.find(Int32Array.of(3000, 3001, 3002, 3003), k);
    const known = new Retriever(plan, listeners, items, kernels).find(Int32Array.from(copied), k);
    expect(strangers).toEqual(known);
    expect(Array.from(strangers.counts)).toEqual([k, 0, k, k]);
  });
});

test('the spread of listeners is theirs, where they differ in few directions', () => {
  const numFactors = 40;
  const values = new Float32Array(200 * numFactors);
  for (let n = 0; n < 200; n++) {
    const at = n * numFactors;
    values[at] = 3;
    values[at + 1] = n % 2 === 0 ? 2 : -2; // variance 4
    values[at + 7] = n % 4 < 2 ? 1 : -1; // variance 1
  }
  const { rows, rest } = spreadOf({ numRows: 200, numFactors, values });
  const squared = (f: number): number => {
    let sum = rest;
    for (let r = 1; r < rows.numRows; r++) sum += rows.values[r * numFactors + f]! ** 2;
    return sum;
  };
  expect(rows.values[0]).toBeCloseTo(3);
  expect([0, 1, 7, 39].map(squared).map((value) => Math.round(1e4 * value) / 1e4)).toEqual([
    0, 4, 1, 0,
  ]);
});

function groupsOf({ order, groupStart, pools, poolStart }: RetrievalPlan) {
  return Array.from({ length: groupStart.length - 1 }, (_, group) => ({
    members: order.subarray(groupStart[group], groupStart[group + 1]),
    pool: pools.subarray(poolStart[group], poolStart[group + 1]),
  }));
}

describe('a plan along another', () => {
  const other = plantedFactors({ numListeners: 3000, numItems: 2500, numFactors: 12, seed: 5 });
  other.listeners.values.fill(0, 40 * 12, 41 * 12);
  const rows = identity(2500);
  const options = { ...pooled, k, recall: 0.95 };

  test('has the groups of the other, without those whose factors are zero', async () => {
    const along = await planRetrieval(
      other.listeners,
      other.items,
      rows,
      { ...options, along: plan },
      { kernels, threads },
    );
    expect(along.groupStart).toHaveLength(plan.groupStart.length);
    for (let listener = 0; listener < 3000; listener++) {
      // 7 and 8 have no factors in the other, so no group that this one could go along with.
      const expected = listener === 40 ? -1 : plan.groupOf[listener];
      expect(along.groupOf[listener]).toBe(expected);
    }
    const { mean } = recallAgainstExact(along, other.listeners, other.items, rows, kernels, { k });
    expect(mean).toBeGreaterThan(0.93);
    // A stranger to the groups is served by the nearest.
    const found = new Retriever(along, other.listeners, other.items, kernels);
    expect(found.find(Int32Array.of(7, 40), k).counts).toEqual(Int32Array.of(k, 0));
  });

  test('makes groups of its own where the other has one only', async () => {
    const one = await planRetrieval(small.listeners, small.items, every, { k }, { kernels });
    expect(one.groupStart).toHaveLength(2);
    const own = { ...options, groupSize: 100 };
    const along = await planRetrieval(
      other.listeners,
      other.items,
      rows,
      { ...own, along: one },
      { kernels },
    );
    const alone = await planRetrieval(other.listeners, other.items, rows, own, { kernels });
    expect(along).toEqual(alone);
  });
});
