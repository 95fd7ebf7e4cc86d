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
import { Buffer } from 'node:buffer';
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

const PROJECT = dirname(dirname(fileURLToPath(import.meta.url)));
const MODULES = join(PROJECT, 'node_modules');
const TFJS = join(MODULES, '@tensorflow', 'tfjs-node');
const TFJS_LIBRARY = join(TFJS, 'deps', 'lib', 'libtensorflow.so.2');
const STAMP = join(MODULES, '.mondaymix-setup.json');
const LOG = join(PROJECT, '.mondaymix', 'setup.log');

/** Where the package's own download of the native library cannot be reached: Google's PyPI wheel. */
const WHEEL = {
  name: 'tensorflow-cpu',
  version: '2.13.1',
  sha256: '87be6e61314b2c0fa062f71e26e41d6a17e162ffe4da72c820fe8f1fc94d97fe',
  megabytes: 187,
  libraries: {
    'libtensorflow_cc.so.2': 'c73a13d68637302841ff4f4cad74a5f0c47d367432671a8ac64311acebaf9089',
    'libtensorflow_framework.so.2':
      'a3891f913794521cbf2ccee52545da1af6f00523a1042ff7a7947274f8cf7537',
  },
};

/** Names under which the addon's build and the loader look for each library. */
const LIBRARY_LINKS = {
  'libtensorflow_cc.so.2': ['libtensorflow.so', 'libtensorflow.so.2', 'libtensorflow.so.2.9.1'],
  'libtensorflow_framework.so.2': [
    'libtensorflow_framework.so',
    'libtensorflow_framework.so.2.9.1',
  ],
};

/** Takes the libraries and headers out of the wheel without unpacking the rest. */
const UNPACK = `
import os, shutil, sys, zipfile
wheel, to, libraries = sys.argv[1], sys.argv[2], sys.argv[3:]
with zipfile.ZipFile(wheel) as archive:
    for entry in archive.infolist():
        name = entry.filename
        if name.startswith('tensorflow/include/tensorflow/') and name.endswith('.h'):
            out = name[len('tensorflow/'):]
        elif name in ['tensorflow/' + library for library in libraries]:
            out = 'lib/' + os.path.basename(name)
        else:
            continue
        path = os.path.join(to, out)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with archive.open(entry) as source, open(path, 'wb') as target:
            shutil.copyfileobj(source, target, 1 << 20)
`;

const LOAD = `
const util = require('node:util');
util.isNullOrUndefined ??= (value) => value === null || value === undefined;
const tf = require('@tensorflow/tfjs-node');
if (tf.tensor([1, 2]).sum().dataSync()[0] !== 3) process.exit(1);
console.log(tf.backend().binding.TF_Version);
`;

/** Asks for the library as the install script would, by way of a proxy where one is set. */
const PROBE = `
const env = process.env;
const proxy = env.HTTPS_PROXY || env.https_proxy || env.HTTP_PROXY || env.http_proxy;
const host = env.TFJS_NODE_CDN_STORAGE || env.CDN_STORAGE || 'https://storage.googleapis.com/';
const base = env.TFJS_NODE_BASE_URI || host + 'tensorflow/libtensorflow/libtensorflow-';
const agent = proxy ? new (require('https-proxy-agent'))(proxy) : undefined;
const url = base + 'cpu-linux-x86_64-2.9.1.tar.gz';
const { request } = require(url.startsWith('https') ? 'node:https' : 'node:http');
const head = request(url, { method: 'HEAD', agent, timeout: 8000 }, ({ statusCode }) =>
  process.exit(statusCode < 400 ? 0 : 1),
);
head.on('timeout', () => process.exit(1)).on('error', () => process.exit(1)).end();
`;

/** A failure that the user can mend: what happened, and the command that fixes it. */
class SetupError extends Error {}

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

