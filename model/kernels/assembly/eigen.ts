/**
 * Eigenvectors of a symmetric matrix: Householder's reduction to three diagonals, then QL with
 * implicit shifts (Martin, Reinsch, Wilkinson 1968; Bowdler, Martin, Reinsch, Wilkinson 1968), on
 * the transpose, so that all inner loops run along rows.
 */

function at(a: usize, n: usize, i: usize, j: usize): usize {
  return a + ((i * n + j) << 3);
}

function dot(a: usize, b: usize, n: usize): f64 {
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  let k: usize = 0;
  for (; k + 4 <= n; k += 4) {
    low = f64x2.add(low, f64x2.mul(v128.load(a + (k << 3)), v128.load(b + (k << 3))));
    high = f64x2.add(high, f64x2.mul(v128.load(a + (k << 3), 16), v128.load(b + (k << 3), 16)));
  }
  low = f64x2.add(low, high);
  let sum = f64x2.extract_lane(low, 0) + f64x2.extract_lane(low, 1);
  for (; k < n; k++) sum += load<f64>(a + (k << 3)) * load<f64>(b + (k << 3));
  return sum;
}

/** to += scale from */
function addScaled(to: usize, scale: f64, from: usize, n: usize): void {
  const s = f64x2.splat(scale);
  let k: usize = 0;
  for (; k + 2 <= n; k += 2) {
    const at = k << 3;
    v128.store(to + at, f64x2.add(v128.load(to + at), f64x2.mul(s, v128.load(from + at))));
  }
  if (k < n) {
    const at = k << 3;
    store<f64>(to + at, load<f64>(to + at) + scale * load<f64>(from + at));
  }
}

/** The rotation (a, b) -> (c a - s b, s a + c b) of two rows. */
function rotateRows(a: usize, b: usize, c: f64, s: f64, n: usize): void {
  const cs = f64x2.splat(c);
  const ss = f64x2.splat(s);
  let k: usize = 0;
  for (; k + 2 <= n; k += 2) {
    const at = k << 3;
    const x = v128.load(a + at);
    const y = v128.load(b + at);
    v128.store(a + at, f64x2.sub(f64x2.mul(cs, x), f64x2.mul(ss, y)));
    v128.store(b + at, f64x2.add(f64x2.mul(ss, x), f64x2.mul(cs, y)));
  }
  if (k < n) {
    const at = k << 3;
    const x = load<f64>(a + at);
    const y = load<f64>(b + at);
    store<f64>(a + at, c * x - s * y);
    store<f64>(b + at, s * x + c * y);
  }
}

/**
 * @param a - [n x n], symmetric, destroyed
 * @param vectors - [n x n]: row k becomes the eigenvector of `diagonal[k]`, of length 1
 * @param diagonal - [n], becomes the eigenvalues, in no order
 * @param side - [n], scratch
 * @returns 0, or 1 where it did not converge, such as with a cell that is no number
 */
export function eigen(a: usize, n: usize, vectors: usize, diagonal: usize, side: usize): i32 {
  tridiagonalize(a, n, vectors, diagonal, side);
  return solveTridiagonal(n, vectors, diagonal, side);
}

/**
 * a = H' T H with T of three diagonals: T into `d` and `e` (e[k] couples k - 1 and k), H into
 * `vectors`. Step k reflects row k, of which the first k cells are u, so that only the last of
 * them stays.
 */
