import type { Command } from 'commander';
import { deliveryOptions } from '../open-delivery.ts';
import { runScheduler } from '../scheduler.ts';
import { runWeekOf } from '../week-of-schedule.ts';
import { command, configOf, untilStopped } from './options.ts';

export function schedulerCommand(): Command {
  return command(
    'scheduler',
    'Runs the week by itself: the batch on the weekend, then each zone for its Monday.',
    'scheduler --data sources',
  )
    .option('--data <folder>', 'folder of sources to import before each batch')
    .action(async ({ data }: { data?: string }, self: Command) => {
      const signal = untilStopped();
      const options = await deliveryOptions(configOf(self), 'scheduler');
      const runWeek = (week: string) => runWeekOf(options, week, data, signal);
      await runScheduler({ ...options, runWeek }, signal);
    });
}
