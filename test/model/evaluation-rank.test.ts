import { afterAll, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { openThreads } from '../../infra/threads.ts';
import { figuresOf } from '../../model/evaluation/figures.ts';
import { listOf, rankListeners } from '../../model/evaluation/rank.ts';
import { rankModel, shareModel } from '../../model/evaluation/rank-model.ts';
import { filledRows, selectRows, sliceRows } from '../../model/evaluation/rows.ts';
import { tuneOptions } from '../../model/evaluation/tune.ts';
import { fromTriples, rowOf, type Interactions } from '../../model/interactions.ts';
import { cosine } from '../../model/recommend/cosine.ts';
import { graphFilter } from '../../model/recommend/graph-filter.ts';
import { popularity } from '../../model/recommend/popularity.ts';
import type { Algorithm, Recommender } from '../../model/recommend/recommender.ts';
import { plantedTastes } from '../support/recommender-contract.ts';

/** [numListeners x numItems], the same whatever the history. */
function fixed(rows: readonly (readonly number[])[]): Recommender {
  let next = 0;
  const numItems = rows[0]!.length;
  return {
    numItems,
    score(histories, scores) {
      for (let row = 0; row < histories.numRows; row++) {
        scores.set(rows[next % rows.length]!, row * numItems);
        next++;
      }
    },
  };
}

function matrix(rows: readonly (readonly number[])[], numItems: number): Interactions {
  return fromTriples(
    rows.flatMap((items, row) => items.map(() => row)),
    rows.flat(),
    undefined,
    rows.length,
    numItems,
  );
}

/** Scores with many ties, what is masked and what is relevant, for up to 6 listeners. */
const worlds = fc
  .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 9 }))
  .chain(([numListeners, numItems]) => {
    const items = fc.uniqueArray(fc.nat(numItems - 1), { maxLength: numItems });
    const perListener = <Value>(value: fc.Arbitrary<Value>) =>
      fc.array(value, { minLength: numListeners, maxLength: numListeners });
    return fc.record({
      numItems: fc.constant(numItems),
      scores: perListener(fc.array(fc.nat(3), { minLength: numItems, maxLength: numItems })),
      masked: perListener(items),
      relevant: perListener(items),
      k: fc.integer({ min: 1, max: 10 }),
      batchSize: fc.integer({ min: 1, max: 7 }),
    });
  });

describe('the evaluator beside brute force', () => {
  test('lists are all items sorted by score, then index, without those masked', async () => {
    await fc.assert(
      fc.asyncProperty(worlds, async ({ numItems, scores, masked, k, batchSize }) => {
        const lists = await rankListeners(fixed(scores), matrix(masked, numItems), {
          k,
          batchSize,
        });
        for (const [listener, own] of scores.entries()) {
          const expected = own
            .map((score, item) => ({ score, item }))
            .filter(({ item }) => !masked[listener]!.includes(item))
            .sort((a, b) => b.score - a.score || a.item - b.item)
            .slice(0, k)
            .map(({ item }) => item);
          expect([...listOf(lists, listener)]).toEqual(expected);
        }
      }),
      { numRuns: 200 },
    );
  });

  test('figures are those of the definitions, written out', async () => {
    await fc.assert(
      fc.asyncProperty(worlds, async ({ numItems, scores, masked, relevant, k }) => {
        const lists = await rankListeners(fixed(scores), matrix(masked, numItems), { k });
        const wanted = matrix(relevant, numItems);
        const { byListener, means } = figuresOf(lists, wanted, [k], {
          listenersOf: new Int32Array(numItems).fill(1),
          numListeners: 3,
        });
        const ndcgs: number[] = [];
        for (const [listener, find] of relevant.entries()) {
          const at = (name: string) => byListener[`${name}@${k}`]![listener]!;
          if (find.length === 0) {
            expect(['recall', 'precision', 'ndcg', 'mrr'].map(at)).toEqual([NaN, NaN, NaN, NaN]);
            continue;
          }
          const hits = [...listOf(lists, listener)].map((item) => Number(find.includes(item)));
          const found = hits.reduce((total, hit) => total + hit, 0);
          const gain = hits.reduce((total, hit, place) => total + hit / Math.log2(place + 2), 0);
          let ideal = 0;
          for (let place = 0; place < Math.min(k, find.length); place++) {
            ideal += 1 / Math.log2(place + 2);
          }
          const first = hits.indexOf(1);
          expect(at('recall')).toBeCloseTo(found / find.length, 12);
          expect(at('precision')).toBeCloseTo(found / k, 12);
          expect(at('ndcg')).toBeCloseTo(gain / ideal, 12);
          expect(at('mrr')).toBeCloseTo(first < 0 ? 0 : 1 / (first + 1), 12);
          ndcgs.push(gain / ideal);
        }
        const mean = ndcgs.reduce((total, ndcg) => total + ndcg, 0) / ndcgs.length;
        if (ndcgs.length === 0) expect(means[`ndcg@${k}`]).toBeNaN();
        else expect(means[`ndcg@${k}`]).toBeCloseTo(mean, 12);
        const shown = new Set(scores.flatMap((_, listener) => [...listOf(lists, listener)]));
        expect(means[`coverage@${k}`]).toBeCloseTo(shown.size / numItems, 12);
      }),
      { numRuns: 100 },
    );
  });
});

