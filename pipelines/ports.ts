/** What the pipelines need from the world outside; `infra` implements it. */

/** A value that DuckDB takes as a parameter. Dates and times are passed as ISO strings and cast. */
export type SqlValue = string | number | bigint | boolean | null;
/** A value of a result row. TIMESTAMP and DATE come as Date (UTC), BIGINT as number. */
export type SqlCell =
  string | number | boolean | Date | null | SqlCell[] | { [key: string]: SqlCell };

export type NumberColumn = Int32Array | Float32Array | Float64Array;

/** The embedded SQL engine: one session, its own temporary tables, nothing shared. */
export interface Sql {
  /** Runs one or more statements; parameters (`$name`) only with a single one. */
  run(sql: string, parameters?: Record<string, SqlValue>): Promise<void>;
  /** All rows as objects. For results that fit in memory. */
  rows<Row = Record<string, SqlCell>>(
    sql: string,
    parameters?: Record<string, SqlValue>,
  ): Promise<Row[]>;
  /** Rows in chunks of about 2,048, for results that may not fit in memory. */
  stream<Row = Record<string, SqlCell>>(
    sql: string,
    parameters?: Record<string, SqlValue>,
  ): AsyncIterable<Row[]>;
  /**
   * Numeric columns as typed arrays: INTEGER and smaller to Int32Array, FLOAT to Float32Array,
   * the rest to Float64Array. NULL is refused (`Error`): coalesce in the SQL.
   */
  columns<Names extends string>(
    sql: string,
    parameters?: Record<string, SqlValue>,
  ): Promise<Record<Names, NumberColumn>>;
  /** As `columns`, in chunks of about 2,048 rows, for results that are not to be held twice. */
  columnChunks<Names extends string>(
    sql: string,
    parameters?: Record<string, SqlValue>,
  ): AsyncIterable<Record<Names, NumberColumn>>;
  /** Appends rows to an existing table, in the table's column order; the fast way in. */
  append(
    table: string,
    rows: Iterable<readonly (SqlValue | readonly (string | number)[])[]>,
  ): Promise<void>;
  dispose(): void;
}

/** Milliseconds since 1970 (UTC). Injected everywhere, so that a test can live in any week. */
export type Clock = () => number;

/** Structured log lines; `infra/log` writes them to standard error. */
export interface Log {
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}

/** A piece of work that can be cut. */
export interface SharedWork {
  /** The same for all who take part; letters, digits, `-`. */
  readonly name: string;
  /** Numbers of the pieces that nobody has made yet, ascending. */
  readonly missing: () => Promise<number[]>;
  /**
   * Makes a piece: whole or not at all. It may be there already, and two may make the same one at
   * the same time, which must end as if one had.
   */
  readonly make: (piece: number) => Promise<void>;
  /** Pieces that this process makes at a time, 1 or more. */
  readonly lanes: number;
  readonly signal: AbortSignal;
}

/** Hands out pieces of work to all processes that take part, on this machine and others. */
export interface WorkQueue {
  /**
   * Takes part until nothing is missing. A piece whose maker dies is handed to another.
   *
   * @throws what `make` throws; the piece is given back
   */
  share(work: SharedWork): Promise<void>;
}
