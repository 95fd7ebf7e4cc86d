import { beforeAll, describe, expect, test } from '@jest/globals';
import { loadKernels } from '../../infra/kernels.ts';
import { factorize } from '../../model/als.ts';
import { fromTriples, type Interactions } from '../../model/interactions.ts';
import { als } from '../../model/recommend/als.ts';
import type { FittedModel } from '../../model/recommend/recommender.ts';
import { describeRecommender, plantedTastes } from '../support/recommender-contract.ts';

let kernels: WebAssembly.Module;
beforeAll(async () => {
  kernels = await loadKernels();
});

// The means are read when the tests run.
describeRecommender(
  { ...als, name: 'als' },
  { factors: 10 },
  {
    seed: 1,
    get kernels() {
      return kernels;
    },
  },
);

describe('als on the kernels', () => {
  const options = als.options.parse({ factors: 12, regularization: 0.01 });

  async function scores(
    fitted: FittedModel,
    histories: Interactions,
    isFast: boolean,
  ): Promise<Float32Array> {
    const recommender = await als.open(fitted, { seed: 1, ...(isFast && { kernels }) });
    const found = new Float32Array(histories.numRows * fitted.numItems);
    await recommender.score(histories, found);
    return found;
  }

  test('scores as the readable one does, for blocks of listeners and of items', async () => {
    // More listeners than are scored at once, and more items.
    const train = plantedTastes(300, 1203, 12, 2);
    const { itemFactors } = factorize(train, { ...options, iterations: 5 });
    const fitted = { name: 'als', numItems: 1203, options, arrays: { itemFactors } };
    const fast = await scores(fitted, train, true);
    const readable = await scores(fitted, train, false);
    let worst = 0;
    for (const [n, score] of readable.entries())
      worst = Math.max(worst, Math.abs(fast[n]! - score));
    expect(worst).toBeLessThan(1e-4);
    expect(readable.some((score) => score > 0.1)).toBe(true);
  });

  test('finds the items of the own taste', async () => {
    const train = plantedTastes(60, 45, 8, 3);
    const fitted = await als.fit(train, options, { seed: 1, kernels });
    const histories = fromTriples([0, 0, 0], [16, 18, 20], undefined, 1, 45);
    const found = [...(await scores(fitted, histories, true)).entries()];
    const best = found.sort(([, a], [, b]) => b - a).slice(0, 10);
    expect(best.filter(([item]) => item >= 15 && item < 30).length).toBeGreaterThanOrEqual(9);
  });

  test('scores a history of all items, and more than fit in one block', async () => {
    const items = [...Array(45).keys()];
    const rows = [...Array(200).keys()].flatMap((row) => items.map(() => row));
    const all = fromTriples(
      rows,
      rows.map((_, n) => n % 45),
      undefined,
      200,
      45,
    );
    const fitted = await als.fit(plantedTastes(60, 45, 8, 3), options, { seed: 1, kernels });
    const found = await scores(fitted, all, true);
    expect(found.subarray(199 * 45)).toEqual(found.subarray(0, 45));
    expect(found.every(Number.isFinite)).toBe(true);
  });

  test('refuses factors that are no numbers, and histories with values that it cannot take', async () => {
    const itemFactors = new Float32Array(3 * 12).fill(NaN);
    const fitted = { name: 'als', numItems: 3, options, arrays: { itemFactors } };
    await expect(async () => als.open(fitted, { seed: 1, kernels })).rejects.toThrow(
      'als: expected item factors that are finite numbers, got others',
    );
    const good = {
      ...fitted,
      options: { ...options, recency: 1 },
      arrays: { itemFactors: new Float32Array(36).fill(0.1) },
    };
    const wrong = fromTriples([0], [0], [-1], 1, 3);
    for (const isFast of [false, true]) {
      await expect(scores(good, wrong, isFast)).rejects.toThrow('expected values >= 0, got -1');
    }
  });
});
