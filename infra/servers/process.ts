import { execFile, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** One program to run in the background. */
export interface Launch {
  readonly program: string;
  readonly args: readonly string[];
  /** Added to the environment that we have ourselves. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Receives standard output and standard error; emptied at every start. */
  readonly logFile: string;
  /** Where the process itself writes who it is. */
  readonly pidFile: string;
}

/**
 * Writes the shell's own pid and start time, then becomes the program: pid and start time stay.
 * The child writes them, not we: were we killed in between, nobody would know the process.
 */
const BECOME = `
{ echo $$
  if [ -r /proc/self/stat ]; then cat /proc/$$/stat /proc/sys/kernel/random/boot_id
  else LC_ALL=C ps -o lstart= -p $$; fi
} > "$0.new" && mv "$0.new" "$0" && exec env "$@"`;

/** Starts a program that outlives this process, in a session of its own. */
export function startDetached(launch: Launch): void {
  rmSync(launch.pidFile, { force: true });
  const log = openSync(launch.logFile, 'w');
  const settings = Object.entries(launch.env).map(([name, value]) => `${name}=${value}`);
  const child = spawn(
    '/bin/sh',
    ['-c', BECOME, launch.pidFile, ...settings, launch.program, ...launch.args],
    { cwd: launch.cwd, detached: true, stdio: ['ignore', log, log] },
  );
  closeSync(log);
  // Whether it started is told by its pid file and its log.
  child.on('error', () => undefined);
  child.unref();
}

/** Who a process is: pids are given anew, a pid with its start time is not. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startedAt: string;
}

/** The process that wrote this pid file, whether it still runs or not. */
export function readPidFile(pidFile: string): ProcessIdentity | undefined {
  let text: string;
  try {
    text = readFileSync(pidFile, 'utf8');
  } catch {
    return undefined;
  }
  const [pid, birth, boot] = text.split('\n');
  if (!pid || !/^\d+$/.test(pid) || !birth) return undefined;
  const stat = parseStat(birth);
  return { pid: Number(pid), startedAt: stat ? `${boot ?? ''}/${stat.startTicks}` : birth.trim() };
}

/** Reads a line of `/proc/PID/stat`; the name in parentheses may itself hold anything. */
export function parseStat(line: string): { state: string; startTicks: string } | undefined {
  const end = line.lastIndexOf(') ');
  if (end < 0) return undefined;
  const fields = line.slice(end + 2).split(' ');
  const [state, startTicks] = [fields[0], fields[19]];
  return state && startTicks ? { state, startTicks } : undefined;
}

/** Start time of a running process; undefined where there is none, or only its corpse. */
export async function startTimeOf(pid: number): Promise<string | undefined> {
  if (process.platform !== 'linux') {
    try {
      const { stdout } = await execute('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
        env: { LC_ALL: 'C', PATH: '/bin:/usr/bin' },
      });
      const [state, ...start] = stdout.trim().split(/\s+/);
      return !state || state.startsWith('Z') ? undefined : start.join(' ');
    } catch {
      return undefined;
    }
  }
  try {
    const stat = parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    if (!stat || stat.state === 'Z' || stat.state === 'X') return undefined;
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot}/${stat.startTicks}`;
  } catch {
    return undefined;
  }
}

/** True while exactly this process runs; a zombie does not. */
export async function isAlive(identity: ProcessIdentity | undefined): Promise<boolean> {
  if (!identity) return false;
  const startedAt = await startTimeOf(identity.pid);
  return startedAt?.replace(/\s+/g, ' ') === identity.startedAt.replace(/\s+/g, ' ');
}

/**
 * Ends a process: SIGTERM, and after `graceMs` SIGKILL for it and its group. Does nothing when it
 * has ended already, or when the pid is another's by now.
 *
 * @returns whether there was something to end
 */
export async function endProcess(
  identity: ProcessIdentity | undefined,
  graceMs: number,
): Promise<boolean> {
  if (!identity || !(await isAlive(identity))) return false;
  signal(identity.pid, 'SIGTERM');
  if (await ended(identity, graceMs)) return true;
  // The leader of its session: the group bears its pid.
  signal(-identity.pid, 'SIGKILL');
  signal(identity.pid, 'SIGKILL');
  await ended(identity, 5_000);
  return true;
}

async function ended(identity: ProcessIdentity, withinMs: number): Promise<boolean> {
  for (let waitedMs = 0; ; waitedMs += 50) {
    if (!(await isAlive(identity))) return true;
    if (waitedMs >= withinMs) return false;
    await sleep(50);
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has just ended by itself.
  }
}

/** Path of a program, looked up on PATH and then in further folders; undefined when absent. */
export async function findProgram(
  names: readonly string[],
  folders: readonly string[] = [],
): Promise<string | undefined> {
  const candidates = [...names, ...folders.flatMap((folder) => names.map((n) => `${folder}/${n}`))];
  for (const candidate of candidates) {
    try {
      const { stdout } = await execute('/bin/sh', ['-c', 'command -v "$0"', candidate]);
      if (stdout.trim()) return stdout.trim();
    } catch {
      // Not here.
    }
  }
  return undefined;
}
