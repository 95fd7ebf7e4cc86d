import {
  AlsKernels,
  placeFactors,
  placeRows,
  widthOf,
  writeRows,
  type PlacedFactors,
  type PlacedRows,
} from './als-kernels.ts';
import { checkValues } from './als.ts';
import { sliceRows } from './evaluation/rows.ts';
import type { Interactions } from './interactions.ts';
import { WorkspacePlan } from './kernels/workspace.ts';
import { checkBatch, type Recommender } from './recommend/recommender.ts';
import type { Weighting } from './solver.ts';

/** Listeners solved and scored at once. */
const blockRows = 128;
/** Items scored at once: their scores stay in the cache until they are copied out. */
const blockItems = 512;
/** Steps of conjugate gradients for a listener, from zero: to within single precision exact. */
const steps = 12;

/**
 * Scores listeners by their histories on the WebAssembly kernels, on the calling thread: factors by
 * fold-in, then products with all items, 16 or more operations a nanosecond and thread. A
 * listener's scores are the same bytes in any batch.
 *
 * Holds the factors of the items twice, in memory that is collected with it.
 */
export class AlsScorer implements Recommender {
  readonly numItems: number;
  readonly #als: AlsKernels;
  readonly #weighting: Weighting;
  readonly #items: PlacedFactors;
  readonly #packed: number;
  readonly #listeners: PlacedFactors;
  readonly #stored: PlacedRows;
  readonly #maxStored: number;
  readonly #block: number;

  private constructor(
    numItems: number,
    numFactors: number,
    weighting: Weighting,
    kernels: WebAssembly.Module,
  ) {
    const plan = new WorkspacePlan();
    this.numItems = numItems;
    this.#weighting = weighting;
    this.#maxStored = Math.max(numItems, 65_536);
    this.#items = placeFactors(plan, numItems, numFactors);
    this.#packed = plan.place(Math.ceil(numItems / 8) * 32 * widthOf(numFactors));
    this.#listeners = placeFactors(plan, blockRows, numFactors);
    this.#stored = placeRows(plan, blockRows, this.#maxStored);
    this.#block = plan.place(4 * blockRows * blockItems);
    this.#als = new AlsKernels(plan, numFactors, kernels);
  }

  /**
   * @param itemFactors - [numItems x numFactors], copied
   * @throws RangeError where a factor is no finite number
   */
  static async open(
    itemFactors: Float32Array,
    numFactors: number,
    weighting: Weighting,
    kernels: WebAssembly.Module,
  ): Promise<AlsScorer> {
    const numItems = itemFactors.length / numFactors;
    const scorer = new AlsScorer(numItems, numFactors, weighting, kernels);
    scorer.#als.write(scorer.#items, itemFactors);
    if (!(await scorer.#als.diagonalize(scorer.#items))) {
      throw new RangeError('als: expected item factors that are finite numbers, got others');
    }
    scorer.#pack();
    return scorer;
  }

  async score(histories: Interactions, scores: Float32Array): Promise<void> {
    checkBatch('als', this.numItems, histories, scores);
    checkValues(histories, this.#weighting.alpha);
    const { indptr, numRows } = histories;
    for (let from = 0; from < numRows;) {
      let to = from + 1;
      while (
        to < Math.min(from + blockRows, numRows) &&
        indptr[to + 1]! - indptr[from]! <= this.#maxStored
      ) {
        to++;
      }
      const own = scores.subarray(from * this.numItems, to * this.numItems);
      await this.#scoreBlock(sliceRows(histories, from, to), own);
      from = to;
    }
  }

  /** Up to `blockRows` listeners. */
  async #scoreBlock(histories: Interactions, scores: Float32Array): Promise<void> {
    const { workspace, width } = this.#als;
    const { numItems } = this;
    const { numRows } = histories;
    const listeners = { ...this.#listeners, count: numRows };
    workspace.float32(listeners.at, blockRows * width).fill(0);
    writeRows(workspace, this.#stored, histories);
    await this.#als.solve(listeners, this.#stored, this.#items, this.#weighting, steps, false);

    const block = workspace.float32(this.#block, blockRows * blockItems);
    const paddedRows = Math.ceil(numRows / 4) * 4;
    for (let first = 0; first < numItems; first += blockItems) {
      const count = Math.min(blockItems, numItems - first);
      workspace.call(
        'multiply',
        listeners.at,
        paddedRows,
        4 * width,
        width,
        this.#packed + 4 * width * first,
        Math.ceil(count / 8),
        this.#block,
        4 * blockItems,
      );
      for (let row = 0; row < numRows; row++) {
        const own = block.subarray(row * blockItems, row * blockItems + count);
        scores.set(own, row * numItems + first);
      }
    }
  }

  /** Items in tiles of eight columns, as the kernel `multiply` wants its right factor. */
  #pack(): void {
    const { workspace, width } = this.#als;
    const { numItems } = this;
    const factors = workspace.float32(this.#items.at, numItems * width);
    const packed = workspace.float32(this.#packed, Math.ceil(numItems / 8) * 8 * width);
    for (let item = 0; item < numItems; item++) {
      const tile = (item >> 3) * 8 * width + (item & 7);
      for (let f = 0; f < width; f++) packed[tile + 8 * f] = factors[item * width + f]!;
    }
  }
}
