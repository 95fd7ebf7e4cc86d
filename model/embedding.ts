import { z } from 'zod';
import { aliasTable, drawIndex } from './alias.ts';
import type { Interactions } from './interactions.ts';
import { createRandom, type Random } from './random.ts';

/**
 * Tracks as words, playlists as sentences: skip-gram with negative sampling (Mikolov et al. 2013)
 * over whole sets (item2vec: Barkan, Koenigstein 2016), as the order of a playlist says little: the
 * contexts of a track are drawn from anywhere in its playlist. For a track w, a context c and
 * negatives d, maximized is
 *
 *     ln s(v_w.u_c) + sum_d ln s(-v_w.u_d),   s(x) = 1 / (1 + e^-x)
 *
 * Steps are scaled for each vector by its gradients so far (AdaGrad: Duchi, Hazan, Singer 2011, one
 * sum for each vector): most tracks stand in one or two playlists, and with one rate for all they
 * hardly leave their start in ten epochs.
 */
export const embeddingOptions = z.object({
  /** Dimension of the vectors, a multiple of 4. */
  dim: z.int().min(4).max(512).multipleOf(4).default(32),
  /** Passes over all memberships. */
  epochs: z.int().min(0).max(1000).default(10),
  /** Contexts drawn for each membership in each pass. */
  contexts: z.int().min(1).max(100).default(5),
  /** Negatives drawn for each context, with probability proportional to count^0.75. */
  negatives: z.int().min(1).max(100).default(5),
  /**
   * Length of a vector's first step in each dimension (root mean square); falls linearly to a
   * hundredth of it.
   */
  learningRate: z.number().positive().max(1).default(0.3),
  /**
   * A membership of a track with the share f of all memberships is passed over with probability
   * 1 - (sqrt(t / f) + t / f), for t this value; 0 passes over none.
   */
  subsample: z.number().min(0).max(1).default(0.001),
  /** Tracks in fewer playlists get no vector. */
  minCount: z.int().min(1).default(1),
  seed: z.int().nonnegative().default(0),
});
export type EmbeddingOptions = z.infer<typeof embeddingOptions>;

export interface Embedding {
  readonly dim: number;
  /** [numTracks x dim], row-major, not normalized; zero for tracks without a vector. */
  readonly vectors: Float32Array;
  /** [numTracks], 1 where the track has a vector. */
  readonly seen: Uint8Array;
}

/**
 * Learns the vectors on one thread; the same input, options and seed give the same bytes.
 * Tracks that share playlists get vectors of a high cosine.
 *
 * @param playlists - [numPlaylists x numTracks]; what is stored is in the playlist, its value is
 *   not looked at
 * @param onEpoch - called after each pass, counted from 0, with the mean loss of its pairs (the sum
 *   above, negated)
 * @throws ZodError for wrong options
 */
export function embedTracks(
  playlists: Interactions,
  options: z.input<typeof embeddingOptions> = {},
  onEpoch?: (epoch: number, loss: number) => void,
): Embedding {
  const parsed = embeddingOptions.parse(options);
  const { dim, epochs, subsample, minCount, seed } = parsed;
  const counts = new Int32Array(playlists.numCols);
  for (const track of playlists.indices) counts[track]!++;
  const seen = Uint8Array.from(counts, (count) => (count >= minCount ? 1 : 0));
  const words = memberships(playlists, seen);
  const vectors = start(seen, dim, createRandom(seed, 'embedding', 'start'));
  if (words.tracks.length === 0) return { dim, vectors, seen };

  const training: Training = {
    words,
    vectors,
    outputs: new Float32Array(vectors.length),
    vectorSquares: new Float64Array(seen.length).fill(smallSquares),
    outputSquares: new Float64Array(seen.length).fill(smallSquares),
    keep: keepChances(counts, words.tracks.length, subsample),
    negative: aliasTable(Float64Array.from(counts, (count, i) => (seen[i]! ? count ** 0.75 : 0))),
    random: createRandom(seed, 'embedding', 'pairs'),
  };
  const order = Int32Array.from(words.tracks, (_, word) => word);
  for (let epoch = 0; epoch < epochs; epoch++) {
    training.random.shuffle(order);
    const loss = trainEpoch(training, order, epoch, parsed);
    onEpoch?.(epoch, loss);
  }
  return { dim, vectors, seen };
}

/** Memberships of tracks with a vector, playlist by playlist. */
interface Memberships {
  /** [numWords] */
  readonly tracks: Int32Array;
  /** [numWords], where the word's playlist begins and ends in `tracks`. */
  readonly from: Int32Array;
  readonly to: Int32Array;
}

interface Training {
  readonly words: Memberships;
  /** v: [numTracks x dim], changed. */
  readonly vectors: Float32Array;
  /** u: [numTracks x dim], changed. */
  readonly outputs: Float32Array;
  /** [numTracks], sums over the steps so far of each vector's mean squared gradient; changed. */
  readonly vectorSquares: Float64Array;
  readonly outputSquares: Float64Array;
  /** [numTracks], the chance that a membership counts. */
  readonly keep: Float64Array;
  readonly negative: ReturnType<typeof aliasTable>;
  readonly random: Random;
}

