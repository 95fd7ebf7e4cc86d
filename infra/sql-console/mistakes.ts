import { types } from 'node:util';
import { z } from 'zod';
import { Mistake } from '../../model/mistake.ts';
import { goneFile } from '../gone-file.ts';

/** What DuckDB says with `errors_as_json`. */
const told = z.object({
  exception_type: z.string(),
  exception_message: z.string(),
  /** Byte of the statement, from 0. */
  position: z.string().optional(),
});

/**
 * What went wrong with a statement, in one line, with line and column where DuckDB knows them:
 * `sql, line 2, column 8: Referenced column "bb" not found in FROM clause!`. A file that was removed
 * while it was asked for is `LOCKED`.
 */
export function mistakeOf(error: unknown, statement: string): unknown {
  // DuckDB's errors may be of another realm.
  if (!types.isNativeError(error) || error instanceof Mistake) return error;
  const json = /\{"exception_type".*\}\s*$/s.exec(error.message)?.[0];
  const { position, exception_message: message } =
    json === undefined ? { exception_message: error.message } : parsed(json, error.message);
  const gone = goneFile(message, error);
  // A place that was asked for by name is refused as any other.
  const isNamed = statement.includes('/lake/') || statement.includes('/artifacts/');
  if (gone !== undefined && !isNamed) return gone;
  const text = message.replaceAll(/\s*\n\s*/g, ' ').trim();
  const place = position === undefined ? '' : `, ${placeOf(Number(position), statement)}`;
  return new Mistake('USAGE', `sql${place}: ${text}`, { cause: error });
}

function parsed(
  json: string,
  otherwise: string,
): Partial<z.infer<typeof told>> & {
  exception_message: string;
} {
  try {
    return told.parse(JSON.parse(json));
  } catch {
    return { exception_message: otherwise };
  }
}

function placeOf(byte: number, statement: string): string {
  const before = Buffer.from(statement).subarray(0, byte).toString();
  const lines = before.split('\n');
  return `line ${lines.length}, column ${[...lines.at(-1)!].length + 1}`;
}
