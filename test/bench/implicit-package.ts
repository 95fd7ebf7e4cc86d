import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Mistake } from '../../model/mistake.ts';

const run = promisify(execFile);

/** All that is imported, pinned: the figures are of these. */
const packages = [
  'implicit==0.7.3',
  'numpy==2.4.6',
  'scipy==1.17.1',
  'threadpoolctl==3.8.0',
  'tqdm==4.70.1',
];

/**
 * A program in Python that has the `implicit` package: installed by pip into a folder of its own on
 * first use (about 200 MB), nothing of the machine's Python is changed.
 *
 * @param home - folder to install into
 * @returns runs a script there with one BLAS thread; gives what it prints
 * @throws Mistake `CONFIGURATION` where Python or pip are missing, or the packages cannot be had
 */
export async function implicitPackage(
  home: string,
): Promise<(script: string, args: readonly string[]) => Promise<string>> {
  const folder = join(home, packages[0]!.replace('==', '-'));
  if (!existsSync(folder)) await install(folder);
  const env = { ...process.env, PYTHONPATH: folder, OPENBLAS_NUM_THREADS: '1' };
  return async (script, args) => (await run('python3', [script, ...args], { env })).stdout;
}

async function install(folder: string): Promise<void> {
  const fresh = `${folder}.${process.pid}`;
  await python(['-m', 'pip', '--version'], 'expected python3 with pip to compare with');
  await mkdir(dirname(folder), { recursive: true });
  try {
    const options = ['--no-deps', '--only-binary=:all:', '--quiet', '--target', fresh];
    await python(['-m', 'pip', 'install', ...options, ...packages], 'pip could not install');
    await rename(fresh, folder);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

async function python(args: readonly string[], failure: string): Promise<void> {
  try {
    await run('python3', args);
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim().split('\n').at(-1);
    const reason = said === undefined || said === '' ? (error as Error).message : said;
    throw new Mistake('CONFIGURATION', `bench:als: ${failure}: ${reason}`);
  }
}
