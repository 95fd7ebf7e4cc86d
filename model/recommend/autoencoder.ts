import { z } from 'zod';
import { fromTriples, rowOf, type Interactions } from '../interactions.ts';
import { createRandom, type Random } from '../random.ts';
import type { Tensorflow } from '../ranker/network.ts';
import {
  checkBatch,
  checkTraining,
  modelArray,
  type Algorithm,
  type Means,
} from './recommender.ts';

export const autoencoderOptions = z.strictObject({
  /** Units between encoder and decoder. Default 200. */
  hidden: z.int().min(1).max(4096).default(200),
  /** Share of a history that is left out of it each time it is shown, 0 to 0.95. Default 0.5. */
  dropout: z.number().min(0).max(0.95).default(0.5),
  /** Of Adam. Default 0.003. */
  learningRate: z.number().positive().max(1).default(0.003),
  /** Listeners in a step. Default 300. */
  batchListeners: z.int().min(1).default(300),
  /** Items of fewer listeners are left out: there is next to nothing to learn of them. Default 3. */
  minListeners: z.int().min(1).default(3),
  /** Passes over all listeners. Default 30. */
  epochs: z.int().min(1).max(1000).default(30),
});
export type AutoencoderOptions = z.infer<typeof autoencoderOptions>;

/**
 * A denoising autoencoder with a multinomial likelihood (Mult-DAE; Liang et al., WWW 2018): from
 * what is left of a history after dropout it learns to give the whole of it,
 *
 *     h = tanh(E' x / |x| + a),  p = softmax(D' h + b),  loss = -sum over the history of log p
 *
 * Trained in TensorFlow.js on dense batches, so it is for catalogues of some thousands of items;
 * scored in JavaScript. A score is the item's probability over that of the likeliest item outside
 * the history, 1 at most; 0 for items that were left out.
 */
export const autoencoder: Algorithm<AutoencoderOptions> = {
  name: 'autoencoder',
  description: 'a denoising autoencoder with a multinomial likelihood, for some thousands of items',
  options: autoencoderOptions,

  async fit(train, options, means) {
    checkTraining('autoencoder', train);
    const items = itemsOf(train, options.minListeners);
    const arrays = { items, ...(await learn(selectItems(train, items), options, means)) };
    return { name: 'autoencoder', numItems: train.numCols, options, arrays };
  },

  open(fitted) {
    const { hidden } = autoencoderOptions.parse(fitted.options);
    const { numItems } = fitted;
    const items = modelArray(fitted, 'items', 'Int32Array');
    const size = items.length;
    const encoder = modelArray(fitted, 'encoder', 'Float32Array', size * hidden);
    const encoderBias = modelArray(fitted, 'encoderBias', 'Float32Array', hidden);
    const decoder = modelArray(fitted, 'decoder', 'Float32Array', hidden * size);
    const decoderBias = modelArray(fitted, 'decoderBias', 'Float32Array', size);
    return {
      numItems,
      score(histories, scores) {
        checkBatch('autoencoder', numItems, histories, scores);
        const known = selectItems(histories, items);
        const units = new Float64Array(hidden);
        const logits = new Float32Array(size);
        scores.fill(0);
        for (let row = 0; row < known.numRows; row++) {
          const history = rowOf(known, row).indices;
          units.set(encoderBias);
          for (const item of history) {
            const from = item * hidden;
            for (let h = 0; h < hidden; h++) {
              units[h]! += encoder[from + h]! / Math.sqrt(history.length);
            }
          }
          logits.set(decoderBias);
          for (let h = 0; h < hidden; h++) {
            const unit = Math.tanh(units[h]!);
            const from = h * size;
            for (let item = 0; item < size; item++) logits[item]! += unit * decoder[from + item]!;
          }
          toProbabilities(logits, history);
          for (let n = 0; n < size; n++) scores[row * numItems + items[n]!] = logits[n]!;
        }
      },
    };
  },
};

/** Items of so many listeners or more, ascending; all where there is none. */
function itemsOf(train: Interactions, minListeners: number): Int32Array {
  const listeners = new Int32Array(train.numCols);
  for (const item of train.indices) listeners[item]!++;
  const all = Int32Array.from(listeners.keys());
  const known = all.filter((item) => listeners[item]! >= minListeners);
  return known.length === 0 ? all : known;
}

/** The columns of some items, ascending, numbered by their place among them. */
function selectItems(matrix: Interactions, items: Int32Array): Interactions {
  const place = new Int32Array(matrix.numCols).fill(-1);
  for (let n = 0; n < items.length; n++) place[items[n]!] = n;
  const rows: number[] = [];
  const cols: number[] = [];
  for (let row = 0; row < matrix.numRows; row++) {
    for (const item of rowOf(matrix, row).indices) {
      if (place[item] === -1) continue;
      rows.push(row);
      cols.push(place[item]!);
    }
  }
  return fromTriples(rows, cols, undefined, matrix.numRows, items.length);
}

