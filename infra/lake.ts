import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { Mistake } from '../model/mistake.ts';
import {
  lakeTableNames,
  type ImportRecord,
  type Lake,
  type LakeSnapshot,
  type LakeUpdate,
  type WrittenFile,
} from '../pipelines/lake.ts';
import type { LakeTable } from '../pipelines/tables.ts';
import { hashFile } from './hash-file.ts';
import {
  readManifest,
  removeHalfManifests,
  writeManifest,
  type Manifest,
  type Segment,
} from './lake-manifest.ts';
import { acquireLock } from './lock.ts';

export interface LakeOptions {
  /** How long an import waits for another one, milliseconds, >= 0. Default 10 minutes. */
  readonly waitMs?: number;
  /**
   * How many MiB of segments a snapshot reads again to compare hashes, in the order of the
   * manifest; sizes are always compared. Default 256; Infinity for all.
   */
  readonly verifyMb?: number;
}

/**
 * Opens the lake of a home folder, `<home>/lake/`; it need not exist yet.
 *
 *     manifest.json                          which files count, and their hashes
 *     listens/day=2014-05-01/<segment>.parquet
 *     recordings/<segment>.parquet           and so on for every table
 *     rejects/<segment>.ndjson               rows that could not be used, with the reason
 *     lock, scratch/                         of the import that goes on
 *
 * A segment is written to `scratch/`, moved to its place, and counts once the manifest has been
 * replaced. What a killed import leaves does not count and is removed by the next one.
 */
export function openLake(home: string, options: LakeOptions = {}): Lake {
  const folder = join(home, 'lake');
  const { waitMs = 600_000, verifyMb = 256 } = options;
  const takeSnapshot = (chosen: { sources?: readonly string[] } = {}) =>
    snapshotOf(folder, chosen.sources, verifyMb * 2 ** 20);
  return {
    folder,
    snapshot: takeSnapshot,
    async update(work, signal) {
      const what = `lake ${folder}`;
      const release = await acquireLock(join(folder, 'lock'), { waitMs, what, signal });
      try {
        let manifest = await readManifest(folder);
        await removeOrphans(folder, manifest);
        await removeHalfManifests(folder);
        const scratch = join(folder, 'scratch', randomBytes(6).toString('hex'));
        await mkdir(scratch, { recursive: true });
        const update: LakeUpdate = {
          scratch,
          snapshot: takeSnapshot,
          imported: (source, fingerprint) =>
            manifest.imports.find((i) => i.source === source && i.fingerprint === fingerprint),
          async commit(record, files) {
            manifest = await commit(folder, manifest, record, files);
          },
        };
        return await work(update);
      } finally {
        await rm(join(folder, 'scratch'), { recursive: true, force: true });
        release();
      }
    },
  };
}

async function commit(
  folder: string,
  before: Manifest,
  record: ImportRecord,
  files: readonly WrittenFile[],
): Promise<Manifest> {
  const name = `${record.source}-${record.fingerprint.slice(0, 12)}`;
  const segments: Segment[] = [];
  for (const { path, table, day, rows } of files) {
    const extension = table === 'rejects' ? 'ndjson' : 'parquet';
    const file = [table, ...(day ? [`day=${day}`] : []), `${name}.${extension}`].join('/');
    const target = join(folder, file);
    await mkdir(dirname(target), { recursive: true });
    await syncToDisk(path);
    const [{ size: bytes }, sha256] = await Promise.all([stat(path), hashFile(path)]);
    await rename(path, target);
    segments.push({ table, file, rows, bytes, sha256, source: record.source });
  }
  const after: Manifest = {
    v: 1,
    imports: [...before.imports, record],
    segments: [...before.segments, ...segments],
  };
  await writeManifest(folder, after);
  return after;
}

async function syncToDisk(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Files in the folders of tables that no manifest names: an import was killed before it counted. */
async function removeOrphans(folder: string, manifest: Manifest): Promise<void> {
  const counting = new Set(manifest.segments.map(({ file }) => file));
  await rm(join(folder, 'scratch'), { recursive: true, force: true });
  for (const table of [...lakeTableNames, 'rejects']) {
    const entries = await readdir(join(folder, table), {
      recursive: true,
      withFileTypes: true,
    }).catch(() => []);
    for (const entry of entries) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      if (!counting.has(relative(folder, path).split(sep).join('/'))) await rm(path);
    }
  }
}

async function snapshotOf(
  folder: string,
  sources: readonly string[] | undefined,
  verifyBytes: number,
): Promise<LakeSnapshot> {
  const { segments } = await readManifest(folder);
  const chosen = segments
    .filter(({ table, source }) => table !== 'rejects' && (sources?.includes(source) ?? true))
    .sort((a, b) => (a.file < b.file ? -1 : 1));
  let bytesLeft = verifyBytes;
  const id = createHash('sha256');
  const tables = Object.fromEntries(
    lakeTableNames.map((table): [LakeTable, string[]] => [table, []]),
  ) as Record<LakeTable, string[]>;
  for (const segment of chosen) {
    bytesLeft -= segment.bytes;
    await verify(folder, segment, bytesLeft >= 0);
    tables[segment.table as LakeTable].push(join(folder, segment.file));
    id.update(`${segment.file} ${segment.sha256}\n`);
  }
  return Object.freeze({ id: id.digest('hex').slice(0, 16), tables: Object.freeze(tables) });
}

async function verify(folder: string, segment: Segment, withHash: boolean): Promise<void> {
  const path = join(folder, segment.file);
  const found = await stat(path).catch(() => undefined);
  const fault =
    found === undefined
      ? `expected ${segment.bytes} bytes, found no such file`
      : found.size !== segment.bytes
        ? `expected ${segment.bytes} bytes, found ${found.size}`
        : withHash && (await hashFile(path)) !== segment.sha256
          ? `expected the ${segment.bytes} bytes that were written, found others`
          : undefined;
  if (fault === undefined) return;
  throw new Mistake(
    'ARTIFACT_CORRUPT',
    `${path}: ${fault}; restore the file, or remove ${folder} and import again`,
  );
}
