import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fromTriples, type Interactions } from '../../model/interactions.ts';
import { createRandom } from '../../model/random.ts';
import { blend } from '../../model/recommend/blend.ts';
import { graphFilter } from '../../model/recommend/graph-filter.ts';
import { popularity } from '../../model/recommend/popularity.ts';
import { latestSplit, withRecency } from '../../model/recommend/recency.ts';
import type { Algorithm } from '../../model/recommend/recommender.ts';
import { describeRecommender, plantedTastes } from '../support/recommender-contract.ts';

describeRecommender(blend, { factors: 8, models: 2, popularityWeight: 0.1 });

async function scoresOf(
  algorithm: Algorithm,
  options: Readonly<Record<string, unknown>>,
  train: Interactions,
  histories = train,
): Promise<Float32Array> {
  const fitted = await algorithm.fit(train, algorithm.options.parse(options), { seed: 1 });
  const recommender = await algorithm.open(fitted, { seed: 1 });
  const scores = new Float32Array(histories.numRows * train.numCols);
  await recommender.score(histories, scores);
  return scores;
}

const orderOf = (scores: Float32Array): number[] =>
  [...scores.keys()].sort((a, b) => scores[b]! - scores[a]! || a - b);

describe('the blend', () => {
  const train = plantedTastes(40, 30, 6, 2);

  test('that only the graph filter counts in ranks as the graph filter', async () => {
    const alone = await scoresOf(graphFilter, {}, train);
    const blended = await scoresOf(blend, { alsWeight: 0 }, train);
    for (let row = 0; row < train.numRows; row++) {
      const own = (scores: Float32Array) => scores.subarray(row * 30, (row + 1) * 30);
      // Scores that single precision tells apart only before standardizing may change places.
      const rounded = (scores: Float32Array) => scores.map((score) => Math.fround(score * 1e4) | 0);
      const order = orderOf(own(alone));
      const inOrder = order.map((item) => rounded(own(blended))[item]!);
      expect(inOrder).toEqual(inOrder.slice().sort((a, b) => b - a));
    }
  });

  test('gives a listener without a history what is popular', async () => {
    const nobody = fromTriples([], [], undefined, 1, 30);
    const blended = await scoresOf(blend, { factors: 8 }, train, nobody);
    const popular = await scoresOf(popularity, {}, train, nobody);
    expect(orderOf(blended)).toEqual(orderOf(popular));
  });

  test('standardizes each part: of weight w its scores deviate by w', async () => {
    const only = await scoresOf(blend, { alsWeight: 0 }, train);
    for (let row = 0; row < train.numRows; row++) {
      const own = only.subarray(row * 30, (row + 1) * 30);
      const mean = own.reduce((sum, score) => sum + score, 0) / 30;
      const variance = own.reduce((sum, score) => sum + (score - mean) ** 2, 0) / 30;
      expect(mean).toBeCloseTo(0, 5);
      expect(variance).toBeCloseTo(1, 5);
    }
  });
});

