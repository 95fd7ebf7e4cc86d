import type { Command } from 'commander';
import { number } from '../../pipelines/funnel.ts';
import type { StatusCounts, WeekStatus } from '../../pipelines/delivery/status.ts';
import { command, configOf, printJson, weekOption } from './options.ts';

export function statusCommand(): Command {
  return command(
    'status',
    'Shows the delivery of a week by region and zone: listeners, due, delivered, late, failed.',
    'status --week 2014-W36',
  )
    .addOption(weekOption('ISO week (default: the newest that was made)'))
    .action(async ({ week, json }: { week?: string; json?: boolean }, self: Command) => {
      const { openDelivery } = await import('../delivery.ts');
      const { openHome } = await import('../home.ts');
      const { deliveryOptions, listsOf } = await import('../open-delivery.ts');
      const config = configOf(self);
      const lists = await listsOf(openHome(config).archive, week);
      const delivery = await openDelivery(await deliveryOptions(config));
      try {
        const status = await delivery.status(lists.week);
        if (json === true) printJson(status);
        else process.stdout.write(`${statusTable(status)}\n`);
      } finally {
        await delivery.dispose();
      }
    });
}

const columns = ['listeners', 'due', 'delivered', 'late', 'failed', 'missing'] as const;

function statusTable({ week, total, regions, zones }: WeekStatus): string {
  const line = (name: string, counts: StatusCounts) =>
    `${name.padEnd(34)}${columns.map((column) => number(counts[column]).padStart(11)).join('')}`;
  return [
    `${week.padEnd(34)}${columns.map((column) => column.padStart(11)).join('')}`,
    line('all', total),
    ...regions.flatMap(({ region, ...counts }) => [
      line(region, counts),
      ...zones.filter((zone) => zone.region === region).map((zone) => line(`  ${zone.zone}`, zone)),
    ]),
  ].join('\n');
}
