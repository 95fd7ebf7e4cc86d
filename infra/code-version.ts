import { execFile } from 'node:child_process';
import { readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const project = join(import.meta.dirname, '..');

/**
 * The code that runs: its commit in git, with `-dirty` where files differ from it; without git the
 * version of the package, `0.1.0`; else `unknown`. Never throws.
 *
 * @param folder - default: this project
 */
export async function codeVersion(folder = project): Promise<string> {
  return (await commitOf(folder)) ?? (await packageVersion(folder)) ?? 'unknown';
}

async function commitOf(folder: string): Promise<string | undefined> {
  const git = async (...args: string[]) => (await execute('git', ['-C', folder, ...args])).stdout;
  try {
    // A copy without a history of its own may lie in somebody else's.
    const top = (await git('rev-parse', '--show-toplevel')).trim();
    if ((await realpath(top)) !== (await realpath(folder))) return undefined;
    const commit = (await git('rev-parse', 'HEAD')).trim();
    const changed = await git('status', '--porcelain', '--untracked-files=no');
    return changed.trim() === '' ? commit : `${commit}-dirty`;
  } catch {
    return undefined;
  }
}

async function packageVersion(folder: string): Promise<string | undefined> {
  try {
    const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
      version?: unknown;
    };
    return typeof version === 'string' ? version : undefined;
  } catch {
    return undefined;
  }
}
