import type { Threads } from '../recommend/recommender.ts';
import type { KernelCall } from './task.ts';

const task = new URL('task.ts', import.meta.url).href;

const pageBytes = 65_536;
/** Addresses are 32 bits wide. */
const maxPages = 65_536;
/** So that no array shares a line of the cache with its neighbour. */
const alignment = 64;

/**
 * Memory that nobody uses, by the threads that know it. Each thread holds on to what it was sent
 * until it collects its garbage, which may be never; so they are sent the same memory again.
 */
const idle = new WeakMap<Threads, WebAssembly.Memory>();

/**
 * Memory that the WebAssembly kernels (`model/kernels/assembly`) work on, shared by all threads.
 * Plan what lies in it, then `open`.
 */
export class WorkspacePlan {
  // The first page stays free: 0 is no address.
  #bytes = pageBytes;

  /** Address of so many bytes, zero at first. */
  place(bytes: number): number {
    const at = this.#bytes;
    this.#bytes += Math.ceil(bytes / alignment) * alignment;
    return at;
  }

  /**
   * @param what - that needs the memory, for the message
   * @throws RangeError beyond 4 GiB
   */
  open(kernels: WebAssembly.Module, threads: Threads | undefined, what: string): Workspace {
    const pages = Math.ceil(this.#bytes / pageBytes);
    if (pages > maxPages) {
      throw new RangeError(
        `${what}: expected at most 4 GiB of shared memory, needs ${(pages / 16_384).toFixed(1)}; ` +
          'fewer factors need less',
      );
    }
    return new Workspace(kernels, pages, threads);
  }
}

/** The memory, and the kernels on it. Close it where threads know it. */
export class Workspace {
  readonly bytes: number;
  readonly #kernels: WebAssembly.Module;
  readonly #memory: WebAssembly.Memory;
  readonly #exports: WebAssembly.Instance['exports'];
  readonly #threads: Threads | undefined;

  constructor(kernels: WebAssembly.Module, pages: number, threads: Threads | undefined) {
    this.bytes = pages * pageBytes;
    this.#kernels = kernels;
    this.#memory = memoryOf(pages, threads);
    this.#exports = new WebAssembly.Instance(kernels, { env: { memory: this.#memory } }).exports;
    this.#threads = threads;
  }

  /** Gives the memory back, zero or not; nothing of the workspace is used from then on. */
  close(): void {
    if (this.#threads !== undefined) idle.set(this.#threads, this.#memory);
  }

  float32(at: number, length: number): Float32Array {
    return new Float32Array(this.#memory.buffer, at, length);
  }

  float64(at: number, length: number): Float64Array {
    return new Float64Array(this.#memory.buffer, at, length);
  }

  uint32(at: number, length: number): Uint32Array {
    return new Uint32Array(this.#memory.buffer, at, length);
  }

  /** Calls a kernel on this thread. */
  call(name: string, ...args: number[]): number {
    return this.#exports[name]!(...args);
  }

  /**
   * Calls a kernel that shares its work by a counter, its first argument: on all threads at once,
   * or on this one where there are none. The counter's two words are set to zero before.
   */
  async share(name: string, counter: number, ...rest: number[]): Promise<void> {
    this.uint32(counter, 2).fill(0);
    const args = [counter, ...rest];
    if (this.#threads === undefined) {
      this.call(name, ...args);
      return;
    }
    const call: KernelCall = { kernels: this.#kernels, memory: this.#memory, name, args };
    const calls = new Array<KernelCall>(this.#threads.size).fill(call);
    await this.#threads.map(task, 'callKernel', calls);
  }
}

/** Zero, of so many pages or more. */
function memoryOf(pages: number, threads: Threads | undefined): WebAssembly.Memory {
  if (threads === undefined) {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  }
  const found = idle.get(threads);
  if (found === undefined) {
    return new WebAssembly.Memory({ initial: pages, maximum: maxPages, shared: true });
  }
  idle.delete(threads);
  const before = found.buffer.byteLength / pageBytes;
  if (before < pages) found.grow(pages - before);
  new Uint8Array(found.buffer, 0, Math.min(before, pages) * pageBytes).fill(0);
  return found;
}
