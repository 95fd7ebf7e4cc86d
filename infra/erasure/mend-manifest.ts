import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hashFile } from '../hash-file.ts';
import { replaceFile } from '../to-disk.ts';

/** The part of an artifact's manifest that says what its files are. */
interface Manifest {
  files: { path: string; bytes: number; sha256: string }[];
}

/**
 * Makes the manifest of an artifact true of files that were replaced, now or before a kill, and
 * removes what was begun beside them (`<file>.erasing`). The artifact keeps its fingerprint.
 *
 * @param changed - paths in the artifact that were replaced now
 * @param isOurs - which paths an erasure may have replaced
 */
export async function mendManifest(
  folder: string,
  changed: ReadonlySet<string>,
  isOurs: (path: string) => boolean,
): Promise<void> {
  const path = join(folder, 'artifact.json');
  const manifest = JSON.parse(await readFile(path, 'utf8')) as Manifest;
  let isChanged = false;
  for (const file of manifest.files.filter((one) => isOurs(one.path))) {
    await rm(join(folder, `${file.path}.erasing`), { force: true });
    const { size } = await stat(join(folder, file.path));
    if (!changed.has(file.path) && size === file.bytes) continue;
    file.bytes = size;
    file.sha256 = await hashFile(join(folder, file.path));
    isChanged = true;
  }
  if (isChanged) await replaceFile(path, JSON.stringify(manifest, null, 1));
}
