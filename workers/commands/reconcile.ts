import type { Command } from 'commander';
import { command, configOf, printJson, weekOption } from './options.ts';

export function reconcileCommand(): Command {
  return command(
    'reconcile',
    'Checks the ledger against the stored lists, and delivers what it claims but is not there.',
    'reconcile --week 2014-W36',
  )
    .addOption(weekOption('ISO week (default: the newest that was made)'))
    .action(async ({ week, json }: { week?: string; json?: boolean }, self: Command) => {
      const { startDelivery } = await import('../delivery.ts');
      const { openHome } = await import('../home.ts');
      const { deliveryOptions, listsOf } = await import('../open-delivery.ts');
      const config = configOf(self);
      const lists = await listsOf(openHome(config).archive, week);
      const options = await deliveryOptions(config);
      const delivery = await startDelivery(options);
      try {
        const { checked, repaired } = await delivery.reconcile(lists.week);
        const summary = await delivery.deliverWeek(lists);
        process.stderr.write(
          `${lists.week}: ${checked} batches checked, ${repaired} were not as the ledger said; ${summary.delivered} of ${summary.listeners} lists are delivered\n`,
        );
        if (json === true) printJson({ week: lists.week, checked, repaired, delivery: summary });
      } finally {
        await delivery.dispose();
      }
    });
}
