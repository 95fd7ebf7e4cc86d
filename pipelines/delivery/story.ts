import type { FrozenLists } from '../lists.ts';
import { parseCoverKey } from './cover.ts';
import { missingLists, type MissingList } from './missing.ts';
import type { Ledger, OrderBook, PlacedOrder } from './ports.ts';
import type { LedgerReports } from './proof.ts';

/** A stored list, without its tracks. Instants are milliseconds since 1970. */
export interface StoredList {
  readonly zone: string;
  /** Monday 00:00 there. */
  readonly validFrom: number;
  readonly model: string;
  readonly revision: number;
  readonly order: string;
  /** Key of the cover. */
  readonly cover: string;
  readonly storedAt: number;
}

export interface StoredLists {
  find(user: string, week: string): Promise<StoredList | undefined>;
  /** The zone of a listener's newest list; undefined where they never had one. */
  zoneOf(user: string): Promise<string | undefined>;
  /** How many lists of a week are stored, by the order that stored them. */
  countByOrder(week: string): Promise<Map<string, number>>;
}

/** One order's part in a listener's list. */
export interface StoryOrder {
  readonly order: string;
  readonly revision: number;
  readonly batch: number;
  /** When the last batch of the order went to RabbitMQ (ISO 8601); undefined until then. */
  readonly publishedAt: string | undefined;
  /** When the ledger says that it was stored (ISO 8601). */
  readonly deliveredAt: string;
}

/** All that is known of a listener's list of a week. Instants are ISO 8601, UTC. */
export interface ListStory {
  readonly user: string;
  readonly week: string;
  readonly zone: string | undefined;
  /** Monday 00:00 there. */
  readonly dueAt: string | undefined;
  /**
   * - `stored`: it is in MongoDB, and the ledger says so
   * - `not in the ledger`: it is in MongoDB alone; `reconcile` writes the entry
   * - `lost`: the ledger says delivered, and it is not in MongoDB; `reconcile` delivers it
   * - `missing`: neither; see `missing`
   * - `not made`: the week has no list for this listener
   */
  readonly state: 'stored' | 'not in the ledger' | 'lost' | 'missing' | 'not made';
  /** Of the first delivery; undefined where there is none, and in a backfill. */
  readonly onTime: boolean | undefined;
  readonly model: string | undefined;
  readonly revision: number | undefined;
  readonly storedAt: string | undefined;
  /** What its cover is made from. */
  readonly cover: 'picture' | 'generated' | undefined;
  /** The orders that delivered it, the first one first. */
  readonly orders: readonly StoryOrder[];
  /** Why it is not there. */
  readonly missing: Pick<MissingList, 'order' | 'batch' | 'why' | 'reason'> | undefined;
}

/**
 * The whole story of one listener's list of a week.
 *
 * @param lists - the week's lists, undefined where the archive has none; they are read only where
 *   the list is not stored, the zone of the listener's newest list first
 */
export async function listStory(
  known: {
    readonly orders: OrderBook;
    readonly ledger: Ledger & LedgerReports;
    readonly stored: StoredLists;
  },
  lists: FrozenLists | undefined,
  user: string,
  week: string,
  now: number,
): Promise<ListStory> {
  const { orders, ledger, stored } = known;
  const [list, ofWeek] = await Promise.all([stored.find(user, week), orders.ofWeek(week)]);
  const byId = new Map(ofWeek.map((order) => [order.id, order]));
  // Usually the zone's own orders hold it; all others are asked only for who moved.
  const near = list === undefined ? [] : ofWeek.filter(({ zone }) => zone === list.zone);
  const found = await ledger.recordsOf(user, idsOf(near));
  const far = found.length > 0 && near.length > 0 ? [] : ofWeek.filter((o) => !near.includes(o));
  const records = [...found, ...(await ledger.recordsOf(user, idsOf(far)))];
  const first = records[0] && byId.get(records[0].order);
  const missing =
    list === undefined && records.length === 0 && lists !== undefined
      ? await missingOf(known, lists, user, now)
      : undefined;
  const zone = list?.zone ?? first?.zone ?? missing?.zone;
  const dueAt = list?.validFrom ?? (first && Date.parse(first.validFrom));
  return {
    ...{ user, week, zone, dueAt: isoOf(dueAt) },
    state: stateOf(list !== undefined, records.length > 0, missing !== undefined),
    onTime: first && wasOnTime(first, records[0]!.at, list),
    model: list?.model,
    revision: list?.revision,
    storedAt: isoOf(list?.storedAt),
    cover: coverOf(list?.cover),
    orders: records.map(({ order, batch, at }) => ({
      ...{ order, batch, deliveredAt: new Date(at).toISOString() },
      revision: byId.get(order)?.revision ?? 0,
      publishedAt: isoOf(byId.get(order)?.publishedAt),
    })),
    missing: missing && withoutListener(missing),
  };
}

/** The list itself may be older than its entry: a batch is delivered again for others in it. */
function wasOnTime(
  { backfill, id, validFrom }: PlacedOrder,
  deliveredAt: number,
  list: StoredList | undefined,
): boolean | undefined {
  if (backfill) return undefined;
  const storedAt = list?.order === id ? list.storedAt : deliveredAt;
  return Math.min(storedAt, deliveredAt) <= Date.parse(validFrom);
}

function stateOf(isStored: boolean, isInLedger: boolean, isMissing: boolean): ListStory['state'] {
  if (isStored) return isInLedger ? 'stored' : 'not in the ledger';
  if (isInLedger) return 'lost';
  return isMissing ? 'missing' : 'not made';
}

async function missingOf(
  known: Parameters<typeof listStory>[0],
  lists: FrozenLists,
  user: string,
  now: number,
): Promise<MissingList | undefined> {
  const before = await known.stored.zoneOf(user);
  const zones = lists.zones.map(({ zone }) => zone);
  const nearFirst = [
    ...zones.filter((zone) => zone === before),
    ...zones.filter((zone) => zone !== before),
  ];
  for (const zone of nearFirst) {
    for await (const missing of missingLists(known, lists, [zone], now)) {
      if (missing.user === user) return missing;
    }
  }
  return undefined;
}

function withoutListener({ order, batch, why, reason }: MissingList): ListStory['missing'] {
  return { order, batch, why, ...(reason === undefined ? {} : { reason }) };
}

function coverOf(key: string | undefined): ListStory['cover'] {
  const parts = key === undefined ? undefined : parseCoverKey(key);
  if (parts === undefined) return undefined;
  return parts.picture === undefined ? 'generated' : 'picture';
}

function idsOf(orders: readonly PlacedOrder[]): string[] {
  return orders.map(({ id }) => id);
}

function isoOf(at: number | undefined): string | undefined {
  return at === undefined ? undefined : new Date(at).toISOString();
}
