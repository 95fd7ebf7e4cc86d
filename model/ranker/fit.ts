import type * as tfjs from '@tensorflow/tfjs-node';
import { createRandom, seedFor, type Random } from '../random.ts';
import { forward, weightTensors, type NetworkShape, type Tensorflow } from './network.ts';
import type { RankerOptions } from './ranker.ts';

/** Groups that each hold a positive, their rows standardized. */
export interface ListwiseGroups {
  /** [numRows x numInputs], row-major. */
  readonly inputs: Float32Array;
  /** [numRows], 0 or 1. */
  readonly labels: ArrayLike<number>;
  /** [numGroups + 1] row offsets. */
  readonly groups: Int32Array;
}

/** Added to the score of a place that holds no row. */
const padding = -1e9;

/**
 * Fits the network to the groups by Adam on the listwise softmax cross-entropy: for each group
 * `-sum over positives of log softmax(scores)[positive] / number of positives` (ListNet's top one,
 * Cao et al., ICML 2007; for binary labels a bound on NDCG: Bruch et al., ICTIR 2019), mean over
 * groups. A pass shows each group once, with all positives and freshly drawn negatives.
 *
 * @param onPass - after each pass: its number from 1, its mean loss and the weights as a copy made
 * on demand; training goes on while it gives true, and at most for `options.epochs` passes
 */
export function fit(
  tf: Tensorflow,
  shape: NetworkShape,
  start: readonly Float32Array[],
  data: ListwiseGroups,
  options: RankerOptions,
  onPass: (pass: number, loss: number, weights: () => Float32Array[]) => boolean,
): void {
  const numGroups = data.groups.length - 1;
  const numRows = data.groups.at(-1)!;
  const initial = weightTensors(tf, shape, start);
  const variables = initial.map((weights) => tf.variable(weights));
  const inputs = tf.tensor2d(data.inputs, [numRows, shape.numInputs]);
  const optimizer = tf.train.adam(options.learningRate);
  const random = createRandom(options.seed, 'ranker', 'passes');
  const order = Int32Array.from({ length: numGroups }, (_, group) => group);
  try {
    for (let pass = 1; pass <= options.epochs; pass++) {
      random.shuffle(order);
      let loss = 0;
      for (let first = 0; first < numGroups; first += options.batchGroups) {
        const batch = drawBatch(
          data,
          order.subarray(first, first + options.batchGroups),
          options.negatives,
          random,
        );
        const seed = seedFor(options.seed, 'dropout', pass, first);
        loss += step(batch, seed);
      }
      const copy = () => variables.map((variable) => Float32Array.from(variable.dataSync()));
      if (!onPass(pass, loss / numGroups, copy)) break;
    }
  } finally {
    optimizer.dispose();
    tf.dispose([...variables, ...initial, inputs]);
  }

  /** One update; gives the sum of the groups' losses. */
  function step({ rows, targets, mask, numLists, width }: Batch, seed: number): number {
    return tf.tidy(() => {
      const drop = (units: tfjs.Tensor2D, layer: number): tfjs.Tensor2D =>
        options.dropout === 0
          ? units
          : (tf.dropout(units, options.dropout, units.shape, seed + layer) as tfjs.Tensor2D);
      let loss = 0;
      optimizer.minimize(
        () => {
          const scores = forward(
            tf,
            tf.gather(inputs, tf.tensor1d(rows, 'int32')),
            variables,
            drop,
          );
          const lists = tf.add(
            tf.reshape(scores, [numLists, width]),
            tf.tensor2d(mask, [numLists, width]),
          );
          const hits = tf.mul(tf.logSoftmax(lists), tf.tensor2d(targets, [numLists, width]));
          const listwise: tfjs.Scalar = tf.neg(tf.div(tf.sum(hits), numLists));
          loss = listwise.dataSync()[0]! * numLists;
          return options.l2 === 0 ? listwise : tf.add(listwise, penalty());
        },
        false,
        variables,
      );
      return loss;
    });
  }

  /** The linear part is drawn to where it starts, the perceptron's kernels to 0. */
  function penalty(): tfjs.Scalar {
    const squares = variables.flatMap((weights, at) => {
      if (at > 0 && at % 2 === 0) return []; // a bias
      return [tf.sum(tf.square(at === 0 ? tf.sub(weights, initial[0]!) : weights))];
    });
    return tf.mul(tf.addN(squares), options.l2 / numGroups);
  }
}

/** Lists of one width, row-major; a place without a row points at row 0 and is masked. */
interface Batch {
  readonly numLists: number;
  readonly width: number;
  readonly rows: Int32Array;
  /** 1 / number of positives at the positives, otherwise 0. */
  readonly targets: Float32Array;
  /** 0, or `padding` where there is no row. */
  readonly mask: Float32Array;
}

function drawBatch(
  { labels, groups }: ListwiseGroups,
  batch: Int32Array,
  negatives: number,
  random: Random,
): Batch {
  const lists = Array.from(batch, (group) => {
    const positive: number[] = [];
    const negative: number[] = [];
    for (let row = groups[group]!; row < groups[group + 1]!; row++) {
      (labels[row] ? positive : negative).push(row);
    }
    // The first places of a Fisher-Yates shuffle: a uniform draw without replacement.
    const drawn = Math.min(negatives, negative.length);
    if (drawn < negative.length) {
      for (let at = 0; at < drawn; at++) {
        const other = at + random.int(negative.length - at);
        [negative[at], negative[other]] = [negative[other]!, negative[at]!];
      }
    }
    return { positive, negative: negative.slice(0, drawn) };
  });
  const numLists = lists.length;
  const width = Math.max(...lists.map((list) => list.positive.length + list.negative.length));
  const rows = new Int32Array(numLists * width);
  const targets = new Float32Array(numLists * width);
  const mask = new Float32Array(numLists * width).fill(padding);
  for (const [list, { positive, negative }] of lists.entries()) {
    let at = list * width;
    for (const row of positive) {
      targets[at] = 1 / positive.length;
      mask[at] = 0;
      rows[at++] = row;
    }
    for (const row of negative) {
      mask[at] = 0;
      rows[at++] = row;
    }
  }
  return { numLists, width, rows, targets, mask };
}
