import type { Command } from 'commander';
import type { RegionQuery } from '../../model/regions.ts';

/** `--region`, `--country`, `--zone` and `--group`. */
export function addRegionOptions(command: Command): Command {
  return command
    .option('--region <area>', 'an area, such as Asia')
    .option('--country <code>', 'a country, such as ID')
    .option('--zone <zone>', 'a zone, such as Asia/Jakarta')
    .option('--group <name>', 'a named group of zones, from REGION_GROUPS');
}

/** What was asked for; undefined where nothing was. */
export function regionOf({ region, country, zone, group }: RegionQuery): RegionQuery | undefined {
  const asked = { region, country, zone, group };
  return Object.values(asked).some((value) => value !== undefined) ? asked : undefined;
}
