import { types } from 'node:util';
import {
  DuckDBDataChunk,
  DuckDBInstance,
  DuckDBTypeId,
  listValue,
  type DuckDBConnection,
  type DuckDBValue,
} from '@duckdb/node-api';
import type { NumberColumn, Sql, SqlCell, SqlValue } from '../pipelines/ports.ts';
import { goneFile } from './gone-file.ts';
import { ownSpill } from './spill.ts';

export interface DuckdbOptions {
  /** Worker threads, 1 or more. Default: DuckDB's own choice, the number of cores. */
  readonly threads?: number;
  /** MiB that the engine may hold before it spills to disk. Default 1024. */
  readonly memoryMb?: number;
  /**
   * Folder for what is spilled: the session has one of its own beside it, whose name goes on with
   * its host and process (`infra/spill.ts`), and which goes with the session.
   */
  readonly spillTo?: string;
}

/** Opens an in-memory DuckDB session. All instants are UTC. */
export async function openDuckdb(options: DuckdbOptions = {}): Promise<Sql> {
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: `${options.memoryMb ?? 1024}MiB`,
    ...(options.threads === undefined ? {} : { threads: String(options.threads) }),
    ...(options.spillTo === undefined ? {} : { temp_directory: ownSpill(options.spillTo) }),
  });
  const connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'");
  return new DuckdbSession(instance, connection);
}

/** What DuckDB's own vectors hold. */
const rowsPerChunk = 2048;

class DuckdbSession implements Sql {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;
  #open = true;

  constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance;
    this.#connection = connection;
  }

  async run(sql: string, parameters?: Record<string, SqlValue>): Promise<void> {
    await this.#run(sql, parameters);
  }

  async rows<Row>(sql: string, parameters?: Record<string, SqlValue>): Promise<Row[]> {
    const result = await this.#run(sql, parameters);
    const rows = await result.getRowObjectsJS();
    return rows.map((row) => plainRow(row) as Row);
  }

  async *stream<Row>(sql: string, parameters?: Record<string, SqlValue>): AsyncIterable<Row[]> {
    try {
      const result = await this.#connection.stream(sql, parameters);
      for await (const rows of result.yieldRowObjectJs()) {
        yield rows.map((row) => plainRow(row) as Row);
      }
    } catch (error) {
      throw told(error);
    }
  }

  async columns<Names extends string>(
    sql: string,
    parameters?: Record<string, SqlValue>,
  ): Promise<Record<Names, NumberColumn>> {
    const result = await this.#run(sql, parameters);
    const chunks = await result.fetchAllChunks();
    const length = chunks.reduce((sum, chunk) => sum + chunk.rowCount, 0);
    const columns: Record<string, NumberColumn> = {};
    for (let c = 0; c < result.columnCount; c++) {
      const name = result.columnName(c);
      const column = emptyColumn(result.columnTypeId(c), length);
      let at = 0;
      for (const chunk of chunks) {
        copyColumn(chunk, c, column, at, () => `column ${name} of: ${sql}`);
        at += chunk.rowCount;
      }
      columns[name] = column;
    }
    return columns;
  }

  async *columnChunks<Names extends string>(
    sql: string,
    parameters?: Record<string, SqlValue>,
  ): AsyncIterable<Record<Names, NumberColumn>> {
    const result = await this.#connection.stream(sql, parameters).catch(rethrow);
    let row = 0;
    for (;;) {
      const chunk = await result.fetchChunk().catch(rethrow);
      if (chunk === null || chunk.rowCount === 0) return;
      const columns: Record<string, NumberColumn> = {};
      for (let c = 0; c < result.columnCount; c++) {
        const name = result.columnName(c);
        const column = emptyColumn(result.columnTypeId(c), chunk.rowCount);
        copyColumn(
          chunk,
          c,
          column,
          0,
          () => `column ${name} of the chunk at row ${row} of: ${sql}`,
        );
        columns[name] = column;
      }
      row += chunk.rowCount;
      yield columns;
    }
  }

  async append(
    table: string,
    rows: Iterable<readonly (SqlValue | readonly (string | number)[])[]>,
  ): Promise<void> {
    const appender = await this.#connection.createAppender(table);
    try {
      const types = Array.from({ length: appender.columnCount }, (_, c) => appender.columnType(c));
      let chunk: DuckDBValue[][] = [];
      const flush = () => {
        const data = DuckDBDataChunk.create(types, chunk.length);
        data.setRows(chunk);
        appender.appendDataChunk(data);
        chunk = [];
      };
      for (const row of rows) {
        chunk.push(types.map((_, c) => toDuckdb(row[c] ?? null)));
        if (chunk.length === rowsPerChunk) flush();
      }
      if (chunk.length > 0) flush();
      appender.flushSync();
    } finally {
      appender.closeSync();
    }
  }

  #run(sql: string, parameters: Record<string, SqlValue> | undefined) {
    return this.#connection.run(sql, parameters).catch(rethrow);
  }

  dispose(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#connection.closeSync();
    this.#instance.closeSync();
  }
}

function rethrow(error: unknown): never {
  throw told(error);
}

/** A file that an erasure has removed meanwhile is no bug. DuckDB's errors may be of another realm. */
function told(error: unknown): unknown {
  return types.isNativeError(error) ? (goneFile(error.message, error) ?? error) : error;
}

/** @throws Error for NULL, naming where */
function copyColumn(
  chunk: DuckDBDataChunk,
  index: number,
  into: NumberColumn,
  at: number,
  where: () => string,
): void {
  const vector = chunk.getColumnVector(index);
  for (let n = 0; n < chunk.rowCount; n++) {
    const value = vector.getItem(n);
    if (value === null) throw new Error(`NULL at row ${at + n}, ${where()}`);
    into[at + n] = Number(value);
  }
}

function toDuckdb(value: SqlValue | readonly (string | number)[]): DuckDBValue {
  return typeof value === 'object' && value !== null ? listValue([...value]) : value;
}

function emptyColumn(type: DuckDBTypeId, length: number): NumberColumn {
  switch (type) {
    case DuckDBTypeId.BOOLEAN:
    case DuckDBTypeId.TINYINT:
    case DuckDBTypeId.UTINYINT:
    case DuckDBTypeId.SMALLINT:
    case DuckDBTypeId.USMALLINT:
    case DuckDBTypeId.INTEGER:
      return new Int32Array(length);
    case DuckDBTypeId.FLOAT:
      return new Float32Array(length);
    default:
      return new Float64Array(length);
  }
}

function plainRow(row: Record<string, unknown>): Record<string, SqlCell> {
  for (const key of Object.keys(row)) {
    const value = row[key];
    if (typeof value === 'bigint') row[key] = Number(value);
  }
  return row as Record<string, SqlCell>;
}
