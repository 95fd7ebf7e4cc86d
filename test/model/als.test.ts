import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { alsLoss, factorize, foldIn, type Factors } from '../../model/als.ts';
import { fromTriples, rowOf, transpose, type Interactions } from '../../model/interactions.ts';
import { nearestBatch } from '../../model/nearest.ts';
import { createRandom } from '../../model/random.ts';
import {
  gramianOf,
  rowRegularization,
  solveCholesky,
  solveConjugateGradient,
  type Weighting,
} from '../../model/solver.ts';

const solvers = ['cg', 'cholesky'] as const;
const scales = ['uniform', 'frequency'] as const;

/** Everyone likes the items of their own parity; the diagonal is withheld. */
function checkerboard(size: number): Interactions {
  const cells = [...Array(size * size).keys()].filter((cell) => {
    const row = Math.floor(cell / size);
    const col = cell % size;
    return row !== col && row % 2 === col % 2;
  });
  return fromTriples(
    cells.map((cell) => Math.floor(cell / size)),
    cells.map((cell) => cell % size),
    undefined,
    size,
    size,
  );
}

/** About `numStored` cells with values in 1..5; some rows and columns stay empty. */
function random(numRows: number, numCols: number, numStored: number, seed: number): Interactions {
  const { int } = createRandom(seed, 'interactions');
  const draw = (n: number) => Array.from({ length: numStored }, () => int(n));
  return fromTriples(
    draw(numRows),
    draw(numCols),
    draw(5).map((v) => v + 1),
    numRows,
    numCols,
  );
}

function randomFactors(count: number, numFactors: number, key: string): Float32Array {
  const { uniform } = createRandom(4, key);
  return Float32Array.from({ length: count * numFactors }, () => uniform() - 0.5);
}

function score(factors: Factors, user: number, item: number): number {
  let sum = 0;
  for (let f = 0; f < factors.numFactors; f++) {
    sum +=
      factors.userFactors[user * factors.numFactors + f]! *
      factors.itemFactors[item * factors.numFactors + f]!;
  }
  return sum;
}

/** The oracle: the definition, pair by pair. */
function denseLoss(userItems: Interactions, factors: Factors, weighting: Weighting): number {
  let loss = 0;
  for (let user = 0; user < userItems.numRows; user++) {
    const { indices, values } = rowOf(userItems, user);
    for (let item = 0; item < userItems.numCols; item++) {
      const at = indices.indexOf(item);
      const value = at < 0 ? 0 : values[at]!;
      const error = (value > 0 ? 1 : 0) - score(factors, user, item);
      loss += (1 + weighting.alpha * value) * error ** 2;
    }
  }
  const sides = [
    { interactions: userItems, rows: factors.userFactors },
    { interactions: transpose(userItems), rows: factors.itemFactors },
  ];
  for (const { interactions, rows } of sides) {
    rows.forEach((value, i) => {
      const row = Math.floor(i / factors.numFactors);
      loss += rowRegularization(interactions, row, weighting) * value ** 2;
    });
  }
  return loss;
}

