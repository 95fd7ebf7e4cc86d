import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CandidatePool, numSources, sourceNames } from '../../model/candidates/pool.ts';

const factors = sourceNames.indexOf('factors');
const text = sourceNames.indexOf('text');

/** Six tracks of five works: 0 and 1 are versions of one work. */
const work = Int32Array.of(0, 0, 1, 2, 3, 4);
const newPool = (capacity = 6): CandidatePool => new CandidatePool(work, 5, capacity);

/** What the pool says of a candidate by one source. */
function said(pool: CandidatePool, c: number, source: number): number[] {
  const at = c * numSources + source;
  return [pool.score[at]!, pool.rank[at]!, pool.because[at]!];
}

test('a track that two sources offer is one candidate, with the score, rank and evidence of each', () => {
  const pool = newPool();
  pool.begin([]);
  pool.offer(factors, 3, 0.5, -1);
  pool.offer(factors, 5, 0.25, -1);
  pool.offer(text, 5, 2, 17);
  expect([...pool.track.subarray(0, pool.size)]).toEqual([3, 5]);
  expect(said(pool, 1, factors)).toEqual([0.25, 2, -1]);
  expect(said(pool, 1, text)).toEqual([2, 1, 17]);
  expect(said(pool, 0, text)).toEqual([0, 0, -1]);
});

test('ranks are counted from 1 within a source, over what was taken', () => {
  const pool = newPool();
  pool.begin([2]);
  const taken = [2, 3, 4, 4, 5].map((track) => pool.offer(text, track, 1, 0));
  expect(taken).toEqual([true, false, true, false, true]);
  expect([0, 1, 2].map((c) => said(pool, c, text)[1])).toEqual([1, 2, 3]);
  expect(pool.offeredBy(text)).toBe(3);
  expect(pool.offeredBy(factors)).toBe(0);
});

test('no version of an excluded work enters, and the next listener has exclusions of their own', () => {
  const pool = newPool();
  pool.begin([0]);
  expect([0, 1, 2].map((track) => pool.offer(factors, track, 1, -1))).toEqual([false, false, true]);
  pool.begin([1]);
  expect([0, 1, 2].map((track) => pool.offer(factors, track, 1, -1))).toEqual([true, true, false]);
});

test('works may be excluded from more than one place', () => {
  const pool = newPool();
  pool.begin([0]);
  pool.exclude(Int32Array.of(2, 3));
  expect([1, 2, 3, 4, 5].map((track) => pool.admits(track))).toEqual([
    false,
    true,
    false,
    false,
    true,
  ]);
});

test('a full pool takes no new track, but another word for one that it holds', () => {
  const pool = newPool(2);
  pool.begin([]);
  pool.offer(factors, 2, 1, -1);
  pool.offer(factors, 3, 1, -1);
  expect(pool.offer(text, 4, 1, 0)).toBe(false);
  expect(pool.has(4)).toBe(false);
  expect(pool.offer(text, 3, 9, 8)).toBe(true);
  expect(said(pool, 1, text)).toEqual([9, 1, 8]);
});

test('begin leaves nothing of the listener before', () => {
  const pool = newPool();
  pool.begin([4]);
  pool.offer(factors, 0, 1, 5);
  pool.offer(text, 0, 1, 6);
  pool.begin([]);
  expect(pool.size).toBe(0);
  expect([0, 1, 2, 3, 4, 5].map((track) => pool.has(track))).not.toContain(true);
  pool.offer(text, 2, 3, 7);
  expect(said(pool, 0, text)).toEqual([3, 1, 7]);
  expect(said(pool, 0, factors)).toEqual([0, 0, -1]);
});

test('the same offers give what a map from track to sources gives, listener after listener', () => {
  const offer = fc.record({
    source: fc.nat(numSources - 1),
    track: fc.nat(11),
    score: fc.integer({ min: 0, max: 9 }),
    because: fc.integer({ min: -1, max: 9 }),
  });
  const listener = fc.record({
    excluded: fc.array(fc.nat(5), { maxLength: 3 }),
    offers: fc.array(offer, { maxLength: 40 }),
  });
  fc.assert(
    fc.property(
      fc.array(fc.nat(5), { minLength: 12, maxLength: 12 }),
      fc.integer({ min: 0, max: 12 }),
      fc.array(listener, { minLength: 1, maxLength: 4 }),
      (works, capacity, listeners) => {
        const pool = new CandidatePool(Int32Array.from(works), 6, capacity);
        for (const { excluded, offers } of listeners) {
          pool.begin(excluded);
          const naive = new Map<number, Map<number, number[]>>();
          const offered = new Array<number>(numSources).fill(0);
          for (const { source, track, score, because } of offers) {
            const known = naive.get(track);
            const takes =
              !excluded.includes(works[track]!) &&
              (known === undefined ? naive.size < capacity : !known.has(source));
            expect(pool.offer(source, track, score, because)).toBe(takes);
            if (!takes) continue;
            const words = known ?? new Map<number, number[]>();
            words.set(source, [score, ++offered[source]!, because]);
            naive.set(track, words);
          }
          expect([...pool.track.subarray(0, pool.size)]).toEqual([...naive.keys()]);
          [...naive.values()].forEach((words, c) => {
            for (let source = 0; source < numSources; source++) {
              expect(said(pool, c, source)).toEqual(words.get(source) ?? [0, 0, -1]);
            }
          });
          expect(offered.map((_, source) => pool.offeredBy(source))).toEqual(offered);
        }
      },
    ),
  );
});
