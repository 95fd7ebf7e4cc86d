import { readFile, readdir, rm, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { ModelFiles } from '../../pipelines/models.ts';
import { makeFolder, replaceFile } from '../to-disk.ts';

/** Files of models in a folder, which can be searched and removed too. */
export interface FolderFiles extends ModelFiles {
  /** Those whose name ends so, by version and name. */
  find(ending: string): Promise<{ version: string; name: string }[]>;
  /** It need not be there. */
  remove(version: string, name: string): Promise<void>;
}

/** Files of models as `<folder>/<version>/<name>`, written whole or not at all. */
export function openFolderFiles(folder: string): FolderFiles {
  return {
    place: folder,
    async put(version, name, bytes) {
      const path = join(folder, version, name);
      if (await isThere(path)) return;
      await makeFolder(join(folder, version));
      await replaceFile(path, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    },
    async get(version, name) {
      try {
        return await readFile(join(folder, version, name));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },
    async find(ending) {
      if (!(await isThere(folder))) return [];
      const entries = await readdir(folder, { recursive: true, withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
        .map(({ parentPath, name }) => ({ version: relative(folder, parentPath), name }))
        .sort((a, b) => (`${a.version}/${a.name}` < `${b.version}/${b.name}` ? -1 : 1));
    },
    async remove(version, name) {
      await rm(join(folder, version, name), { force: true });
    },
  };
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
