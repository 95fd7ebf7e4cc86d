import { existsSync } from 'node:fs';
import { Mistake } from '../model/mistake.ts';

/** Where the file system is closed to a session it takes what is missing for a folder to search. */
const missing =
  /(?:No files found that match the pattern|Cannot (?:open|access) file) "([^"]+?)(?:\/\*\*\/[^"]*)?"/;

/**
 * What to say where DuckDB finds a file of a lake or an artifact gone that was there when the work
 * began: an erasure does not wait longer than it says for those who read. It may be tried again at
 * once, and begins with what counts then; a file that is lost otherwise is `ARTIFACT_CORRUPT` then.
 *
 * @param message - DuckDB's
 * @returns Mistake `LOCKED`; undefined for anything else
 */
export function goneFile(message: string, cause: unknown): Mistake | undefined {
  const path = missing.exec(message)?.[1];
  if (path === undefined || !/[\\/](lake|artifacts)[\\/]/.test(path) || existsSync(path)) {
    return undefined;
  }
  return new Mistake(
    'LOCKED',
    `${path}: expected the file that was there when this began, but it was removed meanwhile, as an erasure does; nothing was damaged by it: run the same command again`,
    { cause },
  );
}
