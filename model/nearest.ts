import { rowOf, type Interactions } from './interactions.ts';

/** The best of one search, best first; ties by the smaller index. */
export interface Best {
  readonly indices: Int32Array;
  readonly scores: Float64Array;
}

/**
 * The k best of what is pushed: a bounded binary heap that can be used again. Of equal scores the
 * smaller index is the better, so the order of pushing does not show. O(log k) for each push that
 * gets in, O(1) for the others.
 */
export class TopK {
  readonly k: number;
  /** Slot 0 holds the worst of those kept; each slot is worse than its children 2i+1, 2i+2. */
  readonly #indices: Int32Array;
  readonly #scores: Float64Array;
  #size = 0;

  /** @throws RangeError where k is not a whole number of 0 or more */
  constructor(k: number) {
    if (!Number.isInteger(k) || k < 0) {
      throw new RangeError(`TopK: expected k to be an integer of 0 or more, got ${k}`);
    }
    this.k = k;
    this.#indices = new Int32Array(k);
    this.#scores = new Float64Array(k);
  }

  /** How many are kept, at most k. */
  get size(): number {
    return this.#size;
  }

  /** A score below this cannot get in: the worst one kept, -Infinity while there is room. */
  get threshold(): number {
    if (this.k === 0) return Infinity;
    return this.#size < this.k ? -Infinity : this.#scores[0]!;
  }

  clear(): void {
    this.#size = 0;
  }

  /** Offers an index once; NaN never gets in. */
  push(index: number, score: number): void {
    if (this.#size < this.k) {
      if (score === score) this.#rise(this.#size++, index, score);
    } else if (this.k > 0 && this.#beats(index, score, 0)) {
      this.#sink(index, score, this.#size);
    }
  }

