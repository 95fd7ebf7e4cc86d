import type { Factors } from '../candidates/listener.ts';

const pageBytes = 65_536;
/** Addresses are 32 bits wide. */
const maxPages = 65_536;
/** Rows that are copied at a time. */
const stagedRows = 1024;
/** Length of the longest rounded vector, as the kernels have it. */
const reach = 32_000;

const float = Float32Array.BYTES_PER_ELEMENT;

type Kernel = (...args: number[]) => number;

/** What `PackedItems.find` found. */
export interface Found {
  /** [numQueries x k] places among the packed items, best first. */
  readonly places: Int32Array;
  /** [numQueries x k] */
  readonly scores: Float64Array;
  /** How many of the k there are: the same for all. */
  readonly count: number;
}

/** Where things are in memory, for the items packed last. */
interface Layout {
  readonly k: number;
  readonly queries: number;
  readonly places: number;
  readonly scores: number;
  readonly counts: number;
  readonly rows: number;
  readonly packed: number;
  readonly squares: number;
  readonly likelihood: number;
  readonly scratch: number;
}

export interface PackOptions {
  /** The most that `find` will be asked for, 1 or more. */
  readonly k: number;
  /**
   * Whether `find` is exact, and gives the inner products in double precision; else it ranks by
   * vectors rounded to 16 bits, and the memory for the items themselves is spared.
   */
  readonly exact: boolean;
}

/**
 * Items rounded to 16 bits in memory of the WebAssembly kernels (`model/kernels/assembly/retrieve`),
 * and the best of them by inner product. Holds one set of items at a time, in memory that is used
 * again for the next; so one is enough for a thread.
 *
 * Whoever asks with whomever: each query is answered alone, and to the byte the same. A query's
 * length does not matter to which items are best, nor do the items' lengths to the precision: all
 * is scaled, to between 13 and 15 bits a factor.
 */
export class PackedItems {
  readonly #memory = new WebAssembly.Memory({ initial: 1, maximum: maxPages, shared: true });
  readonly #kernels: Record<string, Kernel>;
  #layout: Layout | undefined;
  #numItems = 0;
  #width = 0;
  #scale = 0;
  #most = 0;
  #exact = false;

