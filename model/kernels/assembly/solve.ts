/**
 * The half-step of implicit ALS, row by row, where the Gramian of the columns is diagonal.
 * `model/als-fast.ts` says why it may be.
 */
import { rotateBlock, scratchBytes } from './multiply';

/** Rows of the block that one thread takes at a time, as in `multiply`. */
const blockRows: usize = 32;

/** Squared length of a residual that counts as zero. */
const tiny: f32 = 1e-20;

function sum(lanes: v128): f32 {
  return (
    f32x4.extract_lane(lanes, 0) +
    f32x4.extract_lane(lanes, 1) +
    (f32x4.extract_lane(lanes, 2) + f32x4.extract_lane(lanes, 3))
  );
}

/**
 * out += sum over stored k of (target_k + sign alpha r_k (y_k.v)) y_k, where target_k is 0 or, with
 * `hasTarget`, the confidence 1 + alpha r_k of what was preferred (r_k > 0). Four k at a time.
 */
function addStored(
  from: usize,
  to: usize,
  indices: usize,
  values: usize,
  cols: usize,
  stride: usize,
  alpha: f32,
  hasTarget: bool,
  v: usize,
  out: usize,
): void {
  let stored = from;
  for (; stored + 4 <= to; stored += 4) {
    const at = indices + (stored << 2);
    const y0 = cols + <usize>load<u32>(at) * stride;
    const y1 = cols + <usize>load<u32>(at, 4) * stride;
    const y2 = cols + <usize>load<u32>(at, 8) * stride;
    const y3 = cols + <usize>load<u32>(at, 12) * stride;
    let a0 = f32x4.splat(0);
    let a1 = f32x4.splat(0);
    let a2 = f32x4.splat(0);
    let a3 = f32x4.splat(0);
    let b0 = f32x4.splat(0);
    let b1 = f32x4.splat(0);
    let b2 = f32x4.splat(0);
    let b3 = f32x4.splat(0);
    for (let f: usize = 0; f < stride; f += 32) {
      const low = v128.load(v + f);
      const high = v128.load(v + f, 16);
      a0 = f32x4.add(a0, f32x4.mul(low, v128.load(y0 + f)));
      b0 = f32x4.add(b0, f32x4.mul(high, v128.load(y0 + f, 16)));
      a1 = f32x4.add(a1, f32x4.mul(low, v128.load(y1 + f)));
      b1 = f32x4.add(b1, f32x4.mul(high, v128.load(y1 + f, 16)));
      a2 = f32x4.add(a2, f32x4.mul(low, v128.load(y2 + f)));
      b2 = f32x4.add(b2, f32x4.mul(high, v128.load(y2 + f, 16)));
      a3 = f32x4.add(a3, f32x4.mul(low, v128.load(y3 + f)));
      b3 = f32x4.add(b3, f32x4.mul(high, v128.load(y3 + f, 16)));
    }
    const r = values + (stored << 2);
    const w0 = f32x4.splat(weight(alpha, load<f32>(r), sum(f32x4.add(a0, b0)), hasTarget));
    const w1 = f32x4.splat(weight(alpha, load<f32>(r, 4), sum(f32x4.add(a1, b1)), hasTarget));
    const w2 = f32x4.splat(weight(alpha, load<f32>(r, 8), sum(f32x4.add(a2, b2)), hasTarget));
    const w3 = f32x4.splat(weight(alpha, load<f32>(r, 12), sum(f32x4.add(a3, b3)), hasTarget));
    for (let f: usize = 0; f < stride; f += 16) {
      const first = f32x4.add(f32x4.mul(w0, v128.load(y0 + f)), f32x4.mul(w1, v128.load(y1 + f)));
      const second = f32x4.add(f32x4.mul(w2, v128.load(y2 + f)), f32x4.mul(w3, v128.load(y3 + f)));
      v128.store(out + f, f32x4.add(v128.load(out + f), f32x4.add(first, second)));
    }
  }
  for (; stored < to; stored++) {
    const y = cols + <usize>load<u32>(indices + (stored << 2)) * stride;
    let a = f32x4.splat(0);
    let b = f32x4.splat(0);
    for (let f: usize = 0; f < stride; f += 32) {
      a = f32x4.add(a, f32x4.mul(v128.load(v + f), v128.load(y + f)));
      b = f32x4.add(b, f32x4.mul(v128.load(v + f, 16), v128.load(y + f, 16)));
    }
    const w = f32x4.splat(
      weight(alpha, load<f32>(values + (stored << 2)), sum(f32x4.add(a, b)), hasTarget),
    );
    for (let f: usize = 0; f < stride; f += 16) {
      v128.store(out + f, f32x4.add(v128.load(out + f), f32x4.mul(w, v128.load(y + f))));
    }
  }
}

function weight(alpha: f32, r: f32, product: f32, hasTarget: bool): f32 {
  const extra = alpha * r;
  if (!hasTarget) return extra * product;
  return (r > 0 ? 1 + extra : 0) - extra * product;
}

/**
 * One row: `steps` steps of conjugate gradients from where it is, preconditioned by the diagonal.
 *
 * @param diagonal - of the Gramian, [width]
 * @param least - where the preconditioner is cut off below
 * @param scratch - four vectors
 */