function setUp() {
  const stamp = readStamp();
  if (missing(stamp).includes('dependencies')) {
    if (!holdsWhatTheLockSays()) installDependencies();
    writeStamp({ ...readStamp(), dependencies: dependenciesKey() });
  }
  linkOwnCommand();
  if (missing(readStamp()).includes('tensorflow')) {
    const version = prepareTensorflow();
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
  const read = (file) => JSON.parse(fs.readFileSync(file, 'utf8')).packages;
  try {
    const wanted = read(join(PROJECT, 'package-lock.json'));
    const there = read(join(MODULES, '.package-lock.json'));
    return Object.entries(wanted).every(
      ([path, { version, integrity, optional }]) =>
        path === '' ||
        (there[path] ? there[path].version === version : optional) ||
        (integrity !== undefined && there[path]?.integrity === integrity),
    );
  } catch {
    return false;
  }
}

/** No package's install script is run: all but TensorFlow's binding work without. */
function installDependencies() {
  say('installing the dependencies (npm ci)');
  const args = ['ci', '--ignore-scripts', '--include=dev', '--include=optional'];
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  const { ok, reason } = run(npm([...args, ...quiet]), { loud: true });
  if (ok) return;
  throw new SetupError(
    `the dependencies could not be installed (${reason})\n  to try that alone: npm ci --ignore-scripts`,
  );
}

/** So that \`npx mondaymix\` finds the command here; npm links those of dependencies only. */
function linkOwnCommand() {
  const link = join(MODULES, '.bin', 'mondaymix');
  if (process.platform === 'win32' || fs.existsSync(link)) return;
  fs.rmSync(link, { force: true });
  fs.symlinkSync(join('..', '..', 'infra', 'setup.mjs'), link);
}

/** @returns the version of the native library */
function prepareTensorflow() {
  const version = loadTensorflow();
  if (version) return version;
  const cached = join(cacheFolder(), `tensorflow-${WHEEL.version}-${WHEEL.sha256.slice(0, 8)}`);
  if (!fs.existsSync(cached)) {
    const own = ownDownload();
    if (own) return own;
  }
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new SetupError(
      `TensorFlow's native library for ${process.platform} ${process.arch} could not be downloaded (${LOG})\n` +
        '  with a connection to storage.googleapis.com: npm rebuild @tensorflow/tfjs-node',
    );
  }
  requireTools();
  if (!isWhole(cached)) fetchWheel(cached);
  build(cached);
  const built = loadTensorflow();
  if (built) return built;
  throw new SetupError(
    `TensorFlow was built but does not load (${LOG})\n  to see why: node -e "require('@tensorflow/tfjs-node')"`,
  );
}

function loadTensorflow() {
  const { ok, output } = run([process.execPath, '-e', LOAD], { timeout: 60_000 });
  return ok ? output.trim().split('\n').at(-1) : undefined;
}

/** The package's install script, bounded in time: it downloads the library and a ready binding. */
function ownDownload() {
  say("fetching TensorFlow's native library (the package's own download)");
  if (!run([process.execPath, '-e', PROBE], { cwd: TFJS, timeout: 15_000 }).ok) {
    say('its host cannot be reached from here');
    return undefined;
  }
  const rebuild = npm(['rebuild', '--ignore-scripts=false', '@tensorflow/tfjs-node']);
  run(rebuild, { timeout: 600_000, env: headers() });
  const version = loadTensorflow();
  if (!version) {
    say('that did not work');
    for (const made of ['deps', 'lib', 'build']) {
      fs.rmSync(join(TFJS, made), { recursive: true, force: true });
    }
  }
  return version;
}

function requireTools() {
  const tools = { python3: ['-m', 'pip', '--version'], 'g++': ['--version'], make: ['--version'] };
  const absent = Object.keys(tools).filter((tool) => !run([tool, ...tools[tool]]).ok);
  if (absent.length === 0) return;
  throw new SetupError(
    `building TensorFlow's binding needs python3 with pip, g++ and make; not here: ${absent.join(', ')}\n` +
      '  to install them: sudo apt-get install -y python3 python3-pip g++ make',
  );
}

