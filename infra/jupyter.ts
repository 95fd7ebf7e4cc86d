import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Mistake } from '../model/mistake.ts';
import { withLock } from './lock.ts';

const project = resolve(import.meta.dirname, '..');

/** Where the notebooks lie. */
export const notebooksFolder = join(project, 'notebooks');

/**
 * Jupyter with Deno's TypeScript kernel, which takes our modules as they are.
 *
 * Both come from PyPI, pinned with their hashes, into a virtual environment under the home; the
 * user's own Jupyter is neither used nor changed.
 */
export interface Jupyter {
  /**
   * Runs notebooks from top to bottom and writes them with their outputs to a folder that exists.
   *
   * @param names - without folder and ending: `what-the-text-knows`
   * @throws Error with the cell and its error, where one fails
   */
  execute(names: readonly string[], to: string): Promise<void>;
  /** JupyterLab in the foreground, on 127.0.0.1; resolves when it is stopped. */
  lab(): Promise<void>;
}

export interface JupyterOptions {
  /** Absolute path: what the notebooks read, and where the environment is made. */
  readonly home: string;
  /** `headless` can only execute; `lab` is larger (some 310 MB in place of 110). */
  readonly kind: 'headless' | 'lab';
  readonly signal: AbortSignal;
  /** Told what takes long. */
  readonly tell: (line: string) => void;
}

const requirementsOf = { headless: 'requirements.txt', lab: 'requirements-lab.txt' } as const;

/**
 * Finds the environment, or makes it: seconds, once.
 *
 * @throws Mistake `CONFIGURATION` without Python 3.10 or later, or without its pip
 */
export async function openJupyter(options: JupyterOptions): Promise<Jupyter> {
  const { home, kind, signal } = options;
  const requirements = join(notebooksFolder, requirementsOf[kind]);
  const python = await pythonVersion();
  const key = createHash('sha256')
    .update(await readFile(requirements))
    .update(`\0${python} ${process.platform} ${process.arch}`)
    .digest('hex')
    .slice(0, 12);
  const root = join(home, 'jupyter');
  const folder = join(root, `${kind}-${key}`);
  const env = environment(home, root);
  await mkdir(root, { recursive: true });
  await withLock(
    join(root, 'set-up.lock'),
    { waitMs: 600_000, what: `the Jupyter of ${root}`, signal },
    () => prepare(folder, requirements, env, options),
  );
  const run = (args: readonly string[], stdio: 'inherit' | 'pipe') =>
    program(join(folder, 'bin', 'python'), args, { env, signal, stdio });
  return {
    async execute(names, to) {
      for (const name of names) {
        const file = (folder: string) => join(folder, `${name}.ipynb`);
        const script = join(notebooksFolder, 'execute.py');
        await run([script, file(notebooksFolder), file(to)], 'pipe');
      }
    },
    lab() {
      const options = ['--ip=127.0.0.1', `--notebook-dir=${notebooksFolder}`];
      // It refuses to run as root without being told so: in a container there is often nobody else.
      if (process.getuid?.() === 0) options.push('--allow-root');
      return run(['-m', 'jupyterlab', ...options], 'inherit');
    },
  };
}

/** Nothing of the user's Jupyter or Deno is read or written. */
function environment(home: string, root: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    MONDAYMIX_HOME: home,
    DENO_DIR: join(root, 'deno'),
    DENO_NO_UPDATE_CHECK: '1',
    JUPYTER_CONFIG_DIR: join(root, 'config'),
    JUPYTER_DATA_DIR: join(root, 'data'),
    JUPYTER_RUNTIME_DIR: join(root, 'runtime'),
    PYTHONNOUSERSITE: '1',
    NO_COLOR: '1',
  };
}

async function pythonVersion(): Promise<string> {
  const ask = ['-c', 'import pip, sys; print("%d.%d" % sys.version_info[:2])'];
  const version = await promisify(execFile)('python3', ask).then(
    ({ stdout }) => stdout.trim(),
    () => 'none with pip',
  );
  const [major, minor] = version.split('.').map(Number);
  if (major === 3 && minor! >= 10) return version;
  throw new Mistake(
    'CONFIGURATION',
    `notebooks: expected Python 3.10 or later with pip as "python3", got ${version}; to install it: sudo apt-get install -y python3 python3-pip python3-venv`,
  );
}

/** The stamp is written last: what a killed set-up left behind is made anew. */
async function prepare(
  folder: string,
  requirements: string,
  env: NodeJS.ProcessEnv,
  { kind, signal, tell }: JupyterOptions,
): Promise<void> {
  const stamp = join(folder, 'mondaymix.json');
  if (existsSync(stamp)) return;
  tell(`setting up Jupyter with Deno's kernel (${kind === 'lab' ? 310 : 110} MB, with pip)`);
  await rm(folder, { recursive: true, force: true });
  const python = join(folder, 'bin', 'python');
  const run = (args: readonly string[]) => program('python3', args, { env, signal, stdio: 'pipe' });
  // Without a pip of its own: Debian's venv has none to give unless a package is added.
  await run(['-m', 'venv', '--without-pip', folder]);
  const quiet = ['--quiet', '--disable-pip-version-check', '--no-input'];
  const exactly = ['--require-hashes', '--no-deps', '--only-binary=:all:'];
  await run([
    ...['-m', 'pip', '--python', python, 'install', ...quiet, ...exactly],
    ...['--requirement', requirements],
  ]);
  const kernel = join(folder, 'share', 'jupyter', 'kernels', 'deno');
  await mkdir(kernel, { recursive: true });
  const spec = {
    argv: [join(folder, 'bin', 'deno'), 'jupyter', '--kernel', '--conn', '{connection_file}'],
    display_name: 'Deno',
    language: 'typescript',
  };
  await writeFile(join(kernel, 'kernel.json'), JSON.stringify(spec, null, 1));
  await writeFile(stamp, JSON.stringify({ format: 1 }));
}

/** @throws Error with the end of what it said, where it fails */
async function program(
  path: string,
  args: readonly string[],
  how: { env: NodeJS.ProcessEnv; signal: AbortSignal; stdio: 'inherit' | 'pipe' },
): Promise<void> {
  const { env, signal, stdio } = how;
  const child = spawn(path, args, {
    cwd: notebooksFolder,
    env,
    signal,
    stdio: ['ignore', stdio, stdio],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-20_000)));
  }
  const code = await new Promise<number | null>((done, failed) => {
    child.on('error', failed);
    child.on('close', done);
  });
  if (code !== 0) throw new Error(`${path} ${args.join(' ')}: exit ${code}\n${said}`);
}
