import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { expect } from '@jest/globals';

const project = resolve(import.meta.dirname, '..', '..');

export interface Said {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/**
 * Runs a command as an operator would: a process of its own, no more environment than `env`.
 *
 * @param stopAt - what it says on standard error when it is stopped with Ctrl-C
 */
export async function mondaymix(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  stopAt?: string,
): Promise<Said> {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', join(project, 'workers/cli.ts'), ...args],
    {
      cwd: project,
      env: { PATH: process.env['PATH'], LOG_LEVEL: 'warn', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    const before = errors;
    errors += text;
    if (stopAt === undefined || before.includes(stopAt) || !errors.includes(stopAt)) return;
    child.kill('SIGINT');
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output, errors };
}

/** What a mistake was told with, and whether it was told as all are. */
export interface Told {
  readonly code: number | null;
  readonly message: string;
}

/**
 * Runs a command that must fail with a mistake: nothing on standard output, and as the last line of
 * standard error the one line that tells it, without a stack.
 *
 * @param places - names for paths of this machine: `{ '<home>': '/tmp/…' }`
 */
export async function mistakeOf(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  places: Readonly<Record<string, string>> = {},
): Promise<Told> {
  const { code, output, errors } = await mondaymix(args, env);
  const lines = errors.trimEnd().split('\n');
  const told = lines.filter((line) => line.startsWith('mondaymix: '));
  expect({ output, told, stack: /^\s+at .*[:(]\d+/m.test(errors) }).toEqual({
    output: '',
    told: [lines.at(-1)],
    stack: false,
  });
  let message = told[0]!.slice('mondaymix: '.length);
  for (const [name, path] of Object.entries(places)) message = message.replaceAll(path, name);
  return { code, message };
}