function isWhole(folder) {
  return Object.entries(WHEEL.libraries).every(([name, sha256]) => {
    const file = join(folder, 'lib', name);
    return fs.existsSync(file) && hashFile(file) === sha256;
  });
}

function hashFile(file) {
  const digest = createHash('sha256');
  const block = Buffer.allocUnsafe(4 << 20);
  const descriptor = fs.openSync(file, 'r');
  try {
    for (let size; (size = fs.readSync(descriptor, block)) > 0;) {
      digest.update(block.subarray(0, size));
    }
  } finally {
    fs.closeSync(descriptor);
  }
  return digest.digest('hex');
}

function fetchWheel(cached) {
  const { name, version, sha256, megabytes, libraries } = WHEEL;
  say(`fetching TensorFlow ${version} out of its PyPI wheel (${megabytes} MB, with pip)`);
  fs.mkdirSync(dirname(cached), { recursive: true });
  const fresh = fs.mkdtempSync(`${cached}-`);
  try {
    const requirements = join(fresh, 'requirements.txt');
    fs.writeFileSync(requirements, `${name}==${version} --hash=sha256:${sha256}\n`);
    const target =
      '--only-binary=:all: --python-version=3.11 --implementation=cp --abi=cp311 --platform=manylinux2014_x86_64';
    const download = run(
      ['python3', '-m', 'pip', 'download', '--no-deps', '--require-hashes'].concat(
        target.split(' '),
        ['--dest', fresh, '--requirement', requirements],
      ),
      { timeout: 1_800_000, loud: true },
    );
    const wheel = fs.readdirSync(fresh).find((file) => file.endsWith('.whl'));
    if (!download.ok || !wheel) {
      throw new SetupError(
        `TensorFlow's wheel could not be downloaded: ${download.reason}\n` +
          `  to see why: python3 -m pip download --no-deps ${target} ${name}==${version}`,
      );
    }
    const to = join(fresh, 'tensorflow');
    const unpacked = run(
      ['python3', '-c', UNPACK, join(fresh, wheel), to].concat(Object.keys(libraries)),
    );
    if (!unpacked.ok || !isWhole(to)) {
      throw new SetupError(
        `TensorFlow's wheel could not be unpacked into ${to}: ${unpacked.reason || 'a library is not the one expected'}\n` +
          `  600 MB are needed there; to see what is free: df -h ${dirname(cached)}`,
      );
    }
    fs.rmSync(cached, { recursive: true, force: true });
    fs.renameSync(to, cached);
  } finally {
    fs.rmSync(fresh, { recursive: true, force: true });
  }
}

/** Compiles the binding against the library, with the headers of the Node that runs. */
function build(cached) {
  say("building TensorFlow's binding (about 10 s)");
  const deps = join(TFJS, 'deps');
  fs.rmSync(deps, { recursive: true, force: true });
  fs.mkdirSync(join(deps, 'lib'), { recursive: true });
  fs.symlinkSync(join(cached, 'include'), join(deps, 'include'));
  for (const [name, links] of Object.entries(LIBRARY_LINKS)) {
    linkFile(join(cached, 'lib', name), join(deps, 'lib', name));
    for (const link of links) fs.symlinkSync(name, join(deps, 'lib', link));
  }
  const rebuild = npm(['rebuild', '--ignore-scripts=false', '@tensorflow/tfjs-node']);
  const env = { ...headers(), npm_config_build_from_source: 'true' };
  const { ok, reason } = run(rebuild, { timeout: 600_000, env });
  if (ok) return;
  throw new SetupError(
    `TensorFlow's binding could not be built: ${reason} (${LOG})\n` +
      '  to see why: npm_config_build_from_source=true npm rebuild --foreground-scripts @tensorflow/tfjs-node',
  );
}