describe('a fitted model ranks on threads as on one', () => {
  const threads = openThreads({ size: 2 });
  afterAll(() => threads.dispose());
  const train = plantedTastes(70, 45, 8, 1);

  test.each([popularity, cosine, graphFilter] as Algorithm[])('$name', async (algorithm) => {
    const means = { seed: 1 };
    const fitted = await algorithm.fit(train, algorithm.options.parse({}), means);
    const alone = await rankModel(algorithm, fitted, train, 7, means);
    const map = jest.spyOn(threads, 'map');
    expect(await rankModel(algorithm, fitted, train, 7, { ...means, threads })).toEqual(alone);
    expect(map).toHaveBeenCalledTimes(1);
    map.mockRestore();
  });

  test('nobody at all', async () => {
    const fitted = await popularity.fit(train, {}, { seed: 1 });
    const none = sliceRows(train, 0, 0);
    const lists = await rankModel(popularity, fitted, none, 7, { seed: 1, threads });
    expect(lists.counts).toHaveLength(0);
  });

  test('a model that is shared twice is copied once', async () => {
    const shared = shareModel(
      await graphFilter.fit(train, graphFilter.options.parse({}), { seed: 1 }),
    );
    expect(shareModel(shared).arrays['indices']).toBe(shared.arrays['indices']);
  });
});

describe('ranking', () => {
  test('a listener who has everything gets an empty list', async () => {
    const lists = await rankListeners(fixed([[1, 2]]), matrix([[0, 1]], 2), { k: 2 });
    expect([...lists.counts]).toEqual([0]);
    expect([...lists.indices]).toEqual([-1, -1]);
  });

  test('what is masked may be another matrix than the histories', async () => {
    const options = { k: 3, masked: matrix([[2]], 3) };
    const lists = await rankListeners(fixed([[1, 2, 3]]), matrix([[1]], 3), options);
    expect([...listOf(lists, 0)]).toEqual([1, 0]);
  });

  test('a score of -Infinity is never recommended', async () => {
    const lists = await rankListeners(fixed([[-Infinity, -1, 0]]), matrix([[]], 3), { k: 3 });
    expect([...listOf(lists, 0)]).toEqual([2, 1]);
  });

  test.each([NaN, Infinity])('a score of %s is refused, with item and listener', async (bad) => {
    const ranked = rankListeners(
      fixed([
        [5, 4, 1],
        [3, 2, bad],
      ]),
      matrix([[], []], 3),
      { k: 1 },
    );
    await expect(ranked).rejects.toThrow(
      `rank: expected finite scores, got ${bad} for item 2 of listener 1`,
    );
  });

  test('a mask of another size is refused', async () => {
    const ranked = rankListeners(fixed([[1, 2]]), matrix([[]], 2), { k: 1, masked: matrix([], 2) });
    await expect(ranked).rejects.toThrow('rank: expected a mask of 1 x 2, got 0 x 2');
  });

  test('stops where it is told to', async () => {
    const controller = new AbortController();
    const seen: number[] = [];
    const ranked = rankListeners(fixed([[1]]), matrix([[], [], []], 1), {
      k: 1,
      batchSize: 1,
      signal: controller.signal,
      onProgress(done) {
        seen.push(done);
        if (done === 2) controller.abort(new Error('enough'));
      },
    });
    await expect(ranked).rejects.toThrow('enough');
    expect(seen).toEqual([1, 2]);
  });
});

describe('figures', () => {
  test('at several cuts are those at each alone', async () => {
    const scores = [
      [9, 8, 7, 6, 5],
      [1, 2, 3, 4, 5],
    ];
    const lists = await rankListeners(fixed(scores), matrix([[], []], 5), { k: 5 });
    const wanted = matrix([[1, 4], [0]], 5);
    const catalogue = { listenersOf: [3, 2, 1, 0, 0], numListeners: 3 };
    const both = figuresOf(lists, wanted, [2, 4], catalogue);
    for (const k of [2, 4]) {
      for (const [name, value] of Object.entries(figuresOf(lists, wanted, [k], catalogue).means)) {
        expect(both.means[name]).toBe(value);
      }
    }
    expect(both.means['recall@2']).toBe(1 / 4);
    expect(both.means['coverage@2']).toBe(4 / 5);
    expect(both.means['gini@2']).toBeCloseTo(1 / 5, 12);
  });

  test('cuts beyond the lists, and lists of others, are refused', async () => {
    const lists = await rankListeners(fixed([[1, 2, 3]]), matrix([[]], 3), { k: 2 });
    const catalogue = { listenersOf: [1, 1, 1], numListeners: 1 };
    const wanted = matrix([[1]], 3);
    for (const ks of [[3], [], [0], [1.5]]) {
      expect(() => figuresOf(lists, wanted, ks, catalogue)).toThrow('expected cuts of 1..2');
    }
    expect(() => figuresOf(lists, matrix([[], []], 3), [1], catalogue)).toThrow(
      'expected what 1 listeners should find, got 2 rows',
    );
  });
});

