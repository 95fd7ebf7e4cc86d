import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Usage } from './usage.ts';

/** A process of a bench. */
export interface Part {
  readonly pid: number;
  /** What it said first. */
  readonly first: unknown;
  /** Ends it. @returns what it said last */
  end(): Promise<Usage>;
  kill(): void;
}

/**
 * Starts a script of this folder with a task, and waits until it says something.
 *
 * @param flags - of Node
 */
export async function startPart(
  script: string,
  task: object,
  flags: readonly string[] = [],
): Promise<Part> {
  const child: ChildProcess = spawn(
    process.execPath,
    [
      ...['--no-warnings', ...flags, '--import', 'tsx'],
      join(import.meta.dirname, script),
      JSON.stringify(task),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const closed = once(child, 'close');
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    const line = await lines.next();
    if (line.done === true) throw new Error(`${script}: ended without a word`);
    return JSON.parse(line.value);
  };
  return {
    pid: child.pid!,
    first: await next(),
    async end() {
      child.kill('SIGTERM');
      const usage = (await next()) as Usage;
      await closed;
      return usage;
    },
    kill: () => void child.kill('SIGKILL'),
  };
}
