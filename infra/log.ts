import { pino } from 'pino';
import type { Log } from '../pipelines/ports.ts';

/**
 * The log of a service: structured, one JSON object a line on standard error.
 *
 * @param level - default `info`
 * @param bindings - fields of every line, such as the worker's name
 */
export function createLog(level = 'info', bindings: Record<string, unknown> = {}): Log {
  return pino({ level, base: bindings }, pino.destination({ dest: 2, sync: true }));
}

/** The log with fields on every line. */
export function logWith(log: Log, fields: Readonly<Record<string, unknown>>): Log {
  return {
    info: (more, message) => log.info({ ...fields, ...more }, message),
    warn: (more, message) => log.warn({ ...fields, ...more }, message),
    error: (more, message) => log.error({ ...fields, ...more }, message),
  };
}

/**
 * The log of a command that a person waits for: the messages alone, with their reason, on standard
 * error. With a level it is that of a service.
 */
export function logForPeople(level?: string): Log {
  if (level !== undefined) return createLog(level);
  return { info: tell, warn: tell, error: tell };
}

function tell(fields: Record<string, unknown>, message: string): void {
  const { err, error = (err as Error | undefined)?.message, reason = error } = fields;
  process.stderr.write(`${message}${typeof reason === 'string' ? `: ${reason}` : ''}\n`);
}
