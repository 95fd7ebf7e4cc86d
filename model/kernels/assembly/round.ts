/**
 * Inner products of vectors rounded to 16 bits, two factors a lane: twice the speed of single
 * precision, and whole numbers add up the same in any order.
 *
 * All pointers are in bytes and to multiples of 16.
 */

/**
 * Length of the longest rounded vector. By Cauchy-Schwarz no partial sum of a product of two is
 * beyond 31 bits, whatever the number of factors.
 */
const reach: f64 = 32000;
/** Single precision has no greater scale. */
const greatestScale: f64 = 1e38;
/** Items whose scores are looked at together; a multiple of 16. */
export const blockItems: usize = 512;
/** Below every score. */
export const nothing: i32 = i32.MIN_VALUE;

/** What a vector of this length is multiplied by before it is rounded. */
export function scaleOf(norm: f64): f64 {
  return norm === 0 ? 0 : <f64>(<f32>Math.min(reach / norm, greatestScale));
}

export function normOf(row: usize, width: usize): f64 {
  let sum: f64 = 0;
  for (let f: usize = 0; f < width; f++) {
    const value = <f64>load<f32>(row + (f << 2));
    sum += value * value;
  }
  return Math.sqrt(sum);
}

function rounded(row: usize, scale: v128): v128 {
  const low = f32x4.nearest(f32x4.mul(v128.load(row), scale));
  const high = f32x4.nearest(f32x4.mul(v128.load(row, 16), scale));
  return i16x8.narrow_i32x4_s(i32x4.trunc_sat_f32x4_s(low), i32x4.trunc_sat_f32x4_s(high));
}

function absolute(pairs: v128): v128 {
  return i32x4.extadd_pairwise_i16x8_s(i16x8.abs(pairs));
}

function sumLanes(lanes: v128): i32 {
  return (
    i32x4.extract_lane(lanes, 0) +
    i32x4.extract_lane(lanes, 1) +
    i32x4.extract_lane(lanes, 2) +
    i32x4.extract_lane(lanes, 3)
  );
}

/** Rounds a query to `to`, 16 bits a factor; gives the sum of its absolute values. */
export function roundQuery(row: usize, width: usize, scale: f32, to: usize): i32 {
  const scales = f32x4.splat(scale);
  let sums = i32x4.splat(0);
  for (let f: usize = 0; f < width; f += 8) {
    const values = rounded(row + (f << 2), scales);
    v128.store(to + (f << 1), values);
    sums = i32x4.add(sums, absolute(values));
  }
  return sumLanes(sums);
}

/**
 * Rounds rows into tiles of eight items, [tile][width / 2][8 items][2].
 *
 * @param rows - [numRows x width]
 * @param packed - where the first of these items is; the tiles begin at multiples of eight items
 * @param first - place of the first among the items
 * @returns the greatest sum of absolute values of one item
 */
export function packItems(
  rows: usize,
  numRows: usize,
  width: usize,
  scale: f32,
  packed: usize,
  first: usize,
): i32 {
  const scales = f32x4.splat(scale);
  const tileBytes = width << 4;
  let most = 0;
  for (let n: usize = 0; n < numRows; n++) {
    const item = first + n;
    let to = packed + (item >> 3) * tileBytes + ((item & 7) << 2);
    let row = rows + n * (width << 2);
    const end = row + (width << 2);
    let sums = i32x4.splat(0);
    for (; row < end; row += 32) {
      const values = rounded(row, scales);
      v128.store32_lane(to, values, 0);
      v128.store32_lane(to, values, 1, 32);
      v128.store32_lane(to, values, 2, 64);
      v128.store32_lane(to, values, 3, 96);
      to += 128;
      sums = i32x4.add(sums, absolute(values));
    }
    most = max(most, sumLanes(sums));
  }
  return most;
}

