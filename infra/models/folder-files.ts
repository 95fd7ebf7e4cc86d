import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import type { ModelFiles } from '../../pipelines/models.ts';

/** Files of models as `<folder>/<version>/<name>`, written whole or not at all. */
export function openFolderFiles(folder: string): ModelFiles {
  return {
    place: folder,
    async put(version, name, bytes) {
      const path = join(folder, version, name);
      if (await isThere(path)) return;
      await mkdir(join(folder, version), { recursive: true });
      await writeFileAtomic(path, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    },
    async get(version, name) {
      try {
        return await readFile(join(folder, version, name));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },
  };
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
