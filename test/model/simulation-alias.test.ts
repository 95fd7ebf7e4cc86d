import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createRandom } from '../../model/random.ts';
import { buildAliasTables, drawAlias, segmentSize } from '../../model/simulation/alias.ts';

/** The chance of each entry that the tables of a segment stand for. */
function chances(tables: ReturnType<typeof buildAliasTables>, segment: number): number[] {
  const size = segmentSize(tables, segment);
  const start = tables.starts[segment]!;
  const result = new Array<number>(size).fill(0);
  for (let column = 0; column < size; column++) {
    const keep = tables.keep[start + column]!;
    result[column]! += keep / size;
    result[tables.alias[start + column]!]! += (1 - keep) / size;
  }
  return result;
}

const segment = fc
  .array(fc.oneof(fc.constant(0), fc.double({ min: 1e-3, max: 100, noNaN: true })), {
    minLength: 1,
    maxLength: 30,
  })
  .filter((weights) => weights.some((weight) => weight > 0));

describe('alias tables', () => {
  test('stand for exactly the weights of each segment, normalized', () => {
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 5 }), (segments) => {
        const starts = Int32Array.of(0, ...segments.map((weights) => weights.length));
        for (let s = 1; s < starts.length; s++) starts[s]! += starts[s - 1]!;
        const tables = buildAliasTables(segments.flat(), starts);
        segments.forEach((weights, s) => {
          const sum = weights.reduce((a, b) => a + b, 0);
          chances(tables, s).forEach((chance, entry) => {
            expect(chance).toBeCloseTo(weights[entry]! / sum, 5);
          });
        });
      }),
    );
  });

  test('are drawn from in these proportions', () => {
    const tables = buildAliasTables([1, 0, 3]);
    const random = createRandom(1, 'alias test');
    const drawn = [0, 0, 0];
    for (let k = 0; k < 20_000; k++) drawn[drawAlias(tables, 0, random)]!++;
    expect(drawn[1]).toBe(0);
    expect(drawn[2]! / 20_000).toBeCloseTo(0.75, 1);
  });

  test('give -1 for an empty segment and refuse one without weight', () => {
    const tables = buildAliasTables([2], Int32Array.of(0, 0, 1));
    const random = createRandom(1, 'alias test');
    expect(drawAlias(tables, 0, random)).toBe(-1);
    expect(drawAlias(tables, 1, random)).toBe(0);
    expect(() => buildAliasTables([0, 0])).toThrow(RangeError);
  });
});
