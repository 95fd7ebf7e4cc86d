import { mkdir, open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import writeFileAtomic from 'write-file-atomic';

/**
 * Writes a file, or what a folder says of the names in it, through to the disk. A rename is the
 * folder's: without this a machine that loses power may come back with the old name, though the
 * file was written through; then the old one must not have been removed.
 */
export async function syncToDisk(path: string): Promise<void> {
  const handle = await openToSync(path);
  if (handle === undefined) return;
  try {
    await handle.sync();
  } catch (error) {
    // Some file systems do not do so for folders.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EINVAL' && code !== 'ENOTSUP') throw error;
  } finally {
    await handle.close();
  }
}

/** Windows opens no folders, and needs none written through. */
async function openToSync(path: string) {
  try {
    return await open(path, 'r');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (process.platform === 'win32' && (code === 'EISDIR' || code === 'EPERM')) return undefined;
    throw error;
  }
}

/** Makes a folder with those above it where they are missing, each written through in its own. */
export async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  const { length } = resolve(first);
  for (let made = resolve(path); made.length >= length; made = dirname(made)) {
    await syncToDisk(dirname(made));
  }
}

/**
 * Replaces a file at once; a reader sees the old one or the new one, and once this has resolved it
 * is the new one also after a loss of power. Its folder must be there.
 *
 * @param mode - of the file. Default: as it was, or as the process makes files
 */
export async function replaceFile(
  path: string,
  content: string | Buffer,
  { mode }: { readonly mode?: number } = {},
): Promise<void> {
  await writeFileAtomic(path, content, mode === undefined ? {} : { mode });
  await syncToDisk(dirname(path));
}
