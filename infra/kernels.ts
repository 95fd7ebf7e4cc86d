import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import writeFileAtomic from 'write-file-atomic';

const project = join(import.meta.dirname, '..');
const sources = join(project, 'model', 'kernels', 'assembly');
const require = createRequire(import.meta.url);

const compilerOptions = [
  ['-O3', '--noAssert'],
  ['--runtime', 'stub'],
  ['--importMemory', '--sharedMemory', '--maximumMemory', '65536'],
  ['--enable', 'simd', '--enable', 'threads'],
].flat();

let loaded: Promise<WebAssembly.Module> | undefined;

/**
 * The kernels of `model/kernels/assembly`, in WebAssembly: compiled from AssemblyScript when they
 * are first needed (a second or two), then read from `node_modules/.cache`, under the hash of the
 * sources, the compiler and its options. Where nothing can be kept they are compiled again by
 * every process. Several processes at once are safe.
 *
 * @throws Error with what the compiler says where the sources are wrong
 */
export function loadKernels(): Promise<WebAssembly.Module> {
  loaded ??= compiledKernels(join(project, 'node_modules', '.cache', 'mondaymix'))
    .then((bytes) => new WebAssembly.Module(bytes))
    .catch((cause: unknown) => {
      loaded = undefined; // the next call tries again
      throw cause;
    });
  return loaded;
}

/** @param cache - folder, made where it is not there */
export async function compiledKernels(cache: string): Promise<Uint8Array> {
  const file = join(cache, `kernels-${await fingerprint()}.wasm`);
  try {
    return await readFile(file);
  } catch {
    return compile(file);
  }
}

async function fingerprint(): Promise<string> {
  const names = (await readdir(sources)).filter((name) => name.endsWith('.ts')).sort();
  const digest = createHash('sha256');
  const { version } = require('assemblyscript/package.json') as { version: string };
  digest.update(JSON.stringify([version, compilerOptions]));
  for (const name of names)
    digest.update(`\0${name}\0`).update(await readFile(join(sources, name)));
  return digest.digest('hex').slice(0, 16);
}

/** In a process of its own: the compiler holds some hundred megabytes and never gives them back. */
async function compile(file: string): Promise<Uint8Array> {
  const asc = join(dirname(require.resolve('assemblyscript/package.json')), 'bin', 'asc.js');
  const folder = await mkdtemp(join(tmpdir(), 'mondaymix-kernels-'));
  try {
    const made = join(folder, 'kernels.wasm');
    const args = [asc, join(sources, 'index.ts'), ...compilerOptions, '--outFile', made];
    await promisify(execFile)(process.execPath, args, { cwd: project });
    const bytes = await readFile(made);
    await keep(file, bytes);
    return bytes;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function keep(file: string, bytes: Uint8Array): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFileAtomic(file, Buffer.from(bytes));
  } catch {
    // Read-only: compiled again next time.
  }
}
