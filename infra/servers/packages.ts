import { execFile } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { promisify } from 'node:util';
import { Mistake } from '../../model/mistake.ts';
import type { Log } from '../../pipelines/ports.ts';
import type { ServerKind } from './kind.ts';
import { findProgram } from './process.ts';

const execute = promisify(execFile);
/** While this says 101, Debian's packages do not start their services. */
const POLICY_FILE = '/usr/sbin/policy-rc.d';
const APT_MS = 600_000;

/**
 * Installs servers from the machine's packages: where we are root and apt-get is there, after a
 * question on a terminal, at once where there is none. No system-wide server is started.
 *
 * @throws Mistake `SERVER_DOWN` with the one command to type, where we may not or cannot
 */
export async function installPackages(kinds: readonly ServerKind[], log: Log): Promise<void> {
  const packages = kinds.map((kind) => kind.aptPackage).filter((name) => name !== undefined);
  const titles = kinds.map((kind) => kind.title).join(' and ');
  const variables = kinds.map((kind) => kind.variable).join(' and ');
  const aptGet = await findProgram(['apt-get']);
  const command =
    aptGet === undefined
      ? `brew install ${kinds.map((kind) => kind.name).join(' ')}`
      : `sudo apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  const advice = `expected ${titles} on this machine, found none; install: ${command}; or set ${variables}`;
  const isRoot = process.getuid?.() === 0;
  if (aptGet === undefined || !isRoot || !(await isWanted(packages))) {
    throw new Mistake('SERVER_DOWN', advice);
  }
  log.info({ packages }, `installing ${packages.join(' and ')} with apt-get`);
  try {
    await withoutServices(async () => {
      const install = ['install', '-y', '--no-install-recommends', ...packages];
      try {
        await apt(install);
      } catch {
        // The lists may be absent or old.
        await apt(['update']);
        await apt(install);
      }
    });
  } catch (cause) {
    const { stderr, message } = cause as Error & { stderr?: string };
    const reason = (stderr || message).trim().split('\n').at(-1)!;
    throw new Mistake('SERVER_DOWN', `${advice} (apt-get: ${reason})`, { cause });
  }
}

async function apt(args: readonly string[]): Promise<void> {
  await execute('env', ['DEBIAN_FRONTEND=noninteractive', 'apt-get', '-q', ...args], {
    timeout: APT_MS,
    maxBuffer: 64 << 20,
  });
}

async function isWanted(packages: readonly string[]): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return true;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(
      `Install ${packages.join(' and ')} with apt-get? (private servers are started from them) [Y/n] `,
    );
    return !/^n/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}

/** Neither now nor at the next boot: what runs is private, and ours to end. */
async function withoutServices(install: () => Promise<void>): Promise<void> {
  const isOurs = !existsSync(POLICY_FILE);
  if (isOurs) writeFileSync(POLICY_FILE, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    await install();
  } finally {
    if (isOurs) rmSync(POLICY_FILE, { force: true });
  }
  if (existsSync('/run/systemd/system')) {
    for (const service of ['rabbitmq-server', 'redis-server']) {
      await execute('systemctl', ['disable', '--now', service]).catch(() => undefined);
    }
  }
}
