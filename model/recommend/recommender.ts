import type { z } from 'zod';
import type { Interactions } from '../interactions.ts';
import type { Tensorflow } from '../ranker/network.ts';

/**
 * The contract of everything that recommends.
 *
 * An **algorithm** learns from one matrix (listeners x items) and gives a **fitted model**, a plain
 * value: named typed arrays, options, name. Opened, it is a **recommender**, which scores all items
 * for listeners who are given by their **histories**, never by index: a new listener needs no
 * retraining (fold-in), and one whose row was trained on is scored by that row.
 *
 * Same training matrix, options, seed and number of threads: the same bytes, fitted and scored; and
 * a listener's scores do not depend on who else is in the batch.
 */
export interface Recommender {
  readonly numItems: number;
  /**
   * Scores all items for a batch of listeners. The greater the better; scores of one listener
   * compare with each other only. Items of the history are scored like any other: who ranks masks
   * them. A history without items gives scores too, at worst all equal.
   *
   * @param histories - [numListeners x numItems]
   * @param scores - [numListeners x numItems], row-major, overwritten with finite numbers; may
   *   be over shared memory
   * @throws RangeError where the sizes do not fit
   */
  score(histories: Interactions, scores: Float32Array): void | Promise<void>;
  /** Gives back what is not memory of ours, such as tensors; may be called twice. */
  dispose?(): void;
}

/**
 * What was learned, as a plain value. The arrays may lie in SharedArrayBuffers, so that threads
 * open the same model; with the rest as a header of JSON it can be written to a file as it is.
 */
export interface FittedModel<Options = unknown> {
  /** Name of the algorithm that opens it. */
  readonly name: string;
  readonly numItems: number;
  /** As parsed, defaults filled in: values that JSON keeps. */
  readonly options: Options;
  /** By name; a model made of others puts theirs behind a prefix, `graph/degrees`. */
  readonly arrays: Readonly<Record<string, ModelArray>>;
}

export type ModelArray =
  Float32Array | Float64Array | Int32Array | Uint32Array | Uint16Array | Uint8Array;

/** What an algorithm may use but not load or ask for itself. */
export interface Means {
  /** Names the random streams. */
  readonly seed: number;
  /** The compiled kernels (`infra/kernels`); without them all is done in JavaScript. */
  readonly kernels?: WebAssembly.Module;
  /** TensorFlow.js; what needs it refuses to learn without. */
  readonly loadTensorflow?: () => Promise<Tensorflow>;
  /** Threads to work on; without them all is done on the calling one. */
  readonly threads?: Threads;
  /** Where to say how far the work is, one line at a time. */
  readonly report?: (line: string) => void;
  /** Looked at between pieces of work; `throwIfAborted`. */
  readonly signal?: AbortSignal;
}

/** Worker threads, each with its own copy of the module that it runs. */
export interface Threads {
  readonly size: number;
  /**
   * Calls an exported function of a module once for each input, on whichever thread is free, and
   * gives the results in the order of the inputs. Inputs and results are copied to and from the
   * threads, but for arrays over SharedArrayBuffers, which all see. A failure of one rejects.
   *
   * @param module - URL, as `import.meta.url` says
   */
  map<Input, Output>(
    module: string,
    name: string,
    inputs: readonly Input[],
    signal?: AbortSignal,
  ): Promise<Output[]>;
}

/** One way to recommend. */
export interface Algorithm<Options = unknown> {
  /** As typed on the command line: `graph-filter`. */
  readonly name: string;
  /** One sentence for the help. */
  readonly description: string;
  /** Parses what was given of the options; `parse({})` gives the defaults. */
  readonly options: z.ZodType<Options>;
  /**
   * Whether it has an option for how much the stored values count. The others are measured on
   * values of 1, as published figures are.
   */
  readonly weighsValues?: boolean;
  /**
   * Learns.
   *
   * @param train - [numListeners x numItems], values above 0
   * @throws RangeError where nothing is stored, or for values that it cannot learn from
   */
  fit(
    train: Interactions,
    options: Options,
    means: Means,
  ): Promise<FittedModel<Options>> | FittedModel<Options>;
  /**
   * @param fitted - of this algorithm; its arrays are used in place, not copied
   * @throws RangeError where an array is missing or of another kind
   */
  open(fitted: FittedModel, means: Means): Promise<Recommender> | Recommender;
  /** How its options are chosen; without it there is nothing to tune. */
  readonly tuning?: Tuning<Options>;
}

/** A procedure, not a choice: the same for every split of every data set. */
export interface Tuning<Options> {
  /** The values tried of each option, in order; printed before the search. */
  readonly space: Readonly<Record<string, readonly unknown[]>>;
  /** Passes through the space at most, 1 or more. Default 2. */
  readonly rounds?: number;
  /**
   * Chooses options by training on one matrix and measuring on the other; without it, option after
   * option through the space (`model/evaluation/tune.ts`). Reports each figure that it looks at.
   *
   * @param task - what to train on, what to measure on, and what was fixed beforehand
   */
  tune?(task: TuningTask, means: Means): Promise<Options>;
}

/** What to train on, and what to find: both [numListeners x numItems], of the same listeners. */
export interface TuningSplit {
  readonly train: Interactions;
  readonly valid: Interactions;
}

export interface TuningTask {
  /** One or more; what counts is the mean of their figures. */
  readonly splits: readonly TuningSplit[];
  /** Options are chosen by NDCG at this cut. */
  readonly k: number;
  /** Options that the user fixed: kept, not searched. */
  readonly fixed: Readonly<Record<string, unknown>>;
}

/** Kinds of typed array by name, for `modelArray`. */
interface ArrayKinds {
  Float32Array: Float32Array;
  Float64Array: Float64Array;
  Int32Array: Int32Array;
  Uint32Array: Uint32Array;
  Uint16Array: Uint16Array;
  Uint8Array: Uint8Array;
}

/**
 * One array of a fitted model.
 *
 * @param length - expected; left out, any
 * @throws RangeError where it is missing, of another kind or of another length
 */
export function modelArray<Kind extends keyof ArrayKinds>(
  fitted: FittedModel,
  name: string,
  kind: Kind,
  length?: number,
): ArrayKinds[Kind] {
  const array = fitted.arrays[name];
  const found = Object.prototype.toString.call(array).slice('[object '.length, -1);
  if (array === undefined || found !== kind || (length !== undefined && array.length !== length)) {
    const size = length === undefined ? '' : ` of ${length}`;
    const got = array === undefined ? 'nothing' : `${found} of ${array.length}`;
    throw new RangeError(`${fitted.name}: expected ${name}, ${kind}${size}, got ${got}`);
  }
  return array as ArrayKinds[Kind];
}

/** @throws RangeError where there is nothing to learn from */
export function checkTraining(name: string, train: Interactions): void {
  if (train.indices.length > 0) return;
  throw new RangeError(
    `${name}: expected interactions to learn from, got an empty matrix of ` +
      `${train.numRows} listeners x ${train.numCols} items`,
  );
}

/** @throws RangeError where histories or scores do not fit the model */
export function checkBatch(
  name: string,
  numItems: number,
  histories: Interactions,
  scores: Float32Array,
): void {
  if (histories.numCols !== numItems) {
    throw new RangeError(
      `${name}: expected histories of ${numItems} items, got ${histories.numCols}`,
    );
  }
  if (scores.length !== histories.numRows * numItems) {
    throw new RangeError(
      `${name}: expected scores of ${histories.numRows} x ${numItems}, got ${scores.length}`,
    );
  }
}
