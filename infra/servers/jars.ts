import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Mistake } from '../../model/mistake.ts';
import type { Log } from '../../pipelines/ports.ts';
import type { AnyServerName } from './kind.ts';

const execute = promisify(execFile);
const COPY_DEPENDENCIES =
  'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies';
const DOWNLOAD_MS = 300_000;

/** Jars of a server that come from Maven. */
export interface JarList {
  readonly server: AnyServerName;
  /** What they are, for people: `the stand-in`. */
  readonly what: string;
  /** Folder of ours with `pom.xml` and `jars.sha256`. */
  readonly source: string;
}

/**
 * Fetches jars with Maven into a folder, where they are not there yet.
 *
 * @throws Mistake `SERVER_DOWN` when a jar cannot be fetched or is not the one that we know
 */
export async function ensureJars(
  maven: string,
  list: JarList,
  jars: string,
  log: Log,
): Promise<void> {
  if (!(await holdsTheJars(list, jars))) await fetchJars(maven, list, jars, log);
}

async function fetchJars(maven: string, list: JarList, jars: string, log: Log): Promise<void> {
  const { server, what, source } = list;
  log.info({ server }, `${server}: fetching ${what} with Maven`);
  await mkdir(dirname(jars), { recursive: true });
  // What fetches that were killed left; the server's lock keeps others out.
  for (const name of await readdir(dirname(jars))) {
    if (name.startsWith('jars-')) await rm(join(dirname(jars), name), { recursive: true });
  }
  const fresh = await mkdtemp(`${jars}-`);
  const args = ['-q', '-B', '-f', join(source, 'pom.xml'), COPY_DEPENDENCIES];
  try {
    await execute(maven, [...args, '-DincludeScope=runtime', `-DoutputDirectory=${fresh}`], {
      timeout: DOWNLOAD_MS,
    });
    if (!(await holdsTheJars(list, fresh))) {
      throw new Error(`the jars are not those that ${basename(source)}/jars.sha256 lists`);
    }
    await rm(jars, { recursive: true, force: true });
    await rename(fresh, jars);
  } catch (cause) {
    await rm(fresh, { recursive: true, force: true });
    const { message, stdout } = cause as Error & { stdout?: string };
    const reason = /\[ERROR\] (.*)/.exec(stdout ?? '')?.[1] ?? message.split('\n')[0]!;
    throw new Mistake(
      'SERVER_DOWN',
      `${server}: expected Maven to fetch ${what} (mvn -f infra/servers/${basename(source)}/pom.xml dependency:copy-dependencies), got: ${reason}`,
      { cause },
    );
  }
}

async function holdsTheJars({ source }: JarList, folder: string): Promise<boolean> {
  const list = await readFile(join(source, 'jars.sha256'), 'utf8');
  for (const line of list.trim().split('\n')) {
    const [sha256, name] = line.split(/\s+/) as [string, string];
    try {
      const bytes = await readFile(join(folder, name));
      if (createHash('sha256').update(bytes).digest('hex') !== sha256) return false;
    } catch {
      return false;
    }
  }
  return true;
}
