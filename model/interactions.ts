/**
 * Who had to do with what, how much: a sparse matrix in compressed sparse rows (CSR), the value
 * that crosses every border of the model. Rows are listeners or playlists, columns tracks or
 * artists, whichever the place says.
 *
 * Row `r` holds the columns `indices[indptr[r] .. indptr[r + 1]]`, strictly ascending, with their
 * `values`. What is not stored is 0. Nothing here is changed after it was made.
 */
export interface Interactions {
  readonly numRows: number;
  readonly numCols: number;
  /** [numRows + 1], from 0, never falling. Unsigned 32 bits: fewer than 2^32 stored values. */
  readonly indptr: Uint32Array;
  /** [numStored], columns in 0..numCols-1. */
  readonly indices: Int32Array;
  /** [numStored], finite; may be 0. */
  readonly values: Float32Array;
}

/** One row: views, not copies. */
export interface InteractionsRow {
  readonly indices: Int32Array;
  readonly values: Float32Array;
}

/**
 * From triples in any order; triples of the same row and column are summed, in double precision
 * and in the order given. Two counting sorts: O(triples + numRows + numCols) time.
 *
 * @param values - one for each triple; left out, each counts 1
 * @throws RangeError naming the first triple that is out of range or not finite
 */
export function fromTriples(
  rows: ArrayLike<number>,
  cols: ArrayLike<number>,
  values: ArrayLike<number> | undefined,
  numRows: number,
  numCols: number,
): Interactions {
  checkSize('numRows', numRows);
  checkSize('numCols', numCols);
  checkTriples(rows, cols, values, numRows, numCols);

  const byCol = countingOrder(cols, undefined, numCols);
  const order = countingOrder(rows, byCol, numRows);

  const numTriples = rows.length;
  const indptr = new Uint32Array(numRows + 1);
  const indices = new Int32Array(numTriples);
  const sums = new Float64Array(numTriples);
  let stored = 0;
  let lastRow = -1;
  let lastCol = -1;
  for (let i = 0; i < numTriples; i++) {
    const triple = order[i]!;
    const row = rows[triple]!;
    const col = cols[triple]!;
    if (row !== lastRow || col !== lastCol) {
      indptr[row + 1]!++;
      indices[stored] = col;
      stored++;
      lastRow = row;
      lastCol = col;
    }
    sums[stored - 1]! += values === undefined ? 1 : values[triple]!;
  }
  for (let row = 0; row < numRows; row++) indptr[row + 1]! += indptr[row]!;
  return {
    numRows,
    numCols,
    indptr,
    indices: indices.slice(0, stored),
    values: Float32Array.from(sums.subarray(0, stored)),
  };
}

/**
 * Checks CSR arrays that come from elsewhere, such as a file; gives them back as the core value.
 *
 * @throws RangeError with what was expected, what came and where
 */
export function checkInteractions(candidate: Interactions): Interactions {
  const { numRows, numCols, indptr, indices, values } = candidate;
  checkSize('numRows', numRows);
  checkSize('numCols', numCols);
  for (const [name, array] of Object.entries({ indptr, indices, values })) {
    if (!ArrayBuffer.isView(array))
      fail(`expected ${name} to be a typed array, got ${typeof array}`);
  }
  if (indptr.length !== numRows + 1) {
    fail(`expected indptr of ${numRows + 1} for ${numRows} rows, got ${indptr.length}`);
  }
  if (indptr[0] !== 0) fail(`expected indptr[0] to be 0, got ${indptr[0]}`);
  if (indices.length !== indptr[numRows] || values.length !== indptr[numRows]) {
    fail(
      `expected ${indptr[numRows]} indices and values as indptr ends, ` +
        `got ${indices.length} and ${values.length}`,
    );
  }
  for (let row = 0; row < numRows; row++) {
    if (indptr[row + 1]! >= indptr[row]!) continue;
    fail(`expected indptr never to fall, got ${indptr[row]} then ${indptr[row + 1]} at row ${row}`);
  }
  for (let row = 0; row < numRows; row++) {
    const start = indptr[row]!;
    for (let i = start; i < indptr[row + 1]!; i++) {
      const col = indices[i]!;
      if (col < 0 || col >= numCols) {
        fail(`expected columns of 0 or more and below ${numCols}, got ${col} in row ${row}`);
      }
      if (i > start && col <= indices[i - 1]!) {
        fail(`expected ascending columns, got ${indices[i - 1]} then ${col} in row ${row}`);
      }
      if (!Number.isFinite(values[i])) {
        fail(`expected finite values, got ${values[i]} in row ${row}, column ${col}`);
      }
    }
  }
  return candidate;
}

