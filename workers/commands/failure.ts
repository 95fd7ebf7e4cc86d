import { Mistake } from '../../model/mistake.ts';
import { Stopped } from './options.ts';

/**
 * What to tell of a failure, in one line: a mistake of the user, that they stopped it, or what the
 * file system would not do. Undefined for a bug, which is told with its stack.
 */
export function failureLine(error: unknown): string | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof Stopped) return cause.message;
  }
  if (error instanceof Mistake || isOfFileSystem(error)) {
    return error.message.replaceAll(/\s*\n\s*/g, ' ');
  }
  return undefined;
}

/** `ENOSPC: no space left on device, write` and the like, where a path is known. */
function isOfFileSystem(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'path' in error;
}
