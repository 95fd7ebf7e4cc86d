import type { Db } from 'mongodb';
import { openCalendar, type Calendar } from '../infra/calendar.ts';
import type { Config } from '../infra/config.ts';
import { openCovers, type Covers } from '../infra/covers.ts';
import { openCoverQueue, type CoverQueue } from '../infra/covers/queue.ts';
import { openListCache, type ListCache } from '../infra/list-cache.ts';
import { openMongo } from '../infra/mongo.ts';
import type { Metrics } from '../infra/metrics.ts';
import { openAlerts } from '../infra/mongo/alerts.ts';
import { nameFinder } from '../infra/erasure/names.ts';
import { eraseFromQueues } from '../infra/erasure/queues.ts';
import { takeBackLists } from '../infra/erasure/take-back.ts';
import { openErased } from '../infra/mongo/erased.ts';
import { openLedger } from '../infra/mongo/ledger.ts';
import { openNames, type Names } from '../infra/mongo/names.ts';
import { openOrders } from '../infra/mongo/orders.ts';
import { openPlaylists, type Playlists } from '../infra/mongo/playlists.ts';
import { openStoredLists } from '../infra/mongo/stored-lists.ts';
import { openConfiguredPictures } from '../infra/pictures/configured.ts';
import { openProfileUrls } from '../infra/pictures/profile-urls.ts';
import { openRabbit, type Rabbit } from '../infra/rabbit.ts';
import { openRedis, removeKeys } from '../infra/redis.ts';
import type { ServerUrls } from '../infra/servers/index.ts';
import { batchDelivered, openWebhook } from '../infra/webhook.ts';
import { platformZoneRules } from '../infra/zone-rules.ts';
import { deliverBatch } from '../pipelines/delivery/deliver.ts';
import {
  byUrgency,
  newestByZone,
  placeOrder,
  planWeek,
  type OrderOptions,
} from '../pipelines/delivery/orders.ts';
import type { Ledger, OrderBook, PlacedOrder } from '../pipelines/delivery/ports.ts';
import { missingLists, type MissingList } from '../pipelines/delivery/missing.ts';
import type { LedgerReports } from '../pipelines/delivery/proof.ts';
import { publishOrder } from '../pipelines/delivery/publish.ts';
import {
  reconcile,
  type Reconciling,
  type ReconcileReport,
} from '../pipelines/delivery/reconcile.ts';
import { redeliver } from '../pipelines/delivery/redeliver.ts';
import { weekStatus, type WeekStatus } from '../pipelines/delivery/status.ts';
import { listStory, type ListStory } from '../pipelines/delivery/story.ts';
import type { AlertBook, Webhook } from '../pipelines/delivery/watch.ts';
import { sweep, type SweepReport } from '../pipelines/delivery/sweep.ts';
import type { BatchMessage, FrozenLists, ListArchive } from '../pipelines/lists.ts';
import type { Clock, Log } from '../pipelines/ports.ts';
import { waitForOrders, type DeliverySummary, type Waiting } from './await-delivery.ts';
import { openNameLists } from './name-lists.ts';

export type { DeliverySummary } from './await-delivery.ts';

export interface DeliveryOptions extends OrderOptions {
  readonly config: Config;
  readonly servers: Pick<ServerUrls, 'rabbitmqUrl' | 'redisUrl' | 'mongodbUrl'>;
  readonly archive: ListArchive;
  readonly clock: Clock;
  readonly log: Log;
  /** Default: nothing is counted. */
  readonly metrics?: Metrics;
  /** Told of every batch that is done; default: nobody. */
  readonly onBatch?: (batch: BatchDone) => void;
  /** Batches that are worked on at a time. Default 4. */
  readonly prefetch?: number;
}

/** A line of the log for each batch. */
export interface BatchDone {
  readonly week: string;
  readonly zone: string;
  readonly order: string;
  readonly batch: number;
  readonly lists: number;
  /** `already`: the ledger had it, nothing was written. */
  readonly outcome: 'delivered' | 'already';
  readonly milliseconds: number;
}

