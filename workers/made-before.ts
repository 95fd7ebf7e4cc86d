import type { WeekBook } from '../infra/week-book.ts';
import type { LakeSnapshot } from '../pipelines/lake.ts';
import { catalogueOf } from '../pipelines/spelling-parts.ts';
import { fingerprintOf } from '../pipelines/step.ts';
import type { FrozenWeek } from '../pipelines/week-plan.ts';
import type { Home } from './home.ts';

/**
 * The lake of the newest week whose catalogue is there: what came since is linked by that one, and
 * a later week takes it over. Undefined: there is none.
 *
 * @param making - the week that is being made, which has another lake; and the revision of it that
 *   was frozen before, if there was one. Left out: none is
 */
export async function lakeMadeBefore(
  { artifacts }: Pick<Home, 'artifacts'>,
  weeks: WeekBook,
  making?: { readonly frozen: FrozenWeek; readonly replaced: FrozenWeek | undefined },
): Promise<LakeSnapshot | undefined> {
  const names = (await weeks.weeks()).filter((week) => week !== making?.frozen.week);
  const lakes = async function* () {
    if (making?.replaced !== undefined) yield making.replaced.lake;
    for (const week of names.reverse()) {
      const found = await weeks.find(week);
      if (found !== undefined) yield found.lake;
    }
  };
  for await (const lake of lakes()) {
    if (lake.id === making?.frozen.lake.id) continue;
    const catalogue = fingerprintOf(catalogueOf(lake));
    if ((await artifacts.origin('catalogue', catalogue)) !== undefined) return lake;
  }
  return undefined;
}
