import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  championBefore,
  officeOf,
  stateOf,
  type OfficeEvent,
  rolledBackOf,
} from '../../model/gate/office.ts';

let at = 0;
const promoted = (version: string, instead: string | null, by: 'gate' | 'operator' = 'gate') =>
  event('promoted', version, instead, by);
const rolledBack = (version: string) => event('rolledBack', version, null, 'operator');
function event(
  kind: OfficeEvent['kind'],
  version: string,
  instead: string | null,
  by: OfficeEvent['by'],
): OfficeEvent {
  at++;
  return { id: `${kind}:${version}:${at}`, kind, version, instead, by, at };
}

test('the model promoted last is champion, those before it are retired, the others candidates', () => {
  const office = officeOf([promoted('a', null), promoted('b', 'a')]);
  expect(office.champions).toEqual(['a', 'b']);
  expect(['a', 'b', 'c'].map((version) => stateOf(version, office))).toEqual([
    'retired',
    'champion',
    'candidate',
  ]);
});

test('a rollback goes back one champion at a time', () => {
  const events = [promoted('a', null), promoted('b', 'a'), promoted('c', 'b'), rolledBack('c')];
  const once = officeOf(events);
  expect(once.champions).toEqual(['a', 'b']);
  expect(stateOf('c', once)).toBe('retired');
  expect(officeOf([...events, rolledBack('b')]).champions).toEqual(['a']);
});

test('who was rolled back is known until an operator brings it back', () => {
  const events = [promoted('a', null), promoted('b', 'a'), rolledBack('b')];
  expect(rolledBackOf(officeOf(events))).toEqual(['b']);
  const back = event('promoted', 'b', null, 'operator');
  expect(rolledBackOf(officeOf([...events, back]))).toEqual([]);
});

test('a rollback of who is not champion any more does not count', () => {
  const events = [promoted('a', null), promoted('b', 'a'), rolledBack('b'), rolledBack('b')];
  expect(officeOf(events).champions).toEqual(['a']);
});

test('the gate promotes only over the champion that it compared with; an operator over any', () => {
  const events = [promoted('a', null), promoted('b', 'a', 'operator')];
  expect(officeOf([...events, promoted('c', 'a')]).champions).toEqual(['a', 'b']);
  expect(officeOf([...events, promoted('c', null)]).champions).toEqual(['a', 'b']);
  expect(officeOf([...events, promoted('c', 'a', 'operator')]).champions).toEqual(['a', 'b', 'c']);
});

test('two gates that promote over the same champion at once: the first counts', () => {
  const both = [promoted('a', null), promoted('b', 'a'), promoted('c', 'a')];
  expect(officeOf(both).champions).toEqual(['a', 'b']);
});

test('a model may come back into office, and a rollback then leads to who was there between', () => {
  const events = [promoted('a', null), promoted('b', 'a'), promoted('a', 'b', 'operator')];
  expect(officeOf(events).champions).toEqual(['a', 'b', 'a']);
  expect(officeOf([...events, rolledBack('a')]).champions).toEqual(['a', 'b']);
});

const anyEvents = fc
  .array(
    fc.record({
      kind: fc.constantFrom('promoted' as const, 'rolledBack' as const),
      version: fc.constantFrom('a', 'b', 'c'),
      instead: fc.constantFrom('a', 'b', 'c', null),
      by: fc.constantFrom('gate' as const, 'operator' as const),
      at: fc.integer({ min: 0, max: 5 }),
    }),
  )
  .map((events) => events.map((what, n) => ({ ...what, id: `e${n}` })));

test('whatever the order in which events are found, and however often, the outcome is one', () => {
  fc.assert(
    fc.property(anyEvents, fc.infiniteStream(fc.nat()), (events, lots: Iterator<number>) => {
      const office = officeOf(events);
      const shuffled = [...events, ...events]
        .map((what) => ({ what, lot: Number(lots.next().value) }))
        .sort((a, b) => a.lot - b.lot)
        .map(({ what }) => what);
      expect(officeOf(shuffled)).toEqual(office);
    }),
  );
});

test('there is one champion or none, and only what was promoted is ever retired', () => {
  fc.assert(
    fc.property(anyEvents, (events) => {
      const office = officeOf(events);
      const states = ['a', 'b', 'c'].map((version) => stateOf(version, office));
      expect(states.filter((state) => state === 'champion')).toHaveLength(
        Math.min(1, office.champions.length),
      );
      for (const [n, version] of ['a', 'b', 'c'].entries()) {
        const wasThere = events.some(
          (what) => what.kind === 'promoted' && what.version === version,
        );
        if (!wasThere) expect(states[n]).toBe('candidate');
      }
    }),
  );
});

test('a week knows the topmost champion that learned from nothing after its cut-off', () => {
  const office = officeOf([promoted('a', null), promoted('b', 'a'), promoted('c', 'b')]);
  const until: Record<string, number> = { a: 10, b: 20, c: 30 };
  const before = (cutoff: number) => championBefore(office, cutoff, (version) => until[version]);
  expect([9, 10, 19, 20, 30, 99].map(before)).toEqual([undefined, 'a', 'a', 'b', 'c', 'c']);
  expect(championBefore(office, 99, () => undefined)).toBeUndefined();
});
