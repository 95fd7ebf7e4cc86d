import { spawn, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { basename, delimiter, dirname, join } from 'node:path';
import { clearTimeout, setTimeout } from 'node:timers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const PROJECT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const MODULES = join(PROJECT, 'node_modules');

/** What the programs said that the set-up ran. */
export const LOG = join(PROJECT, '.mondaymix', 'setup.log');

/** The program that {@link run} waits for. */
let running;

/** A failure that the user can mend: what happened, and the command that fixes it. */
export class SetupError extends Error {}

/** Progress; standard output belongs to the command that follows. */
export function say(line) {
  process.stderr.write(`set-up: ${line}\n`);
}

/** npm run by this Node: the one that called us, the one beside this Node, or the one on PATH. */
export function npm(args) {
  const prefix = dirname(dirname(fs.realpathSync(process.execPath)));
  const called = process.env['npm_execpath'];
  const candidates = [
    called && basename(called) === 'npm-cli.js' ? called : undefined,
    join(prefix, 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    join(dirname(process.execPath), 'node_modules', 'npm', 'bin', 'npm-cli.js'),
  ];
  const cli = candidates.find((file) => file && fs.existsSync(file));
  return cli ? [process.execPath, cli, ...args] : ['npm', ...args];
}

/** Runs a program in the project to its end; its output goes to the log, and is returned. */
export async function run(
  [program, ...args],
  { cwd = PROJECT, timeout, env = {}, loud = false } = {},
) {
  const path = [dirname(process.execPath), process.env['PATH']].join(delimiter);
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, PATH: path, ...env },
    // Our standard output belongs to the command that follows.
    stdio: ['ignore', loud ? 2 : 'pipe', loud ? 2 : 'pipe'],
    // A group of its own, so that all of it can be ended.
    detached: true,
  });
  running = child.pid;
  if (running !== undefined) fs.writeFileSync(lockFile(), holder(process.pid, running));
  const timer = timeout === undefined ? undefined : setTimeout(() => endGroup(child.pid), timeout);
  const said = { stdout: '', stderr: '' };
  child.stdout?.on('data', (bytes) => (said.stdout += bytes));
  child.stderr?.on('data', (bytes) => (said.stderr += bytes));
  const [code, signal, error] = await new Promise((resolve) => {
    child.on('error', (failure) => resolve([null, null, failure]));
    child.on('close', (...result) => resolve(result));
  });
  clearTimeout(timer);
  running = undefined;
  fs.appendFileSync(LOG, `$ ${program} ${args.join(' ')}\n${said.stdout}${said.stderr}\n`);
  const last = (said.stderr || said.stdout).split('\n').findLast((line) => line.trim() !== '');
  const reason =
    error?.message ?? (signal ? `ended by ${signal}` : (last?.trim() ?? `exit code ${code}`));
  return { ok: code === 0, output: said.stdout, reason };
}

function endGroup(pid) {
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

function lockFile() {
  return join(PROJECT, '.mondaymix', 'setup.lock');
}

/** Who holds the lock, and the program that it runs: that one survives a SIGKILL of the holder. */
function holder(pid, childPid) {
  const child = childPid && { pid: childPid, startedAt: startTime(childPid) };
  return JSON.stringify({ pid, startedAt: startTime(pid), child });
}

/** Alone in this checkout: the lock of a process that is gone is taken over. */
export async function withLock(work) {
  const file = lockFile();
  fs.mkdirSync(dirname(file), { recursive: true });
  for (let told = false; !claim(file, holder(process.pid));) {
    const other = readHolder(file);
    if (other && startTime(other.pid) !== other.startedAt) {
      breakStale(file, other);
      continue;
    }
    if (other && !told) say(`waiting for the set-up that process ${other.pid} is doing`);
    told ||= other !== undefined;
    await sleep(200);
  }
  const stop = (signal) => {
    if (running !== undefined) endGroup(running);
    fs.rmSync(file, { force: true });
    process.exit(128 + { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 }[signal]);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, stop);
  try {
    await work();
  } finally {
    for (const signal of signals) process.off(signal, stop);
    fs.rmSync(file, { force: true });
  }
}

/** The lock appears with its content or not at all. */
function claim(file, content) {
  const own = `${file}.${process.pid}.new`;
  fs.writeFileSync(own, content);
  try {
    fs.linkSync(own, file);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    fs.rmSync(own, { force: true });
  }
}

/** Taken away first, then looked at: another may have put a fresh lock there in between. */
function breakStale(file, stale) {
  const taken = `${file}.${process.pid}.stale`;
  try {
    fs.renameSync(file, taken);
    if (readHolder(taken)?.pid !== stale.pid) fs.linkSync(taken, file);
    else if (stale.child && startTime(stale.child.pid) === stale.child.startedAt) {
      endGroup(stale.child.pid);
    }
  } catch {
    // The other one was faster.
  }
  fs.rmSync(taken, { force: true });
}

function readHolder(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Tells a process from a later one with its pid; null when there is none. */
function startTime(pid) {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, ...fields] = stat.slice(stat.lastIndexOf(') ') + 2).split(' ');
    return state === 'Z' ? null : fields[18];
  } catch {
    if (process.platform === 'linux') return null;
    const { status, stdout } = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)]);
    return status === 0 ? String(stdout).trim() : null;
  }
}