/** Mean squared gradient that counts as seen before the first step, so that it is not too long. */
const smallSquares = 1e-4;

/** One pass over the memberships in the given order; gives the mean loss of a pair. */
function trainEpoch(
  training: Training,
  order: Int32Array,
  epoch: number,
  options: EmbeddingOptions,
): number {
  const { words, keep, random } = training;
  const { uniform, int } = random;
  const { epochs, contexts, learningRate } = options;
  const gradient = new Float64Array(options.dim);
  let loss = 0;
  let numPairs = 0;
  for (let step = 0; step < order.length; step++) {
    const word = order[step]!;
    const track = words.tracks[word]!;
    const from = words.from[word]!;
    const numOthers = words.to[word]! - from - 1;
    if (numOthers < 1 || passedOver(keep[track]!, uniform)) continue;
    const done = (epoch + step / order.length) / epochs;
    const rate = learningRate * (1 - 0.99 * done);
    for (let c = 0; c < contexts; c++) {
      const drawn = from + int(numOthers);
      const context = words.tracks[drawn < word ? drawn : drawn + 1]!;
      if (passedOver(keep[context]!, uniform)) continue;
      loss += trainPair(training, track, context, rate, options, gradient);
      numPairs++;
    }
  }
  return loss / Math.max(1, numPairs);
}

/** One step for a track, a context and its negatives; gives their loss before it. */
function trainPair(
  { vectors, outputs, vectorSquares, outputSquares, negative, random }: Training,
  track: number,
  context: number,
  rate: number,
  { dim, negatives }: EmbeddingOptions,
  gradient: Float64Array,
): number {
  const v = track * dim;
  let vectorSquare = 0;
  for (let f = v; f < v + dim; f++) vectorSquare += vectors[f]! * vectors[f]!;
  gradient.fill(0);
  // The product of 1 - error over all targets: one logarithm for all of them.
  let likelihood = 1;
  for (let n = 0; n <= negatives; n++) {
    const other = n === 0 ? context : drawIndex(negative, random.uniform());
    if (n > 0 && other === context) continue;
    const u = other * dim;
    let sum0 = 0;
    let sum1 = 0;
    let sum2 = 0;
    let sum3 = 0;
    for (let f = 0; f < dim; f += 4) {
      sum0 += vectors[v + f]! * outputs[u + f]!;
      sum1 += vectors[v + f + 1]! * outputs[u + f + 1]!;
      sum2 += vectors[v + f + 2]! * outputs[u + f + 2]!;
      sum3 += vectors[v + f + 3]! * outputs[u + f + 3]!;
    }
    const chance = 1 / (1 + Math.exp(-(sum0 + sum1 + sum2 + sum3)));
    const error = n === 0 ? 1 - chance : -chance;
    likelihood *= 1 - Math.abs(error);
    outputSquares[other]! += (error * error * vectorSquare) / dim;
    const gain = (rate * error) / Math.sqrt(outputSquares[other]!);
    for (let f = 0; f < dim; f++) {
      const output = outputs[u + f]!;
      gradient[f]! += error * output;
      outputs[u + f] = output + gain * vectors[v + f]!;
    }
  }
  let gradientSquare = 0;
  for (let f = 0; f < dim; f++) gradientSquare += gradient[f]! * gradient[f]!;
  vectorSquares[track]! += gradientSquare / dim;
  const gain = rate / Math.sqrt(vectorSquares[track]!);
  for (let f = 0; f < dim; f++) vectors[v + f]! += gain * gradient[f]!;
  return -Math.log(Math.max(likelihood, Number.MIN_VALUE));
}

function passedOver(keep: number, uniform: () => number): boolean {
  return keep < 1 && uniform() >= keep;
}

function memberships({ numRows, indptr, indices }: Interactions, seen: Uint8Array): Memberships {
  const tracks = indices.filter((track) => seen[track] === 1);
  const from = new Int32Array(tracks.length);
  const to = new Int32Array(tracks.length);
  let begin = 0;
  for (let playlist = 0; playlist < numRows; playlist++) {
    let end = begin;
    for (let i = indptr[playlist]!; i < indptr[playlist + 1]!; i++) end += seen[indices[i]!]!;
    from.fill(begin, begin, end);
    to.fill(end, begin, end);
    begin = end;
  }
  return { tracks, from, to };
}

/** Uniform in +-0.5 / sqrt(dim); the outputs begin at zero. */
function start(seen: Uint8Array, dim: number, { uniform }: Random): Float32Array {
  const vectors = new Float32Array(seen.length * dim);
  const scale = 1 / Math.sqrt(dim);
  for (let track = 0; track < seen.length; track++) {
    if (seen[track] === 0) continue;
    for (let f = track * dim; f < (track + 1) * dim; f++) vectors[f] = (uniform() - 0.5) * scale;
  }
  return vectors;
}

function keepChances(counts: Int32Array, numWords: number, subsample: number): Float64Array {
  return Float64Array.from(counts, (count) => {
    if (subsample === 0 || count === 0) return 1;
    const ratio = (subsample * numWords) / count;
    return Math.min(1, Math.sqrt(ratio) + ratio);
  });
}
