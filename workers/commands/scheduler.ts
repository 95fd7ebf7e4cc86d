import type { Command } from 'commander';
import { configOf, metricsOption, service, untilStopped } from './options.ts';

export function schedulerCommand(): Command {
  return service(
    'scheduler',
    'Runs the week by itself: the batch on the weekend, then each zone for its Monday.',
    'scheduler --data sources',
  )
    .option('--data <folder>', 'folder of sources to import before each batch')
    .addOption(metricsOption())
    .action(async ({ data }: { data?: string }, self: Command) => {
      const { eraseLater } = await import('../erase-later.ts');
      const { deliveryOptions } = await import('../open-delivery.ts');
      const { runScheduler } = await import('../scheduler.ts');
      const { runWeekOf } = await import('../week-of-schedule.ts');
      if (data !== undefined) {
        // At once, not on Saturday.
        const { openSourceFolder } = await import('../../infra/source-folder.ts');
        await openSourceFolder(data);
      }
      const signal = untilStopped();
      const options = await deliveryOptions(configOf(self), 'scheduler');
      const runWeek = (week: string) => runWeekOf(options, week, data, signal);
      // What an erasure that was killed has left is not in the next lists.
      const erasures = eraseLater({ ...options, signal });
      try {
        await runScheduler({ ...options, runWeek }, signal);
      } finally {
        await erasures.dispose();
      }
    });
}
