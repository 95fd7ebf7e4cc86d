/**
 * The best of a pool of items by inner product. Vectors are rounded to 16 bits first, two factors
 * a lane: twice the speed of single precision, and whole numbers add up the same in any order. The
 * error of rounding is bounded, so what may be among the best is known for certain; that little is
 * then summed in double precision. `model/retrieval/packed-items.ts` says how it is called.
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
const blockItems: usize = 512;
/** Below every score. */
const nothing: i32 = i32.MIN_VALUE;

/** What a vector of this length is multiplied by before it is rounded. */
export function scaleOf(norm: f64): f64 {
  return norm === 0 ? 0 : <f64>(<f32>Math.min(reach / norm, greatestScale));
}

function normOf(row: usize, width: usize): f64 {
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
function roundQuery(row: usize, width: usize, scale: f32, to: usize): i32 {
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
function scoreBlock(
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

/** Appends what is above the threshold; gives how many there are then. */
function append(
  scores: usize,
  count: usize,
  first: usize,
  above: i32,
  foundScores: usize,
  foundItems: usize,
  found: usize,
): usize {
  const threshold = i32x4.splat(above);
  for (let item: usize = 0; item < count; item += 16) {
    const at = scores + (item << 2);
    const m0 = i32x4.gt_s(v128.load(at), threshold);
    const m1 = i32x4.gt_s(v128.load(at, 16), threshold);
    const m2 = i32x4.gt_s(v128.load(at, 32), threshold);
    const m3 = i32x4.gt_s(v128.load(at, 48), threshold);
    const bytes = i8x16.narrow_i16x8_s(
      i16x8.narrow_i32x4_s(m0, m1),
      i16x8.narrow_i32x4_s(m2, m3),
    );
    let mask = i8x16.bitmask(bytes);
    while (mask !== 0) {
      const place = item + <usize>ctz(mask);
      store<i32>(foundScores + (found << 2), load<i32>(scores + (place << 2)));
      store<i32>(foundItems + (found << 2), <i32>(first + place));
      found++;
      mask &= mask - 1;
    }
  }
  return found;
}

/** How many scores are at least so high; `scores` hold `nothing` up to the next multiple of four. */
function countFrom(scores: usize, count: usize, level: i32): usize {
  const levels = i32x4.splat(level);
  let sums = i32x4.splat(0);
  const end = scores + (count << 2);
  for (let at = scores; at < end; at += 16) {
    sums = i32x4.sub(sums, i32x4.ge_s(v128.load(at), levels));
  }
  return <usize>sumLanes(sums);
}

/**
 * A level that at least k of the scores reach, and few more than k where that can be: by halving
 * between the least and the greatest. count >= k >= 1.
 */
function levelOf(scores: usize, count: usize, k: usize): i32 {
  for (let n = count; (n & 3) !== 0; n++) store<i32>(scores + (n << 2), nothing);
  let low = i32.MAX_VALUE;
  let high = nothing;
  for (let n: usize = 0; n < count; n++) {
    const score = load<i32>(scores + (n << 2));
    low = min(low, score);
    high = max(high, score);
  }
  // k or more reach `low`, fewer reach `past`.
  let past = <i64>high + 1;
  const enough = k + (k >> 4);
  while (past - <i64>low > 1) {
    const middle = <i32>((<i64>low + past) >> 1);
    const reached = countFrom(scores, count, middle);
    if (reached >= k) {
      low = middle;
      if (reached <= enough) break;
    } else past = <i64>middle;
  }
  return low;
}

/** Keeps what is above; gives how many. */
function filter(scores: usize, items: usize, count: usize, above: i32): usize {
  let kept: usize = 0;
  for (let n: usize = 0; n < count; n++) {
    const score = load<i32>(scores + (n << 2));
    store<i32>(scores + (kept << 2), score);
    store<i32>(items + (kept << 2), load<i32>(items + (n << 2)));
    kept += <usize>(score > above);
  }
  return kept;
}

/** Sums in double precision in the order of the factors, four items side by side. */
function scoreExactly(
  query: usize,
  width: usize,
  rows: usize,
  items: usize,
  count: usize,
  keys: usize,
): void {
  const bytes = width << 2;
  for (let n: usize = 0; n < count; n += 4) {
    const last = count - 1;
    let y0 = rows + <usize>load<i32>(items + (n << 2)) * bytes;
    let y1 = rows + <usize>load<i32>(items + (min(n + 1, last) << 2)) * bytes;
    let y2 = rows + <usize>load<i32>(items + (min(n + 2, last) << 2)) * bytes;
    let y3 = rows + <usize>load<i32>(items + (min(n + 3, last) << 2)) * bytes;
    let sum0: f64 = 0;
    let sum1: f64 = 0;
    let sum2: f64 = 0;
    let sum3: f64 = 0;
    for (let f: usize = 0; f < bytes; f += 4) {
      const x = <f64>load<f32>(query + f);
      sum0 += x * <f64>load<f32>(y0 + f);
      sum1 += x * <f64>load<f32>(y1 + f);
      sum2 += x * <f64>load<f32>(y2 + f);
      sum3 += x * <f64>load<f32>(y3 + f);
    }
    const key = keys + (n << 3);
    store<f64>(key, sum0);
    store<f64>(key, sum1, 8);
    store<f64>(key, sum2, 16);
    store<f64>(key, sum3, 24);
  }
}

/**
 * Sorts by key, the greatest first, and keeps the order of equals, without a branch that cannot be
 * foreseen: by 32 bits of where the key lies between the greatest and the least, eight bits a time,
 * then what those bits cannot tell apart by insertion.
 *
 * @param scratch - 32 bytes an item and 4 KiB
 */
function sort(keys: usize, items: usize, count: usize, scratch: usize): void {
  if (count < 2) return;
  const counts = scratch;
  let from = scratch + 4096;
  let to = from + (count << 3);
  const oldKeys = to + (count << 3);
  const oldItems = oldKeys + (count << 3);
  memory.copy(oldKeys, keys, count << 3);
  memory.copy(oldItems, items, count << 2);
  memory.fill(counts, 0, 4096);
  let greatest = load<f64>(keys);
  let least = greatest;
  for (let n: usize = 1; n < count; n++) {
    const key = load<f64>(keys + (n << 3));
    greatest = Math.max(greatest, key);
    least = Math.min(least, key);
  }
  const unit: f64 = greatest > least ? 4294967295.0 / (greatest - least) : 0;
  for (let n: usize = 0; n < count; n++) {
    const below = <u32>(<u64>Math.min((greatest - load<f64>(keys + (n << 3))) * unit, 4294967295.0));
    store<u64>(from + (n << 3), (<u64>below << 32) | <u64>n);
    tally(counts + ((below & 255) << 2));
    tally(counts + 1024 + (((below >> 8) & 255) << 2));
    tally(counts + 2048 + (((below >> 16) & 255) << 2));
    tally(counts + 3072 + ((below >> 24) << 2));
  }
  for (let byte: usize = 0; byte < 4; byte++) {
    const own = counts + (byte << 10);
    let sum: u32 = 0;
    for (let value: usize = 0; value < 1024; value += 4) {
      const here = load<u32>(own + value);
      store<u32>(own + value, sum);
      sum += here;
    }
    const shift = <u64>(32 + (byte << 3));
    for (let n: usize = 0; n < count; n++) {
      const entry = load<u64>(from + (n << 3));
      const place = own + (((<usize>(entry >> shift)) & 255) << 2);
      const at = load<u32>(place);
      store<u32>(place, at + 1);
      store<u64>(to + (<usize>at << 3), entry);
    }
    const other = from;
    from = to;
    to = other;
  }
  for (let n: usize = 0; n < count; n++) {
    const place = <usize>load<u32>(from + (n << 3));
    const key = load<f64>(oldKeys + (place << 3));
    const item = load<i32>(oldItems + (place << 2));
    let at = n;
    while (at > 0 && load<f64>(keys + ((at - 1) << 3)) < key) {
      store<f64>(keys + (at << 3), load<f64>(keys + ((at - 1) << 3)));
      store<i32>(items + (at << 2), load<i32>(items + ((at - 1) << 2)));
      at--;
    }
    store<f64>(keys + (at << 3), key);
    store<i32>(items + (at << 2), item);
  }
}

function tally(at: usize): void {
  store<u32>(at, load<u32>(at) + 1);
}

/** Bytes that `findBest` needs beside. */
export function findScratch(width: usize, numItems: usize, k: usize): usize {
  const room = (numItems + blockItems + 15) & ~15;
  return 8 * width + (blockItems << 4) + 5 * (room << 3) + 64 + (room << 5) + 4096;
}

/**
 * The k best items of each query, best first, ties by the smaller place.
 *
 * @param queries - [numQueries x width]
 * @param packed - items as `packItems` leaves them
 * @param most - what `packItems` gave, the greatest of all calls
 * @param rows - [numItems x width] the items themselves; 0: they are ranked by the rounded products
 * @param places - [numQueries x k], what is beyond the count is left as it is
 * @param scores - [numQueries x k] double precision; of rounded products without `rows`
 * @param counts - [numQueries]
 */
export function findBest(
  queries: usize,
  numQueries: usize,
  width: usize,
  packed: usize,
  numItems: usize,
  most: i32,
  rows: usize,
  k: usize,
  scratch: usize,
  places: usize,
  scores: usize,
  counts: usize,
): void {
  const room = (numItems + blockItems + 15) & ~15;
  const pairs = scratch;
  const block = pairs + 8 * width;
  const found = block + (blockItems << 4);
  const keys = found + 4 * (room << 3);
  // Of each of the four queries.
  const margins = keys + (room << 3);
  const founds = margins + 16;
  const limits = founds + 16;
  const aboves = limits + 16;
  const sorting = aboves + 16;
  const want = min(k, numItems);

  for (let first: usize = 0; first < numQueries; first += 4) {
    const numHere = min<usize>(4, numQueries - first);
    memory.fill(pairs, 0, 8 * width);
    for (let q: usize = 0; q < numHere; q++) {
      const row = queries + (first + q) * (width << 2);
      const scale = <f32>scaleOf(normOf(row, width));
      const sum = roundQuery(row, width, scale, pairs + q * (width << 1));
      // Half of each sum and a quarter of each factor, twice, and what single precision adds.
      const margin: i64 =
        rows === 0 ? 0 : <i64>(1.01 * (<f64>sum + <f64>most + 0.5 * <f64>width)) + 4;
      store<u32>(margins + (q << 2), <u32>margin);
      store<u32>(founds + (q << 2), 0);
      store<u32>(limits + (q << 2), 2 * <u32>want);
      store<i32>(aboves + (q << 2), nothing);
    }
    for (let item: usize = 0; item < numItems; item += blockItems) {
      scoreBlock(pairs, width, packed, numItems, item, block);
      const count = min(blockItems, numItems - item);
      for (let q: usize = 0; q < numHere; q++) {
        const foundScores = found + q * (room << 3);
        const foundItems = foundScores + (room << 2);
        let size = append(
          block + q * (blockItems << 2),
          count,
          item,
          load<i32>(aboves + (q << 2)),
          foundScores,
          foundItems,
          <usize>load<u32>(founds + (q << 2)),
        );
        if (want > 0 && size > <usize>load<u32>(limits + (q << 2))) {
          const level = <i64>levelOf(foundScores, size, want);
          const above = <i32>max<i64>(level - <i64>load<u32>(margins + (q << 2)) - 1, nothing);
          size = filter(foundScores, foundItems, size, above);
          store<i32>(aboves + (q << 2), above);
          store<u32>(limits + (q << 2), 2 * <u32>max(want, size));
        }
        store<u32>(founds + (q << 2), <u32>size);
      }
    }
    for (let q: usize = 0; q < numHere; q++) {
      const foundScores = found + q * (room << 3);
      const foundItems = foundScores + (room << 2);
      let size = <usize>load<u32>(founds + (q << 2));
      if (want > 0 && size > want) {
        const level = <i64>levelOf(foundScores, size, want);
        const above = <i32>max<i64>(level - <i64>load<u32>(margins + (q << 2)) - 1, nothing);
        size = filter(foundScores, foundItems, size, above);
      }
      if (rows !== 0) {
        const row = queries + (first + q) * (width << 2);
        scoreExactly(row, width, rows, foundItems, size, keys);
      } else {
        for (let n: usize = 0; n < size; n++) {
          store<f64>(keys + (n << 3), <f64>load<i32>(foundScores + (n << 2)));
        }
      }
      sort(keys, foundItems, size, sorting);
      memory.copy(places + ((first + q) * k << 2), foundItems, want << 2);
      memory.copy(scores + ((first + q) * k << 3), keys, want << 3);
      store<u32>(counts + ((first + q) << 2), <u32>want);
    }
  }
}

/**
 * The nearest of some directions, for each query; ties by the smaller place.
 *
 * @param scratch - as for `findBest`
 * @param nearest - [numQueries]
 */
export function findNearest(
  queries: usize,
  numQueries: usize,
  width: usize,
  packed: usize,
  numItems: usize,
  scratch: usize,
  nearest: usize,
): void {
  const pairs = scratch;
  const block = pairs + 8 * width;
  for (let first: usize = 0; first < numQueries; first += 4) {
    const numHere = min<usize>(4, numQueries - first);
    memory.fill(pairs, 0, 8 * width);
    for (let q: usize = 0; q < numHere; q++) {
      const row = queries + (first + q) * (width << 2);
      roundQuery(row, width, <f32>scaleOf(normOf(row, width)), pairs + q * (width << 1));
    }
    let best0 = nothing;
    let best1 = nothing;
    let best2 = nothing;
    let best3 = nothing;
    let place0: u32 = 0;
    let place1: u32 = 0;
    let place2: u32 = 0;
    let place3: u32 = 0;
    for (let item: usize = 0; item < numItems; item += blockItems) {
      scoreBlock(pairs, width, packed, numItems, item, block);
      const count = min(blockItems, numItems - item);
      for (let n: usize = 0; n < count; n++) {
        const at = block + (n << 2);
        const place = <u32>(item + n);
        const score0 = load<i32>(at);
        const score1 = load<i32>(at + (blockItems << 2));
        const score2 = load<i32>(at + 2 * (blockItems << 2));
        const score3 = load<i32>(at + 3 * (blockItems << 2));
        if (score0 > best0) { best0 = score0; place0 = place; }
        if (score1 > best1) { best1 = score1; place1 = place; }
        if (score2 > best2) { best2 = score2; place2 = place; }
        if (score3 > best3) { best3 = score3; place3 = place; }
      }
    }
    const to = nearest + (first << 2);
    store<u32>(to, place0);
    if (numHere > 1) store<u32>(to, place1, 4);
    if (numHere > 2) store<u32>(to, place2, 8);
    if (numHere > 3) store<u32>(to, place3, 12);
  }
}

/**
 * How likely an item is to be among the best of a group, by so many standard deviations:
 *
 *     (c.y - t) / sqrt(sum over r of (v_r.y)^2 + rest |y|^2)
 *
 * where c is the mean of the group, t what a member's worst of the best scores on average, and the
 * root the spread of the members' scores of y: v_r are the directions in which they differ most,
 * as long as the standard deviation along them.
 *
 * @param queries - c and v_r, [numQueries x width]; numQueries a multiple of 4
 * @param scale - of the items' rounding
 * @param squares - [numItems to the next 16] |y|^2
 * @param scratch - as for `findBest`, and 2 numQueries width
 * @param out - [numItems to the next 16]
 */
export function likelihood(
  queries: usize,
  numQueries: usize,
  width: usize,
  packed: usize,
  numItems: usize,
  scale: f64,
  squares: usize,
  level: f32,
  rest: f32,
  scratch: usize,
  out: usize,
): void {
  const block = scratch;
  const pairs = block + (blockItems << 4);
  for (let q: usize = 0; q < numQueries; q++) {
    const row = queries + q * (width << 2);
    roundQuery(row, width, <f32>scaleOf(normOf(row, width)), pairs + q * (width << 1));
  }
  const levels = f32x4.splat(level);
  const rests = f32x4.splat(rest);
  const least = f32x4.splat(1e-30);
  for (let item: usize = 0; item < numItems; item += blockItems) {
    const count = min(blockItems, numItems - item);
    for (let q: usize = 0; q < numQueries; q += 4) {
      scoreBlock(pairs + q * (width << 1), width, packed, numItems, item, block);
      for (let p: usize = 0; p < 4; p++) {
        const own = scaleOf(normOf(queries + (q + p) * (width << 2), width)) * scale;
        const unit = f32x4.splat(own === 0 ? 0 : <f32>(1 / own));
        for (let n: usize = 0; n < count; n += 4) {
          const value = f32x4.mul(
            unit,
            f32x4.convert_i32x4_s(v128.load(block + p * (blockItems << 2) + (n << 2))),
          );
          const at = out + ((item + n) << 2);
          // The mean waits in `out`, the sum of squares where the mean's scores were.
          const sums = scratch + (blockItems << 4) + 2 * numQueries * width + (n << 2);
          if (q === 0 && p === 0) {
            v128.store(at, value);
            v128.store(sums, f32x4.mul(rests, v128.load(squares + ((item + n) << 2))));
          } else {
            v128.store(sums, f32x4.add(v128.load(sums), f32x4.mul(value, value)));
          }
        }
      }
    }
    for (let n: usize = 0; n < count; n += 4) {
      const at = out + ((item + n) << 2);
      const sums = scratch + (blockItems << 4) + 2 * numQueries * width + (n << 2);
      const spread = f32x4.sqrt(f32x4.add(v128.load(sums), least));
      v128.store(at, f32x4.div(f32x4.sub(v128.load(at), levels), spread));
    }
  }
}
