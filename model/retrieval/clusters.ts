import type { Factors } from '../candidates/listener.ts';
import type { Random } from '../random.ts';
import { identity, squaredLengths, type PackedItems } from './packed-items.ts';

/** Vectors that the centres are found on, for each of them. */
const sampledPerCluster = 64;
const rounds = 8;

/**
 * Spherical k-means (Dhillon & Modha 2001): which rows point in a like direction. The centres are
 * found on a sample, then each row goes to the centre that it has the greatest product with; ties
 * by index. A centre to which nothing goes stays where it is.
 *
 * @param rows - which of the vectors, none of them zero
 * @param numClusters - 1 or more; no more are found than there are rows
 * @param packed - to work with; what it holds is replaced
 * @returns the centre of each row, and the centres, of length 1: [numClusters x numFactors]
 */
export function clusterDirections(
  vectors: Factors,
  rows: Int32Array,
  numClusters: number,
  random: Random,
  packed: PackedItems,
): { readonly clusters: Int32Array; readonly centres: Factors } {
  const { numFactors } = vectors;
  const count = Math.min(numClusters, rows.length);
  const sample = sampled(rows, count * sampledPerCluster, random);
  const centres = { numRows: count, numFactors, values: new Float32Array(count * numFactors) };
  sample.subarray(0, count).forEach((row, c) => {
    centres.values.set(unit(vectors, row), c * numFactors);
  });
  if (count === 1) centres.values.set(meanDirection(vectors, sample));
  for (let round = 0; count > 1 && round < rounds; round++) {
    packCentres(centres, packed);
    recentre(vectors, sample, packed.nearest(vectors, sample), centres);
  }
  packCentres(centres, packed);
  return { clusters: packed.nearest(vectors, rows), centres };
}

/** Takes the centres, so that `packed.nearest` tells which is a row's. */
export function packCentres(centres: Factors, packed: PackedItems): void {
  const rows = identity(centres.numRows);
  packed.pack(centres, rows, squaredLengths(centres, 'centres'), { k: 1, exact: false });
}

/** So many of the rows, or all, in random order. */
export function sampled(rows: Int32Array, count: number, random: Random): Int32Array {
  const drawn = Int32Array.from(rows);
  const size = Math.min(count, rows.length);
  for (let n = 0; n < size; n++) {
    const other = n + random.int(rows.length - n);
    const row = drawn[n]!;
    drawn[n] = drawn[other]!;
    drawn[other] = row;
  }
  return drawn.slice(0, size);
}

/** Rows of a matrix brought to length 1, as a matrix of their own; a zero row stays zero. */
export function unitRows(vectors: Factors, rows: Int32Array): Factors {
  const { numFactors } = vectors;
  const values = new Float32Array(rows.length * numFactors);
  rows.forEach((row, n) => values.set(unit(vectors, row), n * numFactors));
  return { numRows: rows.length, numFactors, values };
}

function recentre(
  vectors: Factors,
  rows: Int32Array,
  clusters: Int32Array,
  { numRows, numFactors, values }: Factors,
): void {
  const sums = new Float64Array(numRows * numFactors);
  for (let n = 0; n < rows.length; n++) {
    const vector = unit(vectors, rows[n]!);
    const to = clusters[n]! * numFactors;
    for (let f = 0; f < numFactors; f++) sums[to + f]! += vector[f]!;
  }
  for (let c = 0; c < numRows; c++) {
    const sum = sums.subarray(c * numFactors, (c + 1) * numFactors);
    const length = lengthOf(sum);
    if (length === 0) continue;
    for (let f = 0; f < numFactors; f++) values[c * numFactors + f] = sum[f]! / length;
  }
}

/** [numFactors] the mean of the rows, each of length 1, brought to length 1; zero of no rows. */
export function meanDirection(vectors: Factors, rows: Int32Array): Float32Array {
  const { numFactors } = vectors;
  const centre = { numRows: 1, numFactors, values: new Float32Array(numFactors) };
  recentre(vectors, rows, new Int32Array(rows.length), centre);
  return centre.values;
}

function unit({ numFactors, values }: Factors, row: number): Float32Array {
  const vector = values.slice(row * numFactors, (row + 1) * numFactors);
  const length = lengthOf(vector);
  if (length > 0) for (let f = 0; f < numFactors; f++) vector[f]! /= length;
  return vector;
}

function lengthOf(vector: Float32Array | Float64Array): number {
  let sum = 0;
  for (const value of vector) sum += value * value;
  return Math.sqrt(sum);
}
