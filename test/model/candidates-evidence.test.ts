import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Likeness, mostAlike, speakingSource } from '../../model/candidates/evidence.ts';
import { CandidatePool, sourceNames, type SourceName } from '../../model/candidates/pool.ts';
import { factorRows, factorsOf, sparseRow } from '../support/candidate-worlds.ts';

/** Which source speaks for track 0, where each has offered these tracks in this order. */
function speaker(offers: Partial<Record<SourceName, readonly number[]>>): SourceName {
  const pool = new CandidatePool(Int32Array.of(0, 1, 2), 3, 3);
  pool.begin([]);
  for (const [source, tracks] of Object.entries(offers)) {
    for (const track of tracks) pool.offer(sourceNames.indexOf(source as SourceName), track, 1, -1);
  }
  return sourceNames[speakingSource(pool, pool.track.indexOf(0))]!;
}

describe('who speaks for a candidate', () => {
  test('is the source that ranked it best', () => {
    expect(speaker({ playlists: [1, 2, 0], text: [1, 0], factors: [0], artists: [2, 0] })).toBe(
      'factors',
    );
  });

  test('is, of those that ranked it alike, the one whose evidence says most', () => {
    expect(speaker({ factors: [0], artists: [0], text: [0], playlists: [0] })).toBe('playlists');
    expect(speaker({ factors: [0], artists: [0], text: [0] })).toBe('text');
    expect(speaker({ factors: [0], artists: [0] })).toBe('artists');
  });

  test('is popularity only where nobody else offered it', () => {
    expect(speaker({ popularity: [0], artists: [1, 2, 0] })).toBe('artists');
    expect(speaker({ popularity: [1, 0] })).toBe('popularity');
  });
});

describe('what a listener has played that is most alike', () => {
  // Row 0 is asked for; 1 points the same way, 2 nearly, 3 away, 4 has no factors, 5 as 1, longer.
  const factors = factorsOf([
    [1, 0],
    [2, 0],
    [1, 1],
    [-1, 0],
    [0, 0],
    [9, 0],
  ]);
  const alike = (played: Record<number, number>) =>
    mostAlike(
      factors,
      0,
      Int32Array.from(Object.keys(played), Number),
      Float32Array.from(Object.values(played)),
    );

  test('is the one whose factors point the same way', () => {
    expect(alike({ 1: 1, 2: 1, 3: 1 })).toBe(1);
  });

  test('is one played much more, where that outweighs how alike it is', () => {
    expect(alike({ 1: 1, 2: 9 })).toBe(2);
    expect(alike({ 1: 1, 2: 1.1 })).toBe(1);
  });

  test('does not depend on how long the factors are; of equal ones it is the first', () => {
    expect(alike({ 1: 1, 5: 1 })).toBe(1);
  });

  test('is nothing where none is alike, or has factors, or was played', () => {
    expect(alike({ 3: 5 })).toBe(-1);
    expect(alike({ 4: 5 })).toBe(-1);
    expect(alike({})).toBe(-1);
  });

  test('is the same asked for many rows at once, listener after listener', () => {
    fc.assert(
      fc.property(
        factorRows(12, 3),
        fc.array(sparseRow(12), { minLength: 1, maxLength: 3 }),
        (rows, listeners) => {
          const some = factorsOf(rows);
          const likeness = new Likeness(some);
          for (const listener of listeners) {
            const played = Int32Array.from(Object.keys(listener), Number);
            const confidence = Float32Array.from(Object.values(listener));
            likeness.begin(played, confidence);
            for (let row = 0; row < rows.length; row++) {
              expect(likeness.mostAlike(row)).toBe(mostAlike(some, row, played, confidence));
            }
          }
        },
      ),
    );
  });
});
