import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';

/** Folder of the pictures under the home: each by its hash, whomever it shows. */
export function picturesFolder(home: string): string {
  return join(home, 'pictures');
}

/** What a picture is kept by: the first 32 hexadecimal digits of its SHA-256. */
export function pictureHash(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 32);
}

/** Keeps a picture. @returns its hash */
export async function keepPicture(folder: string, bytes: Buffer): Promise<string> {
  const hash = pictureHash(bytes);
  await mkdir(folder, { recursive: true });
  await writeFileAtomic(join(folder, hash), bytes, { fsync: false });
  return hash;
}

/** Asked for every list: a thread to ask in would cost ten times as much as the question. */
export function isKept(folder: string, hash: string): boolean {
  return existsSync(join(folder, hash));
}

/** The bytes of a picture by its hash; undefined where they are not kept. */
export async function readPicture(folder: string, hash: string): Promise<Buffer | undefined> {
  try {
    return await readFile(join(folder, hash));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Deletes a picture. One that a provider still gives out is fetched again for the next list. */
export async function removePicture(folder: string, hash: string): Promise<void> {
  if (/^[0-9a-f]{32}$/.test(hash)) await rm(join(folder, hash), { force: true });
}
