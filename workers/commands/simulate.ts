import type { Command } from 'commander';
import { beginsAnew, command, printJson, untilStopped, wholeNumber } from './options.ts';

interface Options {
  readonly listeners?: number;
  readonly tracks?: number;
  readonly seed?: number;
  readonly weeks?: number;
  readonly endsOn?: string;
  readonly json?: boolean;
}

export function simulateCommand(): Command {
  return command(
    'simulate',
    'Writes a folder of simulated sources with planted tastes, of any size.',
    'simulate sources --listeners 100000 --tracks 50000',
  )
    .argument('<folder>', 'where to write')
    .addOption(wholeNumber('--listeners <number>', 'listeners (default: 2000)', 1))
    .addOption(wholeNumber('--tracks <number>', 'tracks, at least 500 (default: 20000)', 500))
    .addOption(wholeNumber('--seed <number>', 'names the random streams (default: 1)', 0))
    .addOption(wholeNumber('--weeks <number>', 'weeks of history (default: 12)', 1))
    .option('--ends-on <monday>', 'the Monday before which the history ends, such as 2026-01-05')
    .action(async (folder: string, { json, ...options }: Options) => {
      const { simulate } = await import('../../pipelines/simulate/simulate.ts');
      const simulation = await simulate(
        options,
        folder,
        (what, done, total) => {
          if (process.stderr.isTTY) process.stderr.write(`\r${what}: ${done} of ${total}   `);
        },
        untilStopped(beginsAnew),
      );
      process.stderr.write(`${simulation.folder}: ${JSON.stringify(simulation.counts)}\n`);
      if (json === true) printJson(simulation);
    });
}
