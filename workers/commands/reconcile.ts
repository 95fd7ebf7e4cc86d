import type { Command } from 'commander';
import { number } from '../../pipelines/funnel.ts';
import type { ReconcileReport } from '../../pipelines/delivery/reconcile.ts';
import { command, configOf, printJson, untilStopped, weekOption } from './options.ts';

interface Options {
  readonly week?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export function reconcileCommand(): Command {
  return command(
    'reconcile',
    'Holds the ledger against the stored lists: takes back what is not there and delivers it, and writes down what is there. Exit 1 where lists stay missing, and with --dry-run where anything is to be done.',
    'reconcile --week 2014-W36',
  )
    .addOption(weekOption('ISO week (default: the newest that was made)'))
    .option('--dry-run', 'only say what would be done')
    .action(async ({ week, dryRun = false, json }: Options, self: Command) => {
      const signal = untilStopped();
      const { openDelivery, startDelivery } = await import('../delivery.ts');
      const { openHome } = await import('../home.ts');
      const { deliveryOptions, listsOf } = await import('../open-delivery.ts');
      const { wasTrue } = await import('../../pipelines/delivery/reconcile.ts');
      const config = configOf(self);
      const lists = await listsOf(openHome(config).archive, week);
      const options = await deliveryOptions(config);
      const delivery = await (dryRun ? openDelivery(options) : startDelivery(options));
      try {
        const report = await delivery.reconcile(lists.week, { dryRun });
        for (const line of linesOf(report)) process.stderr.write(`${line}\n`);
        if (dryRun) {
          if (json === true) printJson(report);
          if (!wasTrue(report)) process.exitCode = 1;
          return;
        }
        const summary = await delivery.deliverWeek(lists, { signal });
        const { delivered, listeners, scheduled, failed } = summary;
        process.stderr.write(
          `${number(delivered)} of ${number(listeners)} lists are delivered, ${number(scheduled)} are not due yet\n`,
        );
        if (json === true) printJson({ ...report, delivery: summary });
        if (failed > 0 || delivered + scheduled < listeners) process.exitCode = 1;
      } finally {
        await delivery.dispose();
      }
    });
}

/** What was found, and what was done about it. */
function linesOf(report: ReconcileReport): string[] {
  const { week, checked, checkedLists, repaired, lost, replaced, found, foundLists } = report;
  const { missing, strange, dryRun } = report;
  const does = (done: string, wouldBe: string) => (dryRun ? wouldBe : done);
  const lines = [
    `${week}: ${number(checked)} batches with ${number(checkedLists)} lists held against what is stored`,
  ];
  if (repaired > 0) {
    lines.push(
      `${number(repaired)} batches said more than is there (${number(lost)} lists are not): ${does('taken back', 'would be taken back')}${replaced > 0 ? `, ${number(replaced)} of them of orders since replaced` : ''}`,
    );
  }
  if (found > 0) {
    lines.push(
      `${number(found)} batches with ${number(foundLists)} lists are stored, and the ledger did not say so: ${does('written down', 'would be written down')}`,
    );
  }
  if (missing > 0) {
    lines.push(
      `${number(missing)} batches of complete orders are neither stored nor in the ledger: ${does('delivered again', 'would be delivered again')}`,
    );
  }
  if (strange > 0) {
    lines.push(`${number(strange)} lists are stored by orders that nobody knows; they stay`);
  }
  if (repaired + found + missing === 0) lines.push('the ledger is true');
  return lines;
}
