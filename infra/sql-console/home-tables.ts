import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { lakeTableNames } from '../../pipelines/lake.ts';
import { lakeTables } from '../../pipelines/tables.ts';
import type { FrozenWeek } from '../../pipelines/week-plan.ts';
import { openArtifacts } from '../artifacts.ts';
import { readManifest } from '../lake-manifest.ts';
import { openLake } from '../lake.ts';
import { weekBookFolder } from '../list-archive.ts';
import { openWeekBook } from '../week-book.ts';
import type { ConsoleTable } from './console.ts';

/** What can be asked for in a home. */
export interface HomeTables {
  /** Folder of the lake. */
  readonly lake: string;
  /** The week whose artifacts are there, if one was made. */
  readonly week: string | undefined;
  /** `lake`, and for each stage of the week one of its name. */
  readonly schemas: Readonly<Record<string, readonly ConsoleTable[]>>;
}

/** Rows that could not be used. */
const rejects = {
  source: 'VARCHAR',
  file: 'VARCHAR',
  line: 'BIGINT',
  reason: 'VARCHAR',
  raw: 'VARCHAR',
};

/**
 * The tables of a lake as it is now, rejects too, and the Parquet of what the newest week that has
 * lists was made from. An artifact that is gone has no tables.
 *
 * @param lakeName - `main`, or the name of a simulation; default: `main` where something was
 *   imported, else the first by name
 */
export async function homeTables(home: string, lakeName?: string): Promise<HomeTables> {
  const name = lakeName ?? (await chooseLake(home));
  const lake = openLake(lakeHome(home, name), { verifyMb: 0 });
  const { tables } = await lake.snapshot();
  const { segments } = await readManifest(lake.folder);
  const rejected = segments
    .filter(({ table }) => table === 'rejects')
    .map(({ file }) => join(lake.folder, file));
  const week = await newestWeek(home, name);
  return {
    lake: lake.folder,
    week: week?.week,
    schemas: {
      lake: [
        ...lakeTableNames.map((table): ConsoleTable => ({
          name: table,
          file: tables[table],
          columns: lakeTables[table],
        })),
        { name: 'rejects', file: rejected, columns: rejects },
      ],
      ...(week === undefined ? {} : await stagesOf(home, week)),
    },
  };
}

function lakeHome(home: string, name: string): string {
  return name === 'main' ? home : join(home, 'simulated', name);
}

async function chooseLake(home: string): Promise<string> {
  const simulated = await readdir(join(home, 'simulated'), { withFileTypes: true }).catch(() => []);
  const names = simulated.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  for (const name of ['main', ...names.sort()]) {
    const { segments } = await readManifest(join(lakeHome(home, name), 'lake'));
    if (segments.length > 0) return name;
  }
  return 'main';
}

async function newestWeek(home: string, lake: string): Promise<FrozenWeek | undefined> {
  const book = openWeekBook(weekBookFolder(home, lake));
  for (const key of (await book.weeks()).reverse()) {
    const frozen = await book.find(key);
    if (frozen?.lists !== undefined) return frozen;
  }
  return undefined;
}

async function stagesOf(
  home: string,
  { lists }: FrozenWeek,
): Promise<Record<string, readonly ConsoleTable[]>> {
  const root = join(home, 'artifacts');
  const artifacts = openArtifacts(root);
  const origin = await artifacts.origin('lists', lists!.fingerprint);
  // What came of other weeks or cut-offs bears a number.
  const inputs = Object.entries(origin?.inputs ?? {}).filter(([input]) => !/-\d+$/.test(input));
  const schemas: Record<string, readonly ConsoleTable[]> = {};
  for (const [stage, fingerprint] of [...inputs, ['lists', lists!.fingerprint] as const]) {
    const folder = join(root, stage, fingerprint);
    const names = await readdir(folder).catch(() => [] as string[]);
    const tables = names
      .filter((file) => file.endsWith('.parquet'))
      .sort()
      .map((file) => ({ name: file.slice(0, -'.parquet'.length), file: join(folder, file) }));
    if (tables.length > 0) schemas[stage] = tables;
  }
  return schemas;
}
