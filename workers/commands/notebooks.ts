import type { Command } from 'commander';
import { command, configOf, printJson, untilStopped } from './options.ts';

interface Options {
  readonly execute?: boolean;
  readonly out?: string;
  readonly json?: boolean;
}

export function notebooksCommand(): Command {
  return command(
    'notebooks',
    'Opens the notebooks in JupyterLab, on the weeks of this home; or runs them without one. Sets Jupyter up when it is first asked for.',
    'notebooks --execute what-the-text-knows',
  )
    .argument('[names...]', 'with --execute: which (default: all)')
    .option('--execute', 'run them from top to bottom, and write them with their outputs')
    .option('--out <folder>', 'with --execute: where to (default: notebooks in the home)')
    .action(async (names: string[], options: Options, self: Command) => {
      const { runNotebooks } = await import('../notebooks.ts');
      const { execute = false, out, json } = options;
      const request = { names, execute, out };
      const next = execute
        ? 'what was written stays, the same command begins with the first again'
        : 'the same command opens them again';
      const written = await runNotebooks(configOf(self), request, untilStopped(next));
      if (json === true) printJson({ written });
    });
}
