import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { aliasTable, drawIndex, type AliasTable } from '../../model/alias.ts';
import { createRandom } from '../../model/random.ts';

/** The probability of each index that a table gives. */
function chances({ keep, alias }: AliasTable): number[] {
  const chance = new Array<number>(keep.length).fill(0);
  keep.forEach((stay, slot) => {
    chance[slot]! += stay / keep.length;
    chance[alias[slot]!]! += (1 - stay) / keep.length;
  });
  return chance;
}

describe('aliasTable', () => {
  test('gives each index its share of the weights, exactly none where there is no weight', () => {
    const someWeights = fc
      .array(fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e6, noNaN: true })), {
        minLength: 1,
        maxLength: 40,
      })
      .filter((weights) => weights.some((weight) => weight > 1e-6));
    fc.assert(
      fc.property(someWeights, (weights) => {
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        for (const [i, chance] of chances(aliasTable(weights)).entries()) {
          expect(chance).toBeCloseTo(weights[i]! / total, 9);
          if (weights[i] === 0) expect(chance).toBe(0);
        }
      }),
    );
  });

  test('is drawn from in these proportions', () => {
    const table = aliasTable([1, 0, 3, 6]);
    const { uniform } = createRandom(1);
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < 20_000; i++) counts[drawIndex(table, uniform())]!++;
    expect(counts[1]).toBe(0);
    expect(counts[0]! / 20_000).toBeCloseTo(0.1, 1);
    expect(counts[2]! / 20_000).toBeCloseTo(0.3, 1);
    expect(counts[3]! / 20_000).toBeCloseTo(0.6, 1);
    expect(drawIndex(table, 1 - 2 ** -53)).toBeLessThan(4);
  });

  test('refuses what is no weight', () => {
    expect(() => aliasTable([1, -1])).toThrow('got -1 at 1');
    expect(() => aliasTable([NaN])).toThrow('got NaN at 0');
    expect(() => aliasTable([0, 0])).toThrow('expected a weight above 0, got 2 without');
    expect(() => aliasTable([])).toThrow('got 0 without');
  });
});
