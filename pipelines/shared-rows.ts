import type { Sql } from './ports.ts';

/**
 * Rows of variable length over memory that all threads see: row r is
 * `indices[start[r] .. start[r + 1]]`, with `values` beside it where they were asked for.
 */
export interface SharedRows {
  /** [numRows + 1] */
  readonly start: Uint32Array;
  readonly indices: Int32Array;
  /** As long as `indices`; empty where no values were asked for. */
  readonly values: Float32Array;
}

export interface RowsQuery {
  /** A query of (row, item), and `value` with `hasValues`. Asked twice, the same rows each time. */
  readonly query: string;
  /** Rows that there are, 0 or more; those that the query does not name are empty. */
  readonly numRows: number;
  /** Items are below this. */
  readonly numItems: number;
  readonly hasValues?: boolean;
  /**
   * What a row is ordered by: `items` ascending, each once (of the same item the value that comes
   * first counts); or `given`, the order of the query, which then must have one.
   */
  readonly order: 'items' | 'given';
}

/**
 * Reads rows chunk by chunk, once to count and once to keep them: memory is the rows themselves and
 * no more, however many there are.
 *
 * @throws RangeError for a row or an item out of range, or where the two readings differ
 */
export async function readRows(sql: Sql, asked: RowsQuery): Promise<SharedRows> {
  const { query, numRows, numItems, hasValues = false, order } = asked;
  const start = new Uint32Array(new SharedArrayBuffer(4 * (numRows + 1)));
  for await (const { row, count } of sql.columnChunks<'row' | 'count'>(
    `SELECT row, CAST(count(*) AS INTEGER) AS count FROM (${query}) GROUP BY row`,
  )) {
    for (let n = 0; n < row.length; n++) start[checked('a row', row[n]!, numRows) + 1] = count[n]!;
  }
  for (let r = 0; r < numRows; r++) start[r + 1]! += start[r]!;

  const length = start[numRows]!;
  const indices = new Int32Array(new SharedArrayBuffer(4 * length));
  const values = new Float32Array(new SharedArrayBuffer(hasValues ? 4 * length : 0));
  const next = start.slice(0, numRows);
  for await (const { row, item, value } of sql.columnChunks<'row' | 'item' | 'value'>(query)) {
    for (let n = 0; n < row.length; n++) {
      const r = row[n]!;
      const at = next[r]!++;
      if (at >= start[r + 1]!) throw new RangeError(`row ${r}: longer than when it was counted`);
      indices[at] = checked('an item', item[n]!, numItems);
      if (hasValues) values[at] = value[n]!;
    }
  }
  for (let r = 0; r < numRows; r++) {
    if (next[r] !== start[r + 1])
      throw new RangeError(`row ${r}: shorter than when it was counted`);
  }
  if (order === 'given') return { start, indices, values };
  return byItems({ start, indices, values }, hasValues);
}

/** Sorts each row by its items, in place, and keeps each item once. */
function byItems({ start, indices, values }: SharedRows, hasValues: boolean): SharedRows {
  let kept = 0;
  let from = 0;
  for (let r = 0; r + 1 < start.length; r++) {
    const to = start[r + 1]!;
    if (!isAscending(indices, from, to)) sortRow(indices, values, from, to, hasValues);
    start[r] = kept;
    for (let n = from; n < to; n++) {
      const item = indices[n]!; // what is written never passes what is read
      if (kept > start[r]! && indices[kept - 1] === item) continue;
      indices[kept] = item;
      if (hasValues) values[kept] = values[n]!;
      kept++;
    }
    from = to;
  }
  start[start.length - 1] = kept;
  return {
    start,
    indices: indices.subarray(0, kept),
    values: hasValues ? values.subarray(0, kept) : values,
  };
}

function isAscending(indices: Int32Array, from: number, to: number): boolean {
  for (let n = from + 1; n < to; n++) if (indices[n - 1]! >= indices[n]!) return false;
  return true;
}

function sortRow(
  indices: Int32Array,
  values: Float32Array,
  from: number,
  to: number,
  hasValues: boolean,
): void {
  const items = indices.slice(from, to);
  if (!hasValues) {
    indices.set(items.sort(), from);
    return;
  }
  const given = values.slice(from, to);
  const order = Array.from(items, (_, n) => n).sort((a, b) => items[a]! - items[b]! || a - b);
  for (const [n, place] of order.entries()) {
    indices[from + n] = items[place]!;
    values[from + n] = given[place]!;
  }
}

function checked(what: string, value: number, below: number): number {
  if (value >= 0 && value < below) return value;
  throw new RangeError(`expected ${what} of 0 or more and below ${below}, got ${value}`);
}

export interface AscendingRowsQuery {
  /**
   * Queries of (row, item), and `value` with `hasValues`, asked one after the other; together their
   * rows ascend, the items of a row in their order.
   */
  readonly queries: readonly string[];
  /** Items that there are at most. What is not needed of it is reserved and never used. */
  readonly capacity: number;
  readonly numRows: number;
  readonly numItems: number;
  readonly hasValues?: boolean;
}

/**
 * Reads rows that come in their order, once.
 *
 * @throws RangeError for a row before the last one, for a row or an item out of range, and beyond
 *   the capacity
 */
export async function readAscendingRows(sql: Sql, asked: AscendingRowsQuery): Promise<SharedRows> {
  const { queries, capacity, numRows, numItems, hasValues = false } = asked;
  const start = new Uint32Array(new SharedArrayBuffer(4 * (numRows + 1)));
  const indices = new Int32Array(new SharedArrayBuffer(4 * capacity));
  const values = new Float32Array(new SharedArrayBuffer(hasValues ? 4 * capacity : 0));
  let length = 0;
  let last = 0;
  for (const query of queries) {
    for await (const { row, item, value } of sql.columnChunks<'row' | 'item' | 'value'>(query)) {
      if (length + row.length > capacity) {
        throw new RangeError(`expected at most ${capacity} items, got more`);
      }
      for (let n = 0; n < row.length; n++) {
        const r = checked('a row', row[n]!, numRows);
        if (r < last) throw new RangeError(`expected ascending rows, got ${r} after ${last}`);
        while (last < r) start[++last] = length;
        indices[length] = checked('an item', item[n]!, numItems);
        if (hasValues) values[length] = value[n]!;
        length++;
      }
    }
  }
  while (last < numRows) start[++last] = length;
  return {
    start,
    indices: indices.subarray(0, length),
    values: hasValues ? values.subarray(0, length) : values,
  };
}