  /** What is kept, best first, as new arrays; keeps it. */
  sorted(): Best {
    const size = this.#size;
    const indices = this.#indices.slice(0, size);
    const scores = this.#scores.slice(0, size);
    for (let last = size - 1; last > 0; last--) {
      const index = this.#indices[last]!;
      const score = this.#scores[last]!;
      this.#indices[last] = this.#indices[0]!;
      this.#scores[last] = this.#scores[0]!;
      this.#sink(index, score, last);
    }
    const best = { indices: this.#indices.slice(0, size), scores: this.#scores.slice(0, size) };
    this.#indices.set(indices);
    this.#scores.set(scores);
    return best;
  }

  #beats(index: number, score: number, slot: number): boolean {
    const other = this.#scores[slot]!;
    return score > other || (score === other && index < this.#indices[slot]!);
  }

  #rise(slot: number, index: number, score: number): void {
    while (slot > 0) {
      const parent = (slot - 1) >> 1;
      if (this.#beats(index, score, parent)) break;
      this.#indices[slot] = this.#indices[parent]!;
      this.#scores[slot] = this.#scores[parent]!;
      slot = parent;
    }
    this.#indices[slot] = index;
    this.#scores[slot] = score;
  }

  /** Puts an entry in place of the root of the first `size` slots. */
  #sink(index: number, score: number, size: number): void {
    let slot = 0;
    for (;;) {
      let child = 2 * slot + 1;
      if (child >= size) break;
      if (
        child + 1 < size &&
        !this.#beats(this.#indices[child + 1]!, this.#scores[child + 1]!, child)
      ) {
        child++;
      }
      if (!this.#beats(index, score, child)) break;
      this.#indices[slot] = this.#indices[child]!;
      this.#scores[slot] = this.#scores[child]!;
      slot = child;
    }
    this.#indices[slot] = index;
    this.#scores[slot] = score;
  }
}

export interface NearestOptions {
  /** How many to find; fewer come where fewer may. */
  readonly k: number;
  /**
   * `dot` (default), or `cosine`: the dot product over both norms, 0 where either vector is zero.
   */
  readonly metric?: 'dot' | 'cosine';
  /** [numVectors], 0 where a vector may not be found; left out, all may. */
  readonly allowed?: Uint8Array;
}

/**
 * The k vectors with the greatest score for a query, exactly. Products are summed in double
 * precision in index order, so one query and a batch give the same bytes.
 *
 * @param query - [dim]
 * @param vectors - [numVectors x dim], row-major
 * @throws RangeError where the sizes do not fit
 */
export function nearest(query: Float32Array, vectors: Float32Array, options: NearestOptions): Best {
  const found = nearestBatch(query, vectors, query.length, options);
  const count = found.counts[0] ?? 0;
  return { indices: found.indices.slice(0, count), scores: found.scores.slice(0, count) };
}

/** The best of each query: rows of k, those beyond `counts[q]` hold index -1 and score 0. */
export interface BestBatch {
  /** [numQueries x k] */
  readonly indices: Int32Array;
  /** [numQueries x k] */
  readonly scores: Float64Array;
  /** [numQueries] */
  readonly counts: Int32Array;
}

/**
 * `nearest` for many queries.
 *
 * @param queries - [numQueries x dim], row-major
 * @param vectors - [numVectors x dim], row-major
 * @param options - and `exclude`: [numQueries x numVectors], what each query may not find, such as
 *   the tracks that a listener has heard
 * @throws RangeError where the sizes do not fit
 */
export function nearestBatch(
  queries: Float32Array,
  vectors: Float32Array,
  dim: number,
  options: NearestOptions & { readonly exclude?: Interactions },
): BestBatch {
  const { k, metric = 'dot', allowed, exclude } = options;
  const numQueries = rowsOf('queries', queries, dim);
  const numVectors = rowsOf('vectors', vectors, dim);
  checkMasks(numQueries, numVectors, allowed, exclude);

  const queryScale = metric === 'cosine' ? inverseNorms(queries, dim) : undefined;
  const vectorScale = metric === 'cosine' ? inverseNorms(vectors, dim) : undefined;
  const excludedFor = new Int32Array(exclude === undefined ? 0 : numVectors).fill(-1);
  const heap = new TopK(k);
  const indices = new Int32Array(numQueries * k).fill(-1);
  const scores = new Float64Array(numQueries * k);
  const counts = new Int32Array(numQueries);
  const products = new Float64Array(4 * numVectors);

  for (let first = 0; first < numQueries; first += 4) {
    const block = Math.min(4, numQueries - first);
    multiplyBlock(queries, first, block, vectors, numVectors, dim, products);
    for (let q = first; q < first + block; q++) {
      if (exclude !== undefined) {
        for (const index of rowOf(exclude, q).indices) excludedFor[index] = q;
      }
      heap.clear();
      const offset = (q - first) * numVectors;
      for (let v = 0; v < numVectors; v++) {
        if (allowed !== undefined && allowed[v] === 0) continue;
        if (exclude !== undefined && excludedFor[v] === q) continue;
        let score = products[offset + v]!;
        if (vectorScale !== undefined) score *= queryScale![q]! * vectorScale[v]!;
        if (score >= heap.threshold) heap.push(v, score);
      }
      const best = heap.sorted();
      indices.set(best.indices, q * k);
      scores.set(best.scores, q * k);
      counts[q] = best.indices.length;
    }
  }
  return { indices, scores, counts };
}

/** Every vector over its norm, as a new array; a zero vector stays zero. */
export function normalizeRows(vectors: Float32Array, dim: number): Float32Array {
  const scale = inverseNorms(vectors, dim);
  return vectors.map((value, i) => value * scale[Math.floor(i / dim)]!);
}

/** Dot products of up to four queries with all vectors: [block x numVectors] into `products`. */
function multiplyBlock(
  queries: Float32Array,
  first: number,
  block: number,
  vectors: Float32Array,
  numVectors: number,
  dim: number,
  products: Float64Array,
): void {
  // A block that is not full repeats its last query: four sums keep the processor busy anyway.
  const a = first * dim;
  const b = Math.min(first + 1, first + block - 1) * dim;
  const c = Math.min(first + 2, first + block - 1) * dim;
  const d = (first + block - 1) * dim;
  for (let v = 0; v < numVectors; v++) {
    const start = v * dim;
    let sumA = 0;
    let sumB = 0;
    let sumC = 0;
    let sumD = 0;
    for (let j = 0; j < dim; j++) {
      const value = vectors[start + j]!;
      sumA += queries[a + j]! * value;
      sumB += queries[b + j]! * value;
      sumC += queries[c + j]! * value;
      sumD += queries[d + j]! * value;
    }
    products[v] = sumA;
    products[numVectors + v] = sumB;
    products[2 * numVectors + v] = sumC;
    products[3 * numVectors + v] = sumD;
  }
}

function inverseNorms(vectors: Float32Array, dim: number): Float64Array {
  const scale = new Float64Array(dim === 0 ? 0 : vectors.length / dim);
  for (let v = 0; v < scale.length; v++) {
    let squares = 0;
    for (let j = v * dim; j < (v + 1) * dim; j++) squares += vectors[j]! * vectors[j]!;
    scale[v] = squares > 0 ? 1 / Math.sqrt(squares) : 0;
  }
  return scale;
}

function rowsOf(name: string, vectors: Float32Array, dim: number): number {
  if (!Number.isInteger(dim) || dim < 1 || vectors.length % dim !== 0) {
    throw new RangeError(
      `nearest: expected ${name} of a multiple of dim = ${dim} numbers, got ${vectors.length}`,
    );
  }
  return vectors.length / dim;
}

function checkMasks(
  numQueries: number,
  numVectors: number,
  allowed: Uint8Array | undefined,
  exclude: Interactions | undefined,
): void {
  if (allowed !== undefined && allowed.length !== numVectors) {
    throw new RangeError(`nearest: expected allowed of ${numVectors}, got ${allowed.length}`);
  }
  if (exclude !== undefined && (exclude.numRows !== numQueries || exclude.numCols !== numVectors)) {
    throw new RangeError(
      `nearest: expected exclude of ${numQueries} x ${numVectors}, ` +
        `got ${exclude.numRows} x ${exclude.numCols}`,
    );
  }
}
