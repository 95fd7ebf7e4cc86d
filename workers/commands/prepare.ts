import type { Command } from 'commander';
import { command, configOf, printJson, untilStopped } from './options.ts';

export function prepareCommand(): Command {
  return command(
    'prepare',
    'Brings up to date what the next week is made from, as far as can be before its Monday.',
    'prepare --json',
  ).action(async ({ json }: { json?: boolean }, self: Command) => {
    const { prepare } = await import('../prepare.ts');
    const prepared = await prepare(configOf(self), untilStopped());
    const { parts, made, cpuSeconds } = prepared;
    if (json === true) printJson({ ...prepared });
    else {
      process.stdout.write(
        parts === 0
          ? 'nothing to prepare: no log feeds this lake\n'
          : `${made} of ${parts} parts made, the others were there (${cpuSeconds.toFixed(1)} s of processor)\n`,
      );
    }
  });
}
