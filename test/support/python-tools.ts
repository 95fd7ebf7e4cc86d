import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withLock } from '../../infra/lock.ts';
import { testHome } from './servers.ts';

const run = promisify(execFile);
const folder = join(import.meta.dirname, 'python');

/**
 * Runs a script of `test/support/python` with what its `requirements.txt` names, which comes from
 * PyPI with pinned hashes into the home that all tests share, once.
 *
 * @returns the last line of its output
 * @throws Error with what it said, where it fails
 */
export async function runPython(script: string, args: readonly string[]): Promise<string> {
  const python = await environment();
  const { stdout } = await run(python, [join(folder, script), ...args], {
    env: { ...process.env, PYTHONNOUSERSITE: '1', NO_PROXY: '127.0.0.1' },
  });
  return stdout.trimEnd().split('\n').at(-1)!;
}

async function environment(): Promise<string> {
  const requirements = join(folder, 'requirements.txt');
  const { stdout: version } = await run('python3', ['--version']);
  const key = createHash('sha256')
    .update(await readFile(requirements))
    .update(version)
    .digest('hex')
    .slice(0, 12);
  const root = join(testHome, 'python');
  const place = join(root, key);
  const python = join(place, 'bin', 'python');
  await mkdir(root, { recursive: true });
  await withLock(join(root, 'set-up.lock'), { waitMs: 600_000, what: root }, async () => {
    // Written last: what a killed set-up left behind is made anew.
    const stamp = join(place, 'complete');
    if (existsSync(stamp)) return;
    await rm(place, { recursive: true, force: true });
    // Without a pip of its own: Debian's venv has none to give unless a package is added.
    await run('python3', ['-m', 'venv', '--without-pip', place]);
    await run('python3', [
      ...['-m', 'pip', '--python', python, 'install', '--quiet', '--disable-pip-version-check'],
      ...['--no-input', '--require-hashes', '--no-deps', '--only-binary=:all:'],
      ...['--requirement', requirements],
    ]);
    await writeFile(stamp, '');
  });
  return python;
}
