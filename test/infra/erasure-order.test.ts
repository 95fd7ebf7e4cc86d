import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { dependentsFirst } from '../../infra/erasure/artifacts.ts';

test('artifacts go after all that were made from them, whatever their names', () => {
  const made = [
    { fingerprint: 'a', inputs: ['c', 'of a lake'] },
    { fingerprint: 'b', inputs: ['a'] },
    { fingerprint: 'c', inputs: [] },
  ];
  expect(dependentsFirst(made).map(({ fingerprint }) => fingerprint)).toEqual(['b', 'a', 'c']);
});

test('of any artifacts each goes once, and none before what was made from it', () => {
  const graph = fc
    .array(fc.array(fc.nat(100), { maxLength: 3 }), { maxLength: 12 })
    .chain((rows) => {
      const made = rows.map((inputs, n) => ({
        fingerprint: `f${n}`,
        inputs: n === 0 ? [] : inputs.map((input) => `f${input % n}`),
      }));
      return fc.shuffledSubarray(made, { minLength: made.length });
    });
  fc.assert(
    fc.property(graph, (made) => {
      const order = dependentsFirst(made).map(({ fingerprint }) => fingerprint);
      expect([...order].sort()).toEqual(made.map(({ fingerprint }) => fingerprint).sort());
      for (const { fingerprint, inputs } of made) {
        for (const input of inputs) {
          expect(order.indexOf(fingerprint)).toBeLessThan(order.indexOf(input));
        }
      }
    }),
  );
});
