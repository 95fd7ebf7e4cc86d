import { readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { Mistake } from '../model/mistake.ts';
import { lakeTableNames, type WrittenFile } from '../pipelines/lake.ts';
import { hashFile } from './hash-file.ts';
import type { Manifest, Segment } from './lake-manifest.ts';
import { makeFolder, syncToDisk } from './to-disk.ts';

/**
 * Moves written files to their places; they count once a manifest names them.
 *
 * @param nameOf - name of the segment without extension, given the hash of its content
 */
export async function moveIn(
  folder: string,
  files: readonly WrittenFile[],
  source: (file: WrittenFile) => string,
  nameOf: (sha256: string) => string,
): Promise<Segment[]> {
  const segments: Segment[] = [];
  const taken = new Set<string>();
  const folders = new Set<string>();
  for (const written of files) {
    const { path, table, day, rows } = written;
    await syncToDisk(path);
    const [{ size: bytes }, sha256] = await Promise.all([stat(path), hashFile(path)]);
    const extension = table === 'rejects' ? 'ndjson' : 'parquet';
    const place = [table, ...(day ? [`day=${day}`] : [])].join('/');
    let file = `${place}/${nameOf(sha256)}.${extension}`;
    for (let n = 2; taken.has(file); n++) file = `${place}/${nameOf(sha256)}-${n}.${extension}`;
    taken.add(file);
    const target = join(folder, file);
    await makeFolder(dirname(target));
    await rename(path, target);
    folders.add(dirname(target));
    segments.push({ table, file, rows, bytes, sha256, source: source(written) });
  }
  // Before a manifest names them.
  for (const place of folders) await syncToDisk(place);
  return segments;
}

/** The UTC day of a segment of listens. */
export function dayOfSegment({ file }: Segment): string | undefined {
  return /\/day=(\d{4}-\d{2}-\d{2})\//.exec(file)?.[1];
}

/** Removes files in the folders of tables that the manifest does not name: a writer was killed. */
export async function removeOrphans(folder: string, manifest: Manifest): Promise<void> {
  const named = new Set([...manifest.segments, ...manifest.replaced].map(({ file }) => file));
  for (const { files } of manifest.erasing) for (const file of files) named.add(file);
  await rm(join(folder, 'scratch'), { recursive: true, force: true });
  for (const table of [...lakeTableNames, 'rejects']) {
    const entries = await readdir(join(folder, table), {
      recursive: true,
      withFileTypes: true,
    }).catch(() => []);
    for (const entry of entries) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      if (!named.has(relative(folder, path).split(sep).join('/'))) await rm(path);
    }
  }
}

/** @throws Mistake `ARTIFACT_CORRUPT` where the file is not as it was written */
export async function verify(folder: string, segment: Segment, withHash: boolean): Promise<void> {
  const path = join(folder, segment.file);
  const found = await stat(path).catch(() => undefined);
  const isRight = found?.size === segment.bytes;
  // Between the two it may go.
  const sha256 = isRight && withHash ? await hashOrNone(path) : segment.sha256;
  const fault =
    found === undefined || sha256 === undefined
      ? `expected ${segment.bytes} bytes, found no such file`
      : !isRight
        ? `expected ${segment.bytes} bytes, found ${found.size}`
        : sha256 !== segment.sha256
          ? `expected the ${segment.bytes} bytes that were written, found others`
          : undefined;
  if (fault === undefined) return;
  throw new Mistake(
    'ARTIFACT_CORRUPT',
    `${path}: ${fault}; restore the file, or remove ${folder} and import again`,
  );
}

async function hashOrNone(path: string): Promise<string | undefined> {
  try {
    return await hashFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
