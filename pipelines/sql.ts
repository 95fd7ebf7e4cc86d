import { readFileSync } from 'node:fs';

/** Reads the `.sql` file that stands beside a stage. */
export function readSql(stageUrl: string, file: string): string {
  return readFileSync(new URL(file, stageUrl), 'utf8');
}
