import { importSources, type SourceFunnel } from '../pipelines/import/import-sources.ts';
import type { Log } from '../pipelines/ports.ts';
import { openDuckdb, type DuckdbOptions } from './duckdb.ts';
import { openLake, type LakeOptions } from './lake.ts';
import { openSourceFolder } from './source-folder.ts';

export interface ImportFolderOptions extends LakeOptions {
  readonly duckdb?: Omit<DuckdbOptions, 'spillTo'>;
  readonly log?: Log;
  readonly progress?: (done: number, total: number, source: string) => void;
  readonly signal?: AbortSignal;
}

/** Imports a folder of sources into the lake of a home folder; see `importSources`. */
export async function importFolder(
  dataDir: string,
  home: string,
  options: ImportFolderOptions = {},
): Promise<SourceFunnel[]> {
  const { duckdb, log, progress, signal, ...lakeOptions } = options;
  return importSources({
    folder: await openSourceFolder(dataDir),
    lake: openLake(home, lakeOptions),
    openSql: (spillTo) => openDuckdb({ ...duckdb, spillTo }),
    clock: Date.now,
    ...(log && { log }),
    ...(progress && { progress }),
    ...(signal && { signal }),
  });
}
