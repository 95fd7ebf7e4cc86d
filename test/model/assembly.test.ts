import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { assemble } from '../../model/assembly/assemble.ts';
import { assemblyOptions, type ScoredCandidates } from '../../model/assembly/candidates.ts';
import { bandsOf, orderTracks } from '../../model/assembly/order.ts';
import { selectTracks } from '../../model/assembly/select.ts';
import { candidatesOf, type CandidateRow } from '../support/planted-candidates.ts';

const defaults = assemblyOptions.parse({});
const byScore = { ...defaults, diversity: 0, familiarPull: 0 };

const anyRow: fc.Arbitrary<CandidateRow> = fc.record(
  {
    score: fc.float({ noNaN: true, min: -50, max: 50 }),
    artist: fc.integer({ min: 0, max: 40 }),
    album: fc.integer({ min: -1, max: 40 }),
    work: fc.integer({ min: 0, max: 60 }),
    genres: fc.uniqueArray(fc.integer({ min: 0, max: 9 }), { maxLength: 4 }),
    energy: fc.float({ noNaN: true, min: 0, max: 1 }),
    valence: fc.float({ noNaN: true, min: 0, max: 1 }),
    tempo: fc.float({ noNaN: true, min: 40, max: 220 }),
    known: fc.boolean(),
  },
  { requiredKeys: ['score', 'artist', 'work'] },
);
const anyRows = fc.array(anyRow, { maxLength: 120 });
const anyExcluded = fc.uniqueArray(fc.integer({ min: 0, max: 60 }), { maxLength: 20 });
const anyOptions = fc.record({
  size: fc.integer({ min: 1, max: 30 }),
  perArtist: fc.integer({ min: 1, max: 3 }),
  diversity: fc.constantFrom(0, 0.3, 1),
  familiarShare: fc.constantFrom(0, 0.3, 1),
  opening: fc.integer({ min: 1, max: 40 }),
});

/** Whether the positions keep the rules of a list, all but the length. */
function keepsRules(
  { artist, work, album }: ScoredCandidates,
  positions: readonly number[],
  perArtist: number,
): boolean {
  const works = positions.map((position) => work[position]);
  const albums = positions.map((position) => album[position]!).filter((id) => id >= 0);
  const artists = positions.map((position) => artist[position]);
  return (
    new Set(works).size === works.length &&
    new Set(albums).size === albums.length &&
    artists.every((id) => artists.filter((other) => other === id).length <= perArtist)
  );
}

const rankedBy = ({ score }: ScoredCandidates, positions: number[]): number[] =>
  positions.sort((a, b) => score[b]! - score[a]! || a - b);

