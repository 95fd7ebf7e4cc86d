import { tableMeanings } from '../../pipelines/table-meanings.ts';
import type { SqlConsole } from './console.ts';
import type { HomeTables } from './home-tables.ts';

/** What is known of a table. */
export interface TableSummary {
  /** `lake.listens`. */
  readonly table: string;
  readonly meaning: string | null;
  readonly rows: number;
  /** Days of its first and last row, UTC; null for a table without times, or without rows. */
  readonly first: string | null;
  readonly last: string | null;
  readonly columns: readonly {
    readonly name: string;
    readonly type: string;
    readonly meaning: string | null;
  }[];
}

/** Columns that say when a row is from, the most telling first. */
const timeColumns = [
  ...['listened_at', 'happened_at', 'fetched', 'added', 'published', 'known_from', 'tagged'],
];

/** What `tables.ts` does not describe. */
const described = new Map([
  ['lake.rejects', 'Rows that could not be used: where they stood, why, and as they were.'],
]);

/** Every table that can be asked for, in the order of its schema. */
export async function summarize(
  console: SqlConsole,
  { schemas }: HomeTables,
  signal?: AbortSignal,
): Promise<TableSummary[]> {
  const meanings = tableMeanings();
  const summaries: TableSummary[] = [];
  for (const [schema, tables] of Object.entries(schemas)) {
    for (const { name } of tables) {
      const table = `${schema}.${name}`;
      const known = meanings.get(table);
      const columns = (await all(console, `DESCRIBE "${schema}"."${name}"`, signal)).map((row) => {
        const [column, type] = row as [string, string];
        const meaning = known?.columns.find((one) => one.name === column)?.meaning ?? null;
        return { name: column, type, meaning };
      });
      const time = timeColumns.find((wanted) => columns.some((column) => column.name === wanted));
      const range = time === undefined ? 'NULL, NULL' : `min(${time}), max(${time})`;
      const counted = await all(
        console,
        `SELECT count(*), ${range} FROM "${schema}"."${name}"`,
        signal,
      );
      const [rows, first, last] = counted[0]!;
      summaries.push({
        table,
        meaning: known?.meaning ?? described.get(table) ?? null,
        rows: Number(rows),
        first: dayOf(first),
        last: dayOf(last),
        columns,
      });
    }
  }
  return summaries;
}

function dayOf(value: unknown): string | null {
  return typeof value === 'string' ? value.slice(0, 10) : null;
}

async function all(console: SqlConsole, statement: string, signal: AbortSignal | undefined) {
  const { rows } = await console.ask(statement, signal);
  const found = [];
  for await (const chunk of rows) found.push(...chunk);
  return found;
}
