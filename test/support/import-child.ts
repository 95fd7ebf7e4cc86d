/**
 * A process that imports a folder and kills itself: its argument is JSON with data, home and
 * killAt, the 1-based number of the step to die in; 0 for never. Steps are the statements of SQL,
 * in which it dies midway, and the renames of files, after which it dies. Prints the steps it took.
 */
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { openDuckdb } from '../../infra/duckdb.ts';
import { openLake } from '../../infra/lake.ts';
import { openSourceFolder } from '../../infra/source-folder.ts';
import { importSources } from '../../pipelines/import/import-sources.ts';
import { dyingSql } from './dying-sql.ts';

interface Task {
  data: string;
  home: string;
  killAt: number;
}

async function importAndDie({ data, home, killAt }: Task): Promise<void> {
  let steps = 0;
  const die = () => process.kill(process.pid, 'SIGKILL');
  const isLast = () => ++steps === killAt;

  const files = createRequire(import.meta.url)('node:fs/promises') as {
    rename: (from: string, to: string) => Promise<void>;
  };
  const rename = files.rename.bind(files);
  files.rename = async (from, to) => {
    await rename(from, to);
    if (isLast()) die();
  };
  syncBuiltinESMExports();

  await importSources({
    folder: await openSourceFolder(data),
    lake: openLake(home),
    openSql: async (spillTo) => dyingSql(await openDuckdb({ threads: 1, spillTo }), isLast, die),
    clock: () => 0,
  });
  process.stdout.write(String(steps));
}

void importAndDie(JSON.parse(process.argv[2]!) as Task);
