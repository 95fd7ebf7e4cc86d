import type { Interactions } from '../interactions.ts';

/** Rows `from` to before `to`, as a matrix of their own; indices and values are views. */
export function sliceRows(interactions: Interactions, from: number, to: number): Interactions {
  const { numCols, indptr, indices, values } = interactions;
  const start = indptr[from]!;
  const end = indptr[to]!;
  return {
    numRows: to - from,
    numCols,
    indptr: indptr.slice(from, to + 1).map((at) => at - start),
    indices: indices.subarray(start, end),
    values: values.subarray(start, end),
  };
}

/** The rows named, in that order, as a matrix of their own. */
export function selectRows(interactions: Interactions, rows: ArrayLike<number>): Interactions {
  const { numCols, indptr, indices, values } = interactions;
  const outPtr = new Uint32Array(rows.length + 1);
  for (let r = 0; r < rows.length; r++) {
    outPtr[r + 1] = outPtr[r]! + indptr[rows[r]! + 1]! - indptr[rows[r]!]!;
  }
  const outIndices = new Int32Array(outPtr[rows.length]!);
  const outValues = new Float32Array(outPtr[rows.length]!);
  for (let r = 0; r < rows.length; r++) {
    const start = indptr[rows[r]!]!;
    const end = indptr[rows[r]! + 1]!;
    outIndices.set(indices.subarray(start, end), outPtr[r]);
    outValues.set(values.subarray(start, end), outPtr[r]);
  }
  return { numRows: rows.length, numCols, indptr: outPtr, indices: outIndices, values: outValues };
}

/** The rows with anything stored, ascending. */
export function filledRows({ numRows, indptr }: Interactions): Int32Array {
  const filled = new Int32Array(numRows);
  let count = 0;
  for (let row = 0; row < numRows; row++)
    if (indptr[row + 1]! > indptr[row]!) filled[count++] = row;
  return filled.slice(0, count);
}
