import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Recent } from '../../infra/recent.ts';
import { RecentKeys } from '../../infra/recent-keys.ts';

const key = fc.record({
  // Many in the same place of the table, and many with half of their bits in common.
  low: fc.oneof(
    fc.nat(3),
    fc.nat(3).map((n) => n * 2 ** 16),
    fc.constantFrom(2 ** 31, 2 ** 32 - 1),
  ),
  high: fc.oneof(fc.nat(2), fc.constant(2 ** 28 - 1)),
});
const step = fc.record({ key, until: fc.option(fc.nat(100), { nil: undefined }) });

test('it holds what a map of the ids would', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      fc.array(step, { maxLength: 80 }),
      (size, steps) => {
        const expected = new Recent<number>(size);
        const recent = new RecentKeys<number>(size);
        steps.forEach(({ key: { low, high }, until }, now) => {
          const id = `${high}-${low}`;
          expect(recent.get(low, high, now)).toBe(expected.get(id, now));
          if (until === undefined) return;
          expected.set(id, now, until);
          recent.set(low, high, now, until);
        });
      },
    ),
  );
});
