/**
 * Products of matrices, four rows by eight columns at a time: eight registers hold the sums. Each
 * cell is summed in the order of k by itself, so its bytes do not depend on its neighbours.
 *
 * `packed` is the right factor B [depth x columns] in tiles of eight columns, [tile][k][8].
 * All pointers are in bytes and to multiples of 16; strides are in bytes.
 */

/** out[4 x 8] = rows[4 x depth] times one tile of B; depth a multiple of 2. */
export function multiplyTile(
  rows: usize,
  stride: usize,
  depth: usize,
  tile: usize,
  out: usize,
  outStride: usize,
): void {
  let row0 = rows;
  let row1 = rows + stride;
  let row2 = row1 + stride;
  let row3 = row2 + stride;
  let sum00 = f32x4.splat(0);
  let sum01 = f32x4.splat(0);
  let sum10 = f32x4.splat(0);
  let sum11 = f32x4.splat(0);
  let sum20 = f32x4.splat(0);
  let sum21 = f32x4.splat(0);
  let sum30 = f32x4.splat(0);
  let sum31 = f32x4.splat(0);
  const end = row0 + (depth << 2);
  while (row0 < end) {
    let b0 = v128.load(tile);
    let b1 = v128.load(tile, 16);
    let a = v128.load32_splat(row0);
    sum00 = f32x4.add(sum00, f32x4.mul(a, b0));
    sum01 = f32x4.add(sum01, f32x4.mul(a, b1));
    a = v128.load32_splat(row1);
    sum10 = f32x4.add(sum10, f32x4.mul(a, b0));
    sum11 = f32x4.add(sum11, f32x4.mul(a, b1));
    a = v128.load32_splat(row2);
    sum20 = f32x4.add(sum20, f32x4.mul(a, b0));
    sum21 = f32x4.add(sum21, f32x4.mul(a, b1));
    a = v128.load32_splat(row3);
    sum30 = f32x4.add(sum30, f32x4.mul(a, b0));
    sum31 = f32x4.add(sum31, f32x4.mul(a, b1));
    b0 = v128.load(tile, 32);
    b1 = v128.load(tile, 48);
    a = v128.load32_splat(row0, 4);
    sum00 = f32x4.add(sum00, f32x4.mul(a, b0));
    sum01 = f32x4.add(sum01, f32x4.mul(a, b1));
    a = v128.load32_splat(row1, 4);
    sum10 = f32x4.add(sum10, f32x4.mul(a, b0));
    sum11 = f32x4.add(sum11, f32x4.mul(a, b1));
    a = v128.load32_splat(row2, 4);
    sum20 = f32x4.add(sum20, f32x4.mul(a, b0));
    sum21 = f32x4.add(sum21, f32x4.mul(a, b1));
    a = v128.load32_splat(row3, 4);
    sum30 = f32x4.add(sum30, f32x4.mul(a, b0));
    sum31 = f32x4.add(sum31, f32x4.mul(a, b1));
    tile += 64;
    row0 += 8;
    row1 += 8;
    row2 += 8;
    row3 += 8;
  }
  v128.store(out, sum00);
  v128.store(out, sum01, 16);
  out += outStride;
  v128.store(out, sum10);
  v128.store(out, sum11, 16);
  out += outStride;
  v128.store(out, sum20);
  v128.store(out, sum21, 16);
  out += outStride;
  v128.store(out, sum30);
  v128.store(out, sum31, 16);
}

/** out[numRows x 8 numTiles] = rows[numRows x depth] times B; numRows a multiple of 4. */
export function multiply(
  rows: usize,
  numRows: usize,
  stride: usize,
  depth: usize,
  packed: usize,
  numTiles: usize,
  out: usize,
  outStride: usize,
): void {
  const tileBytes = depth << 5;
  for (let tile: usize = 0; tile < numTiles; tile++) {
    for (let row: usize = 0; row < numRows; row += 4) {
      multiplyTile(
        rows + row * stride,
        stride,
        depth,
        packed + tile * tileBytes,
        out + row * outStride + (tile << 5),
        outStride,
      );
    }
  }
}

/** Rows of the block that one thread takes at a time. */
const blockRows: usize = 32;

/**
 * rows = rows times B, in place, for the blocks that this thread gets; B [width x width].
 *
 * @param counter - two words, zero before: the next block, the next scratch
 * @param numRows - a multiple of 4
 * @param scratch - `scratchBytes(width)` for each thread
 */
export function rotate(
  counter: usize,
  rows: usize,
  numRows: usize,
  width: usize,
  packed: usize,
  scratch: usize,
): void {
  const mine = scratch + <usize>atomic.add<u32>(counter + 4, 1) * scratchBytes(width);
  for (;;) {
    const first = <usize>atomic.add<u32>(counter, 1) * blockRows;
    if (first >= numRows) return;
    rotateBlock(rows, first, min(first + blockRows, numRows), width, packed, mine);
  }
}

/** Rows first..last of `rotate`. */
export function rotateBlock(
  rows: usize,
  first: usize,
  last: usize,
  width: usize,
  packed: usize,
  scratch: usize,
): void {
  const stride = width << 2;
  const from = rows + first * stride;
  multiply(from, last - first, stride, width, packed, width >> 3, scratch, stride);
  memory.copy(from, scratch, (last - first) * stride);
}

/** What `rotate` and `solve` need for each thread: a block of rows, and vectors. */
export function scratchBytes(width: usize): usize {
  return (blockRows + 8) * (width << 2);
}
