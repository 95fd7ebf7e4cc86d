import type { Command } from 'commander';
import { resolveRegion, type RegionQuery } from '../../model/regions.ts';
import { number } from '../../pipelines/funnel.ts';
import { startDelivery } from '../delivery.ts';
import { deliveryOptions, listsOf } from '../open-delivery.ts';
import { command, configOf, printJson, untilStopped, weekOption } from './options.ts';

interface Options extends RegionQuery {
  readonly week?: string;
  readonly json?: boolean;
}

export function redeliverCommand(): Command {
  return command(
    'redeliver',
    'Delivers the lists of a region again: a new revision of the same tracks.',
    'redeliver --region Asia --week 2014-W36',
  )
    .option('--region <area>', 'an area, such as Asia')
    .option('--country <code>', 'a country, such as ID')
    .option('--zone <zone>', 'a zone, such as Asia/Jakarta')
    .option('--group <name>', 'a named group of zones, from REGION_GROUPS')
    .addOption(weekOption('--week <week>', 'ISO week (default: the newest that was made)'))
    .action(async ({ week, json, ...region }: Options, self: Command) => {
      const signal = untilStopped();
      const options = await deliveryOptions(configOf(self), 'redeliver');
      const lists = await listsOf(options.archive, week);
      const zones = resolveRegion(
        region,
        lists.zones.map(({ zone }) => zone),
        options.config.regionGroups,
      );
      const delivery = await startDelivery(options);
      try {
        const summary = await delivery.redeliver(lists, zones, { signal });
        process.stderr.write(
          `${lists.week}: ${number(summary.delivered)} of ${number(summary.listeners)} lists in ${zones.length} zones delivered again\n`,
        );
        if (json === true) printJson({ ...summary, zoneNames: zones });
        if (summary.failed > 0) process.exitCode = 1;
      } finally {
        await delivery.dispose();
      }
    });
}
