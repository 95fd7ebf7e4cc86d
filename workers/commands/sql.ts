import { Argument, type Command } from 'commander';
import type { Json } from '@duckdb/node-api';
import type { SqlAnswer } from '../../infra/sql-console/console.ts';
import type { TableSummary } from '../../infra/sql-console/summary.ts';
import { Mistake } from '../../model/mistake.ts';
import { choice, command, configOf, printJson, untilStopped, wholeNumber } from './options.ts';

interface Options {
  readonly tables?: boolean;
  readonly format: 'table' | 'csv' | 'json';
  readonly limit?: number;
  readonly lake?: string;
  readonly json?: boolean;
}

/** Rows that a table, or one JSON object, shows where nothing else is asked for. */
const shownRows = 1000;

export function sqlCommand(): Command {
  return command(
    'sql',
    'Answers questions in SQL (DuckDB) about the lake and what the newest week was made from; nothing is written.',
    'sql "SELECT client, count(*) AS listens FROM lake.listens GROUP BY ALL ORDER BY listens DESC"',
  )
    .addArgument(new Argument('[statement]', 'one question; what there is to ask for: --tables'))
    .option('--tables', 'what exists: tables, rows, first and last day, columns and their meaning')
    .addOption(
      choice('--format <format>', 'table, csv (RFC 4180), or json (one object a line)', [
        'table',
        'csv',
        'json',
      ]).default('table'),
    )
    .addOption(
      wholeNumber(
        '--limit <rows>',
        `show so many rows at most (default: ${shownRows} in a table and with --json, else all)`,
        0,
      ),
    )
    .option('--lake <name>', 'main, or the name of a simulation (default: the one that has data)')
    .action(async (statement: string | undefined, options: Options, self: Command) => {
      if ((statement === undefined) === (options.tables !== true)) {
        throw new Mistake(
          'USAGE',
          `expected a question or --tables, got ${statement === undefined ? 'none' : 'both'}; see npx mondaymix sql --help`,
        );
      }
      const signal = untilStopped('the question was given up, nothing has changed');
      const [{ openSqlConsole }, { homeTables }, { summarize }] = await Promise.all([
        import('../../infra/sql-console/console.ts'),
        import('../../infra/sql-console/home-tables.ts'),
        import('../../infra/sql-console/summary.ts'),
      ]);
      const tables = await homeTables(configOf(self).home, options.lake);
      const console = await openSqlConsole(tables);
      try {
        if (statement === undefined) {
          const summaries = await summarize(console, tables, signal);
          if (options.json === true) printJson({ week: tables.week ?? null, tables: summaries });
          else process.stdout.write(describeTables(summaries));
        } else {
          await show(await console.ask(statement, signal), options);
        }
      } finally {
        console.dispose();
      }
    });
}

/** Writes an answer as it comes; a table once a thousand rows of it are known. */
async function show({ columns, isNumeric, rows }: SqlAnswer, options: Options): Promise<void> {
  const { format, json } = options;
  const isWhole = json === true || format === 'table';
  const most = options.limit ?? (isWhole ? shownRows : Infinity);
  const kept: (readonly Json[])[] = [];
  let shown = 0;
  let hasMore = false;
  if (!isWhole && format === 'csv') await write(`${columns.map(csvCell).join(',')}\r\n`);
  reading: for await (const chunk of rows) {
    const lines: string[] = [];
    for (const row of chunk) {
      if (shown === most) {
        hasMore = true;
        if (lines.length > 0) await write(lines.join(''));
        break reading;
      }
      shown++;
      if (isWhole) kept.push(row);
      else if (format === 'csv') lines.push(`${row.map(csvCell).join(',')}\r\n`);
      else lines.push(`${JSON.stringify(objectOf(columns, row))}\n`);
    }
    if (lines.length > 0) await write(lines.join(''));
  }
  if (json === true) {
    printJson({ columns, rows: kept.map((row) => objectOf(columns, row)), more: hasMore });
    return;
  }
  if (format === 'table') await write(`${textTable(columns, kept, isNumeric)}\n`);
  if (hasMore) process.stderr.write(`the first ${most} rows; --limit shows more\n`);
}

/** Waits while whoever reads is slower; what nobody reads any more is not waited for. */
async function write(text: string): Promise<void> {
  if (process.stdout.destroyed || process.stdout.write(text)) return;
  await new Promise<void>((resolve) => {
    const go = () => {
      for (const event of ['drain', 'close', 'error']) process.stdout.off(event, go);
      resolve();
    };
    for (const event of ['drain', 'close', 'error']) process.stdout.once(event, go);
  });
}

function objectOf(columns: readonly string[], row: readonly Json[]): Record<string, Json> {
  return Object.fromEntries(columns.map((name, c) => [name, row[c]!]));
}

function textOf(value: Json): string {
  if (value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function csvCell(value: Json): string {
  const text = textOf(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Control characters are shown, not obeyed. */
function cellOf(value: Json): string {
  return textOf(value).replaceAll(/[\p{Cc}\p{Cf}]/gu, (character) =>
    JSON.stringify(character).slice(1, -1),
  );
}

function textTable(
  columns: readonly string[],
  rows: readonly (readonly Json[])[],
  isRight: readonly boolean[],
): string {
  const cells = rows.map((row) => row.map(cellOf));
  const widths = columns.map((name, c) =>
    cells.reduce((width, row) => Math.max(width, row[c]!.length), name.length),
  );
  const line = (row: readonly string[]) =>
    row
      .map((text, c) => (isRight[c] === true ? text.padStart(widths[c]!) : text.padEnd(widths[c]!)))
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [line(columns), rule, ...cells.map(line)].join('\n');
}

function describeTables(summaries: readonly TableSummary[]): string {
  const overview = textTable(
    ['table', 'rows', 'first day', 'last day'],
    summaries.map(({ table, rows, first, last }) => [table, rows, first, last]),
    [false, true, false, false],
  );
  const details = summaries.map(({ table, meaning, columns }) => {
    const width = Math.max(...columns.map(({ name }) => name.length));
    const typeWidth = Math.max(...columns.map(({ type }) => type.length));
    return [
      meaning === null ? table : `${table}: ${meaning}`,
      ...columns.map((column) =>
        `  ${column.name.padEnd(width)}  ${column.type.padEnd(typeWidth)}  ${column.meaning ?? ''}`.trimEnd(),
      ),
    ].join('\n');
  });
  return `${overview}\n\n${details.join('\n\n')}\n`;
}