describe.each(solvers)('factorize by %s', (solver) => {
  test('puts the withheld diagonal of a checkerboard first', () => {
    const userItems = checkerboard(50);
    const { userFactors, itemFactors } = factorize(userItems, {
      solver,
      factors: 8,
      regularization: 1,
      alpha: 2,
      seed: 23,
    });
    const best = nearestBatch(userFactors, itemFactors, 8, { k: 1, exclude: userItems });
    expect([...best.indices]).toEqual([...Array(50).keys()]);
  });

  test('of full rank and without regularization gives the preferences back', () => {
    const size = 8;
    const cells = [...Array(size * size).keys()].filter((c) => c % size <= Math.floor(c / size));
    const triangle = fromTriples(
      cells.map((cell) => Math.floor(cell / size)),
      cells.map((cell) => cell % size),
      cells.map((cell) => 1 + (cell % 3)),
      size,
      size,
    );
    const factors = factorize(triangle, {
      solver,
      factors: size,
      regularization: 0,
      alpha: 2,
      iterations: 200,
      cgSteps: size,
    });
    let worst = 0;
    for (let user = 0; user < size; user++) {
      for (let item = 0; item < size; item++) {
        const preference = item <= user ? 1 : 0;
        worst = Math.max(worst, Math.abs(score(factors, user, item) - preference));
      }
    }
    expect(worst).toBeLessThan(0.001);
  });

  test.each(scales)('never raises the loss, with %s regularization', (regularizationScale) => {
    fc.assert(
      fc.property(fc.nat(1000), (seed) => {
        const losses: number[] = [];
        factorize(
          random(30, 40, 150, seed),
          { solver, factors: 8, regularizationScale, regularization: 0.01, seed, iterations: 8 },
          { onIteration: (_, loss) => losses.push(loss()) },
        );
        expect(losses).toHaveLength(8);
        for (let i = 1; i < 8; i++) expect(losses[i]).toBeLessThan(losses[i - 1]! * (1 + 1e-6));
        expect(losses[7]).toBeLessThan(losses[0]! * 0.95);
      }),
      { numRuns: 20 },
    );
  });

  test('gives rows and columns without interactions zero factors, and nothing that is no number', () => {
    const userItems = random(40, 60, 50, 1);
    const factors = factorize(userItems, { solver, factors: 16 });
    const sides = [
      { interactions: userItems, rows: factors.userFactors },
      { interactions: transpose(userItems), rows: factors.itemFactors },
    ];
    for (const { interactions, rows } of sides) {
      for (let row = 0; row < interactions.numRows; row++) {
        const own = rows.subarray(row * 16, (row + 1) * 16);
        const isEmpty = rowOf(interactions, row).indices.length === 0;
        expect(own.every((value) => value === 0)).toBe(isEmpty);
        expect(own.every((value) => Number.isFinite(value))).toBe(true);
      }
    }
  });

  test('an explicit 0 counts as if it was not stored', () => {
    const triples: [number[], number[], number[]] = [
      [0, 0, 1, 2],
      [0, 1, 1, 2],
      [1, 2, 1, 3],
    ];
    const without = factorize(fromTriples(...triples, 3, 4), { solver, factors: 8 });
    const zeros = triples.map((list, i) => [...list, i === 1 ? 3 : 0]) as typeof triples;
    const withZero = factorize(fromTriples(...zeros, 3, 4), { solver, factors: 8 });
    for (let user = 0; user < 3; user++) {
      for (let item = 0; item < 3; item++) {
        expect(score(withZero, user, item)).toBeCloseTo(score(without, user, item), 2);
      }
    }
  });

  test('the same seed gives the same bytes, another seed others', () => {
    const userItems = random(30, 40, 200, 2);
    const first = factorize(userItems, { solver, seed: 1 });
    expect(factorize(userItems, { solver, seed: 1 })).toEqual(first);
    expect(factorize(userItems, { solver, seed: 2 })).not.toEqual(first);
  });

  test('goes on from a warm start, which it leaves as it was', () => {
    const userItems = random(30, 40, 200, 3);
    const options = { solver, factors: 8, iterations: 5 };
    const losses: number[] = [];
    const onIteration = (_: number, loss: () => number) => losses.push(loss());
    const warmStart = factorize(userItems, options, { onIteration });
    const before = structuredClone(warmStart);
    const after = factorize(userItems, options, { warmStart, onIteration });
    expect(warmStart).toEqual(before);
    expect(losses[5]).toBeLessThan(losses[4]!);
    expect(after).toEqual(factorize(userItems, { ...options, iterations: 10 }));
  });
});

describe('the two solvers', () => {
  const numFactors = 16;
  const userItems = random(50, 80, 400, 5);
  const cols = randomFactors(80, numFactors, 'columns');

  test.each(scales)('agree when CG takes as many steps as factors, %s', (regularizationScale) => {
    const weighting = { alpha: 3, regularization: 0.1, regularizationScale };
    const exact = new Float32Array(50 * numFactors);
    solveCholesky(userItems, exact, cols, numFactors, weighting, 0);
    const iterated = randomFactors(50, numFactors, 'start');
    solveConjugateGradient(userItems, iterated, cols, numFactors, weighting, numFactors + 4);
    for (const [i, value] of exact.entries()) expect(iterated[i]).toBeCloseTo(value, 4);
  });

  test('are a minimum: no step away from a row of Cholesky lowers the dense loss', () => {
    const weighting = { alpha: 3, regularization: 0.1, regularizationScale: 'uniform' as const };
    const rows = new Float32Array(50 * numFactors);
    solveCholesky(userItems, rows, cols, numFactors, weighting, 0);
    const found = denseLoss(
      userItems,
      { numFactors, userFactors: rows, itemFactors: cols },
      weighting,
    );
    const { int } = createRandom(6);
    for (let trial = 0; trial < 40; trial++) {
      const moved = rows.slice();
      moved[int(moved.length)]! += trial % 2 === 0 ? 0.01 : -0.01;
      const factors = { numFactors, userFactors: moved, itemFactors: cols };
      expect(denseLoss(userItems, factors, weighting)).toBeGreaterThanOrEqual(found * (1 - 1e-7));
    }
  });

  test('end with nearly the same loss, with three steps of CG an iteration', () => {
    const last = solvers.map((solver) => {
      const options = { solver, factors: 16, iterations: 40, seed: 1 };
      let loss = NaN;
      factorize(random(100, 150, 1500, 7), options, { onIteration: (_, of) => (loss = of()) });
      return loss;
    });
    expect(last[0]! / last[1]!).toBeGreaterThan(0.95);
    expect(last[0]! / last[1]!).toBeLessThan(1.05);
  });
});

