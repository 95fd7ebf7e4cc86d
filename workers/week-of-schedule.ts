import { importFolder } from '../infra/import-folder.ts';
import { openLake } from '../infra/lake.ts';
import { frozenLists } from '../infra/list-archive.ts';
import type { FrozenLists } from '../pipelines/lists.ts';
import type { DeliveryOptions } from './delivery.ts';
import { mainLake, type Home } from './home.ts';
import { makeWeek } from './make-week.ts';

/** Makes the lists of a week for the scheduler, from what the lake holds by then. */
export async function runWeekOf(
  { config, home, clock, log }: DeliveryOptions & { readonly home: Home },
  week: string,
  data: string | undefined,
  signal: AbortSignal,
): Promise<FrozenLists> {
  if (data !== undefined) await importFolder(data, config.home, { log, signal });
  const { lists } = await makeWeek(
    {
      home,
      folder: config.home,
      lake: openLake(config.home),
      lakeName: mainLake,
      clock,
      signal,
      onFinish: (stage, { rowsIn, rowsOut, seconds, reused }) =>
        log.info({ week, stage, rowsIn, rowsOut, seconds, reused }, 'stage finished'),
    },
    { week, asked: {}, recompute: false },
  );
  return frozenLists(lists);
}
