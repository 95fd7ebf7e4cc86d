import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { loadKernels } from '../../infra/kernels.ts';
import { openThreads } from '../../infra/threads.ts';
import { factorizeFast } from '../../model/als-fast.ts';
import { alsLoss, factorize, foldIn, type Factors, type FactorizeHooks } from '../../model/als.ts';
import { fromTriples, rowOf, transpose, type Interactions } from '../../model/interactions.ts';
import { nearestBatch } from '../../model/nearest.ts';
import { createRandom } from '../../model/random.ts';
import type { Threads } from '../../model/recommend/recommender.ts';
import {
  gramianOf,
  rowRegularization,
  solveCholesky,
  solveConjugateGradient,
  type Weighting,
} from '../../model/solver.ts';

const solvers = ['cg', 'cholesky'] as const;
/** The readable solvers and the fast one: what is asked of one is asked of all. */
const ways = [...solvers, 'kernels'] as const;
type Way = (typeof ways)[number];
type Options = Omit<NonNullable<Parameters<typeof factorize>[1]>, 'solver'>;
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

let kernels: WebAssembly.Module;
beforeAll(async () => {
  kernels = await loadKernels();
});

async function by(
  way: Way,
  userItems: Interactions,
  options: Options = {},
  hooks: FactorizeHooks = {},
): Promise<Factors> {
  if (way === 'kernels') return factorizeFast(userItems, options, { kernels }, hooks);
  return factorize(userItems, { ...options, solver: way }, hooks);
}

