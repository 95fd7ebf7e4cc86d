#!/usr/bin/env node
/**
 * Does the set-up that is missing, then runs what was asked. Needs Node and npm, nothing else: it
 * is also the command `mondaymix`, so it runs before anything is installed.
 *
 *     node infra/setup.mjs weekly --json      set-up, then that command of workers/cli.ts
 *     node infra/setup.mjs --test [args]      set-up, then the tests, with further arguments of jest
 *
 * Everything that it says goes to standard error. What was done is stamped: a second call takes
 * milliseconds. Two calls at once are safe, and so is the next one after a call that was killed.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MODULES, npm, PROJECT, run, say, SetupError, withLock } from './setup/run.mjs';
import { prepareTensorflow, TFJS_LIBRARY } from './setup/tensorflow.mjs';

const STAMP = join(MODULES, '.mondaymix-setup.json');

async function main(args) {
  requireNode();
  if (missing(readStamp()).length > 0) await withLock(setUp);
  process.exitCode = await (args[0] === '--test' ? test(args.slice(1)) : command(args));
}

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new SetupError(`expected Node 20.19 or newer, this is ${process.version}`);
}

/** Which steps remain. Cheap: it runs before every command. */
function missing(stamp) {
  const steps = [];
  if (stamp.dependencies !== dependenciesKey()) steps.push('dependencies');
  const built = process.platform !== 'linux' || fs.existsSync(TFJS_LIBRARY);
  if (stamp.tensorflow !== tensorflowKey() || !built) steps.push('tensorflow');
  return steps;
}

async function setUp() {
  const stamp = readStamp();
  if (missing(stamp).includes('dependencies')) {
    if (!holdsWhatTheLockSays()) await installDependencies();
    writeStamp({ ...readStamp(), dependencies: dependenciesKey() });
  }
  linkOwnCommand();
  if (missing(readStamp()).includes('tensorflow')) {
    const version = await prepareTensorflow();
    say(`TensorFlow ${version} loads`);
    writeStamp({ ...readStamp(), tensorflow: tensorflowKey() });
  }
}

function dependenciesKey() {
  const lock = fs.readFileSync(join(PROJECT, 'package-lock.json'));
  return hash(lock, process.platform, process.arch);
}

/** The addon serves every Node; that it loads is verified once with each. */
function tensorflowKey() {
  return hash(dependenciesKey(), process.versions.modules);
}

function hash(...parts) {
  const digest = createHash('sha256');
  for (const part of parts) digest.update(part).update('\0');
  return digest.digest('hex').slice(0, 16);
}

function readStamp() {
  try {
    return JSON.parse(fs.readFileSync(STAMP, 'utf8'));
  } catch {
    return {};
  }
}

function writeStamp(stamp) {
  fs.writeFileSync(`${STAMP}.new`, JSON.stringify(stamp));
  fs.renameSync(`${STAMP}.new`, STAMP);
}

/** Someone may have run npm by hand: npm writes the hidden list last, when all is in place. */
function holdsWhatTheLockSays() {
  const hidden = join(MODULES, '.package-lock.json');
  if (!fs.existsSync(hidden)) return false;
  const [wanted, there] = [join(PROJECT, 'package-lock.json'), hidden].map(
    (file) => JSON.parse(fs.readFileSync(file, 'utf8')).packages,
  );
  // Optional packages of packages are for other platforms; our own are for all.
  const ours = Object.keys(wanted[''].optionalDependencies ?? {});
  return Object.entries(wanted).every(([path, { version, optional }]) => {
    if (path === '') return true;
    if (there[path]) return there[path].version === version;
    return optional && !ours.includes(path.slice('node_modules/'.length));
  });
}

/** No package's install script is run: all but TensorFlow's binding work without. */
async function installDependencies() {
  say('installing the dependencies (npm ci)');
  const args = ['ci', '--ignore-scripts', '--include=dev', '--include=optional'];
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  const { ok, reason } = await run(npm([...args, ...quiet]), { loud: true });
  if (ok) return;
  throw new SetupError(
    `the dependencies could not be installed (${reason}, see above)\n  to try that alone: npm ci --ignore-scripts`,
  );
}

/** So that `npx mondaymix` finds the command here; npm links those of dependencies only. */
function linkOwnCommand() {
  const link = join(MODULES, '.bin', 'mondaymix');
  if (process.platform === 'win32' || fs.existsSync(link)) return;
  fs.rmSync(link, { force: true });
  fs.symlinkSync(join('..', '..', 'infra', 'setup.mjs'), link);
}

/**
 * Half a second of answers is young at a time (MB): what has gone to its client is dropped without
 * ever being marked, and nobody waits for that.
 */
const apiFlags = ['--max-semi-space-size=64'];

function command(args) {
  const tsx = createRequire(join(PROJECT, 'package.json')).resolve('tsx');
  const cli = ['--import', pathToFileURL(tsx).href, join(PROJECT, 'workers', 'cli.ts')];
  return become([...(args.includes('api') ? apiFlags : []), ...cli, ...args]);
}

function test(args) {
  const jest = join(MODULES, 'jest', 'bin', 'jest.js');
  return become(['--no-warnings', jest, ...args], { cwd: PROJECT });
}

/** Runs Node with our standard streams, passes signals on, and gives its exit code back. */
function become(args, options = {}) {
  const child = spawn(process.execPath, args, { ...options, stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      // A terminal's Ctrl-C reaches the child by itself.
      if (signal === 'SIGINT' && process.stdin.isTTY) return;
      child.kill(signal);
    });
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      if (signal === null) return resolve(code);
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    });
  });
}

main(process.argv.slice(2)).catch((error) => {
  if (error instanceof SetupError) say(error.message);
  else console.error(error);
  process.exitCode = 1;
});