/** A hard link, which outlives the cache; a symbolic one to another file system. */
function linkFile(from, to) {
  try {
    fs.linkSync(from, to);
  } catch {
    fs.symlinkSync(from, to);
  }
}

/** The compiler's headers from the running Node's own folder, where it brings them. */
function headers() {
  const prefix = dirname(dirname(fs.realpathSync(process.execPath)));
  const there = fs.existsSync(join(prefix, 'include', 'node', 'node_api.h'));
  return there ? { npm_config_nodedir: prefix } : {};
}

/** One for all checkouts of a user, so that a second one downloads nothing. */
function cacheFolder() {
  const users = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'mondaymix');
  try {
    fs.mkdirSync(users, { recursive: true });
    fs.accessSync(users, fs.constants.W_OK);
    return users;
  } catch {
    return join(PROJECT, '.mondaymix', 'cache');
  }
}

/** npm run by this Node: the one that called us, the one beside this Node, or the one on PATH. */
function npm(args) {
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

/** Runs a program in the project to its end; its output goes to the log, or is returned. */
function run([program, ...args], { cwd = PROJECT, timeout, env = {}, loud = false } = {}) {
  const path = [dirname(process.execPath), process.env['PATH']].join(delimiter);
  const { status, error, signal, stdout, stderr } = spawnSync(program, args, {
    cwd,
    env: { ...process.env, PATH: path, ...env },
    // Our standard output belongs to the command that follows.
    stdio: ['ignore', loud ? 2 : 'pipe', loud ? 2 : 'pipe'],
    encoding: 'utf8',
    maxBuffer: 64 << 20,
    timeout,
    killSignal: 'SIGKILL',
  });
  fs.mkdirSync(dirname(LOG), { recursive: true });
  fs.appendFileSync(LOG, `$ ${program} ${args.join(' ')}\n${stdout ?? ''}${stderr ?? ''}\n`);
  const said = (stderr || stdout || '')
    .trim()
    .split('\n')
    .findLast((line) => line.trim() !== '');
  const reason =
    error?.message ?? (signal ? `ended by ${signal}` : (said ?? `exit code ${status}`));
  return { ok: status === 0, output: stdout ?? '', reason };
}

/** Alone in this checkout: the lock of a process that is gone is taken over. */
async function withLock(work) {
  const file = join(PROJECT, '.mondaymix', 'setup.lock');
  const mine = JSON.stringify({ pid: process.pid, startedAt: startTime(process.pid) });
  fs.mkdirSync(dirname(file), { recursive: true });
  for (let told = false; !claim(file, mine);) {
    const holder = readHolder(file);
    if (holder && startTime(holder.pid) !== holder.startedAt) {
      breakStale(file, holder);
      continue;
    }
    if (holder && !told) say(`waiting for the set-up that process ${holder.pid} is doing`);
    told ||= holder !== undefined;
    await sleep(200);
  }
  try {
    work();
  } finally {
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
  } catch {
    return false;
  } finally {
    fs.rmSync(own, { force: true });
  }
}

/** Taken away first, then looked at: another may have put a fresh lock there in between. */
function breakStale(file, holder) {
  const taken = `${file}.${process.pid}.stale`;
  try {
    fs.renameSync(file, taken);
    if (readHolder(taken)?.pid !== holder.pid) fs.linkSync(taken, file);
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

function command(args) {
  const tsx = createRequire(join(PROJECT, 'package.json')).resolve('tsx');
  return become(['--import', pathToFileURL(tsx).href, join(PROJECT, 'workers', 'cli.ts'), ...args]);
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

function say(line) {
  process.stderr.write(`set-up: ${line}\n`);
}

main(process.argv.slice(2)).catch((error) => {
  if (error instanceof SetupError) say(error.message);
  else console.error(error);
  process.exitCode = 1;
});
