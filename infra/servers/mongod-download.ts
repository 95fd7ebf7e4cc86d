import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Log } from '../../pipelines/ports.ts';
import type { Way } from './kind.ts';
import { mongodAt } from './mongodb.ts';

const execute = promisify(execFile);
/** A real server has about 100 MB. */
const DOWNLOAD_MS = 600_000;

/**
 * Runs in a process of its own, which can be ended when the network hangs. Fails at once where the
 * host cannot be reached; prints the program's path at the end.
 */
const DOWNLOAD = `
const { HTTPS_PROXY, https_proxy, HTTP_PROXY, http_proxy } = process.env;
const { MongoBinary } = await import('mongodb-memory-server-core');
if (!(HTTPS_PROXY || https_proxy || HTTP_PROXY || http_proxy)) {
  const signal = AbortSignal.timeout(5000);
  await fetch('https://fastdl.mongodb.org/', { method: 'HEAD', signal });
}
const path = await MongoBinary.getPath({ checkMD5: true });
console.log('\\n' + path);
process.exit(0);
`;

/**
 * Downloads a real mongod by way of mongodb-memory-server, once for all projects of a user
 * (`~/.cache/mongodb-binaries`); its data is kept in the home like any other's. Undefined where the
 * package is not installed, the host cannot be reached or the program does not run here.
 */
export async function downloadMongod(log: Log): Promise<Way | undefined> {
  log.info({ server: 'mongodb' }, 'mongodb: looking for a mongod to download');
  const cwd = join(import.meta.dirname, '..', '..');
  try {
    const { stdout } = await execute(
      process.execPath,
      ['--input-type=module', '--eval', DOWNLOAD],
      { cwd, timeout: DOWNLOAD_MS, killSignal: 'SIGKILL' },
    );
    const program = stdout.trim().split('\n').at(-1)!;
    await execute(program, ['--version'], { timeout: 10_000 });
    return mongodAt(program);
  } catch {
    log.info({ server: 'mongodb' }, 'mongodb: none can be downloaded from here');
    return undefined;
  }
}
