/** An entry of `packages` in package-lock.json, as far as it matters here. */
interface LockEntry {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export interface Lockfile {
  readonly packages: Readonly<Record<string, LockEntry>>;
}

const OPERATING_SYSTEMS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'];
const PROCESSORS = 'arm arm64 ia32 loong64 mips64el ppc64 riscv64 s390x wasm32 x64'.split(' ');

/**
 * Adds the binaries for other platforms that npm left out of a lock file. A registry's copy may
 * have a package already and the binaries that belong to it not yet; npm then drops them silently,
 * and `npm ci` refuses the lock file it has written itself. Their versions are those that the
 * package names; they carry no hash. Idempotent; the order is npm's.
 *
 * @throws Error when a package names a range, or a binary whose name does not tell its platform
 */
export function completeLockfile<Lock extends Lockfile>(lock: Lock): Lock {
  const packages: Record<string, LockEntry> = { ...lock.packages };
  for (const [path, { dev, optionalDependencies = {} }] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      if (isLocked(lock, path, name)) continue;
      if (!/^\d+\.\d+\.\d+/.test(version)) {
        throw new Error(`${path}: expected the exact version of ${name}, got ${version}`);
      }
      packages[`node_modules/${name}`] = {
        version,
        ...platformOf(name),
        ...(dev === true ? { dev } : {}),
        optional: true,
      } as LockEntry;
    }
  }
  const inOrder = Object.entries(packages).sort(([a], [b]) => a.localeCompare(b, 'en'));
  return { ...lock, packages: Object.fromEntries(inOrder) };
}

/** As Node looks it up: beside the package's own dependencies, then further out. */
function isLocked(lock: Lockfile, from: string, name: string): boolean {
  for (let path = from; ; path = path.replace(/(^|\/)node_modules\/(?:@[^/]+\/)?[^/]+$/, '')) {
    if (lock.packages[`${path === '' ? '' : `${path}/`}node_modules/${name}`]) return true;
    if (path === '') return false;
  }
}

/** `@swc/core-linux-arm64-musl` is for os `linux`, cpu `arm64`, libc `musl`. */
function platformOf(name: string): { os?: string[]; cpu: string[]; libc?: string[] } {
  const words = name.split(/[-/]/);
  const os = words.find((word) => OPERATING_SYSTEMS.includes(word));
  const cpu = words.find((word) => PROCESSORS.includes(word));
  if (cpu === undefined || (os === undefined && cpu !== 'wasm32')) {
    throw new Error(`expected a platform in the name of the optional package ${name}`);
  }
  const libc = words.includes('musl') ? 'musl' : words.some((w) => /^gnu/.test(w)) ? 'glibc' : '';
  return {
    cpu: [cpu],
    ...(os === undefined ? {} : { os: [os] }),
    ...(libc === '' ? {} : { libc: [libc] }),
  };
}