describe('a list, whatever the candidates,', () => {
  test('selects only from what is admissible and keeps the rules', () => {
    fc.assert(
      fc.property(anyRows, anyExcluded, anyOptions, (rows, excluded, some) => {
        const candidates = candidatesOf(rows);
        const options = { ...defaults, ...some };
        const excludedWorks = new Set(excluded);
        const mask = Uint8Array.from(rows, (_, at) => (at % 7 === 3 ? 1 : 0));
        const { positions, shortage } = assemble(
          candidates,
          { excludedWorks, excluded: mask },
          options,
        );
        const listed = [...positions];
        expect(new Set(listed).size).toBe(listed.length);
        for (const position of listed) {
          expect(position).toBeLessThan(rows.length);
          expect(excludedWorks.has(candidates.work[position]!)).toBe(false);
          expect(mask[position]).toBe(0);
        }
        expect(keepsRules(candidates, listed, options.perArtist)).toBe(true);
        expect(listed.length).toBeLessThanOrEqual(options.size);
        expect(shortage === undefined).toBe(listed.length === options.size);
        if (shortage) {
          // Nothing could be added, and every candidate is accounted for.
          const left = rows.flatMap((_, at) =>
            mask[at] || excludedWorks.has(candidates.work[at]!) || listed.includes(at) ? [] : [at],
          );
          for (const at of left) {
            expect(keepsRules(candidates, [...listed, at], options.perArtist)).toBe(false);
          }
          const { excluded, sameWork, sameArtist, sameAlbum } = shortage;
          expect(sameWork + sameArtist + sameAlbum).toBe(left.length);
          expect(excluded + left.length + listed.length).toBe(rows.length);
        }
      }),
    );
  });

  test('is the same list again', () => {
    fc.assert(
      fc.property(anyRows, anyOptions, (rows, some) => {
        const run = () => assemble(candidatesOf(rows), {}, { ...defaults, ...some });
        expect(run()).toEqual(run());
      }),
    );
  });

  test('does not depend on the order of the candidates', () => {
    fc.assert(
      fc.property(anyRows, fc.infiniteStream(fc.nat()), (rows, keys) => {
        const tracks = rows.map((row, track) => ({ ...row, track }));
        const shuffled = tracks
          .map((row) => ({ row, key: keys.next().value as number }))
          .sort((a, b) => a.key - b.key)
          .map(({ row }) => row);
        const listed = (list: readonly CandidateRow[]): number[] => {
          const candidates = candidatesOf(list);
          return [...assemble(candidates, {}, defaults).positions].map(
            (position) => candidates.track[position]!,
          );
        };
        expect(listed(shuffled)).toEqual(listed(tracks));
      }),
    );
  });

  test('holds the best admissible scores where nothing else is asked for', () => {
    fc.assert(
      fc.property(fc.array(anyRow, { minLength: 30, maxLength: 120 }), (rows) => {
        const candidates = candidatesOf(rows);
        const { chosen, shortage } = selectTracks(candidates, {}, { ...byScore, size: 6 });
        fc.pre(shortage === undefined);
        const greedy: number[] = [];
        for (const position of rankedBy(candidates, [...rows.keys()])) {
          if (greedy.length < 6 && keepsRules(candidates, [...greedy, position], 1)) {
            greedy.push(position);
          }
        }
        expect([...chosen]).toEqual(greedy);
      }),
      { numRuns: 300 },
    );
  });

  test('does not change when all scores are scaled and shifted', () => {
    fc.assert(
      fc.property(anyRows, (rows) => {
        // Quarters, halved and shifted, are exact in float32.
        const scaled = rows.map((row) => ({ ...row, score: Math.round(row.score * 4) / 4 }));
        const other = scaled.map((row) => ({ ...row, score: row.score / 2 + 3 }));
        expect(assemble(candidatesOf(other), {}, defaults)).toEqual(
          assemble(candidatesOf(scaled), {}, defaults),
        );
      }),
    );
  });
});

describe('a shortage', () => {
  test('is made up by exchange where the best track stands in the way of two', () => {
    const rows = [
      { score: 9, artist: 1, album: 2 },
      { score: 5, artist: 1, album: 1 },
      { score: 4, artist: 2, album: 2 },
    ];
    const { chosen } = selectTracks(candidatesOf(rows), {}, { ...byScore, size: 2 });
    expect([...chosen].sort()).toEqual([1, 2]);
  });

  test('says why', () => {
    const rows = [
      { score: 9, artist: 1, album: 1, work: 1 },
      { score: 8, artist: 2, work: 1 },
      { score: 7, artist: 1 },
      { score: 6, artist: 3, album: 1 },
      { score: 5, artist: 4, work: 50 },
    ];
    const { positions, shortage } = assemble(
      candidatesOf(rows),
      { excludedWorks: new Set([50]) },
      { ...byScore, size: 5 },
    );
    expect(positions).toHaveLength(3);
    expect(shortage).toEqual({ excluded: 1, sameWork: 1, sameArtist: 0, sameAlbum: 0 });
    expect(keepsRules(candidatesOf(rows), [...positions], 1)).toBe(true);
  });

  test('of everything gives an empty list', () => {
    expect(assemble(candidatesOf([]), {}, defaults)).toEqual({
      positions: new Int32Array(0),
      shortage: { excluded: 0, sameWork: 0, sameArtist: 0, sameAlbum: 0 },
    });
  });
});

