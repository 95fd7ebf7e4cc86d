import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, setPriority } from 'node:os';

/** How a command ended, and what it said. */
export interface ChildEnd {
  /** Null where it was killed. */
  readonly code: number | null;
  readonly output: string;
  /** The last line of standard error. */
  readonly lastError: string;
}

/** A program that was asked to end has so long for it. */
const patienceMs = 10_000;

/**
 * Runs a TypeScript program as a process of its own, as this one is run, with the least claim to the
 * processor: it takes what others leave, and its memory goes with it.
 *
 * @param signal - asks it to end (SIGTERM), and kills it where it does not; resolves when it has ended
 * @param killAfterMs - milliseconds between the two. Default 10,000
 */
export async function runBeside(
  program: string,
  args: readonly string[],
  signal: AbortSignal,
  killAfterMs = patienceMs,
): Promise<ChildEnd> {
  const child = spawn(process.execPath, [...process.execArgv, program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let killing: NodeJS.Timeout | undefined;
  const stop = () => {
    child.kill('SIGTERM');
    killing = setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  };
  try {
    if (child.pid !== undefined) lower(child.pid);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    let [output, errors] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    // Only its end is asked for, however much it tells.
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-10_000);
    });
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, output, lastError: errors.trimEnd().split('\n').at(-1) ?? '' };
  } finally {
    clearTimeout(killing);
    signal.removeEventListener('abort', stop);
  }
}

/** Where that is not allowed, or it has ended already, it runs as it does. */
function lower(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch {
    return;
  }
}