/** The delivery with its servers connected. Nothing runs by itself until one of the `start...`. */
export interface Delivery {
  readonly orders: OrderBook;
  readonly ledger: Ledger & LedgerReports;
  readonly playlists: Playlists;
  readonly names: Names;
  /** Deadlines that are or were in danger. */
  readonly alerts: AlertBook;
  readonly webhook: Webhook | undefined;
  /** The database of the namespace. */
  readonly db: Db;
  readonly rabbit: Rabbit;
  readonly calendar: Calendar;
  readonly covers: Covers;
  readonly coverQueue: CoverQueue;
  /** Consumes batches from RabbitMQ. */
  startDelivering(): Promise<void>;
  /** Publishes the orders whose time has come, but those that a newer one has replaced. */
  startPublishing(): void;
  /**
   * Makes covers before they are asked for, while no batch waits or is worked on.
   *
   * @param isIdle - whether the process has nothing else to do either
   */
  startMakingCovers(isIdle?: () => boolean): void;
  /** Places the orders of all zones; each is published at its time, those past at once. */
  place(lists: FrozenLists): Promise<PlacedOrder[]>;
  /**
   * Places the orders of all zones and resolves when all that are due are delivered or failed.
   * What is delivered already is not published again.
   *
   * @param now - makes all of them due now
   * @param isReconciled - the ledger was held against what is stored just before
   */
  deliverWeek(
    lists: FrozenLists,
    waiting?: Waiting & { now?: boolean; isReconciled?: boolean },
  ): Promise<DeliverySummary>;
  /** Delivers zones again, whatever the ledger says, and waits as `deliverWeek` does. */
  redeliver(
    lists: FrozenLists,
    zones: readonly string[],
    waiting?: Waiting,
  ): Promise<DeliverySummary>;
  /** Orders zones again, whatever the ledger says, and does not wait. */
  orderAgain(lists: FrozenLists, zones: readonly string[]): Promise<PlacedOrder[]>;
  /** Once: finds what is due and not delivered. `graceMs`: see `Sweeping`. */
  sweep(weeks: readonly string[], graceMs?: number): Promise<SweepReport>;
  /** @param notMade - see `WeekStatus` */
  status(week: string, notMade?: Readonly<Record<string, number>>): Promise<WeekStatus>;
  /** Whoever has no list of the week in these zones, as the ledger knows it. */
  missing(lists: FrozenLists, zones: readonly string[]): AsyncIterable<MissingList>;
  /** All that is known of a listener's list of a week. */
  story(user: string, week: string): Promise<ListStory>;
  /** Holds the ledger against what is stored, and stores names that are not there. */
  reconcile(
    week: string,
    how?: Pick<Reconciling, 'dryRun' | 'onProgress'>,
  ): Promise<ReconcileReport>;
  /** Deletes all that the namespace has in RabbitMQ, Redis and MongoDB. For tests. */
  remove(): Promise<void>;
  dispose(): Promise<void>;
}

/** Opens the delivery and starts both of its halves in this process. */
export async function startDelivery(options: DeliveryOptions): Promise<Delivery> {
  const delivery = await openDelivery(options);
  try {
    await delivery.startDelivering();
    delivery.startPublishing();
    return delivery;
  } catch (error) {
    await delivery.dispose();
    throw error;
  }
}

