import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { IdIndex, idKeys, idOf } from '../../model/ids.ts';

const digits = (length: number) =>
  fc
    .bigInt({ min: 0n, max: 16n ** BigInt(length) - 1n })
    .map((key) => key.toString(16).padStart(length, '0'));
const ids = fc.uniqueArray(
  // Spread, and crowded in one bucket.
  fc.oneof(
    digits(15),
    digits(2).map((end) => `0123456789abc${end}`),
  ),
  { maxLength: 60 },
);

test('an id is its key and back', () => {
  expect(idKeys(['t123456789abcdef'])).toEqual({
    high: Uint32Array.of(0x1234567),
    low: Uint32Array.of(0x89abcdef),
  });
  fc.assert(
    fc.property(fc.constantFrom('track' as const, 'artist' as const), ids, (what, all) => {
      const written = all.map((id) => (what === 'track' ? 't' : 'a') + id);
      const { low, high } = idKeys(written);
      expect(written.map((_, n) => idOf(what, low[n]!, high[n]!))).toEqual(written);
    }),
    { examples: [['artist', ['000000000000000', 'fffffffffffffff']]] },
  );
});

test.each([
  '',
  't',
  't123456789abcde',
  't123456789abcdef0',
  'T123456789abcdef',
  'x123456789abcdef',
])('that "%s" is no id is told', (id) => {
  expect(() => idKeys(['t123456789abcdef', id])).toThrow(
    `id: expected "t" or "a" and 15 hexadecimal digits, got "${id}"`,
  );
});

describe('An index of ids', () => {
  test('finds every id at its place and no other', () => {
    fc.assert(
      fc.property(ids, fc.array(digits(15)), (known, others) => {
        const ascending = known.map((id) => `t${id}`).sort();
        const index = new IdIndex(idKeys(ascending));
        const asked = [...ascending, ...others.map((id) => `t${id}`)];
        const { low, high } = idKeys(asked);
        expect(asked.map((_, n) => index.find(low[n]!, high[n]!))).toEqual(
          asked.map((id) => ascending.indexOf(id)),
        );
      }),
    );
  });

  test('does not find what is no key at all', () => {
    const index = new IdIndex(idKeys(['t123456789abcdef']));
    expect(index.find(0x89abcdef, 0x1234567 + 2 ** 28)).toBe(-1);
    expect(new IdIndex(idKeys([])).find(0, 0)).toBe(-1);
  });

  test.each([[['b', 'a']], [['a', 'a']], [['a', 'c', 'b']]])('refuses the order %s', (order) => {
    const keys = idKeys(order.map((digit) => `t${digit.repeat(15)}`));
    expect(() => new IdIndex(keys)).toThrow(
      `ids: expected ascending ones, got another order at ${order.length - 1}`,
    );
    const lowOnly = idKeys(order.map((digit) => `t${'0'.repeat(14)}${digit}`));
    expect(() => new IdIndex(lowOnly)).toThrow('expected ascending ones');
  });
});
