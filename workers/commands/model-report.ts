import type { Command } from 'commander';
import { command, configOf, printJson } from './options.ts';

interface Options {
  readonly lake?: string;
  readonly out?: string;
  readonly json?: boolean;
}

/** `models report`. */
export function reportCommand(): Command {
  return command(
    'report',
    'Writes a page about a model, with plots: its figures beside the champion and the baselines, calibration, what it looks at, what its sources reach, lists as examples.',
    'models report ranker-539966c1a541 --out report.html',
  )
    .argument('<version>', 'the version, or the beginning of one')
    .option('--out <file>', 'where to write (default: models/VERSION/report.html in the home)')
    .option('--lake <name>', 'whose model: main, or the name of a simulation')
    .action(async (version: string, _: Options, self: Command) => {
      const { lake, out, json } = self.optsWithGlobals<Options>();
      const { reportModel } = await import('../report-model.ts');
      const { file, report } = await reportModel(configOf(self), { version, lake, out }, () =>
        Date.now(),
      );
      process.stderr.write(`${file}\n`);
      if (json === true) printJson({ file, ...report, examples: report.examples.length });
    });
}