/** @throws Mistake `SERVER_DOWN` or `SERVER_REFUSED` naming the server */
export async function openDelivery(given: DeliveryOptions): Promise<Delivery> {
  const options = { zoneRules: platformZoneRules, ...given };
  const { config, servers, archive, clock, log } = options;
  const opened: { dispose(): Promise<void> }[] = [];
  // Closed in reverse: consumers before what they write to.
  const keep = <T extends { dispose(): Promise<void> }>(thing: T): T => {
    opened.unshift(thing);
    return thing;
  };
  let closing: Promise<void> | undefined;
  const dispose = () => {
    closing ??= (async () => {
      for (const thing of opened) await thing.dispose();
    })();
    return closing;
  };
  try {
    const { namespace } = config;
    const { db } = keep(await openMongo({ url: servers.mongodbUrl, database: namespace, log }));
    const redis = keep(await openRedis(servers.redisUrl));
    const rabbit = keep(await openRabbit({ url: servers.rabbitmqUrl, namespace, log }));
    const calendar = keep(openCalendar({ redis: redis.client, namespace, clock, log }));
    const coverQueue = keep(openCoverQueue({ redis: redis.client, namespace, log }));
    const webhook =
      config.webhook === undefined
        ? undefined
        : keep(openWebhook({ ...config.webhook, redis: redis.client, namespace, clock, log }));
    const covers = openCovers({ home: config.home, log });
    const storedLists = openStoredLists(db);
    const erased = openErased(db, { clock });
    const takingBack = { db, redis: redis.client, namespace, home: config.home };
    const alerts = openAlerts(db);
    const [stored, plainLedger, orders] = await Promise.all([
      openPlaylists(db),
      openLedger(db),
      openOrders(db),
    ]);
    const playlists = forgetting(stored, openListCache(redis.client, namespace));
    const profiles = keep(openProfileUrls(config.home, clock, log));
    const pictures = openConfiguredPictures({
      ...{ config, db, redis: redis.client, clock, log },
      pictureUrlOf: (user) => profiles.pictureUrlOf(user),
    });
    const names = openNames(db);
    const nameLists = openNameLists(names, log);
    const { metrics, onBatch } = options;
    const ledger = metrics?.counting(plainLedger) ?? plainLedger;
    metrics?.probe({
      servers: {
        mongodb: () => db.command({ ping: 1 }),
        redis: () => redis.client.ping(),
        rabbitmq: () => rabbit.depths(),
      },
      queues: () => rabbit.depths(),
    });
    let batchesUnderWay = 0;
    // Lists that this process was handed need not be found in the archive.
    const known = new Map<string, FrozenLists>();
    const dispatch = (order: PlacedOrder) => calendar.schedule(order);
    const sweeping = { orders, ledger, archive, publisher: rabbit, clock, dispatch, options };
    const place = async (lists: FrozenLists) => {
      known.set(lists.fingerprint, lists);
      const placing = { ...options, plan: await planWeek(orders, lists, options) };
      const placed: PlacedOrder[] = [];
      for (const { zone, listeners } of lists.zones) {
        if (listeners > 0) placed.push(await placeOrder(orders, lists, zone, clock(), placing));
      }
      return byUrgency(placed, clock());
    };
    const orderAgain = (lists: FrozenLists, zones: readonly string[]) => {
      known.set(lists.fingerprint, lists);
      return redeliver({ orders, clock, dispatch, options }, lists, zones);
    };
    const wait = (week: string, placed: readonly PlacedOrder[], waiting: Waiting) =>
      waitForOrders(
        { orders, ledger, clock, again: () => sweep({ ...sweeping, graceMs: 3000 }, []) },
        week,
        placed,
        waiting,
      );

    return {
      orders,
      ledger,
      alerts,
      webhook,
      db,
      playlists,
      names,
      rabbit,
      calendar,
      covers,
      coverQueue,
      dispose,
      async startDelivering() {
        webhook?.startPosting();
        await rabbit.consume({
          async handle(published, sent) {
            const started = performance.now();
            batchesUnderWay++;
            metrics?.batches(1);
            try {
              const delivering = { playlists, ledger, pictures, covers: coverQueue, clock };
              const outcome = await erased.keepOut(
                published,
                sent,
                async (message) => {
                  const done = await deliverBatch(message, delivering);
                  // Of one that was delivered before too: we may have died before it was told.
                  await webhook?.send(batchDelivered(message, clock()));
                  return done;
                },
                (users) => takeBackLists(takingBack, published, users),
              );
              if (sent.publishedAt !== undefined) {
                metrics?.stored((Date.now() - sent.publishedAt) / 1000);
              }
              const { order, batch, lists } = published;
              onBatch?.({
                ...{ week: order.week, zone: order.zone, order: order.id, batch, outcome },
                lists: lists.length,
                milliseconds: Math.round(performance.now() - started),
              });
            } finally {
              batchesUnderWay--;
              metrics?.batches(-1);
            }
          },
          async failed(entry) {
            await ledger.failed(entry);
            metrics?.failed(entry);
          },
          burying: ({ message, reason }, sent, bury) =>
            erased.keepOut(
              message,
              sent,
              (letter) => bury(letter, without(reason, message, letter)),
              async (users) => {
                for (const finder of users.map(nameFinder)) await eraseFromQueues(rabbit, finder);
                await takeBackLists(takingBack, message, users);
              },
            ),
          clock,
          ...(options.prefetch === undefined ? {} : { prefetch: options.prefetch }),
        });
      },
      startPublishing() {
        calendar.publishWith(async (id, signal) => {
          const order = await orders.find(id);
          if (order === undefined) return;
          const newest = newestByZone(await orders.ofWeek(order.week)).get(order.zone);
          if (newest?.id !== id) return;
          const lists = known.get(order.lists) ?? (await archive.find(order.week));
          if (lists?.fingerprint !== order.lists) {
            throw new Error(`order ${id}: its lists ${order.lists} are not in the archive`);
          }
          await nameLists(lists, { signal });
          await publishOrder({ orders, ledger, publisher: rabbit, clock }, order, lists, signal);
        });
      },
      startMakingCovers(isIdle = () => true) {
        coverQueue.makeWith(
          covers,
          async () => batchesUnderWay === 0 && isIdle() && (await rabbit.backlog()) === 0,
        );
      },
      async place(lists) {
        const placed = await place(lists);
        for (const order of placed) {
          if (order.completedAt === undefined) await dispatch(order);
        }
        return placed;
      },
      async deliverWeek(lists, { now = false, isReconciled = false, ...waiting } = {}) {
        if (!isReconciled) await reconcile({ orders, ledger, playlists, lists }, lists.week);
        const placed: PlacedOrder[] = [];
        for (const order of await place(lists)) {
          const publishAt = now ? Math.min(order.publishAt, clock()) : order.publishAt;
          if (publishAt < order.publishAt) await orders.dueAt(order.id, publishAt);
          placed.push({ ...order, publishAt });
        }
        const counts = await ledger.counts(lists.week);
        for (const order of placed) {
          if ((counts.get(order.id)?.delivered ?? 0) >= order.listeners) continue;
          await ledger.forget(order.id, 'failed');
          await dispatch(order);
        }
        return wait(lists.week, placed, { already: counts, ...waiting });
      },
      orderAgain,
      redeliver: async (lists, zones, waiting = {}) =>
        wait(lists.week, await orderAgain(lists, zones), waiting),
      async sweep(weeks, graceMs) {
        await rabbit.inspectDeadLetters(ledger, clock);
        return sweep({ ...sweeping, ...(graceMs === undefined ? {} : { graceMs }) }, weeks);
      },
      status: async (week, notMade) =>
        weekStatus({ orders, ledger }, week, await archive.find(week), clock(), notMade),
      missing: (lists, inZones) => missingLists({ orders, ledger }, lists, inZones, clock()),
      story: async (user, week) =>
        listStory(
          { orders, ledger, stored: storedLists },
          await archive.find(week),
          user,
          week,
          clock(),
        ),
      async reconcile(week, how = {}) {
        const lists = await archive.find(week);
        if (lists !== undefined && how.dryRun !== true) await nameLists(lists, { again: true });
        const storedByOrder = (asked: string) => storedLists.countByOrder(asked);
        return reconcile({ orders, ledger, playlists, lists, ...how, storedByOrder }, week);
      },
      async remove() {
        await calendar.remove();
        await coverQueue.remove();
        await webhook?.remove();
        await rabbit.remove();
        await removeKeys(redis.client, namespace);
        await db.dropDatabase();
      },
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** A reason without the names of those whose lists a message has lost. */
function without(reason: string, before: BatchMessage, after: BatchMessage): string {
  const gone = before.lists.filter(({ user }, n) => after.lists[n]!.user !== user);
  return gone.reduce((text, { user }) => nameFinder(user).without(text), reason);
}

/** What the API has cached of a listener is gone as soon as their lists change. */
function forgetting(playlists: Playlists, cache: ListCache): Playlists {
  return {
    ...playlists,
    async upsert(documents) {
      const unproven = await playlists.upsert(documents);
      await cache.forget(documents.map(({ user }) => user));
      return unproven;
    },
  };
}
