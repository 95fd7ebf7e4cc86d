/** A function of the kernels, and what it works on: what a thread is sent. */
export interface KernelCall {
  readonly kernels: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly name: string;
  readonly args: readonly number[];
}

/**
 * Calls it and gives what it gives. Runs on whichever thread; an instance of the module takes some
 * tenths of a millisecond and holds nothing but the code, which all threads share.
 */
export function callKernel({ kernels, memory, name, args }: KernelCall): number {
  const { exports } = new WebAssembly.Instance(kernels, { env: { memory } });
  return exports[name]!(...args);
}