describe('tuning the blend', () => {
  /** Listeners who change their taste: the last of a line is like the end of it. */
  function changing(isOrdered: boolean): { train: Interactions; valid: Interactions } {
    const { int, shuffle } = createRandom(7, 'changing tastes');
    const rows: number[] = [];
    const cols: number[] = [];
    const ages: number[] = [];
    const validRows: number[] = [];
    const validCols: number[] = [];
    for (let listener = 0; listener < 400; listener++) {
      const [first, second] = [int(6), int(6)];
      const items = new Set<number>();
      while (items.size < 8) items.add(first * 20 + int(20));
      while (items.size < 16) items.add(second * 20 + int(20));
      const line = isOrdered ? [...items] : [...shuffle([...items])];
      const held = int(16);
      line.forEach((item, place) => {
        if (place === held) {
          validRows.push(listener);
          validCols.push(item);
        } else {
          rows.push(listener);
          cols.push(item);
          ages.push(Math.exp((place + 0.5) / 16 - 1));
        }
      });
    }
    return {
      train: fromTriples(rows, cols, ages, 400, 120),
      valid: fromTriples(validRows, validCols, undefined, 400, 120),
    };
  }

  async function tuned(task: { train: Interactions; valid: Interactions }, seed = 1) {
    const lines: string[] = [];
    const fixed = { factors: 8, iterations: 2, strength: 0.002, alpha: 10, alsRecency: 0 };
    const options = await blend.tuning!.tune!(
      { splits: [task], k: 10, fixed },
      { seed, report: (line) => lines.push(line) },
    );
    return { options, lines };
  }

  test('finds out that lines are in the order of time, and then weighs what is recent', async () => {
    const { options, lines } = await tuned(changing(true));
    expect(lines[0]).toMatch(
      /^recent items tell more .* the valid part and the last fifth of each training line$/,
    );
    expect(options.recency).toBeGreaterThan(0);
  });

  test('goes by the valid part where the order of lines says nothing', async () => {
    const { options, lines } = await tuned(changing(false));
    expect(lines[0]).toMatch(/^recent items do not tell more .* chosen on the valid part$/);
    expect(options.recency).toBe(0);
  });

  test('keeps what is fixed, prints the space and gives the same choice for the same seed', async () => {
    const first = await tuned(changing(true), 3);
    const second = await tuned(changing(true), 3);
    expect(second).toEqual(first);
    expect(first.options).toMatchObject({ factors: 8, iterations: 2, alpha: 10, alsRecency: 0 });
    expect(first.lines.join('\n')).toContain('search space of graph-filter: {"source":[');
    expect(first.lines.join('\n')).toContain('search space of als: {"strength":[');
  });
});

describe('recency', () => {
  const interactions = fromTriples(
    [0, 0, 0, 1, 1, 2],
    [1, 4, 2, 0, 3, 2],
    [3, 1, 2, 5, 5, 1],
    3,
    5,
  );

  test('raises values to a power: 0 makes all alike, 1 keeps them', () => {
    expect([...withRecency(interactions, 0).values]).toEqual([1, 1, 1, 1, 1, 1]);
    expect(withRecency(interactions, 1)).toBe(interactions);
    expect([...withRecency(interactions, 2).values]).toEqual([9, 4, 1, 25, 25, 1]);
  });

  test('holds out the newest of each row, of alike ones the greater column, never the only one', () => {
    const { before, latest } = latestSplit(interactions, 0.2)!;
    expect([...latest.indptr]).toEqual([0, 1, 2, 2]);
    expect([...latest.indices]).toEqual([1, 3]);
    expect([...before.indices]).toEqual([2, 4, 0, 2]);
    expect([...before.values]).toEqual([2, 1, 5, 1]);
  });

  test('knows no newest where all values are alike', () => {
    expect(latestSplit(withRecency(interactions, 0), 0.2)).toBeUndefined();
  });

  test('parts a matrix: every stored value is in exactly one of both', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(5), fc.nat(7), fc.integer({ min: 1, max: 9 })), { minLength: 1 }),
        fc.double({ min: 0.05, max: 0.95, noNaN: true }),
        (triples, share) => {
          const [rows, cols, values] = [0, 1, 2].map((n) => triples.map((triple) => triple[n]!));
          const all = fromTriples(rows!, cols!, values, 6, 8);
          const split = latestSplit(all, share);
          if (split === undefined) return;
          const pairs = ({ indptr, indices, values: stored }: Interactions) =>
            Array.from({ length: 6 }, (_, row) =>
              Array.from({ length: indptr[row + 1]! - indptr[row]! }, (__, n) => {
                const at = indptr[row]! + n;
                return `${row} ${indices[at]} ${stored[at]}`;
              }),
            ).flat();
          const parted = [...pairs(split.before), ...pairs(split.latest)];
          expect(parted.sort()).toEqual(pairs(all).sort());
        },
      ),
    );
  });
});
