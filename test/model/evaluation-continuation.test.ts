import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  continuationDepth,
  continuationWays,
  fuse,
  PlaylistContinuation,
} from '../../model/evaluation/continuation.ts';
import { fromTriples, type Interactions } from '../../model/interactions.ts';

function playlistsOf(contents: readonly (readonly number[])[], numTracks: number): Interactions {
  return fromTriples(
    contents.flatMap((tracks, row) => tracks.map(() => row)),
    contents.flat(),
    undefined,
    contents.length,
    numTracks,
  );
}

describe('going on with a playlist', () => {
  // 4 stands beside 0 in a short and beside 5 in a long playlist, 9 only in long ones.
  const contents = [
    [0, 1],
    [0, 4],
    [1, 2, 3, 5, 6, 7, 8, 9],
    [2, 3, 5, 6, 7, 8, 9],
    [5, 9],
  ];
  const now = playlistsOf(contents, 11);
  const found = new PlaylistContinuation(now, now, { epochs: 1 }).continue(0);

  test('popularity counts the playlists that hold a track, ties by the lower track', () => {
    expect([...found.popularity]).toEqual([5, 9, 2, 3, 6, 7, 8, 4]);
  });

  test('cosine sums over the tracks of the playlist', () => {
    // Of 0: 4 with 1/sqrt(2). Of 1: 2, 3, 6, 7, 8 with 1/2, 5 and 9 with 1/sqrt(6).
    expect([...found.cosine]).toEqual([4, 2, 3, 6, 7, 8, 5, 9]);
  });

  test('co-occurrence counts long playlists for less', () => {
    const short = 1 / Math.log2(3);
    const long = 1 / Math.log2(9);
    const [first] = found.cooccurrence;
    expect(first).toBe(4);
    // In the cosine 4 stands sqrt(2) above the others, here by more.
    const norm = { four: short, zero: 2 * short };
    expect(short / Math.sqrt(norm.four * norm.zero)).toBeGreaterThan(long);
  });

  test('what no playlist holds is never proposed', () => {
    for (const way of continuationWays) expect([...found[way]]).not.toContain(10);
  });

  test('an empty playlist gets what is popular', () => {
    const withEmpty = playlistsOf([...contents, []], 11);
    const empty = new PlaylistContinuation(withEmpty, withEmpty, { epochs: 1 }).continue(5);
    expect([...empty.popularity].slice(0, 3)).toEqual([5, 9, 0]);
    expect([...empty.cosine, ...empty.cooccurrence, ...empty.embedding]).toEqual([]);
    expect(empty.blend).toEqual(empty.popularity);
  });

  test('no way proposes what the playlist holds, or a track twice', () => {
    const worlds = fc.array(fc.uniqueArray(fc.nat(14), { maxLength: 8 }), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(worlds, (playlists) => {
        const current = playlistsOf(playlists, 15);
        const continuation = new PlaylistContinuation(current, current, { epochs: 1 });
        playlists.forEach((held, playlist) => {
          for (const ranking of Object.values(continuation.continue(playlist))) {
            expect(new Set(ranking).size).toBe(ranking.length);
            expect([...ranking].filter((track) => held.includes(track))).toEqual([]);
          }
        });
      }),
      { numRuns: 50 },
    );
  });
});

describe('fusion of ranks', () => {
  test('adds 1 / (60 + rank), ties by the lower track', () => {
    // 7: 1/61 + 1/63. 3: 1/62 + 1/62. 5: 1/63. 1: 1/61.
    expect([
      ...fuse([
        [7, 3, 5],
        [1, 3, 7],
      ]),
    ]).toEqual([7, 3, 1, 5]);
    expect([...fuse([[8], [2]])]).toEqual([2, 8]);
    expect([...fuse([])]).toEqual([]);
  });

  test('ends at the depth', () => {
    const long = Array.from({ length: 2 * continuationDepth }, (_, track) => track);
    expect([...fuse([long])]).toEqual(long.slice(0, continuationDepth));
  });
});
