/**
 * The best of a pool of items by inner product. Vectors are rounded to 16 bits first (`round`); the
 * error of rounding is bounded, so what may be among the best is known for certain; that little is
 * then summed in double precision. `model/retrieval/packed-items.ts` says how it is called.
 *
 * All pointers are in bytes and to multiples of 16.
 */
import { blockItems, normOf, nothing, roundQuery, scaleOf, scoreBlock } from './round';
import { append, filter, levelOf, scoreExactly, sort } from './select';

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
      memory.copy(places + (((first + q) * k) << 2), foundItems, want << 2);
      memory.copy(scores + (((first + q) * k) << 3), keys, want << 3);
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
        if (score0 > best0) {
          best0 = score0;
          place0 = place;
        }
        if (score1 > best1) {
          best1 = score1;
          place1 = place;
        }
        if (score2 > best2) {
          best2 = score2;
          place2 = place;
        }
        if (score3 > best3) {
          best3 = score3;
          place3 = place;
        }
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
