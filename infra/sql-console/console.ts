import {
  DuckDBInstance,
  DuckDBTypeId,
  StatementType,
  type DuckDBConnection,
  type DuckDBPreparedStatement,
  type Json,
} from '@duckdb/node-api';
import { Mistake } from '../../model/mistake.ts';
import { quoted } from '../../pipelines/sql.ts';
import type { InputTable } from '../../pipelines/step.ts';
import { selectColumns } from '../../pipelines/views.ts';
import { mistakeOf } from './mistakes.ts';

/** A table to ask for: Parquet, or rows of JSON in files that end in `.ndjson`. */
export type ConsoleTable = InputTable;

export interface ConsoleOptions {
  /** Schema -> its tables. */
  readonly schemas: Readonly<Record<string, readonly ConsoleTable[]>>;
  /** MiB that the engine may hold; a question that needs more fails. Default 1024. */
  readonly memoryMb?: number;
}

/** Answers questions in SQL about files, and can do nothing else. */
export interface SqlConsole {
  /**
   * Rows as they come, in chunks: what is not read is not computed.
   *
   * @param signal - ends the question; what was aborted with is thrown
   * @throws Mistake `USAGE` for what is not one question (SELECT, FROM, WITH, VALUES, DESCRIBE, SHOW,
   *   SUMMARIZE, EXPLAIN), and for what DuckDB cannot make of it, with line and column; also while
   *   the rows are read
   */
  ask(statement: string, signal?: AbortSignal): Promise<SqlAnswer>;
  /** May be called twice. */
  dispose(): void;
}

export interface SqlAnswer {
  readonly columns: readonly string[];
  /** Whether a column holds numbers; decimals are text. */
  readonly isNumeric: readonly boolean[];
  /** Values as JSON has them: whole numbers beyond 2^53, decimals, instants and days are text. */
  readonly rows: AsyncIterable<readonly (readonly Json[])[]>;
}

/**
 * Opens an in-memory DuckDB with a view for each table. Besides these files it reaches nothing: the
 * file system, the network and extensions are closed, and the settings that say so are locked.
 */
export async function openSqlConsole(options: ConsoleOptions): Promise<SqlConsole> {
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: `${options.memoryMb ?? 1024}MiB`,
    threads: '2',
  });
  const connection = await instance.connect();
  for (const [schema, tables] of Object.entries(options.schemas)) {
    await connection.run(`CREATE SCHEMA "${schema}"`);
    for (const table of tables) {
      await connection.run(`CREATE VIEW "${schema}"."${table.name}" AS ${selectOf(table)}`);
    }
  }
  await lockDown(connection, Object.values(options.schemas).flat().flatMap(filesOf));
  let isOpen = true;
  return {
    ask: (statement, signal) => ask(connection, statement, signal),
    dispose() {
      if (!isOpen) return;
      isOpen = false;
      connection.closeSync();
      instance.closeSync();
    },
  };
}

function filesOf({ file }: ConsoleTable): readonly string[] {
  return typeof file === 'string' ? [file] : file;
}

function selectOf(table: ConsoleTable): string {
  const files = filesOf(table);
  const columns = table.columns ?? {};
  if (!files.some((file) => file.endsWith('.ndjson'))) {
    if (table.columns !== undefined) return selectColumns(columns, files);
    return `SELECT * FROM read_parquet([${files.map(quoted).join(', ')}], hive_partitioning = false)`;
  }
  const types = Object.entries(columns).map(([name, type]) => `${name}: ${quoted(type)}`);
  return `SELECT * FROM read_json([${files.map(quoted).join(', ')}],
    format = 'newline_delimited', columns = {${types.join(', ')}})`;
}

