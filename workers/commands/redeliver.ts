import type { Command } from 'commander';
import type { Config } from '../../infra/config.ts';
import { Mistake } from '../../model/mistake.ts';
import { resolveRegion, type RegionQuery } from '../../model/regions.ts';
import type { FrozenLists } from '../../pipelines/lists.ts';
import { number } from '../../pipelines/funnel.ts';
import { command, configOf, printJson, untilStopped, weekOption } from './options.ts';

interface Options extends RegionQuery {
  readonly week?: string;
  readonly json?: boolean;
}

/** The zones that are meant, of those that have lists of the week. */
function zonesOf(region: RegionQuery, { week, zones }: FrozenLists, config: Config): string[] {
  const existing = zones.map(({ zone }) => zone);
  try {
    return resolveRegion(region, existing, config.regionGroups);
  } catch (error) {
    if (!(error instanceof Mistake)) throw error;
    const message =
      error.code === 'USAGE'
        ? `${error.message}; see npx mondaymix redeliver --help`
        : `week ${week}: ${error.message}`;
    throw new Mistake(error.code, message, { cause: error });
  }
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
    .addOption(weekOption('ISO week (default: the newest that was made)'))
    .action(async ({ week, json, ...region }: Options, self: Command) => {
      const signal = untilStopped(
        'what it has ordered is delivered by the scheduler, npx mondaymix status shows how far',
      );
      const { startDelivery } = await import('../delivery.ts');
      const { openHome } = await import('../home.ts');
      const { deliveryOptions, listsOf } = await import('../open-delivery.ts');
      const config = configOf(self);
      const lists = await listsOf(openHome(config).archive, week);
      const zones = zonesOf(region, lists, config);
      const options = await deliveryOptions(config);
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