describe('genres and familiarity', () => {
  /** 300 candidates; genre 0 has all the best scores, genre 4 the worst. */
  const rows = Array.from({ length: 300 }, (_, at) => ({
    score: 3 - at / 100,
    genres: [Math.floor(at / 60)],
    known: at % 10 < 5,
  }));
  const candidates = candidatesOf(rows);
  const countGenre = (chosen: Int32Array, genre: number): number =>
    chosen.filter((position) => rows[position]!.genres[0] === genre).length;
  const pick = (taste: number[], some: Partial<typeof defaults> = {}): Int32Array =>
    selectTracks(
      candidates,
      { genreTaste: Float32Array.from(taste) },
      { ...defaults, familiarPull: 0, ...some },
    ).chosen;

  test('come in the proportions of the listener', () => {
    const chosen = pick([0, 6, 0, 3, 0], { exploration: 0, diversity: 0.9 });
    expect(countGenre(chosen, 1)).toBe(20);
    expect(countGenre(chosen, 3)).toBe(10);
  });

  test('are more of the taste than scores alone would give, and still of the scores', () => {
    const chosen = pick([1, 2, 0, 0, 0]);
    expect(countGenre(pick([1, 2, 0, 0, 0], { diversity: 0 }), 0)).toBe(30);
    expect(countGenre(chosen, 1)).toBeGreaterThan(5);
    expect(countGenre(chosen, 0)).toBeGreaterThan(5);
    expect(countGenre(chosen, 4)).toBe(0);
  });

  test('of which nothing is known are those on offer', () => {
    // The best 90: 60 of genre 0, 30 of genre 1.
    for (const taste of [[], [0, 0, 0, 0, 0]]) {
      const chosen = pick(taste, { diversity: 0.9 });
      expect(countGenre(chosen, 0)).toBe(20);
      expect(countGenre(chosen, 1)).toBe(10);
    }
  });

  test('leave tracks without a genre their share', () => {
    const some = candidatesOf(rows.map(({ score }, at) => ({ score, genres: at % 3 ? [0] : [] })));
    const { chosen } = selectTracks(
      some,
      { genreTaste: Float32Array.of(1) },
      { ...defaults, diversity: 0.9, familiarPull: 0 },
    );
    expect(chosen.filter((position) => position % 3 === 0)).toHaveLength(10);
  });

  test.each([0, 0.3, 0.6, 1])('give familiar artists the share %p asked for', (familiarShare) => {
    // By score alone it is a half.
    const { chosen } = selectTracks(
      candidates,
      {},
      { ...defaults, diversity: 0, familiarShare, familiarPull: 1 },
    );
    const share = chosen.filter((position) => rows[position]!.known).length / 30;
    expect(Math.abs(share - familiarShare)).toBeLessThanOrEqual(0.04);
  });

  test('ask for familiar artists in vain where there are none', () => {
    const strangers = candidatesOf(rows.map((row) => ({ ...row, known: false })));
    expect(selectTracks(strangers, {}, defaults).chosen).toHaveLength(30);
  });
});

