import { z } from 'zod';
import { BlockedMatrix } from '../inverse-fast.ts';
import { PackedMatrix, type SymmetricMatrix } from '../inverse.ts';
import { rowOf, type Interactions } from '../interactions.ts';
import { Mistake } from '../mistake.ts';
import { listenersOf } from './popularity.ts';
import {
  checkBatch,
  checkTraining,
  modelArray,
  type Algorithm,
  type Means,
} from './recommender.ts';

/** Items with a listener at most: 3.2 GB for the matrix that is inverted and for the weights. */
const maxItems = 20_000;
/** For each pair of items: half a cell of the first in double, one of the others in single precision. */
const bytesPerPair = 8;

export const easeOptions = z.strictObject({
  /** lambda, in listeners: what is added to the diagonal of X'X. Default 200. */
  regularization: z.number().min(1e-6).max(1e9).default(200),
});
export type EaseOptions = z.infer<typeof easeOptions>;

/**
 * Items told by all other items, in closed form (EASE; Steck: Embarrassingly Shallow Autoencoders
 * for Sparse Data, WWW 2019): of all weights B with a diagonal of 0 those that minimize
 * |X - X B|^2 + lambda |B|^2, which are
 *
 *     P = (X'X + lambda I)^-1,  B_ij = -P_ij / P_jj,  score_j = sum over i in the history of r_i B_ij
 *
 * Dense, so for catalogues of some thousands of items: time goes with the third power of the items
 * that anybody has, memory with the second, 8 bytes a pair. Items that nobody has are told by
 * nothing and score 0. The number of threads does not show in the bytes; without kernels the last
 * digits differ.
 */
export const ease: Algorithm<EaseOptions> = {
  name: 'ease',
  description: `items told by all others in closed form (EASE), for up to ${maxItems.toLocaleString('en-US')} items`,
  options: easeOptions,
  tuning: { space: { regularization: [10, 20, 50, 100, 200, 500, 1000, 2000] } },

  async fit(train, options, means) {
    checkTraining('ease', train);
    checkValues(train);
    const listeners = listenersOf(train);
    const items = Int32Array.from(listeners.keys()).filter((item) => listeners[item]! > 0);
    checkSize(items.length);
    const matrix = openMatrix(items.length, means);
    try {
      addGramian(train, placesOf(items, train.numCols), matrix);
      for (let i = 0; i < items.length; i++) matrix.add(i, i, options.regularization);
      if (!(await matrix.invert(options.regularization, means.signal))) {
        throw new RangeError(
          'ease: expected a regularization that double precision can tell beside what the items ' +
            `share, got ${options.regularization}`,
        );
      }
      const arrays = { items, weights: weightsOf(matrix) };
      return { name: 'ease', numItems: train.numCols, options, arrays };
    } finally {
      matrix.close();
    }
  },

  open(fitted) {
    const { numItems } = fitted;
    const items = modelArray(fitted, 'items', 'Int32Array');
    const size = items.length;
    const weights = modelArray(fitted, 'weights', 'Float32Array', size * size);
    const places = placesOf(items, numItems);
    const sums = new Float64Array(size);
    return {
      numItems,
      score(histories, scores) {
        checkBatch('ease', numItems, histories, scores);
        scores.fill(0);
        for (let row = 0; row < histories.numRows; row++) {
          const { indices, values } = rowOf(histories, row);
          sums.fill(0);
          for (let h = 0; h < indices.length; h++) {
            const place = places[indices[h]!]!;
            if (place === -1) continue;
            const value = values[h]!;
            const from = place * size;
            for (let j = 0; j < size; j++) sums[j]! += value * weights[from + j]!;
          }
          const offset = row * numItems;
          for (let j = 0; j < size; j++) scores[offset + items[j]!] = sums[j]!;
        }
      },
    };
  },
};

function checkValues({ values }: Interactions): void {
  for (const value of values) {
    if (value > 0 && value < Infinity) continue;
    throw new RangeError(`ease: expected finite values above 0, got ${value}`);
  }
}

/** @throws Mistake where the dense matrices would not fit */
function checkSize(size: number): void {
  if (size <= maxItems) return;
  const [most, got] = [maxItems, size].map((count) => count.toLocaleString('en-US'));
  const gigabytes = ((size ** 2 * bytesPerPair) / 1e9).toFixed(1);
  throw new Mistake(
    'USAGE',
    `--model ease: expected at most ${most} items with a listener, got ${got}, ` +
      `whose matrices would take ${gigabytes} GB; als and graph-filter take any number`,
  );
}

function openMatrix(size: number, { kernels, threads }: Means): SymmetricMatrix {
  return kernels === undefined
    ? new PackedMatrix(size)
    : new BlockedMatrix(size, kernels, { threads });
}

/** [numItems]: where each item is among those given, -1 where it is not. */
function placesOf(items: Int32Array, numItems: number): Int32Array {
  const places = new Int32Array(numItems).fill(-1);
  for (let place = 0; place < items.length; place++) places[items[place]!] = place;
  return places;
}

/** X'X. */
function addGramian(train: Interactions, places: Int32Array, matrix: SymmetricMatrix): void {
  for (let row = 0; row < train.numRows; row++) {
    const { indices, values } = rowOf(train, row);
    for (let h = 0; h < indices.length; h++) {
      const i = places[indices[h]!]!;
      for (let other = 0; other <= h; other++) {
        matrix.add(i, places[indices[other]!]!, values[h]! * values[other]!);
      }
    }
  }
}

/** B, [size x size], row-major over shared memory: what the item of the row says of the others. */
function weightsOf(matrix: SymmetricMatrix): Float32Array {
  const { size } = matrix;
  const weights = new Float32Array(
    new SharedArrayBuffer(size * size * Float32Array.BYTES_PER_ELEMENT),
  );
  for (let i = 0; i < size; i++) {
    const own = matrix.inverse(i, i);
    for (let j = 0; j < i; j++) {
      const shared = matrix.inverse(i, j);
      weights[i * size + j] = -shared / matrix.inverse(j, j);
      weights[j * size + i] = -shared / own;
    }
  }
  return weights;
}
