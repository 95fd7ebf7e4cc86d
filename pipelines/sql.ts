import { readFileSync } from 'node:fs';

/** Reads the `.sql` file that stands beside a stage. */
export function readSql(stageUrl: string, file: string): string {
  return readFileSync(new URL(file, stageUrl), 'utf8');
}

/** A SQL string literal. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
