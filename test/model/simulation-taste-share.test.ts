import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { mainTastes, tasteShare, type TasteMixture } from '../../model/simulation/taste-share.ts';

const mixture = (weights: Record<string, number>): TasteMixture => new Map(Object.entries(weights));

const anyMixture = fc
  .dictionary(
    fc.constantFrom('ambient', 'punk', 'soul', 'techno', 'filmi'),
    fc.double({ min: 0.01, max: 10, noNaN: true }),
  )
  .map(mixture);

describe('main tastes', () => {
  test('are the fewest and heaviest that hold the share asked for', () => {
    const listener = mixture({ punk: 0.25, soul: 0.55, filmi: 0.15, techno: 0.05 });
    expect(mainTastes(listener)).toEqual(['soul', 'punk']);
    expect(mainTastes(listener, 0.5)).toEqual(['soul']);
    expect(mainTastes(listener, 1)).toEqual(['soul', 'punk', 'filmi', 'techno']);
  });

  test('go by name where weights tie', () => {
    expect(mainTastes(mixture({ soul: 1, ambient: 1, punk: 1 }), 0.6)).toEqual(['ambient', 'punk']);
  });

  test('of nobody are none', () => {
    expect(mainTastes(new Map())).toEqual([]);
  });
});

describe('taste share', () => {
  test('is the mean weight of the listener’s main tastes in the tracks', () => {
    const listener = mixture({ soul: 0.7, punk: 0.2, filmi: 0.1 });
    const list = [
      mixture({ soul: 1 }),
      mixture({ punk: 0.5, ambient: 0.5 }),
      mixture({ filmi: 1 }),
      mixture({ techno: 3, soul: 1 }),
    ];
    expect(tasteShare(list, listener)).toBeCloseTo((1 + 0.5 + 0 + 0.25) / 4, 12);
  });

  test('is 1 for main tastes only, 0 for none, for unknown tracks and for an empty list', () => {
    const listener = mixture({ soul: 1 });
    expect(tasteShare([mixture({ soul: 2 })], listener)).toBe(1);
    expect(tasteShare([mixture({ punk: 1 })], listener)).toBe(0);
    expect(tasteShare([new Map()], listener)).toBe(0);
    expect(tasteShare([], listener)).toBe(0);
  });

  test('lies in 0..1 and does not depend on the order of the list', () => {
    fc.assert(
      fc.property(fc.array(anyMixture, { maxLength: 8 }), anyMixture, (list, listener) => {
        const share = tasteShare(list, listener);
        expect(share).toBeGreaterThanOrEqual(0);
        expect(share).toBeLessThanOrEqual(1 + 1e-9);
        expect(tasteShare([...list].reverse(), listener)).toBeCloseTo(share, 9);
      }),
    );
  });

  test('of tracks drawn evenly from all tastes is the number of main tastes over all', () => {
    const names = ['ambient', 'punk', 'soul', 'techno'];
    const list = names.map((name) => mixture({ [name]: 1 }));
    expect(tasteShare(list, mixture({ punk: 0.5, soul: 0.4, techno: 0.1 }))).toBe(0.5);
  });
});