  constructor(kernels: WebAssembly.Module) {
    const { exports } = new WebAssembly.Instance(kernels, { env: { memory: this.#memory } });
    this.#kernels = exports;
  }

  get numItems(): number {
    return this.#numItems;
  }

  /**
   * Takes these items in place of those before.
   *
   * @param rows - of the items, in the order of their places
   * @param squares - [items.numRows] squared length of each, as `squaredLengths` gives them
   * @throws RangeError where it needs more than 4 GiB
   */
  pack(items: Factors, rows: Int32Array, squares: Float64Array, options: PackOptions): void {
    const { numFactors } = items;
    const width = Math.ceil(numFactors / 8) * 8;
    const layout = this.#place(rows.length, width, options);
    this.#layout = layout;
    this.#numItems = rows.length;
    this.#width = width;
    this.#exact = options.exact;
    let longest = 0;
    const ownSquares = this.#float32(layout.squares, padded(rows.length));
    for (let n = 0; n < rows.length; n++) {
      const square = squares[rows[n]!]!;
      ownSquares[n] = square;
      if (square > longest) longest = square;
    }
    ownSquares.fill(0, rows.length);
    this.#scale = this.#call('scaleOf', Math.sqrt(longest));
    this.#most = 0;
    const tileBytes = width * 16;
    // What is left in the last tile from before would score beside the last items.
    const last = layout.packed + Math.floor(rows.length / 8) * tileBytes;
    new Uint8Array(this.#memory.buffer, last, tileBytes).fill(0);
    for (let first = 0; first < rows.length; first += stagedRows) {
      const some = rows.subarray(first, first + stagedRows);
      const at = layout.rows + (options.exact ? first * width * float : 0);
      this.#stage(items, some, at);
      const most = this.#call(
        'packItems',
        ...[at, some.length, width, this.#scale, layout.packed, first],
      );
      this.#most = Math.max(this.#most, most);
    }
  }

  /**
   * The k best items of each query, best first, ties by the smaller place.
   *
   * @param rows - which of the queries
   * @param k - at most that of `pack`
   */
  find(queries: Factors, rows: Int32Array, k: number): Found {
    const layout = this.#opened(k);
    const places = new Int32Array(rows.length * k);
    const scores = new Float64Array(rows.length * k);
    for (let first = 0; first < rows.length; first += stagedRows) {
      const some = rows.subarray(first, first + stagedRows);
      this.#stage(queries, some, layout.queries);
      this.#call(
        'findBest',
        ...[layout.queries, some.length, this.#width, layout.packed, this.#numItems, this.#most],
        ...[this.#exact ? layout.rows : 0, k, layout.scratch],
        ...[layout.places, layout.scores, layout.counts],
      );
      const { buffer } = this.#memory;
      const size = some.length * k;
      places.set(new Int32Array(buffer, layout.places, size), first * k);
      scores.set(new Float64Array(buffer, layout.scores, size), first * k);
    }
    return { places, scores, count: Math.min(k, this.#numItems) };
  }

  /** Place of the item with the greatest rounded product for each query; ties by the smaller. */
  nearest(queries: Factors, rows: Int32Array): Int32Array {
    const layout = this.#opened(1);
    const nearest = new Int32Array(rows.length);
    for (let first = 0; first < rows.length; first += stagedRows) {
      const some = rows.subarray(first, first + stagedRows);
      this.#stage(queries, some, layout.queries);
      this.#call(
        'findNearest',
        ...[layout.queries, some.length, this.#width, layout.packed, this.#numItems],
        ...[layout.scratch, layout.counts],
      );
      nearest.set(new Int32Array(this.#memory.buffer, layout.counts, some.length), first);
    }
    return nearest;
  }

  /** What a rounded score of a query of this length is as an inner product. */
  unitOf(length: number): number {
    return this.#scale === 0 ? 0 : length / (reach * this.#scale);
  }

  /**
   * (c.y - level) / sqrt(sum over r of (v_r.y)^2 + rest |y|^2) of each item y, valid until the next
   * call.
   *
   * @param rows - c, then v_r: a multiple of four, at most `stagedRows`
   */
  likelihood(rows: Factors, level: number, rest: number): Float32Array {
    const layout = this.#opened(1);
    this.#stage(rows, identity(rows.numRows), layout.queries);
    this.#call(
      'likelihood',
      ...[layout.queries, rows.numRows, this.#width, layout.packed, this.#numItems, this.#scale],
      ...[layout.squares, level, rest, layout.scratch, layout.likelihood],
    );
    return this.#float32(layout.likelihood, this.#numItems);
  }

  #opened(k: number): Layout {
    const layout = this.#layout;
    if (layout === undefined) throw new RangeError('retrieval: expected items packed before');
    if (k > layout.k) {
      throw new RangeError(`retrieval: expected at most k ${layout.k} as packed, got ${k}`);
    }
    return layout;
  }

  #place(numItems: number, width: number, { k, exact }: PackOptions): Layout {
    let bytes = pageBytes; // the first page stays free: 0 is no address
    const place = (size: number): number => {
      const at = bytes;
      bytes += Math.ceil(size / 64) * 64;
      return at;
    };
    const layout = {
      k,
      queries: place(stagedRows * width * float),
      places: place(stagedRows * k * 4),
      scores: place(stagedRows * k * 8),
      counts: place(stagedRows * 4),
      rows: place((exact ? numItems : stagedRows) * width * float),
      packed: place((Math.floor(numItems / 8) + 1) * width * 16),
      squares: place(padded(numItems) * float),
      likelihood: place(padded(numItems) * float),
      scratch: place(this.#call('findScratch', width, numItems, k) + stagedRows * width * 2),
    };
    const pages = Math.ceil(bytes / pageBytes);
    if (pages > maxPages) {
      throw new RangeError(
        `retrieval: expected at most 4 GiB of memory for ${numItems} items, needs ` +
          `${(pages / 16_384).toFixed(1)}; fewer factors need less`,
      );
    }
    const has = this.#memory.buffer.byteLength / pageBytes;
    if (has < pages) this.#memory.grow(pages - has);
    return layout;
  }

  /** Copies rows of a matrix to memory, with zeros up to the width. */
  #stage({ numFactors, values }: Factors, rows: Int32Array, at: number): void {
    const width = this.#width;
    const staged = this.#float32(at, rows.length * width);
    if (width !== numFactors) staged.fill(0);
    else if (rows.length > 0 && rows.at(-1)! - rows[0]! === rows.length - 1 && isRun(rows)) {
      staged.set(values.subarray(rows[0]! * width, (rows[0]! + rows.length) * width));
      return;
    }
    for (let n = 0; n < rows.length; n++) {
      const from = rows[n]! * numFactors;
      const to = n * width;
      for (let f = 0; f < numFactors; f++) staged[to + f] = values[from + f]!;
    }
  }

  #float32(at: number, length: number): Float32Array {
    return new Float32Array(this.#memory.buffer, at, length);
  }

  #call(name: string, ...args: number[]): number {
    return this.#kernels[name]!(...args);
  }
}

/** 0, 1, ..., count - 1. */
export function identity(count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, n) => n);
}

/**
 * Squared length of each row, in double precision.
 *
 * @param what - the rows are, for the message
 * @throws RangeError where a factor is no finite number, with its place
 */
export function squaredLengths(factors: Factors, what: string): Float64Array {
  const { numRows, numFactors, values } = factors;
  if (values.length !== numRows * numFactors) {
    throw new RangeError(
      `${what}: expected factors of ${numRows} x ${numFactors}, got ${values.length} numbers`,
    );
  }
  const squares = new Float64Array(numRows);
  for (let row = 0, at = 0; row < numRows; row++) {
    let sum = 0;
    for (let f = 0; f < numFactors; f++, at++) sum += values[at]! * values[at]!;
    if (!Number.isFinite(sum)) {
      const from = row * numFactors;
      const factor = values.subarray(from, from + numFactors).findIndex((v) => !Number.isFinite(v));
      throw new RangeError(
        `${what}: expected finite factors, got ${values[from + factor]} in row ${row}, ` +
          `factor ${factor}`,
      );
    }
    squares[row] = sum;
  }
  return squares;
}

function padded(count: number): number {
  return Math.ceil(count / 512) * 512;
}

function isRun(rows: Int32Array): boolean {
  for (let n = 1; n < rows.length; n++) if (rows[n] !== rows[0]! + n) return false;
  return true;
}
