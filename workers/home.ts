import { join } from 'node:path';
import { openArtifacts, type Artifacts } from '../infra/artifacts.ts';
import type { Config } from '../infra/config.ts';
import { openDuckdb } from '../infra/duckdb.ts';
import { openListArchive } from '../infra/list-archive.ts';
import type { ListArchive } from '../pipelines/lists.ts';
import type { Sql } from '../pipelines/ports.ts';

/** Name of the lake that real sources go to. */
export const mainLake = 'main';

/** What lies in a home, opened. */
export interface Home {
  readonly artifacts: Artifacts;
  readonly archive: ListArchive;
  openSql(): Promise<Sql>;
}

export function openHome(config: Config): Home {
  const artifacts = openArtifacts(join(config.home, 'artifacts'));
  return {
    artifacts,
    archive: openListArchive(config.home, artifacts),
    openSql: () => openDuckdb({ threads: 2, memoryMb: 1024, spillTo: join(config.home, 'spill') }),
  };
}
