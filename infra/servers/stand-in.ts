import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Mistake } from '../../model/mistake.ts';
import type { Log } from '../../pipelines/ports.ts';
import type { Way } from './kind.ts';
import { findProgram } from './process.ts';

const execute = promisify(execFile);
const SOURCE = join(import.meta.dirname, 'stand-in');
const COPY_DEPENDENCIES =
  'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies';
const DOWNLOAD_MS = 300_000;

/**
 * The stand-in for MongoDB: a Java program from Maven that speaks the same protocol and keeps its
 * data in memory. Undefined where there is no JDK or no Maven.
 *
 * @param folder - the server's folder in the home; the jars are kept in it
 * @throws Mistake `SERVER_DOWN` when a jar cannot be fetched or is not the one that we know
 */
export async function findStandIn(folder: string, log: Log): Promise<Way | undefined> {
  const java = await findProgram(['java']);
  const maven = await findProgram(['mvn']);
  if (java === undefined || maven === undefined || !(await isJdk())) return undefined;
  return {
    name: 'stand-in',
    inMemory: true,
    extraPorts: [],
    async prepare(_, ports) {
      const jars = join(folder, 'jars');
      if (!(await holdsTheJars(jars))) await fetchJars(maven, jars, log);
      const launcher = join(SOURCE, 'StandIn.java');
      return [
        {
          role: 'server',
          program: java,
          args: ['-XX:+UseSerialGC', '-cp', join(jars, '*'), launcher, String(ports['main'])],
          env: {},
          graceMs: 2_000,
        },
      ];
    },
  };
}

async function isJdk(): Promise<boolean> {
  try {
    const { stdout } = await execute('java', ['--list-modules']);
    return stdout.includes('jdk.compiler');
  } catch {
    return false;
  }
}

async function fetchJars(maven: string, jars: string, log: Log): Promise<void> {
  log.info({ server: 'mongodb' }, 'mongodb: fetching the stand-in with Maven');
  await mkdir(dirname(jars), { recursive: true });
  // What fetches that were killed left; the server's lock keeps others out.
  for (const name of await readdir(dirname(jars))) {
    if (name.startsWith('jars-')) await rm(join(dirname(jars), name), { recursive: true });
  }
  const fresh = await mkdtemp(`${jars}-`);
  const args = ['-q', '-B', '-f', join(SOURCE, 'pom.xml'), COPY_DEPENDENCIES];
  try {
    await execute(maven, [...args, '-DincludeScope=runtime', `-DoutputDirectory=${fresh}`], {
      timeout: DOWNLOAD_MS,
    });
    if (!(await holdsTheJars(fresh))) {
      throw new Error(`the jars are not those that stand-in/jars.sha256 lists`);
    }
    await rm(jars, { recursive: true, force: true });
    await rename(fresh, jars);
  } catch (cause) {
    await rm(fresh, { recursive: true, force: true });
    const { message, stdout } = cause as Error & { stdout?: string };
    const reason = /\[ERROR\] (.*)/.exec(stdout ?? '')?.[1] ?? message.split('\n')[0]!;
    throw new Mistake(
      'SERVER_DOWN',
      `mongodb: expected Maven to fetch the stand-in (mvn -f infra/servers/stand-in/pom.xml dependency:copy-dependencies), got: ${reason}`,
      { cause },
    );
  }
}

async function holdsTheJars(folder: string): Promise<boolean> {
  const list = await readFile(join(SOURCE, 'jars.sha256'), 'utf8');
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