describe('rows', () => {
  test('slices and selections hold what the rows held', () => {
    fc.assert(
      fc.property(fc.array(fc.uniqueArray(fc.nat(9)), { minLength: 1, maxLength: 8 }), (rows) => {
        const all = matrix(rows, 10);
        const order = rows.map((_, row) => rows.length - 1 - row);
        const selected = selectRows(all, order);
        const from = Math.floor(rows.length / 2);
        const sliced = sliceRows(all, from, rows.length);
        for (const [at, row] of order.entries()) {
          expect(rowOf(selected, at)).toEqual(rowOf(all, row));
          if (row >= from) expect(rowOf(sliced, row - from)).toEqual(rowOf(all, row));
        }
        expect([...filledRows(all)]).toEqual(rows.flatMap((own, row) => (own.length ? [row] : [])));
      }),
    );
  });
});

describe('tuning', () => {
  const train = plantedTastes(90, 60, 8, 1);
  const valid = plantedTastes(90, 60, 3, 2);
  const task = { splits: [{ train, valid }], k: 10, fixed: {} };

  async function tuned(seed: number, fixedOptions: Record<string, unknown> = {}) {
    const lines: string[] = [];
    const options = await tuneOptions(
      graphFilter,
      { ...task, fixed: fixedOptions },
      { seed, report: (line) => lines.push(line) },
    );
    return { options, lines };
  }

  test('says its space first, then each figure once; the choice is among them', async () => {
    const { options, lines } = await tuned(1);
    expect(lines[0]).toBe(
      `search space of graph-filter: ${JSON.stringify(graphFilter.tuning!.space)}`,
    );
    expect(lines.some((line) => line.startsWith(JSON.stringify(options)))).toBe(true);
    expect(new Set(lines).size).toBe(lines.length);
  });

  /** Finds the listener's own item where `value` says so, of 1,000 listeners. */
  function planted(finds: (value: number, listener: number) => boolean): Algorithm {
    return {
      name: 'planted',
      description: '',
      options: z.strictObject({ value: z.number().default(0) }),
      tuning: { space: { value: [0, 1, 2, 3, 4] } },
      fit: (known, options) => ({ name: 'planted', numItems: known.numCols, options, arrays: {} }),
      open: ({ numItems, options }) => ({
        numItems,
        score(histories, scores) {
          const { value } = options as { value: number };
          scores.fill(0);
          for (let row = 0; row < histories.numRows; row++) {
            // The history names the listener; the item to find is the one after it.
            const own = histories.indices[histories.indptr[row]!]!;
            if (finds(value, own)) scores[row * numItems + own + 1] = 1;
          }
        },
      }),
    };
  }

  async function choiceOf(finds: (value: number, listener: number) => boolean): Promise<unknown> {
    const listeners = Array.from({ length: 200 }, (_, listener) => listener);
    const own = (shift: number) =>
      matrix(
        listeners.map((n) => [2 * n + shift]),
        402,
      );
    const splits = [{ train: own(0), valid: own(1) }];
    return tuneOptions(planted(finds), { splits, k: 1, fixed: {} }, { seed: 1 });
  }

  test('takes what is best by more than chance', async () => {
    expect(await choiceOf((value) => value === 3)).toEqual({ value: 3 });
  });

  test('takes the middle of what is best but for chance', async () => {
    // 1, 2 and 3 find half of the listeners each, 3 one more than the others; 0 and 4 find nobody.
    const finds = (value: number, own: number) =>
      value === 3
        ? (own % 4 === 0 && own !== 4) || own === 2 || own === 6
        : (value === 1 || value === 2) && own % 4 === 0;
    expect(await choiceOf(finds)).toEqual({ value: 2 });
  });

  test('chooses the same again', async () => {
    expect(await tuned(1)).toEqual(await tuned(1));
  });

  test('keeps what was fixed', async () => {
    const { options, lines } = await tuned(1, { source: 0.3 });
    expect(options.source).toBe(0.3);
    for (const line of lines.slice(1)) expect(line).toContain('"source":0.3');
  });

  test('of a model without options gives its defaults, and looks at nothing', async () => {
    const lines: string[] = [];
    const means = { seed: 1, report: (line: string) => lines.push(line) };
    expect(await tuneOptions(popularity, task, means)).toEqual({});
    expect(lines).toEqual([]);
  });

  test('stops where it is told to', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(tuneOptions(cosine, task, { seed: 1, signal })).rejects.toThrow('enough');
  });
});
