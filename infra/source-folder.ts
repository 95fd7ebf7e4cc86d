import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Mistake } from '../model/mistake.ts';
import type { SourceFolder } from '../pipelines/import/source-folder.ts';
import { hashFile } from './hash-file.ts';

/**
 * Opens a folder of sources.
 *
 * @throws Mistake `SOURCE_MISSING` where there is no such folder
 */
export async function openSourceFolder(path: string): Promise<SourceFolder> {
  const folder = resolve(path);
  const found = await stat(folder).catch(() => undefined);
  if (found === undefined || !found.isDirectory()) {
    throw new Mistake(
      'SOURCE_MISSING',
      `${folder}: expected a folder with sources, found ${found ? 'a file' : 'nothing'}`,
    );
  }
  const locate = (file: string) => join(folder, file);
  return {
    path: folder,
    find: (file) => [file, `${file}.gz`].find((name) => existsSync(locate(name))),
    locate,
    size: async (file) => (await stat(locate(file))).size,
    async hash(file, signal) {
      try {
        return await hashFile(locate(file), signal);
      } catch (cause) {
        signal?.throwIfAborted();
        const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
        throw new Mistake(
          'SOURCE_INVALID',
          `${locate(file)}: expected a readable file, got ${code === 'EISDIR' ? 'a folder' : code}`,
          { cause },
        );
      }
    },
  };
}
