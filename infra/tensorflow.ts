import util from 'node:util';
import type * as tfjs from '@tensorflow/tfjs-node';

/** The TensorFlow.js library on the native CPU backend. */
export type Tensorflow = typeof tfjs;

/**
 * What the native library reads once, when it is first loaded. One thread and no oneDNN: sums are
 * then always added in the same order, so that the same seed gives the same weights, to the bit,
 * on every run and whatever the number of cores. What the environment already says goes first. The
 * library reads the process's own environment: a worker thread's is a copy, which it does not see.
 */
export const DETERMINISTIC = {
  TF_NUM_INTRAOP_THREADS: '1',
  TF_NUM_INTEROP_THREADS: '1',
  TF_DETERMINISTIC_OPS: '1',
  TF_ENABLE_ONEDNN_OPTS: '0',
  /** Errors only: the library's greetings go to standard error. */
  TF_CPP_MIN_LOG_LEVEL: '2',
} as const;

let loaded: Promise<Tensorflow> | undefined;

/**
 * Loads TensorFlow.js with its native backend, on first use (about a second, 200 MB) and then
 * always the same. Prints nothing.
 *
 * @throws Error when the native library was not built: `node infra/setup.mjs` builds it
 */
export function loadTensorflow(): Promise<Tensorflow> {
  loaded ??= load();
  return loaded;
}

/**
 * Says in the environment what the library is to read; the main thread does before others load it,
 * since what a thread writes to its environment the library does not see.
 */
export function setDeterministic(): void {
  for (const [name, value] of Object.entries(DETERMINISTIC)) process.env[name] ??= value;
}

async function load(): Promise<Tensorflow> {
  setDeterministic();
  restoreIsNullOrUndefined();
  const module = await import('@tensorflow/tfjs-node');
  // A CommonJS package: from an ES module its exports are also, and completely, the default.
  const tf = (module as unknown as { default?: Tensorflow }).default ?? module;
  await tf.ready();
  return tf;
}

/** tfjs-node 4.22 calls this function, which is gone from Node 23 on. */
function restoreIsNullOrUndefined(): void {
  const legacy = util as { isNullOrUndefined?: (value: unknown) => boolean };
  legacy.isNullOrUndefined ??= (value) => value === null || value === undefined;
}
