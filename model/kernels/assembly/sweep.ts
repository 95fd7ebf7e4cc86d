/**
 * The inverse of a symmetric positive definite matrix, in place, by sweeping one block of rows and
 * columns after the other: `model/inverse.ts` says what a sweep is, `model/inverse-fast.ts` calls.
 *
 * In double precision, in blocks of 64 x 64, each row-major; of the lower triangle only: block (i, j),
 * j <= i, is the i (i + 1) / 2 + j-th. Each cell is summed in the order of k by itself, so which
 * thread takes a block does not show in its bytes.
 */

const side: usize = 64;
const rowBytes: usize = side << 3;
const blockBytes: usize = side * rowBytes;

function blockAt(blocks: usize, i: usize, j: usize): usize {
  return blocks + (((i * (i + 1)) >> 1) + j) * blockBytes;
}

/** to = from, rows and columns exchanged. */
function transposeBlock(from: usize, to: usize): void {
  for (let i: usize = 0; i < side; i++) {
    for (let j: usize = 0; j < side; j++) {
      store<f64>(to + j * rowBytes + (i << 3), load<f64>(from + i * rowBytes + (j << 3)));
    }
  }
}

/** Rows a..a+3, columns b..b+3 of `subtractProduct`. */
function subtractTile(out: usize, left: usize, right: usize): void {
  let sum00 = v128.load(out);
  let sum01 = v128.load(out, 16);
  let sum10 = v128.load(out + rowBytes);
  let sum11 = v128.load(out + rowBytes, 16);
  let sum20 = v128.load(out + 2 * rowBytes);
  let sum21 = v128.load(out + 2 * rowBytes, 16);
  let sum30 = v128.load(out + 3 * rowBytes);
  let sum31 = v128.load(out + 3 * rowBytes, 16);
  const end = left + rowBytes;
  while (left < end) {
    const b0 = v128.load(right);
    const b1 = v128.load(right, 16);
    let a = v128.load64_splat(left);
    sum00 = f64x2.sub(sum00, f64x2.mul(a, b0));
    sum01 = f64x2.sub(sum01, f64x2.mul(a, b1));
    a = v128.load64_splat(left + rowBytes);
    sum10 = f64x2.sub(sum10, f64x2.mul(a, b0));
    sum11 = f64x2.sub(sum11, f64x2.mul(a, b1));
    a = v128.load64_splat(left + 2 * rowBytes);
    sum20 = f64x2.sub(sum20, f64x2.mul(a, b0));
    sum21 = f64x2.sub(sum21, f64x2.mul(a, b1));
    a = v128.load64_splat(left + 3 * rowBytes);
    sum30 = f64x2.sub(sum30, f64x2.mul(a, b0));
    sum31 = f64x2.sub(sum31, f64x2.mul(a, b1));
    left += 8;
    right += rowBytes;
  }
  v128.store(out, sum00);
  v128.store(out, sum01, 16);
  v128.store(out + rowBytes, sum10);
  v128.store(out + rowBytes, sum11, 16);
  v128.store(out + 2 * rowBytes, sum20);
  v128.store(out + 2 * rowBytes, sum21, 16);
  v128.store(out + 3 * rowBytes, sum30);
  v128.store(out + 3 * rowBytes, sum31, 16);
}

/** out -= left times right, all blocks. */
function subtractProduct(out: usize, left: usize, right: usize): void {
  for (let j: usize = 0; j < rowBytes; j += 32) {
    for (let i: usize = 0; i < blockBytes; i += 4 * rowBytes) {
      subtractTile(out + i + j, left + i, right + j);
    }
  }
}

/**
 * Sweeps the rows and columns of a diagonal block within it: what becomes of it is the inverse of
 * what it was, less than 0.
 *
 * @returns 1, or 0 for a pivot below the least
 */
export function sweepPivot(blocks: usize, pivot: usize, least: f64): u32 {
  const block = blockAt(blocks, pivot, pivot);
  for (let k: usize = 0; k < side; k++) {
    const rowK = block + k * rowBytes;
    const divisor = load<f64>(rowK + (k << 3));
    if (!(divisor >= least) || divisor == Infinity) return 0;
    for (let i: usize = 0; i < side; i++) {
      if (i == k) continue;
      const row = block + i * rowBytes;
      const factor = load<f64>(row + (k << 3)) / divisor;
      for (let j: usize = 0; j < side; j++) {
        const cell = row + (j << 3);
        store<f64>(cell, load<f64>(cell) - factor * load<f64>(rowK + (j << 3)));
      }
      store<f64>(row + (k << 3), factor);
    }
    for (let j: usize = 0; j < side; j++) {
      const cell = rowK + (j << 3);
      store<f64>(cell, load<f64>(cell) / divisor);
    }
    store<f64>(rowK + (k << 3), -1 / divisor);
  }
  return 1;
}

/**
 * The blocks in the rows and columns of the pivot, those that this thread gets: keeps what they
 * were, transposed, in `right`, and puts what they become into their place and into `left`.
 *
 * @param counter - zero before
 * @param left, right - [numBlocks] blocks
 */
export function sweepPanel(
  counter: usize,
  blocks: usize,
  numBlocks: usize,
  pivot: usize,
  left: usize,
  right: usize,
): void {
  const swept = blockAt(blocks, pivot, pivot);
  for (;;) {
    const i = <usize>atomic.add<u32>(counter, 1);
    if (i >= numBlocks) return;
    if (i == pivot) continue;
    const product = left + i * blockBytes;
    const kept = right + i * blockBytes;
    memory.fill(product, 0, blockBytes);
    if (i > pivot) {
      const block = blockAt(blocks, i, pivot);
      transposeBlock(block, kept);
      subtractProduct(product, block, swept);
      memory.copy(block, product, blockBytes);
    } else {
      const block = blockAt(blocks, pivot, i);
      memory.copy(kept, block, blockBytes);
      transposeBlock(kept, block);
      subtractProduct(product, block, swept);
      transposeBlock(product, block);
    }
  }
}

/** All other blocks, in the rows that this thread gets: less `left` of the row times `right` of the column. */
export function sweepRest(
  counter: usize,
  blocks: usize,
  numBlocks: usize,
  pivot: usize,
  left: usize,
  right: usize,
): void {
  for (;;) {
    const taken = <usize>atomic.add<u32>(counter, 1);
    if (taken >= numBlocks) return;
    // The longest rows first.
    const i = numBlocks - 1 - taken;
    if (i == pivot) continue;
    for (let j: usize = 0; j <= i; j++) {
      if (j == pivot) continue;
      subtractProduct(blockAt(blocks, i, j), left + i * blockBytes, right + j * blockBytes);
    }
  }
}
