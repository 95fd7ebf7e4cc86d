import type { LakeTable } from '../tables.ts';

/**
 * The log: everything that arrives by itself, in the order of arrival, kept by a broker until it is
 * in the lake.
 *
 * - An **entry** is what one request or one fetched page brought to one lake table. It is taken in
 *   whole or not at all.
 * - An **offset** numbers the entries of the log, one after the other: where one is missing it was
 *   thrown away. The lake remembers with its segments up to which offset it holds the log: so each
 *   entry is in it exactly once.
 */
export const loggedTables = [
  'listens',
  'recordings',
  'feedback',
  'blocks',
  'exclusions',
  'searches',
  'saves',
  'playlist_changes',
  'profiles',
  'articles',
  'erasures',
] as const satisfies readonly LakeTable[];
export type LoggedTable = (typeof loggedTables)[number];

/** The name that rows from the log carry in `source`. */
export const logSource = 'log';

export interface LogEntry {
  readonly table: LoggedTable;
  /** Rows in `body`, 1 or more. */
  readonly rows: number;
  /**
   * NDJSON in UTF-8, one row a line, each line ended. Keys are columns of the table, `source` apart;
   * those left out are null. Instants are ISO 8601 in UTC with milliseconds
   * (`2026-11-16T07:30:00.000Z`).
   */
  readonly body: Uint8Array;
}

/** Where what has arrived is written down before it is answered. */
export interface EventLog {
  /**
   * Resolves once the broker has confirmed that the entry survives its death. Calls may overlap;
   * those of one caller keep their order.
   *
   * @throws Mistake `SERVER_DOWN` where the broker cannot be reached in time; the entry may be in
   *   the log or not
   */
  append(entry: LogEntry): Promise<void>;
  /** May be called twice. */
  dispose(): Promise<void>;
}

/** An entry as it lies in the log. */
export interface ArrivedEntry extends LogEntry {
  readonly offset: number;
  /** What it is known by, unique among all logs. */
  readonly mark: string;
  /** When it was handed to the broker, milliseconds since 1970. */
  readonly arrivedMs: number;
  /** Several entries may arrive as one; 0 for one that only marks a place. */
  readonly rows: number;
}

/** Reads what has arrived. */
export interface LogReader {
  /** Under which the lake remembers how far it holds this log: `rabbitmq:mondaymix.log`. */
  readonly name: string;
  /**
   * Offset of an entry that was in the log when this was called, and the last then or later; -1
   * where there is none.
   *
   * @throws Mistake `SERVER_DOWN`
   */
  last(signal?: AbortSignal): Promise<number>;
  /**
   * Entries in order, from the first whose offset is `from` or more; waits for more at the end.
   * Takes from the broker no more than it is asked for, some 64 entries apart.
   *
   * @param from - 0 or more
   * @throws Mistake `SERVER_DOWN` where the connection is lost; what the signal aborts with
   */
  read(from: number, signal: AbortSignal): AsyncIterable<ArrivedEntry>;
  /** May be called twice. */
  dispose(): Promise<void>;
}
