import type { Command } from 'commander';
import { number } from '../../pipelines/funnel.ts';
import type { SourceFunnel } from '../../pipelines/import/import-sources.ts';
import { command, configOf, printJson, untilStopped } from './options.ts';

export function importCommand(): Command {
  return command(
    'import',
    'Imports a folder of sources into the lake. Importing twice changes nothing.',
    'import ../shared/data',
  )
    .argument('<folder>', 'folder of sources, read only')
    .action(async (folder: string, { json }: { json?: boolean }, self: Command) => {
      const { importFolder } = await import('../../infra/import-folder.ts');
      const imported = await importFolder(folder, configOf(self).home, { signal: untilStopped() });
      for (const funnel of imported) process.stderr.write(`${line(funnel)}\n`);
      if (json === true) printJson({ imported });
    });
}

function line({ source, rowsIn, rowsOut, dropped, repaired, reused }: SourceFunnel): string {
  const parts = [
    ...Object.entries(dropped).map(([reason, count]) => `${number(count)} dropped: ${reason}`),
    ...Object.entries(repaired).map(([kind, count]) => `${number(count)} repaired: ${kind}`),
    ...(reused ? ['imported before'] : []),
  ];
  const tail = parts.length === 0 ? '' : ` (${parts.join('; ')})`;
  return `${source}: ${number(rowsIn)} rows in, ${number(rowsOut)} out${tail}`;
}
