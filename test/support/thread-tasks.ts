import { isMainThread, threadId } from 'node:worker_threads';

/** What the tests of the threads run there; exported functions of a module in TypeScript. */
export function square(value: number): number {
  return value * value;
}

export function where(): { isMainThread: boolean; threadId: number } {
  return { isMainThread, threadId };
}

/** Adds one to a shared count, so many times. */
export function count({ shared, times }: { shared: Int32Array; times: number }): void {
  for (let n = 0; n < times; n++) Atomics.add(shared, 0, 1);
}

export function fail(message: string): never {
  throw new RangeError(message);
}

/** Ends its whole thread, as a crash of native code would. */
export function crash(): never {
  process.exit(3);
}
