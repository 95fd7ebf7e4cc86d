import { mkdir, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Config } from '../infra/config.ts';
import { notebooksFolder, openJupyter } from '../infra/jupyter.ts';
import { openWeek } from '../infra/opened-week.ts';
import { Mistake } from '../model/mistake.ts';
import { tell } from './tell.ts';

export interface NotebooksRequest {
  /** None: all. */
  readonly names: readonly string[];
  readonly execute: boolean;
  /** Default `notebooks` in the home. */
  readonly out: string | undefined;
}

/**
 * Opens the notebooks in JupyterLab, or executes them.
 *
 * @returns the files that were written
 * @throws Mistake `USAGE` for a notebook that there is not, `UNKNOWN_WEEK` where no week is made
 */
export async function runNotebooks(
  config: Config,
  { names, execute, out }: NotebooksRequest,
  signal: AbortSignal,
): Promise<string[]> {
  const all = (await readdir(notebooksFolder))
    .filter((file) => file.endsWith('.ipynb'))
    .map((file) => file.slice(0, -'.ipynb'.length))
    .sort();
  const unknown = names.find((name) => !all.includes(name));
  if (unknown !== undefined) {
    throw new Mistake('USAGE', `notebooks: expected one of ${all.join(', ')}, got "${unknown}"`);
  }
  // They have nothing to show without one.
  (await openWeek(config.home)).dispose();
  const jupyter = await openJupyter({
    home: config.home,
    kind: execute ? 'headless' : 'lab',
    signal,
    tell,
  });
  if (!execute) {
    await jupyter.lab();
    return [];
  }
  const folder = resolve(out ?? join(config.home, 'notebooks'));
  await mkdir(folder, { recursive: true });
  const written: string[] = [];
  for (const name of names.length > 0 ? names : all) {
    await jupyter.execute([name], folder);
    written.push(join(folder, `${name}.ipynb`));
    tell(written.at(-1)!);
  }
  return written;
}
