import { Option, type Command } from 'commander';
import { ablationGroups } from '../../model/evaluation/ablation.ts';
import { Mistake } from '../../model/mistake.ts';
import type { NextRequest } from '../evaluate-next.ts';
import { nextTables } from './next-tables.ts';
import { choice, command, configOf, printJson, untilStopped, wholeNumber } from './options.ts';

interface Options {
  readonly data?: string;
  readonly cutoff?: string;
  readonly truth?: string;
  readonly weeks: number;
  readonly horizonDays: number;
  readonly catalogue: 'asof' | 'all' | 'both';
  readonly without?: readonly string[];
  readonly ablation?: boolean;
  readonly rareBelow: number;
  readonly seed: number;
  readonly listeners?: number;
  readonly tracks?: number;
  readonly json?: boolean;
}

/** `evaluate next`, a command of `evaluate`. */
export function evaluateNextCommand(): Command {
  return command(
    'next',
    'Compares the lists with what each listener played for the first time after a cut-off.',
    'evaluate next --data ../shared/data --cutoff 2014-08-25 --weeks 8',
  )
    .option('--data <folder>', 'folder of sources, read only (default: the simulator)')
    .addOption(
      dayOption(
        '--cutoff <date>',
        'UTC day (default: the last Monday with the horizon in the data)',
      ),
    )
    .option('--truth <file>', 'listens to compare with, as a plain listens.csv (default: the data)')
    .addOption(
      wholeNumber('--weeks <number>', 'weekly cut-offs that end with this one', 1).default(1),
    )
    .addOption(
      wholeNumber('--horizon-days <number>', 'days after a cut-off that count', 1).default(7),
    )
    .addOption(
      choice(
        '--catalogue <mode>',
        'asof: only sources dated before the cut-off; all: whatever their dates; both, one after the other',
        ['asof', 'all', 'both'],
      ).default('both'),
    )
    .option('--without <group...>', `leave out, each by itself: ${ablationGroups.join(', ')}`)
    .option('--ablation', 'leave out every group, each by itself')
    .addOption(
      wholeNumber(
        '--rare-below <number>',
        'listeners before the cut-off that an artist has at least who is not rare',
        1,
      ).default(5),
    )
    .addOption(wholeNumber('--seed <number>', 'seed of everything that draws lots', 0).default(1))
    .addOption(wholeNumber('--listeners <number>', 'simulated listeners (default: 2000)', 1))
    .addOption(
      wholeNumber('--tracks <number>', 'simulated tracks, at least 500 (default: 20000)', 500),
    )
    .action(async (_: unknown, self: Command) => {
      // What `evaluate` has too (--json, --seed) it takes, wherever it is written.
      const options = self.optsWithGlobals<Options>();
      const request = requestOf(options);
      const { evaluateNext } = await import('../evaluate-next.ts');
      const result = await evaluateNext(configOf(self), request, untilStopped());
      const out = options.json === true ? process.stderr : process.stdout;
      out.write(`${nextTables(result)}\n`);
      if (options.json === true) printJson(result);
    });
}

function requestOf(options: Options): NextRequest {
  const { cutoff, truth, ablation = false, without = [], data } = options;
  if (data !== undefined && (options.listeners ?? options.tracks) !== undefined) {
    throw new Mistake(
      'USAGE',
      'expected --data, or --listeners and --tracks for simulated data, got both; see npx mondaymix evaluate next --help',
    );
  }
  const unknown = without.find((group) => !ablationGroups.includes(group));
  if (unknown !== undefined) {
    throw new Mistake(
      'USAGE',
      `--without: expected one of ${ablationGroups.join(', ')}, got "${unknown}"`,
    );
  }
  const { weeks, horizonDays, catalogue, rareBelow, seed, listeners, tracks } = options;
  return {
    data: data !== undefined ? { folder: data } : { simulate: { listeners, tracks } },
    ...{ cutoff, truth, weeks, horizonDays, catalogue, rareBelow, seed },
    without: ablation ? ablationGroups : [...new Set(without)],
  };
}

/** `2014-08-25`. */
export function dayOption(flags: string, description: string): Option {
  const option = new Option(flags, description);
  return option.argParser((text: string) => {
    if (isDay(text)) return text;
    throw new Mistake('USAGE', `${option.long}: expected a day such as 2014-08-25, got "${text}"`);
  });
}

function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const ms = Date.parse(text);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
}
