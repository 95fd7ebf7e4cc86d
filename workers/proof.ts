import { Mistake } from '../model/mistake.ts';
import { addWeeks } from '../model/week.ts';
import { resolveRegion, type RegionQuery } from '../model/regions.ts';
import { dateOf, outlook } from '../pipelines/delivery/watch.ts';
import { statusOf, type WeekStatus } from '../pipelines/delivery/status.ts';
import type { MissingList } from '../pipelines/delivery/missing.ts';
import type { ListStory } from '../pipelines/delivery/story.ts';
import type { FrozenLists } from '../pipelines/lists.ts';
import type { Delivery, DeliveryOptions } from './delivery.ts';
import { openHome } from './home.ts';
import { listsOf } from './open-delivery.ts';

/** What operations can ask of the ledger; the same answers on the command line and over HTTP. */
export interface Proof {
  /**
   * @param week - undefined: the newest that was made
   * @param region - undefined: all zones
   */
  status(week: string | undefined, region?: RegionQuery): Promise<WeekStatus>;
  /** Whoever has no list of the week, by zone and user. */
  missing(week: string | undefined, region?: RegionQuery): Promise<AsyncIterable<MissingList>>;
  /** All that is known of a listener's list of a week. */
  story(user: string, week: string | undefined): Promise<ListStory>;
}

/** All of them throw Mistake `UNKNOWN_WEEK` and `UNKNOWN_REGION`. */
export function proofFor(
  { config, archive }: Pick<DeliveryOptions, 'config' | 'archive'>,
  delivery: Pick<Delivery, 'status' | 'missing' | 'story'>,
): Proof {
  const { artifacts } = openHome(config);
  const zonesOf = ({ week, zones }: FrozenLists, region: RegionQuery | undefined): string[] => {
    const existing = zones.map(({ zone }) => zone);
    if (region === undefined) return existing;
    try {
      return resolveRegion(region, existing, config.regionGroups);
    } catch (error) {
      if (!(error instanceof Mistake)) throw error;
      const isUsage = error.code === 'USAGE';
      const message = isUsage ? error.message : `week ${week}: ${error.message}`;
      throw new Mistake(error.code, message, { cause: error });
    }
  };
  /** Why listeners have no list at all: what the stage `lists` dropped. */
  const notMade = async ({ fingerprint }: FrozenLists) => {
    const artifact = await artifacts.find('lists', fingerprint).catch(() => undefined);
    return artifact?.funnel.dropped ?? {};
  };
  return {
    async status(week, region) {
      const lists = await listsOf(archive, week);
      const status = await delivery.status(lists.week, await notMade(lists));
      return region === undefined ? status : statusOf(status, zonesOf(lists, region));
    },
    async missing(week, region) {
      const lists = await listsOf(archive, week);
      return delivery.missing(lists, zonesOf(lists, region));
    },
    story: async (user, week) => delivery.story(user, (await listsOf(archive, week)).week),
  };
}

/** When zones that have lists left will have them. Instants are ISO 8601. */
export interface Deadlines {
  /** Null where nobody knows. */
  readonly listsPerSecond: number | null;
  readonly zones: readonly {
    readonly zone: string;
    readonly deadline: string;
    /** Null where nobody knows, and where nothing moves. */
    readonly predictedAt: string | null;
    readonly late: number;
    readonly failed: number;
    readonly left: number;
    readonly misses: boolean;
  }[];
}

/** The forecast of the zones of a status, from the rate of the last minutes. */
export async function outlookOf(
  { archive, clock }: Pick<DeliveryOptions, 'archive' | 'clock'>,
  { orders, ledger }: Pick<Delivery, 'orders' | 'ledger'>,
  { week, zones }: WeekStatus,
): Promise<Deadlines> {
  const seen = await outlook({ orders, ledger, archive, clock }, [addWeeks(week, -1), week]);
  const shown = new Set(zones.map(({ zone }) => zone));
  return {
    listsPerSecond: seen.listsPerSecond ?? null,
    zones: seen.forecasts
      .filter((one) => one.week === week && shown.has(one.zone))
      .map(({ zone, deadline, predictedAt, late, failed, left, misses }) => ({
        ...{ zone, late, failed, left, misses },
        deadline: new Date(deadline).toISOString(),
        predictedAt: dateOf(predictedAt),
      })),
  };
}
