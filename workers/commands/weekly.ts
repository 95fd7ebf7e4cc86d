import type { Command } from 'commander';
import { Mistake } from '../../model/mistake.ts';
import { stageNames } from '../../pipelines/week-plan.ts';
import type { WeeklyRequest } from '../weekly.ts';
import {
  choice,
  command,
  configOf,
  printJson,
  untilStopped,
  wholeNumber,
  weekOption,
  weeksOption,
} from './options.ts';

interface Options {
  readonly data?: string;
  readonly lake?: boolean;
  readonly week?: string;
  readonly backfill?: readonly string[];
  readonly from?: string;
  readonly recompute?: boolean;
  readonly catalogue?: 'asof' | 'all';
  readonly seed?: number;
  readonly listeners?: number;
  readonly tracks?: number;
  readonly now?: boolean;
  readonly deliver: boolean;
  readonly json?: boolean;
}

export function weeklyCommand(): Command {
  return command(
    'weekly',
    "Makes every listener's list of a week and delivers it. Without --data, on simulated listeners.",
    'weekly --data ../shared/data --week 2014-W36',
  )
    .option('--data <folder>', 'folder of sources, read only (default: the simulator)')
    .option('--lake', 'import nothing: from what the log and earlier imports have brought')
    .addOption(weekOption('ISO week (default: the one after the newest listen)'))
    .addOption(
      weeksOption(
        '--backfill <weeks>',
        'past weeks one after the other, such as 2014-W20..2014-W36',
      ),
    )
    .addOption(
      choice(
        '--from <stage>',
        `make this stage and all that depends on it again: ${stageNames.join(', ')}`,
        stageNames,
      ),
    )
    .option('--recompute', 'freeze the week anew, on what the lake holds now: a new revision')
    .addOption(
      choice(
        '--catalogue <mode>',
        'asof: only entries dated before the cut-off; all: whatever their dates (default: asof where there are such entries)',
        ['asof', 'all'],
      ),
    )
    .addOption(wholeNumber('--seed <number>', 'seed of everything that draws lots (default: 1)', 0))
    .addOption(wholeNumber('--listeners <number>', 'simulated listeners (default: 2000)', 1))
    .addOption(
      wholeNumber('--tracks <number>', 'simulated tracks, at least 500 (default: 20000)', 500),
    )
    .option('--now', 'deliver zones that are not due yet at once; they show from their Monday on')
    .option('--no-deliver', 'stop when the lists are made')
    .action(async (options: Options, self: Command) => {
      const request = requestOf(options);
      const { runWeekly } = await import('../weekly.ts');
      const result = await runWeekly(configOf(self), request, stopping(request));
      if (options.json === true) printJson(result);
      if (result.weeks.some(({ delivery }) => (delivery?.failed ?? 0) > 0)) process.exitCode = 1;
    });
}

/** What is asked to be made again is made again by the same command, too. */
function stopping({ from, recompute }: WeeklyRequest): AbortSignal {
  if (recompute) return untilStopped('the same command makes one more revision');
  if (from !== undefined) return untilStopped(`the same command begins with ${from} again`);
  return untilStopped();
}

function requestOf(options: Options): WeeklyRequest {
  if (options.week !== undefined && options.backfill !== undefined) {
    throw new Mistake(
      'USAGE',
      'expected --week or --backfill, got both; see npx mondaymix weekly --help',
    );
  }
  if (
    options.lake === true &&
    (options.data ?? options.listeners ?? options.tracks) !== undefined
  ) {
    throw new Mistake(
      'USAGE',
      'expected --lake alone, got --data or simulated listeners with it; see npx mondaymix weekly --help',
    );
  }
  if (options.data !== undefined && (options.listeners ?? options.tracks) !== undefined) {
    throw new Mistake(
      'USAGE',
      'expected --data, or --listeners and --tracks for simulated data, got both; see npx mondaymix weekly --help',
    );
  }
  const weeks =
    options.backfill !== undefined
      ? options.backfill
      : options.week !== undefined
        ? [options.week]
        : undefined;
  return {
    weeks,
    backfill: options.backfill !== undefined,
    data: dataOf(options),
    asked: {
      ...(options.seed === undefined ? {} : { seed: options.seed }),
      ...(options.catalogue === undefined ? {} : { catalogue: options.catalogue }),
    },
    from: options.from,
    recompute: options.recompute ?? false,
    deliver: options.deliver,
    now: options.now ?? false,
  };
}

function dataOf({ data, lake, listeners, tracks }: Options): WeeklyRequest['data'] {
  if (lake === true) return { lake };
  return data === undefined ? { simulate: { listeners, tracks } } : { folder: data };
}
