import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { LOG, MODULES, npm, PROJECT, run, say, SetupError } from './run.mjs';

const TFJS = join(MODULES, '@tensorflow', 'tfjs-node');

/** There once the native library is in place, on Linux. */
export const TFJS_LIBRARY = join(TFJS, 'deps', 'lib', 'libtensorflow.so.2');

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

/** Makes the native library load: as it is, downloaded, or built. @returns its version */
export async function prepareTensorflow() {
  const version = await loadTensorflow();
  if (version) return version;
  const cached = join(cacheFolder(), `tensorflow-${WHEEL.version}-${WHEEL.sha256.slice(0, 8)}`);
  if (!fs.existsSync(cached)) {
    const own = await ownDownload();
    if (own) return own;
  }
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new SetupError(
      `TensorFlow's native library for ${process.platform} ${process.arch} could not be downloaded (${LOG})\n` +
        '  with a connection to storage.googleapis.com: npm rebuild @tensorflow/tfjs-node',
    );
  }
  await requireTools();
  if (!isWhole(cached)) await fetchWheel(cached);
  await build(cached);
  const built = await loadTensorflow();
  if (built) return built;
  throw new SetupError(
    `TensorFlow was built but does not load (${LOG})\n  to see why: node -e "require('@tensorflow/tfjs-node')"`,
  );
}

async function loadTensorflow() {
  const { ok, output } = await run([process.execPath, '-e', LOAD], { timeout: 60_000 });
  return ok ? output.trim().split('\n').at(-1) : undefined;
}

/** The package's install script, bounded in time: it downloads the library and a ready binding. */
async function ownDownload() {
  say("fetching TensorFlow's native library (the package's own download)");
  if (!(await run([process.execPath, '-e', PROBE], { cwd: TFJS, timeout: 15_000 })).ok) {
    say('its host cannot be reached from here');
    return undefined;
  }
  const rebuild = npm(['rebuild', '--ignore-scripts=false', '@tensorflow/tfjs-node']);
  await run(rebuild, { timeout: 600_000, env: headers() });
  const version = await loadTensorflow();
  if (!version) {
    say('that did not work');
    for (const made of ['deps', 'lib', 'build']) {
      fs.rmSync(join(TFJS, made), { recursive: true, force: true });
    }
  }
  return version;
}

async function requireTools() {
  const tools = { python3: ['-m', 'pip', '--version'], 'g++': ['--version'], make: ['--version'] };
  const absent = [];
  for (const [tool, args] of Object.entries(tools)) {
    if (!(await run([tool, ...args])).ok) absent.push(tool);
  }
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

async function fetchWheel(cached) {
  const { name, version, sha256, megabytes, libraries } = WHEEL;
  say(`fetching TensorFlow ${version} out of its PyPI wheel (${megabytes} MB, with pip)`);
  fs.mkdirSync(dirname(cached), { recursive: true });
  removeLeftovers(dirname(cached));
  const fresh = fs.mkdtempSync(`${cached}-`);
  try {
    const requirements = join(fresh, 'requirements.txt');
    fs.writeFileSync(requirements, `${name}==${version} --hash=sha256:${sha256}\n`);
    const target =
      '--only-binary=:all: --python-version=3.11 --implementation=cp --abi=cp311 --platform=manylinux2014_x86_64';
    const download = await run(
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
    const unpacked = await run(
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

/** What downloads that were killed left; one that is younger may be another checkout's, at work. */
function removeLeftovers(folder) {
  for (const name of fs.readdirSync(folder)) {
    const path = join(folder, name);
    const hours = (Date.now() - fs.statSync(path).mtimeMs) / 3_600_000;
    if (/^tensorflow-.*-.{6}$/.test(name) && hours > 2) {
      fs.rmSync(path, { recursive: true, force: true });
    }
  }
}

/** Compiles the binding against the library, with the headers of the Node that runs. */
async function build(cached) {
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
  const { ok, reason } = await run(rebuild, { timeout: 600_000, env });
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