/** out[4 x 8] = four rounded queries times a tile. */
function multiplyPairs(
  queries: usize,
  width: usize,
  tile: usize,
  out: usize,
  outStride: usize,
): void {
  const stride = width << 1;
  let query0 = queries;
  let query1 = query0 + stride;
  let query2 = query1 + stride;
  let query3 = query2 + stride;
  const end = query1;
  let sum00 = i32x4.splat(0);
  let sum01 = i32x4.splat(0);
  let sum10 = i32x4.splat(0);
  let sum11 = i32x4.splat(0);
  let sum20 = i32x4.splat(0);
  let sum21 = i32x4.splat(0);
  let sum30 = i32x4.splat(0);
  let sum31 = i32x4.splat(0);
  while (query0 < end) {
    let b0 = v128.load(tile);
    let b1 = v128.load(tile, 16);
    let a = v128.load32_splat(query0);
    sum00 = i32x4.add(sum00, i32x4.dot_i16x8_s(a, b0));
    sum01 = i32x4.add(sum01, i32x4.dot_i16x8_s(a, b1));
    a = v128.load32_splat(query1);
    sum10 = i32x4.add(sum10, i32x4.dot_i16x8_s(a, b0));
    sum11 = i32x4.add(sum11, i32x4.dot_i16x8_s(a, b1));
    a = v128.load32_splat(query2);
    sum20 = i32x4.add(sum20, i32x4.dot_i16x8_s(a, b0));
    sum21 = i32x4.add(sum21, i32x4.dot_i16x8_s(a, b1));
    a = v128.load32_splat(query3);
    sum30 = i32x4.add(sum30, i32x4.dot_i16x8_s(a, b0));
    sum31 = i32x4.add(sum31, i32x4.dot_i16x8_s(a, b1));
    b0 = v128.load(tile, 32);
    b1 = v128.load(tile, 48);
    a = v128.load32_splat(query0, 4);
    sum00 = i32x4.add(sum00, i32x4.dot_i16x8_s(a, b0));
    sum01 = i32x4.add(sum01, i32x4.dot_i16x8_s(a, b1));
    a = v128.load32_splat(query1, 4);
    sum10 = i32x4.add(sum10, i32x4.dot_i16x8_s(a, b0));
    sum11 = i32x4.add(sum11, i32x4.dot_i16x8_s(a, b1));
    a = v128.load32_splat(query2, 4);
    sum20 = i32x4.add(sum20, i32x4.dot_i16x8_s(a, b0));
    sum21 = i32x4.add(sum21, i32x4.dot_i16x8_s(a, b1));
    a = v128.load32_splat(query3, 4);
    sum30 = i32x4.add(sum30, i32x4.dot_i16x8_s(a, b0));
    sum31 = i32x4.add(sum31, i32x4.dot_i16x8_s(a, b1));
    tile += 64;
    query0 += 8;
    query1 += 8;
    query2 += 8;
    query3 += 8;
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

/** Scores of four queries for the items from `first` on: [4 x blockItems], `nothing` past the end. */
export function scoreBlock(
  queries: usize,
  width: usize,
  packed: usize,
  numItems: usize,
  first: usize,
  out: usize,
): void {
  const tileBytes = width << 4;
  const outStride = blockItems << 2;
  const count = min(blockItems, numItems - first);
  let tile = packed + (first >> 3) * tileBytes;
  for (let item: usize = 0; item < count; item += 8) {
    multiplyPairs(queries, width, tile, out + (item << 2), outStride);
    tile += tileBytes;
  }
  const end = (count + 15) & ~15;
  for (let query: usize = 0; query < 4; query++) {
    for (let item = count; item < end; item++) {
      store<i32>(out + query * outStride + (item << 2), nothing);
    }
  }
}

/** How many scores are at least so high; `scores` hold `nothing` up to the next multiple of four. */
export function countFrom(scores: usize, count: usize, level: i32): usize {
  const levels = i32x4.splat(level);
  let sums = i32x4.splat(0);
  const end = scores + (count << 2);
  for (let at = scores; at < end; at += 16) {
    sums = i32x4.sub(sums, i32x4.ge_s(v128.load(at), levels));
  }
  return <usize>sumLanes(sums);
}
