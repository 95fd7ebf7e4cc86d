import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import type { Threads } from '../model/recommend/recommender.ts';

export interface ThreadsOptions {
  /** 1 or more. Default: the cores that this process may use. */
  readonly size?: number;
  /** `workerData` (node:worker_threads) of every thread: copied when it starts, not at each call. */
  readonly data?: unknown;
}

export interface OpenThreads extends Threads {
  /** Ends the threads, and rejects what they still run; may be called twice. */
  dispose(): Promise<void>;
}

/**
 * Worker threads, started when first needed (some tenths of a second), each on its own copy of the
 * modules that it is asked to run. A process ends with its threads waiting; they need not be
 * disposed of for that.
 *
 * An error on a thread keeps its class, message and stack. A thread that ends is replaced, and what
 * it ran rejects.
 */
export function openThreads({
  size = availableParallelism(),
  data,
}: ThreadsOptions = {}): OpenThreads {
  if (!Number.isInteger(size) || size < 1) {
    throw new RangeError(`threads: expected a whole number of 1 or more, got ${size}`);
  }
  let pool: Piscina | undefined;
  let isDisposed = false;

  function start(): Piscina {
    if (isDisposed)
      throw new Error('threads: expected threads that are open, they are disposed of');
    pool ??= new Piscina({
      filename: new URL('./threads/worker.mjs', import.meta.url).href,
      minThreads: size,
      maxThreads: size,
      idleTimeout: Infinity,
      workerData: data,
    });
    return pool;
  }

  return {
    size,
    async map<Input, Output>(
      module: string,
      name: string,
      inputs: readonly Input[],
      signal?: AbortSignal,
    ): Promise<Output[]> {
      const threads = start();
      const outputs = new Array<Output>(inputs.length);
      let next = 0;
      const lane = async (): Promise<void> => {
        while (next < inputs.length) {
          signal?.throwIfAborted();
          const n = next++;
          const call = { module, name, input: inputs[n] };
          outputs[n] = (await threads.run(call)) as Output;
        }
      };
      // All have ended when this does: nobody is left who writes to shared memory.
      const lanes = await Promise.allSettled(
        Array.from({ length: Math.min(size, inputs.length) }, () =>
          lane().catch((error: unknown) => {
            next = inputs.length;
            throw error;
          }),
        ),
      );
      for (const ended of lanes) if (ended.status === 'rejected') throw ended.reason;
      return outputs;
    },
    async dispose() {
      isDisposed = true;
      const ending = pool;
      pool = undefined;
      await ending?.destroy();
    },
  };
}
