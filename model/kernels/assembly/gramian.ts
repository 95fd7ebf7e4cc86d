/**
 * Y'Y of factors, by slices of rows: which slice a thread takes does not show in the sums, and the
 * slices are added in their order. Within a slice 64 rows are summed in single precision, then
 * added in double.
 */

const rowsAtOnce: usize = 64;

/** sum += low or high half of four single-precision sums, in double precision. */
function addPromoted(out: usize, sums: v128): void {
  v128.store(out, f64x2.add(v128.load(out), f64x2.promote_low_f32x4(sums)));
  const high = v128.shuffle<f32>(sums, sums, 2, 3, 2, 3);
  v128.store(out, f64x2.add(v128.load(out, 16), f64x2.promote_low_f32x4(high)), 16);
}

/** out[4 x 8] += columns i..i+3 of the rows, transposed, times columns j..j+7. */
function gramianTile(
  rows: usize,
  end: usize,
  stride: usize,
  i: usize,
  j: usize,
  out: usize,
  outStride: usize,
): void {
  let sum00 = f32x4.splat(0);
  let sum01 = f32x4.splat(0);
  let sum10 = f32x4.splat(0);
  let sum11 = f32x4.splat(0);
  let sum20 = f32x4.splat(0);
  let sum21 = f32x4.splat(0);
  let sum30 = f32x4.splat(0);
  let sum31 = f32x4.splat(0);
  let left = rows + (i << 2);
  let right = rows + (j << 2);
  const last = end + (i << 2);
  while (left < last) {
    const b0 = v128.load(right);
    const b1 = v128.load(right, 16);
    let a = v128.load32_splat(left);
    sum00 = f32x4.add(sum00, f32x4.mul(a, b0));
    sum01 = f32x4.add(sum01, f32x4.mul(a, b1));
    a = v128.load32_splat(left, 4);
    sum10 = f32x4.add(sum10, f32x4.mul(a, b0));
    sum11 = f32x4.add(sum11, f32x4.mul(a, b1));
    a = v128.load32_splat(left, 8);
    sum20 = f32x4.add(sum20, f32x4.mul(a, b0));
    sum21 = f32x4.add(sum21, f32x4.mul(a, b1));
    a = v128.load32_splat(left, 12);
    sum30 = f32x4.add(sum30, f32x4.mul(a, b0));
    sum31 = f32x4.add(sum31, f32x4.mul(a, b1));
    left += stride;
    right += stride;
  }
  addPromoted(out, sum00);
  addPromoted(out + 32, sum01);
  out += outStride;
  addPromoted(out, sum10);
  addPromoted(out + 32, sum11);
  out += outStride;
  addPromoted(out, sum20);
  addPromoted(out + 32, sum21);
  out += outStride;
  addPromoted(out, sum30);
  addPromoted(out + 32, sum31);
}

/**
 * The slices that this thread gets, each into its own [width x width] of double precision; only
 * columns up to the end of the tile that holds the diagonal are meant.
 *
 * @param counter - zero before
 * @param slices - [numSlices x width x width], overwritten
 */
export function gramian(
  counter: usize,
  rows: usize,
  numRows: usize,
  width: usize,
  slices: usize,
  numSlices: usize,
): void {
  const stride = width << 2;
  const bytes = (width * width) << 3;
  const sliceRows = (numRows + numSlices - 1) / numSlices;
  for (;;) {
    const slice = <usize>atomic.add<u32>(counter, 1);
    if (slice >= numSlices) return;
    const out = slices + slice * bytes;
    memory.fill(out, 0, bytes);
    const last = min((slice + 1) * sliceRows, numRows);
    for (let row = slice * sliceRows; row < last; row += rowsAtOnce) {
      const from = rows + row * stride;
      const end = rows + min(row + rowsAtOnce, last) * stride;
      for (let i: usize = 0; i < width; i += 4) {
        for (let j: usize = 0; j <= i; j += 8) {
          gramianTile(from, end, stride, i, j, out + ((i * width + j) << 3), width << 3);
        }
      }
    }
  }
}

/** Adds all slices to the first, in their order, and mirrors it: [width x width], symmetric. */
export function sumSlices(slices: usize, numSlices: usize, width: usize): void {
  const bytes = (width * width) << 3;
  const end = slices + bytes;
  for (let slice: usize = 1; slice < numSlices; slice++) {
    for (let cell = slices; cell < end; cell += 16) {
      v128.store(cell, f64x2.add(v128.load(cell), v128.load(cell + slice * bytes)));
    }
  }
  for (let i: usize = 0; i < width; i++) {
    for (let j: usize = 0; j < i; j++) {
      store<f64>(slices + ((j * width + i) << 3), load<f64>(slices + ((i * width + j) << 3)));
    }
  }
}