/** Exponentials over that of the greatest outside the history; 1 at most. */
function toProbabilities(logits: Float32Array, history: Int32Array): void {
  const heard = new Set(history);
  let most = -Infinity;
  for (let item = 0; item < logits.length; item++) {
    if (logits[item]! > most && !heard.has(item)) most = logits[item]!;
  }
  if (most === -Infinity) most = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  for (let item = 0; item < logits.length; item++) {
    logits[item] = Math.exp(Math.min(0, logits[item]! - most));
  }
}

async function learn(
  train: Interactions,
  { hidden, dropout, learningRate, batchListeners, epochs }: AutoencoderOptions,
  { seed, loadTensorflow, signal }: Means,
) {
  if (loadTensorflow === undefined) {
    throw new RangeError('autoencoder: expected TensorFlow.js to learn with, got none');
  }
  const tf = await loadTensorflow();
  const { numCols: numItems } = train;
  const random = createRandom(seed, 'autoencoder');
  const weights = [
    tf.tensor2d(uniform(random, numItems * hidden, numItems + hidden), [numItems, hidden]),
    tf.zeros([1, hidden]),
    tf.tensor2d(uniform(random, hidden * numItems, numItems + hidden), [hidden, numItems]),
    tf.zeros([1, numItems]),
  ];
  const variables = weights.map((weight) => tf.variable(weight));
  const optimizer = tf.train.adam(learningRate);
  const listeners = Int32Array.from(
    Array.from({ length: train.numRows }, (_, row) => row).filter(
      (row) => train.indptr[row]! < train.indptr[row + 1]!,
    ),
  );
  try {
    for (let epoch = 0; epoch < epochs; epoch++) {
      random.shuffle(listeners);
      for (let from = 0; from < listeners.length; from += batchListeners) {
        signal?.throwIfAborted();
        const rows = listeners.subarray(from, from + batchListeners);
        step(tf, optimizer, variables, batchOf(train, rows, dropout, random), numItems);
      }
    }
    const [encoder, encoderBias, decoder, decoderBias] = variables.map((variable) =>
      Float32Array.from(variable.dataSync()),
    );
    return {
      encoder: encoder!,
      encoderBias: encoderBias!,
      decoder: decoder!,
      decoderBias: decoderBias!,
    };
  } finally {
    optimizer.dispose();
    tf.dispose([...weights, ...variables]);
  }
}

interface Batch {
  readonly numRows: number;
  /** [numRows x numItems] what is shown, and what is to be given. */
  readonly shown: Float32Array;
  readonly whole: Float32Array;
}

function step(
  tf: Tensorflow,
  optimizer: ReturnType<Tensorflow['train']['adam']>,
  variables: readonly ReturnType<Tensorflow['variable']>[],
  { numRows, shown, whole }: Batch,
  numItems: number,
): void {
  tf.tidy(() => {
    const [encoder, encoderBias, decoder, decoderBias] = variables;
    const given = tf.tensor2d(shown, [numRows, numItems]);
    const wanted = tf.tensor2d(whole, [numRows, numItems]);
    optimizer.minimize(() => {
      const units = tf.tanh(tf.add(tf.matMul(given, encoder as never), encoderBias!));
      const logits = tf.add(tf.matMul(units as never, decoder as never), decoderBias!);
      return tf.neg(tf.div(tf.sum(tf.mul(tf.logSoftmax(logits), wanted)), numRows));
    }, false);
  });
}

function batchOf(
  train: Interactions,
  rows: Int32Array,
  dropout: number,
  { uniform: draw }: Random,
): Batch {
  const { numCols: numItems } = train;
  const shown = new Float32Array(rows.length * numItems);
  const whole = new Float32Array(rows.length * numItems);
  for (let n = 0; n < rows.length; n++) {
    const items = rowOf(train, rows[n]!).indices;
    // Scaled up as much as is left out, so that what is shown is alike on the whole.
    const value = 1 / Math.sqrt(items.length) / (1 - dropout);
    for (const item of items) {
      whole[n * numItems + item] = 1;
      if (draw() >= dropout) shown[n * numItems + item] = value;
    }
  }
  return { numRows: rows.length, shown, whole };
}

/** Glorot and Bengio (2010). */
function uniform({ uniform: draw }: Random, size: number, fan: number): Float32Array {
  const limit = Math.sqrt(6 / fan);
  return Float32Array.from({ length: size }, () => (2 * draw() - 1) * limit);
}
