import { basename, dirname, join, resolve } from 'node:path';
import { hashFile } from '../infra/hash-file.ts';
import { openDuckdb } from '../infra/duckdb.ts';
import { openLake } from '../infra/lake.ts';
import { openSourceFolder } from '../infra/source-folder.ts';
import { Mistake } from '../model/mistake.ts';
import { importSources } from '../pipelines/import/import-sources.ts';
import type { SourceFolder } from '../pipelines/import/source-folder.ts';
import type { LakeSnapshot } from '../pipelines/lake.ts';

/**
 * Reads a further file of listens, in the format of the plain `listens.csv`, into a lake of its
 * own, by the rules of every import.
 *
 * @param dataFolder - whose listens the file goes on with: its rows get the same source
 * @throws Mistake `SOURCE_MISSING`, `SOURCE_INVALID`, `SOURCE_EMPTY` naming the file
 */
export async function importTruth(
  file: string,
  dataFolder: string,
  home: string,
  signal: AbortSignal,
): Promise<LakeSnapshot> {
  const path = resolve(file);
  const folder = await openSourceFolder(dirname(path));
  const name = basename(path);
  if (folder.find(name) !== name) {
    throw new Mistake('SOURCE_MISSING', `${path}: expected a file of listens, found no such file`);
  }
  const asListens: SourceFolder = {
    ...folder,
    path: dataFolder,
    find: (wanted) => (wanted === 'listens.csv' ? name : undefined),
  };
  const lakeHome = join(home, 'truths', (await hashFile(path, signal)).slice(0, 16));
  const lake = openLake(lakeHome);
  await importSources({
    folder: asListens,
    lake,
    openSql: (spillTo) => openDuckdb({ spillTo }),
    clock: Date.now,
    signal,
  });
  return lake.snapshot();
}