function solveRow(
  x: usize,
  from: usize,
  to: usize,
  indices: usize,
  values: usize,
  cols: usize,
  stride: usize,
  diagonal: usize,
  least: f32,
  lambda: f32,
  alpha: f32,
  steps: u32,
  scratch: usize,
): void {
  const residual = scratch;
  const direction = residual + stride;
  const image = direction + stride;
  const inverse = image + stride;
  const lambdas = f32x4.splat(lambda);
  const leasts = f32x4.splat(least);
  const ones = f32x4.splat(1);

  for (let f: usize = 0; f < stride; f += 16) {
    const a = f32x4.add(v128.load(diagonal + f), lambdas);
    v128.store(inverse + f, f32x4.div(ones, f32x4.max(a, leasts)));
    v128.store(residual + f, f32x4.neg(f32x4.mul(a, v128.load(x + f))));
  }
  addStored(from, to, indices, values, cols, stride, alpha, true, x, residual);
  let sums = f32x4.splat(0);
  for (let f: usize = 0; f < stride; f += 16) {
    const r = v128.load(residual + f);
    const z = f32x4.mul(r, v128.load(inverse + f));
    v128.store(direction + f, z);
    sums = f32x4.add(sums, f32x4.mul(r, z));
  }
  let squares = sum(sums);

  for (let step: u32 = 1; squares > tiny; step++) {
    for (let f: usize = 0; f < stride; f += 16) {
      const a = f32x4.add(v128.load(diagonal + f), lambdas);
      v128.store(image + f, f32x4.mul(a, v128.load(direction + f)));
    }
    addStored(from, to, indices, values, cols, stride, alpha, false, direction, image);
    sums = f32x4.splat(0);
    for (let f: usize = 0; f < stride; f += 16) {
      sums = f32x4.add(sums, f32x4.mul(v128.load(direction + f), v128.load(image + f)));
    }
    const curvature = sum(sums);
    // Flat without regularization: nothing is left to gain.
    if (!(curvature > 0)) return;
    const length = f32x4.splat(squares / curvature);
    sums = f32x4.splat(0);
    for (let f: usize = 0; f < stride; f += 16) {
      v128.store(x + f, f32x4.add(v128.load(x + f), f32x4.mul(length, v128.load(direction + f))));
      const r = f32x4.sub(v128.load(residual + f), f32x4.mul(length, v128.load(image + f)));
      v128.store(residual + f, r);
      sums = f32x4.add(sums, f32x4.mul(r, f32x4.mul(r, v128.load(inverse + f))));
    }
    if (step === steps) return;
    const nextSquares = sum(sums);
    const keep = f32x4.splat(nextSquares / squares);
    for (let f: usize = 0; f < stride; f += 16) {
      const z = f32x4.mul(v128.load(residual + f), v128.load(inverse + f));
      v128.store(direction + f, f32x4.add(z, f32x4.mul(keep, v128.load(direction + f))));
    }
    squares = nextSquares;
  }
}

/** lambda, or with `confidence` > 0 (that of a row with nothing) lambda times the row's sum of it. */
function lambdaOf(
  from: usize,
  to: usize,
  values: usize,
  lambda: f64,
  confidence: f64,
  alpha: f64,
): f32 {
  if (confidence === 0) return <f32>lambda;
  let extra: f64 = 0;
  for (let stored = from; stored < to; stored++) extra += <f64>load<f32>(values + (stored << 2));
  return <f32>(lambda * (confidence + alpha * extra));
}

/**
 * Solves the blocks of rows that this thread gets; a row that holds nothing becomes zero.
 *
 * @param counter - two words, zero before: the next block, the next scratch
 * @param rows - [numRows to the next 4 x width], brought into the space of the columns first
 * @param packed - what brings them there, as `multiply` has it; 0: they are there
 * @param scratch - `scratchBytes(width)` for each thread
 */
export function solve(
  counter: usize,
  numRows: usize,
  width: usize,
  rows: usize,
  cols: usize,
  indptr: usize,
  indices: usize,
  values: usize,
  packed: usize,
  diagonal: usize,
  least: f32,
  lambda: f64,
  confidence: f64,
  alpha: f64,
  steps: u32,
  scratch: usize,
): void {
  const stride = width << 2;
  const mine = scratch + <usize>atomic.add<u32>(counter + 4, 1) * scratchBytes(width);
  for (;;) {
    const first = <usize>atomic.add<u32>(counter, 1) * blockRows;
    if (first >= numRows) return;
    const last = min(first + blockRows, numRows);
    if (packed !== 0) rotateBlock(rows, first, (last + 3) & ~3, width, packed, mine);
    for (let row = first; row < last; row++) {
      const x = rows + row * stride;
      const from = <usize>load<u32>(indptr + (row << 2));
      const to = <usize>load<u32>(indptr + (row << 2), 4);
      if (from === to) {
        memory.fill(x, 0, stride);
        continue;
      }
      const own = lambdaOf(from, to, values, lambda, confidence, alpha);
      const a = <f32>alpha;
      solveRow(x, from, to, indices, values, cols, stride, diagonal, least, own, a, steps, mine);
    }
  }
}
