import { join } from 'node:path';
import { featureNames, numFeatures } from '../model/candidates/features.ts';
import type { Holdout } from '../model/gate/judge.ts';
import { readMatrix } from './matrix-file.ts';
import type { Sql } from './ports.ts';

/** Name of the input that holds the examples of the n-th cut-off, from 0. */
export function examplesInput(n: number): string {
  return `examples-${n}`;
}

/** Listeners with a label at each of the first cut-offs: [numCutoffs]. */
export async function labelledListeners(sql: Sql, numCutoffs: number): Promise<number[]> {
  const counts: number[] = [];
  for (let n = 0; n < numCutoffs; n++) {
    const [row] = await sql.rows<{ groups: number }>(
      `SELECT count(*) AS groups FROM "${examplesInput(n)}".groups`,
    );
    counts.push(row!.groups);
  }
  return counts;
}

/**
 * The examples of the cut-offs `first` to `end` (exclusive), oldest first; `cutoffs` of a group is
 * the cut-off's number, `listeners` of a group a number that tells listeners apart, from 0 in the
 * order in which they come.
 *
 * @param input - folder of an input
 */
export async function readExamples(
  sql: Sql,
  input: (name: string) => string,
  first: number,
  end: number,
): Promise<Holdout> {
  const width = numFeatures + 1;
  const offsets = [0];
  const numbers = new Map<string, number>();
  const listeners: number[] = [];
  const cutoffs: number[] = [];
  const matrices: Float32Array[] = [];
  for (let n = first; n < end; n++) {
    const name = examplesInput(n);
    const matrix = await readMatrix(join(input(name), 'examples.matrix'));
    if (matrix.columns !== width && matrix.rows > 0) {
      throw new Error(`${name}: expected ${width} columns, got ${matrix.columns}`);
    }
    matrices.push(matrix.values);
    const groups = await sql.rows<{ listener: string; rows: number }>(
      `SELECT listener, rows FROM "${name}".groups ORDER BY listener`,
    );
    for (const { listener, rows } of groups) {
      const number = numbers.get(listener) ?? numbers.size;
      numbers.set(listener, number);
      offsets.push(offsets.at(-1)! + rows);
      listeners.push(number);
      cutoffs.push(n);
    }
  }
  const numRows = offsets.at(-1)!;
  const features = new Float32Array(numRows * numFeatures);
  const labels = new Uint8Array(numRows);
  let row = 0;
  for (const matrix of matrices) {
    for (let at = 0; at < matrix.length; at += width, row++) {
      features.set(matrix.subarray(at, at + numFeatures), row * numFeatures);
      labels[row] = matrix[at + numFeatures]!;
    }
  }
  return {
    featureNames,
    numFeatures,
    features,
    labels,
    groups: Int32Array.from(offsets),
    cutoffs: Int32Array.from(cutoffs),
    listeners: Int32Array.from(listeners),
  };
}
