import { pino } from 'pino';
import type { Log } from '../pipelines/ports.ts';

/**
 * Structured logs: one JSON object a line on standard error.
 *
 * @param bindings - fields of every line, such as the worker's name
 */
export function createLog(level: string, bindings: Record<string, unknown> = {}): Log {
  return pino({ level, base: bindings }, pino.destination({ dest: 2, sync: true }));
}
