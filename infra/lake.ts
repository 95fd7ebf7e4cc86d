import { createHash, randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { logSource } from '../pipelines/intake/log.ts';
import type { HeldFile, ImportRecord, Lake, LakeUpdate, WrittenFile } from '../pipelines/lake.ts';
import {
  readManifest,
  removeHalfManifests,
  writeManifest,
  type Manifest,
  type Segment,
} from './lake-manifest.ts';
import { finishErasing, removeReplaced, replaceSegments, type LakePlace } from './lake-replace.ts';
import { dayOfSegment, moveIn, removeOrphans } from './lake-segments.ts';
import { snapshotOf } from './lake-snapshot.ts';
import { acquireLock } from './lock.ts';
import { makeFolder } from './to-disk.ts';

export interface LakeOptions {
  /** How long an import waits for another one, milliseconds, >= 0. Default 10 minutes. */
  readonly waitMs?: number;
  /**
   * How many MiB of segments a snapshot reads again to compare hashes, in the order of the
   * manifest; sizes are always compared. Default 256; Infinity for all.
   */
  readonly verifyMb?: number;
  /**
   * How long a replaced segment stays at least, milliseconds, >= 0, for those who took a snapshot
   * and read it, or are about to freeze it. Default one hour.
   */
  readonly keepReplacedMs?: number;
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
 * replaced. What a killed import leaves does not count and is removed by the next one. A segment
 * that was replaced stays while a week that was frozen in `<home>/weeks/` names it.
 */
export function openLake(home: string, options: LakeOptions = {}): Lake {
  const folder = join(home, 'lake');
  const { waitMs = 600_000, verifyMb = 256, keepReplacedMs = 3_600_000 } = options;
  const place: LakePlace = {
    folder,
    weeks: join(home, 'weeks'),
    weeksLock: join(home, 'weekly.lock'),
    keepReplacedMs,
  };
  const takeSnapshot = (chosen: { sources?: readonly string[] } = {}) =>
    snapshotOf(folder, chosen.sources, verifyMb * 2 ** 20);
  return {
    folder,
    snapshot: takeSnapshot,
    async update(work, signal) {
      const what = `lake ${folder}`;
      await makeFolder(folder);
      const release = await acquireLock(join(folder, 'lock'), { waitMs, what, signal });
      try {
        let manifest = await readManifest(folder);
        await removeOrphans(folder, manifest);
        await removeHalfManifests(folder);
        manifest = await finishErasing(place, manifest);
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
          held: () => heldFiles(folder, manifest),
          offset: (log) => manifest.logs[log]?.offset,
          mark: (log) => manifest.logs[log]?.mark,
          async commitLog(log, offset, files, mark) {
            manifest = await commitLog(folder, manifest, log, { offset, mark }, files);
          },
          async replace(segments, files, { erase = false } = {}) {
            const after = await replaceSegments(place, manifest, segments, files, erase);
            manifest = await written(folder, after);
            manifest = await finishErasing(place, manifest);
            manifest = await removeReplaced(place, manifest);
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

/** Writes the manifest with what an import brought. */
async function commit(
  folder: string,
  before: Manifest,
  record: ImportRecord,
  files: readonly WrittenFile[],
): Promise<Manifest> {
  const name = `${record.source}-${record.fingerprint.slice(0, 12)}`;
  const added = await moveIn(
    folder,
    files,
    () => record.source,
    () => name,
  );
  return written(folder, {
    ...before,
    imports: [...before.imports, record],
    segments: [...before.segments, ...added],
  });
}

/** Writes the manifest with what a log brought, and its offset. */
async function commitLog(
  folder: string,
  before: Manifest,
  log: string,
  { offset, mark }: Manifest['logs'][string],
  files: readonly WrittenFile[],
): Promise<Manifest> {
  // Several logs may have the same offset, also one after the other under one name.
  const short = createHash('sha256')
    .update(`${log} ${mark ?? ''}`)
    .digest('hex')
    .slice(0, 8);
  const name = `${logSource}-${String(offset).padStart(12, '0')}-${short}`;
  const added = await moveIn(
    folder,
    files,
    () => logSource,
    (sha256) => `${name}-${sha256.slice(0, 8)}`,
  );
  return written(folder, {
    ...before,
    logs: { ...before.logs, [log]: mark === undefined ? { offset } : { offset, mark } },
    segments: [...before.segments, ...added],
  });
}

async function written(folder: string, manifest: Manifest): Promise<Manifest> {
  await writeManifest(folder, manifest);
  return manifest;
}

function heldFiles(folder: string, { segments, replaced }: Manifest): HeldFile[] {
  const held = (segment: Segment, counts: boolean): HeldFile => ({
    path: join(folder, segment.file),
    table: segment.table,
    day: dayOfSegment(segment),
    source: segment.source,
    rows: segment.rows,
    bytes: segment.bytes,
    counts,
  });
  return [
    ...segments.map((one) => held(one, true)),
    ...replaced.map((one) => held(one, false)),
  ].sort((a, b) => (a.path < b.path ? -1 : 1));
}
