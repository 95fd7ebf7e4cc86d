import { Option, type Command } from 'commander';
import { Mistake } from '../../model/mistake.ts';
import { weekRange } from '../../model/week.ts';
import { runWeekly, type WeeklyRequest } from '../weekly.ts';
import { command, configOf, printJson, untilStopped, wholeNumber, weekOption } from './options.ts';

interface Options {
  readonly data?: string;
  readonly week?: string;
  readonly backfill?: string;
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
    .addOption(weekOption('--week <week>', 'ISO week (default: the one after the newest listen)'))
    .option('--backfill <weeks>', 'past weeks one after the other, such as 2014-W20..2014-W36')
    .option('--from <stage>', 'make this stage and all that depends on it again')
    .option('--recompute', 'freeze the week anew, on what the lake holds now: a new revision')
    .addOption(
      new Option('--catalogue <mode>', 'asof: only entries dated before the cut-off; all').choices([
        'asof',
        'all',
      ]),
    )
    .option('--seed <number>', 'seed of everything that draws lots (default: 1)', wholeNumber(0))
    .option('--listeners <number>', 'simulated listeners (default: 2000)', wholeNumber(1))
    .option('--tracks <number>', 'simulated tracks (default: 20000)', wholeNumber(500))
    .option('--now', 'deliver zones that are not due yet at once; they show from their Monday on')
    .option('--no-deliver', 'stop when the lists are made')
    .action(async (options: Options, self: Command) => {
      const result = await runWeekly(configOf(self), requestOf(options), untilStopped());
      if (options.json === true) printJson(result);
    });
}

function requestOf(options: Options): WeeklyRequest {
  if (options.week !== undefined && options.backfill !== undefined) {
    throw new Mistake('USAGE', 'expected --week or --backfill, got both');
  }
  if (options.data !== undefined && (options.listeners ?? options.tracks) !== undefined) {
    throw new Mistake('USAGE', '--listeners and --tracks are for simulated data, got --data too');
  }
  const weeks =
    options.backfill !== undefined
      ? weekRange(options.backfill)
      : options.week !== undefined
        ? [options.week]
        : undefined;
  return {
    weeks,
    backfill: options.backfill !== undefined,
    data:
      options.data !== undefined
        ? { folder: options.data }
        : { simulate: { listeners: options.listeners, tracks: options.tracks } },
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
