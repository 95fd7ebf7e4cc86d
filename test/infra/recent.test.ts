import { expect, test } from '@jest/globals';
import { Recent } from '../../infra/recent.ts';

test('what was used last is kept, and never more than the size', () => {
  const recent = new Recent<number>(10);
  for (let n = 0; n < 1000; n++) {
    recent.set(`${n}`, n, Infinity);
    expect(recent.get('0', 0)).toBe(0);
    expect(recent.get(`${n}`, 0)).toBe(n);
  }
  const kept = Array.from({ length: 1000 }, (_, n) => n).filter((n) => recent.get(`${n}`, 0) === n);
  expect(kept.length).toBeLessThanOrEqual(10);
});

test('a value ends at its time, and a new one takes its place', () => {
  const recent = new Recent<string>(2);
  recent.set('key', 'old', 5);
  expect([recent.get('key', 4), recent.get('key', 5), recent.get('other', 0)]).toEqual([
    'old',
    undefined,
    undefined,
  ]);
  recent.set('key', 'new', 9);
  expect(recent.get('key', 5)).toBe('new');
});
