/** The best of what was scored: by a level that enough of them reach, then in order. */
import { countFrom, nothing } from './round';

/** Appends what is above the threshold; gives how many there are then. */
export function append(
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
    const bytes = i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(m0, m1), i16x8.narrow_i32x4_s(m2, m3));
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

/**
 * A level that at least k of the scores reach, and few more than k where that can be: by halving
 * between the least and the greatest. count >= k >= 1.
 */
export function levelOf(scores: usize, count: usize, k: usize): i32 {
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
export function filter(scores: usize, items: usize, count: usize, above: i32): usize {
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
export function scoreExactly(
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
export function sort(keys: usize, items: usize, count: usize, scratch: usize): void {
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
    const below = <u32>(
      (<u64>Math.min((greatest - load<f64>(keys + (n << 3))) * unit, 4294967295.0))
    );
    store<u64>(from + (n << 3), ((<u64>below) << 32) | (<u64>n));
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
      store<u64>(to + ((<usize>at) << 3), entry);
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
