import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Log } from '../../pipelines/ports.ts';
import { ensureJars, type JarList } from './jars.ts';
import type { Way } from './kind.ts';
import { findProgram } from './process.ts';

const execute = promisify(execFile);
const SOURCE = join(import.meta.dirname, 'stand-in');
const JARS: JarList = { server: 'mongodb', what: 'the stand-in', source: SOURCE };

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
      await ensureJars(maven, JARS, jars, log);
      const launcher = join(SOURCE, 'StandIn.java');
      return [
        {
          role: 'server',
          program: java,
          args: [
            '-XX:+UseG1GC',
            '-XX:MaxRAMPercentage=50',
            '-cp',
            join(jars, '*'),
            launcher,
            String(ports['main']),
          ],
          env: {},
          graceMs: 2_000,
        },
      ];
    },
  };
}

/** Sources are run as they are: that takes a compiler. */
async function isJdk(): Promise<boolean> {
  try {
    const { stdout } = await execute('java', ['--list-modules']);
    return stdout.includes('jdk.compiler');
  } catch {
    return false;
  }
}
