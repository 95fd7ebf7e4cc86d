import { createReadStream } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';
import { Mistake } from '../model/mistake.ts';
import type { HistoryFile, HistoryFiles } from '../pipelines/import/history/files.ts';
import { hashFile } from './hash-file.ts';
import { openArchive, type Archive } from './history-files-zip.ts';

/** What operating systems leave in folders and archives. */
const leftBehind = /(^|\/)(__MACOSX\/|\._|\.DS_Store$|Thumbs\.db$|desktop\.ini$)/i;

/**
 * Opens a listening history as a listener has it: a file, a zip archive, or a folder of both.
 * Archives in archives, links and what operating systems leave behind are not looked into.
 *
 * @throws Mistake `SOURCE_MISSING` where there is nothing; `SOURCE_INVALID` for an archive that is
 *   damaged, encrypted, or has names that lead out of it
 */
export async function openHistoryFiles(path: string): Promise<HistoryFiles> {
  const root = resolve(path);
  const found = await stat(root).catch(() => undefined);
  if (found === undefined) {
    throw new Mistake(
      'SOURCE_MISSING',
      `${root}: expected a file or folder with a listening history, found nothing`,
    );
  }
  const archives: Archive[] = [];
  const dispose = () => archives.splice(0).forEach((archive) => archive.dispose());
  try {
    const files: HistoryFile[] = [];
    for (const place of found.isDirectory() ? await filesBelow(root) : [root]) {
      const name = place === root ? basename(root) : relative(root, place).split(sep).join('/');
      if (await isArchive(place)) {
        const archive = await openArchive(place, place === root ? '' : `${name}/`);
        archives.push(archive);
        files.push(...archive.files);
      } else {
        files.push(await onDisk(place, name));
      }
    }
    return {
      path: root,
      files: files
        .filter(({ name }) => !leftBehind.test(name))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
      dispose,
    };
  } catch (error) {
    dispose();
    throw error;
  }
}

async function filesBelow(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
}

/** `PK`: how a zip archive begins, also an empty one. */
async function isArchive(path: string): Promise<boolean> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return bytesRead === 4 && ['504b0304', '504b0506'].includes(buffer.toString('hex'));
  } finally {
    await file.close();
  }
}

async function onDisk(path: string, name: string): Promise<HistoryFile> {
  const { size } = await stat(path);
  return {
    name,
    label: path,
    size,
    path,
    hash: (signal) => hashFile(path, signal),
    async *read(signal) {
      try {
        yield* createReadStream(path, {
          highWaterMark: 1 << 18,
          ...(signal && { signal }),
        }) as AsyncIterable<Buffer>;
      } catch (cause) {
        signal?.throwIfAborted();
        throw unreadable(path, cause);
      }
    },
  };
}

function unreadable(path: string, cause: unknown): Mistake {
  const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
  return new Mistake('SOURCE_INVALID', `${path}: expected a readable file, got ${code}`, { cause });
}