/** What is allowed is allowed to be read and written: that nothing is written, `ask` sees to. */
async function lockDown(connection: DuckDBConnection, files: readonly string[]): Promise<void> {
  const settings = [
    "TimeZone = 'UTC'",
    'errors_as_json = true',
    "temp_directory = ''",
    'autoinstall_known_extensions = false',
    'autoload_known_extensions = false',
    `allowed_paths = [${[...new Set(files)].map(quoted).join(', ')}]`,
    'enable_external_access = false',
    'lock_configuration = true',
  ];
  for (const setting of settings) await connection.run(`SET ${setting}`);
}

async function ask(
  connection: DuckDBConnection,
  statement: string,
  signal: AbortSignal | undefined,
): Promise<SqlAnswer> {
  signal?.throwIfAborted();
  const interrupt = () => connection.interrupt();
  signal?.addEventListener('abort', interrupt);
  const stop = () => signal?.removeEventListener('abort', interrupt);
  const failed = (error: unknown): never => {
    stop();
    signal?.throwIfAborted();
    throw mistakeOf(error, statement);
  };
  const prepared = await prepare(connection, statement).catch(failed);
  const result = await prepared.stream().catch(failed);
  const columns = result.deduplicatedColumnNames();
  const types = columns.map((_, c) => result.columnTypeId(c));
  async function* rows(): AsyncGenerator<Json[][]> {
    try {
      for await (const chunk of result.yieldRowsJson()) {
        // An interrupted stream just ends.
        signal?.throwIfAborted();
        yield chunk.map((row) => row.map((value, c) => exactNumber(value, types[c]!)));
      }
      signal?.throwIfAborted();
    } catch (error) {
      failed(error);
    } finally {
      stop();
    }
  }
  return { columns, isNumeric: types.map((type) => numericTypes.has(type)), rows: rows() };
}

const longIntegers = new Set([DuckDBTypeId.BIGINT, DuckDBTypeId.UBIGINT]);
const numericTypes = new Set([
  ...longIntegers,
  ...[DuckDBTypeId.TINYINT, DuckDBTypeId.SMALLINT, DuckDBTypeId.INTEGER, DuckDBTypeId.HUGEINT],
  ...[DuckDBTypeId.UTINYINT, DuckDBTypeId.USMALLINT, DuckDBTypeId.UINTEGER],
  ...[DuckDBTypeId.FLOAT, DuckDBTypeId.DOUBLE, DuckDBTypeId.DECIMAL],
]);

function exactNumber(value: Json, type: DuckDBTypeId): Json {
  if (typeof value !== 'string' || !longIntegers.has(type)) return value;
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

const whatIsAnswered =
  'one question (SELECT, FROM, WITH, VALUES, DESCRIBE, SHOW, SUMMARIZE or EXPLAIN): the lake is only read';

async function prepare(
  connection: DuckDBConnection,
  statement: string,
): Promise<DuckDBPreparedStatement> {
  const words = statement.replaceAll(/--[^\n]*|\/\*[\s\S]*?\*\//g, ' ').trim();
  const refuse = (got: string) => {
    throw new Mistake('USAGE', `sql: expected ${whatIsAnswered}; got ${got}`);
  };
  if (words === '') refuse('nothing');
  const first = /^\w+/.exec(words)?.[0].toUpperCase() ?? words.slice(0, 20);
  // DuckDB makes questions of some of these, and says of others only which file they may not touch.
  if (['PRAGMA', 'CALL', 'COPY', 'EXPORT', 'IMPORT'].includes(first)) refuse(first);
  const extracted = await connection.extractStatements(statement);
  if (extracted.count !== 1) refuse(`${extracted.count} statements`);
  const prepared = await extracted.prepare(0);
  if (prepared.statementType === StatementType.EXPLAIN) {
    // EXPLAIN ANALYZE carries out what it explains.
    const explained = words.replace(/^explain(\s+analyze\b)?(\s*\([^)]*\))?\s*/i, '');
    await prepare(connection, explained);
  } else if (prepared.statementType !== StatementType.SELECT) {
    refuse(first);
  }
  return prepared;
}
