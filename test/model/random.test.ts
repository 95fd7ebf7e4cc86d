import { describe, expect, test } from '@jest/globals';
import { createRandom, seedFor } from '../../model/random.ts';

function draw(count: number, next: () => number): number[] {
  return Array.from({ length: count }, () => next());
}

describe('createRandom', () => {
  test('the same seed and keys give the same numbers, on every machine', () => {
    expect(draw(100, createRandom(7, 'listener', 3).uniform)).toEqual(
      draw(100, createRandom(7, 'listener', 3).uniform),
    );
    expect(draw(3, createRandom(1).uniform)).toMatchInlineSnapshot(`
     [
       0.9050792571548222,
       0.7849645311654194,
       0.40935186921665523,
     ]
    `);
  });

  test('streams that differ in any key, in its type or in its place are different', () => {
    const streams = [
      createRandom(1),
      createRandom('1'),
      createRandom(2),
      createRandom(1, 'a'),
      createRandom(1, 'b'),
      createRandom(1, 'a', 'b'),
      createRandom(1, 'ab'),
      createRandom(1, 'b', 'a'),
      createRandom(1, 0),
      createRandom(1, '0'),
    ];
    expect(new Set(streams.map((random) => random.uniform())).size).toBe(streams.length);
  });

  test('uniform numbers lie in [0, 1) with the mean, the variance and the bins of a uniform', () => {
    const { uniform } = createRandom(3);
    const count = 200_000;
    const bins = new Float64Array(20);
    let sum = 0;
    let squares = 0;
    let outside = 0;
    for (let i = 0; i < count; i++) {
      const u = uniform();
      if (!(u >= 0 && u < 1)) outside++;
      sum += u;
      squares += u * u;
      const bin = Math.floor(u * bins.length);
      bins[bin] = bins[bin]! + 1;
    }
    expect(outside).toBe(0);
    expect(sum / count).toBeCloseTo(0.5, 2);
    expect(squares / count - (sum / count) ** 2).toBeCloseTo(1 / 12, 2);
    const expected = count / bins.length;
    const chiSquare = bins.reduce((total, n) => total + (n - expected) ** 2 / expected, 0);
    expect(chiSquare).toBeLessThan(43.8); // 19 degrees of freedom, p = 0.001
  });

  test('neighbouring streams are uncorrelated', () => {
    const count = 20_000;
    let product = 0;
    for (let key = 0; key < count; key++) {
      product +=
        (createRandom(5, key).uniform() - 0.5) * (createRandom(5, key + 1).uniform() - 0.5);
    }
    expect(Math.abs(product / count) * 12).toBeLessThan(4 / Math.sqrt(count));
  });

  test('int reaches every value of 0..n-1 and no other', () => {
    for (const n of [1, 2, 3, 7]) {
      const { int } = createRandom(9, n);
      expect([...new Set(draw(500, () => int(n)))].sort()).toEqual(
        Array.from({ length: n }, (_, i) => i),
      );
    }
    const { int } = createRandom(9, 'large');
    const large = draw(1000, () => int(2 ** 31));
    expect(Math.min(...large)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...large)).toBeLessThan(2 ** 31);
    expect(Math.max(...large)).toBeGreaterThan(2 ** 30);
  });

  test('shuffle permutes arrays and typed arrays in place, each order as likely', () => {
    const values = Int32Array.from({ length: 50 }, (_, i) => i);
    const shuffled = createRandom(2).shuffle(values);
    expect(shuffled).toBe(values);
    expect([...shuffled]).not.toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect([...shuffled].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));

    const { shuffle } = createRandom(2, 'orders');
    const counts = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = shuffle(['a', 'b', 'c']).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(130);
    expect(createRandom(2).shuffle([])).toEqual([]);
  });

  test('a seed or key that is no number is refused', () => {
    expect(() => createRandom(NaN)).toThrow('got NaN');
    expect(() => createRandom(1, 'a', Infinity)).toThrow('got Infinity');
  });
});

describe('seedFor', () => {
  test('is a stable integer of 32 bits that depends on every key', () => {
    const seeds = Array.from({ length: 2000 }, (_, key) => seedFor(1, 'zone', key));
    expect(seeds.every((seed) => Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32)).toBe(true);
    expect(new Set(seeds).size).toBe(2000);
    expect(seedFor(1, 'zone', 5)).toBe(seeds[5]);
    expect(seedFor('1', 'zone', 5)).not.toBe(seeds[5]);
  });
});