describe('alsLoss', () => {
  test.each(scales)('is the sum over all pairs that defines it, %s', (regularizationScale) => {
    const weighting = { alpha: 7, regularization: 0.3, regularizationScale };
    const userItems = random(20, 30, 100, 8);
    const factors = {
      numFactors: 9,
      userFactors: randomFactors(20, 9, 'users'),
      itemFactors: randomFactors(30, 9, 'items'),
    };
    const expected = denseLoss(userItems, factors, weighting);
    expect(alsLoss(userItems, factors, weighting) / expected).toBeCloseTo(1, 9);
  });
});

describe('gramianOf', () => {
  test.each([0, 1, 3, 4, 5, 11])('is Y transposed times Y, of %i rows', (numRows) => {
    const y = randomFactors(numRows, 9, 'gramian');
    const gramian = gramianOf(y, 9);
    for (let i = 0; i < 9; i++) {
      for (let j = 0; j < 9; j++) {
        let sum = 0;
        for (let row = 0; row < numRows; row++) sum += y[row * 9 + i]! * y[row * 9 + j]!;
        expect(gramian[i * 9 + j]).toBeCloseTo(sum, 10);
      }
    }
  });
});

describe('foldIn', () => {
  const userItems = random(50, 80, 400, 9);
  const weighting = { alpha: 10, regularization: 0.05, regularizationScale: 'frequency' as const };
  const { itemFactors } = factorize(userItems, { ...weighting, factors: 8 });
  const gramian = gramianOf(itemFactors, 8);

  test('of a listener who was there is what the exact half-step gives', () => {
    const users = new Float32Array(50 * 8);
    solveCholesky(userItems, users, itemFactors, 8, weighting, 0);
    for (let user = 0; user < 50; user++) {
      const folded = foldIn(rowOf(userItems, user), itemFactors, gramian, weighting);
      expect(folded).toEqual(users.slice(user * 8, (user + 1) * 8));
    }
  });

  test('takes items in any order and gives zeros for none', () => {
    const there = { indices: [3, 17, 40], values: [1, 2, 3] };
    const back = { indices: [40, 17, 3], values: [3, 2, 1] };
    const folded = foldIn(there, itemFactors, gramian, weighting);
    expect(foldIn(back, itemFactors, gramian, weighting)).toEqual(folded);
    expect(folded.some((value) => value !== 0)).toBe(true);
    const none = foldIn({ indices: [], values: [] }, itemFactors, gramian, weighting);
    expect([...none]).toEqual(new Array(8).fill(0));
  });

  test('refuses an unknown item', () => {
    const wrong = { indices: [80], values: [1] };
    expect(() => foldIn(wrong, itemFactors, gramian, weighting)).toThrow('below 80, got 80');
  });
});

describe('wrong use', () => {
  const userItems = random(5, 6, 10, 1);

  test.each([
    [{ factors: 7 }, 'factors'],
    [{ factors: 513 }, 'factors'],
    [{ iterations: 1.5 }, 'iterations'],
    [{ regularization: -1 }, 'regularization'],
    [{ alpha: 0 }, 'alpha'],
    [{ cgSteps: 0 }, 'cgSteps'],
  ])('the options %j are refused by name', (options, name) => {
    expect(() => factorize(userItems, options)).toThrow(name);
  });

  test('negative values are refused', () => {
    expect(() => factorize(fromTriples([0], [0], [-2], 1, 1))).toThrow(
      'als: expected values >= 0, got -2',
    );
  });

  test('a warm start of another shape is refused with both shapes', () => {
    const warmStart = factorize(random(5, 7, 10, 1), { factors: 8, iterations: 1 });
    expect(() => factorize(userItems, { factors: 8 }, { warmStart })).toThrow(
      'expected a warm start of 5 users, 6 items and 8 factors, got 5, 7 and 8',
    );
  });

  test('Cholesky says which row has no single solution', () => {
    const options = { solver: 'cholesky', factors: 32, regularization: 0 } as const;
    expect(() => factorize(checkerboard(8), options)).toThrow(
      'als: the equations of row 0 have no single solution; expected regularization above 0',
    );
  });
});