describe.each(ways)('factorize by %s', (way) => {
  test('puts the withheld diagonal of a checkerboard first', async () => {
    const userItems = checkerboard(50);
    const { userFactors, itemFactors } = await by(way, userItems, {
      factors: 8,
      regularization: 1,
      alpha: 2,
      seed: 23,
    });
    const best = nearestBatch(userFactors, itemFactors, 8, { k: 1, exclude: userItems });
    expect([...best.indices]).toEqual([...Array(50).keys()]);
  });

  test('of full rank and without regularization gives the preferences back', async () => {
    const size = 8;
    const cells = [...Array(size * size).keys()].filter((c) => c % size <= Math.floor(c / size));
    const triangle = fromTriples(
      cells.map((cell) => Math.floor(cell / size)),
      cells.map((cell) => cell % size),
      cells.map((cell) => 1 + (cell % 3)),
      size,
      size,
    );
    const factors = await by(way, triangle, {
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

  test.each(scales)(
    'never raises the loss, with %s regularization',
    async (regularizationScale) => {
      await fc.assert(
        fc.asyncProperty(fc.nat(1000), async (seed) => {
          const losses: number[] = [];
          await by(
            way,
            random(30, 40, 150, seed),
            { factors: 8, regularizationScale, regularization: 0.01, seed, iterations: 8 },
            { onIteration: (_, loss) => losses.push(loss()) },
          );
          expect(losses).toHaveLength(8);
          for (let i = 1; i < 8; i++) expect(losses[i]).toBeLessThan(losses[i - 1]! * (1 + 1e-6));
          expect(losses[7]).toBeLessThan(losses[0]! * 0.95);
        }),
        { numRuns: 20 },
      );
    },
  );

  test('gives rows and columns without interactions zero factors, and nothing that is no number', async () => {
    const userItems = random(40, 60, 50, 1);
    const factors = await by(way, userItems, { factors: 16 });
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

  test('an explicit 0 counts as if it was not stored', async () => {
    const triples: [number[], number[], number[]] = [
      [0, 0, 1, 2],
      [0, 1, 1, 2],
      [1, 2, 1, 3],
    ];
    const without = await by(way, fromTriples(...triples, 3, 4), { factors: 8 });
    const zeros = triples.map((list, i) => [...list, i === 1 ? 3 : 0]) as typeof triples;
    const withZero = await by(way, fromTriples(...zeros, 3, 4), { factors: 8 });
    for (let user = 0; user < 3; user++) {
      for (let item = 0; item < 3; item++) {
        expect(score(withZero, user, item)).toBeCloseTo(score(without, user, item), 2);
      }
    }
  });

  test('the same seed gives the same bytes, another seed others', async () => {
    const userItems = random(30, 40, 200, 2);
    const first = await by(way, userItems, { seed: 1 });
    expect(await by(way, userItems, { seed: 1 })).toEqual(first);
    expect(await by(way, userItems, { seed: 2 })).not.toEqual(first);
  });

  test('goes on from a warm start, which it leaves as it was', async () => {
    const userItems = random(30, 40, 200, 3);
    const options = { factors: 8, iterations: 5 };
    const losses: number[] = [];
    const onIteration = (_: number, loss: () => number) => losses.push(loss());
    const warmStart = await by(way, userItems, options, { onIteration });
    const before = structuredClone(warmStart);
    const after = await by(way, userItems, options, { warmStart, onIteration });
    expect(warmStart).toEqual(before);
    expect(losses[5]).toBeLessThan(losses[4]!);
    expect(after).toEqual(await by(way, userItems, { ...options, iterations: 10 }));
  });

  test('finds planted blocks: everyone is nearest to what their own block likes', async () => {
    const { int, uniform } = createRandom(11, 'blocks');
    const cells = Array.from({ length: 1500 }, () => {
      const block = int(5);
      const item = uniform() < 0.05 ? int(60) : 12 * block + int(12);
      return [5 * int(20) + block, item] as const;
    });
    const users = cells.map(([user]) => user);
    const userItems = fromTriples(
      users,
      cells.map(([, item]) => item),
      undefined,
      100,
      60,
    );
    const found = await by(way, userItems, { factors: 8, regularization: 1, alpha: 2 });
    const best = nearestBatch(found.userFactors, found.itemFactors, 8, { k: 5 });
    for (let user = 0; user < 100; user++) {
      const blocks = [...best.indices.subarray(5 * user, 5 * user + 5)].map((i) =>
        Math.floor(i / 12),
      );
      expect(blocks).toEqual(new Array(5).fill(user % 5));
    }
  });

  test('takes more factors than the rank, and a single item', async () => {
    for (const userItems of [checkerboard(6), fromTriples([0, 2], [0, 0], undefined, 3, 1)]) {
      const found = await by(way, userItems, { factors: 32, regularization: 0.1 });
      expect(found.userFactors.every(Number.isFinite)).toBe(true);
      expect(score(found, userItems.numRows - 1, userItems.indices.at(-1)!)).toBeGreaterThan(0.1);
    }
  });

  test.each([
    ['nothing stored', 4, 5],
    ['no items', 4, 0],
    ['no users', 0, 5],
  ])('gives zeros for a matrix with %s', async (_, numRows, numCols) => {
    const found = await by(way, fromTriples([], [], undefined, numRows, numCols), { factors: 8 });
    expect(found).toEqual({
      numFactors: 8,
      userFactors: new Float32Array(numRows * 8),
      itemFactors: new Float32Array(numCols * 8),
    });
  });

  test('pairs given twice count as their sum', async () => {
    const twice = fromTriples([0, 1, 0, 2], [0, 1, 0, 2], [1, 2, 3, 1], 3, 3);
    const once = fromTriples([0, 1, 2], [0, 1, 2], [4, 2, 1], 3, 3);
    expect(await by(way, twice)).toEqual(await by(way, once));
  });

  test.each([-2, NaN, 1e30, Infinity])('refuses a value of %d', async (value) => {
    const userItems = {
      ...fromTriples([0, 1], [0, 1], undefined, 2, 2),
      values: Float32Array.of(1, value),
    };
    await expect(async () => by(way, userItems)).rejects.toThrow(
      value > 0
        ? `als: expected values of at most 100000000, 1000000000 over alpha, got ${Math.fround(value)}`
        : `als: expected values >= 0, got ${value}`,
    );
  });

  test('takes the largest confidence, beside the smallest, without a number that is none', async () => {
    const cells = [...Array(30).keys()];
    const userItems = fromTriples(
      cells.map((cell) => cell % 10),
      cells.map((cell) => (7 * cell) % 11),
      cells.map((cell) => (cell % 3 === 0 ? 9e7 : 1e-20)),
      10,
      11,
    );
    for (const regularization of [0, 0.01, 10]) {
      if (way === 'cholesky' && regularization === 0) continue;
      const found = await by(way, userItems, { factors: 8, regularization });
      expect(found.userFactors.every(Number.isFinite)).toBe(true);
    }
  });

  test('says so when training diverges, or does not diverge', async () => {
    const diagonal = fromTriples([...Array(8).keys()], [...Array(8).keys()], undefined, 8, 8);
    const eye = (value: number) =>
      Float32Array.from({ length: 64 }, (_, cell) => (cell % 9 === 0 ? value : 0));
    const from = async (value: number): Promise<string> => {
      const warmStart = { numFactors: 8, userFactors: eye(value), itemFactors: eye(value) };
      const options = { factors: 8, regularization: 0, iterations: 3 };
      try {
        const found = await by(way, diagonal, options, { warmStart });
        return found.userFactors.every(Number.isFinite) ? 'finite' : 'not finite';
      } catch (error) {
        return (error as Error).message;
      }
    };
    const diverged =
      'als: training diverged in iteration 1: a factor is no finite number; ' +
      'expected more regularization, or a smaller warm start';
    expect([await from(1e-42), await from(1e30)]).toEqual(
      {
        cg: ['finite', 'finite'],
        cholesky: [diverged, 'finite'],
        kernels: ['finite', diverged],
      }[way],
    );
    expect(await from(Infinity)).toBe('als: expected a warm start of finite numbers, got others');
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

describe('the kernels', () => {
  const threads = openThreads({ size: 3 });
  afterAll(() => threads.dispose());

  test.each([8, 9, 15, 33, 100, 256, 512])(
    'end where the readable solver ends, with %i factors',
    async (factors) => {
      const userItems = random(12, 19, 80, factors);
      const options = { factors, iterations: 3, regularization: 5, alpha: 3, cgSteps: 30 };
      const weighting = { ...options, regularizationScale: 'uniform' as const };
      const found = await by('kernels', userItems, options);
      expect(found.userFactors).toHaveLength(12 * factors);
      expect(found.itemFactors).toHaveLength(19 * factors);
      const readable = alsLoss(userItems, await by('cg', userItems, options), weighting);
      expect(alsLoss(userItems, found, weighting) / readable).toBeCloseTo(1, 4);
    },
  );

  test('give the bytes of one thread on however many', async () => {
    const userItems = random(200, 150, 2000, 12);
    const options = { factors: 20, iterations: 3, regularization: 1 };
    const alone = await factorizeFast(userItems, options, { kernels });
    let calls = 0;
    const counted: Threads = {
      size: 3,
      map(module, name, inputs) {
        calls += inputs.length;
        return threads.map(module, name, inputs);
      },
    };
    const together = { kernels, threads: counted, threadsFrom: 0 };
    expect(await factorizeFast(userItems, options, together)).toEqual(alone);
    expect(calls).toBe(3 * 2 * 3 * 3);
    // Again and in larger and smaller memory: nothing is left of what was there before.
    const larger = { ...options, factors: 50 };
    const [both, again] = await Promise.all([
      factorizeFast(userItems, larger, together),
      factorizeFast(userItems, options, together),
    ]);
    expect(both).toEqual(await factorizeFast(userItems, larger, { kernels }));
    expect(again).toEqual(alone);
    expect(await factorizeFast(userItems, larger, together)).toEqual(both);
    expect(await factorizeFast(userItems, options, together)).toEqual(alone);
  });

  test('stop between iterations when told to', async () => {
    const stop = new AbortController();
    const done: number[] = [];
    const onIteration = (iteration: number) => {
      done.push(iteration);
      if (iteration === 1) stop.abort(new Error('enough'));
    };
    const means = { kernels, signal: stop.signal };
    const training = factorizeFast(random(9, 9, 30, 1), { factors: 8 }, means, { onIteration });
    await expect(training).rejects.toThrow('enough');
    expect(done).toEqual([0, 1]);
  });

  test('refuse what does not fit into their memory', async () => {
    const wide = fromTriples([0], [0], undefined, 1, 3_000_000);
    await expect(factorizeFast(wide, { factors: 512 }, { kernels })).rejects.toThrow(
      'als: expected at most 4 GiB of shared memory, needs 5.8; fewer factors need less',
    );
  });

  test('are not needed: without them the readable solver does the work', async () => {
    const userItems = random(30, 40, 200, 2);
    expect(await factorizeFast(userItems, { seed: 1 })).toEqual(factorize(userItems, { seed: 1 }));
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
