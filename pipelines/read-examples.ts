import { join } from 'node:path';
import { featureNames, numFeatures } from '../model/candidates/features.ts';
import type { Holdout } from '../model/gate/judge.ts';
import { groupsShown } from '../model/ranker/shown.ts';
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
 * order in which they come. In memory are those that are given back, and one cut-off more.
 *
 * @param input - folder of an input
 * @param most - groups that are read in all, shared among the cut-offs (`groupsShown`). Default: all
 */
export async function readExamples(
  sql: Sql,
  input: (name: string) => string,
  first: number,
  end: number,
  most = Infinity,
): Promise<Holdout> {
  const ofCutoffs: Group[][] = [];
  for (let n = first; n < end; n++) ofCutoffs.push(await readGroups(sql, examplesInput(n)));
  const shown = groupsShown(
    ofCutoffs.map(({ length }) => length),
    most,
  ).map((positions, c) => positions.map((at) => ofCutoffs[c]![at]!));
  const offsets = [0];
  const numbers = new Map<string, number>();
  const listeners: number[] = [];
  const cutoffs: number[] = [];
  shown.forEach((groups, c) => {
    for (const { listener, rows } of groups) {
      const number = numbers.get(listener) ?? numbers.size;
      numbers.set(listener, number);
      offsets.push(offsets.at(-1)! + rows);
      listeners.push(number);
      cutoffs.push(first + c);
    }
  });
  const numRows = offsets.at(-1)!;
  const features = new Float32Array(numRows * numFeatures);
  const labels = new Uint8Array(numRows);
  const width = numFeatures + 1;
  let row = 0;
  for (const [c, groups] of shown.entries()) {
    const name = examplesInput(first + c);
    const matrix = await readMatrix(join(input(name), 'examples.matrix'));
    if (matrix.columns !== width && matrix.rows > 0) {
      throw new Error(`${name}: expected ${width} columns, got ${matrix.columns}`);
    }
    for (const { from, rows } of groups) {
      for (let at = from * width; at < (from + rows) * width; at += width, row++) {
        features.set(matrix.values.subarray(at, at + numFeatures), row * numFeatures);
        labels[row] = matrix.values[at + numFeatures]!;
      }
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

/** A listener's rows of the matrix, `rows` of them beginning with row `from`. */
interface Group {
  readonly listener: string;
  readonly from: number;
  readonly rows: number;
}

async function readGroups(sql: Sql, name: string): Promise<Group[]> {
  const groups = await sql.rows<{ listener: string; rows: number }>(
    `SELECT listener, rows FROM "${name}".groups ORDER BY listener`,
  );
  let from = 0;
  return groups.map(({ listener, rows }) => {
    const group = { listener, from, rows };
    from += rows;
    return group;
  });
}