function tridiagonalize(a: usize, n: usize, vectors: usize, d: usize, e: usize): void {
  for (let k = n - 1; k > 0; k--) {
    const u = at(a, n, k, 0);
    const last = load<f64>(u + ((k - 1) << 3));
    const norm = Math.sqrt(dot(u, u, k));
    const before = k > 1 ? dot(u, u, k - 1) : 0;
    store<f64>(d + (k << 3), load<f64>(at(a, n, k, k)));
    if (before === 0) {
      // Nothing to reflect; the diagonal cell, read above, holds u'u / 2.
      store<f64>(e + (k << 3), last);
      store<f64>(at(a, n, k, k), 0);
      continue;
    }
    const alpha = last > 0 ? -norm : norm;
    store<f64>(e + (k << 3), alpha);
    store<f64>(u + ((k - 1) << 3), last - alpha);
    const half = dot(u, u, k) / 2;
    store<f64>(at(a, n, k, k), half);
    // p = A u / half, then q = p - (u.p / 2 half) u and A -= u q' + q u'; e[0..k) holds p, q.
    for (let i: usize = 0; i < k; i++) {
      store<f64>(e + (i << 3), dot(at(a, n, i, 0), u, k) / half);
    }
    addScaled(e, -dot(u, e, k) / (2 * half), u, k);
    for (let i: usize = 0; i < k; i++) {
      const row = at(a, n, i, 0);
      addScaled(row, -load<f64>(u + (i << 3)), e, k);
      addScaled(row, -load<f64>(e + (i << 3)), u, k);
    }
  }
  store<f64>(d, load<f64>(a));
  store<f64>(e, 0);

  // vectors = product of the reflections, grown from the smallest.
  memory.fill(vectors, 0, (n * n) << 3);
  for (let k: usize = 0; k < n; k++) store<f64>(at(vectors, n, k, k), 1);
  for (let k: usize = 1; k < n; k++) {
    const half = load<f64>(at(a, n, k, k));
    if (half === 0) continue;
    const u = at(a, n, k, 0);
    for (let i: usize = 0; i < k; i++) {
      const row = at(vectors, n, i, 0);
      addScaled(row, -dot(row, u, k) / half, u, k);
    }
  }
}

/** QL with implicit shifts on the three diagonals; rotates the rows of `vectors` with them. */
function solveTridiagonal(n: usize, vectors: usize, d: usize, e: usize): i32 {
  for (let k: usize = 1; k < n; k++) store<f64>(e + ((k - 1) << 3), load<f64>(e + (k << 3)));
  store<f64>(e + ((n - 1) << 3), 0);
  for (let l: usize = 0; l < n; l++) {
    for (let round = 0; ; round++) {
      let m = l;
      for (; m + 1 < n; m++) {
        const size = Math.abs(load<f64>(d + (m << 3))) + Math.abs(load<f64>(d + (m << 3), 8));
        if (Math.abs(load<f64>(e + (m << 3))) <= f64.EPSILON * size) break;
      }
      if (m === l) break;
      if (round === 60) return 1;
      const dl = load<f64>(d + (l << 3));
      const el = load<f64>(e + (l << 3));
      let g = (load<f64>(d + (l << 3), 8) - dl) / (2 * el);
      let r = Math.sqrt(g * g + 1);
      g = load<f64>(d + (m << 3)) - dl + el / (g + (g < 0 ? -r : r));
      let s: f64 = 1;
      let c: f64 = 1;
      let p: f64 = 0;
      let i = m;
      let isSplit = false;
      while (i > l) {
        i--;
        const f = s * load<f64>(e + (i << 3));
        const b = c * load<f64>(e + (i << 3));
        r = Math.sqrt(f * f + g * g);
        store<f64>(e + (i << 3), r, 8);
        if (r === 0) {
          store<f64>(d + (i << 3), load<f64>(d + (i << 3), 8) - p, 8);
          store<f64>(e + (m << 3), 0);
          isSplit = true;
          break;
        }
        s = f / r;
        c = g / r;
        g = load<f64>(d + (i << 3), 8) - p;
        r = (load<f64>(d + (i << 3)) - g) * s + 2 * c * b;
        p = s * r;
        store<f64>(d + (i << 3), g + p, 8);
        g = c * r - b;
        rotateRows(at(vectors, n, i, 0), at(vectors, n, i + 1, 0), c, s, n);
      }
      if (isSplit) continue;
      store<f64>(d + (l << 3), load<f64>(d + (l << 3)) - p);
      store<f64>(e + (l << 3), g);
      store<f64>(e + (m << 3), 0);
    }
  }
  return 0;
}