/** Columns become rows. O(numStored + numRows + numCols). */
export function transpose(interactions: Interactions): Interactions {
  const { numRows, numCols, indptr, indices, values } = interactions;
  const numStored = indices.length;
  const outPtr = new Uint32Array(numCols + 1);
  for (let i = 0; i < numStored; i++) outPtr[indices[i]! + 1]!++;
  for (let col = 0; col < numCols; col++) outPtr[col + 1]! += outPtr[col]!;

  const next = outPtr.slice(0, numCols);
  const outIndices = new Int32Array(numStored);
  const outValues = new Float32Array(numStored);
  for (let row = 0; row < numRows; row++) {
    const end = indptr[row + 1]!;
    for (let i = indptr[row]!; i < end; i++) {
      const at = next[indices[i]!]!++;
      outIndices[at] = row;
      outValues[at] = values[i]!;
    }
  }
  return {
    numRows: numCols,
    numCols: numRows,
    indptr: outPtr,
    indices: outIndices,
    values: outValues,
  };
}

/** Columns and values of a row; empty where the row has none. @throws RangeError for no such row */
export function rowOf(interactions: Interactions, row: number): InteractionsRow {
  if (!isIndex(row, interactions.numRows)) failIndex('row', row, interactions.numRows);
  const start = interactions.indptr[row]!;
  const end = interactions.indptr[row + 1]!;
  return {
    indices: interactions.indices.subarray(start, end),
    values: interactions.values.subarray(start, end),
  };
}

/** Stable counting sort: positions ordered by key, those of one key in the order of `from`. */
function countingOrder(
  keys: ArrayLike<number>,
  from: Uint32Array | undefined,
  numKeys: number,
): Uint32Array {
  const next = new Uint32Array(numKeys + 1);
  for (let i = 0; i < keys.length; i++) next[keys[i]! + 1]!++;
  for (let key = 0; key < numKeys; key++) next[key + 1]! += next[key]!;
  const order = new Uint32Array(keys.length);
  for (let i = 0; i < keys.length; i++) {
    const position = from === undefined ? i : from[i]!;
    order[next[keys[position]!]!++] = position;
  }
  return order;
}

function checkTriples(
  rows: ArrayLike<number>,
  cols: ArrayLike<number>,
  values: ArrayLike<number> | undefined,
  numRows: number,
  numCols: number,
): void {
  if (cols.length !== rows.length || (values !== undefined && values.length !== rows.length)) {
    fail(
      `expected rows, columns and values of one length, got ${rows.length}, ${cols.length} ` +
        `and ${values?.length ?? 'none'}`,
    );
  }
  for (let i = 0; i < rows.length; i++) {
    if (!isIndex(rows[i]!, numRows)) failIndex(`rows[${i}]`, rows[i]!, numRows);
    if (!isIndex(cols[i]!, numCols)) failIndex(`cols[${i}]`, cols[i]!, numCols);
    if (values !== undefined && !Number.isFinite(values[i])) {
      fail(`expected values[${i}] to be finite, got ${values[i]}`);
    }
  }
}

function isIndex(value: number, size: number): boolean {
  return value >= 0 && value < size && Number.isInteger(value);
}

function failIndex(name: string, value: number, size: number): never {
  fail(`expected ${name} to be an integer of 0 or more and below ${size}, got ${value}`);
}

function checkSize(name: string, value: number): void {
  if (Number.isInteger(value) && value >= 0 && value < 2 ** 31) return;
  fail(`expected ${name} to be an integer in 0..2^31-1, got ${value}`);
}

function fail(message: string): never {
  throw new RangeError(`interactions: ${message}`);
}