describe('the order', () => {
  test('is a permutation of the selection that opens with the best scores', () => {
    fc.assert(
      fc.property(
        fc.array(anyRow, { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 50 }),
        (rows, opening) => {
          const candidates = candidatesOf(rows);
          const chosen = Int32Array.from(rows, (_, at) => rows.length - 1 - at);
          const order = [...orderTracks(candidates, chosen, opening)];
          const ranked = rankedBy(candidates, [...rows.keys()]);
          expect(order[0]).toBe(ranked[0]);
          expect(order.slice(0, opening).sort()).toEqual(ranked.slice(0, opening).sort());
          expect(order.toSorted((a, b) => a - b)).toEqual([...rows.keys()]);
        },
      ),
    );
  });

  test('follows the scores in bands that widen by a track: 1, 2, 3, 4, ...', () => {
    const places = bandsOf(30, 3);
    expect(places.map(({ from, to }) => to - from)).toEqual([2, 3, 4, 5, 6, 7, 2]);
    expect(bandsOf(4, 1).map(({ from, to }) => [from, to])).toEqual([
      [1, 2],
      [2, 4],
    ]);
    expect(bandsOf(1, 3)).toEqual([]);
    fc.assert(
      fc.property(
        fc.array(anyRow, { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 50 }),
        (rows, opening) => {
          const candidates = candidatesOf(rows);
          const chosen = Int32Array.from(rows.keys());
          const order = [...orderTracks(candidates, chosen, opening)];
          const ranked = rankedBy(candidates, [...rows.keys()]);
          for (const { from, to } of bandsOf(rows.length, opening)) {
            expect(order.slice(from, to).sort()).toEqual(ranked.slice(from, to).sort());
          }
        },
      ),
    );
  });

  test('finds the smooth way through a planted ramp', () => {
    // Energy and valence rise with the row; the best score is at the low end.
    const rows = Array.from({ length: 30 }, (_, at) => ({
      score: at === 0 ? 9 : ((at * 7) % 30) / 30,
      energy: at / 30,
      valence: at / 30,
      tempo: 80 * 2 ** (at % 2),
    }));
    const order = orderTracks(
      candidatesOf(rows),
      Int32Array.from({ length: 30 }, (_, at) => (at * 11) % 30),
      30,
    );
    expect([...order]).toEqual([...rows.keys()]);
  });

  test('separates tracks of one genre where that costs little', () => {
    const rows = Array.from({ length: 12 }, (_, at) => ({
      score: 12 - at,
      genres: [at < 6 ? 0 : 1],
      energy: 0.5,
    }));
    const order = [...orderTracks(candidatesOf(rows), Int32Array.from(rows.keys()), 12)];
    const repeats = order.filter((at, n) => n > 0 && at < 6 === order[n - 1]! < 6);
    expect(repeats).toHaveLength(0);
  });

  test('cannot be shortened by turning round any stretch of a band', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            score: fc.integer({ min: 0, max: 9 }),
            energy: fc.float({ noNaN: true, min: 0, max: 1 }),
          }),
          { minLength: 2, maxLength: 20 },
        ),
        fc.integer({ min: 1, max: 20 }),
        (rows, opening) => {
          const order = orderTracks(candidatesOf(rows), Int32Array.from(rows.keys()), opening);
          const length = (path: Int32Array): number =>
            path.reduce(
              (sum, at, n) =>
                n === 0 ? 0 : sum + Math.abs(rows[at]!.energy - rows[path[n - 1]!]!.energy) / 3,
              0,
            );
          for (const band of bandsOf(rows.length, opening)) {
            // Later bands follow where this one ended.
            const path = order.slice(0, band.to);
            for (let from = band.from; from < band.to; from++) {
              for (let to = from + 1; to < band.to; to++) {
                const turned = path.slice();
                turned.subarray(from, to + 1).reverse();
                expect(length(turned)).toBeGreaterThan(length(path) - 1e-6);
              }
            }
          }
        },
      ),
    );
  });
});

test('a score that is not finite is refused', () => {
  expect(() => assemble(candidatesOf([{ score: 1 }, { score: NaN }]), {}, defaults)).toThrow(
    'candidates: expected the score of position 1 to be finite, got NaN',
  );
});

test('options say what they expect', () => {
  expect(defaults).toMatchObject({ size: 30, perArtist: 1, familiarShare: 0.3 });
  expect(() => assemblyOptions.parse({ familiarShare: 2 })).toThrow('familiarShare');
});
