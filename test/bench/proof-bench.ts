/**
 * How long the proof of delivery takes: a ledger and stored lists (without tracks) of a number of
 * listeners over all zones, in a database of its own on the servers of a home.
 *
 *     node --import tsx test/bench/proof-bench.ts 1000000 HOME
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Collection } from 'mongodb';
import { readConfig } from '../../infra/config.ts';
import { ensureServers } from '../../infra/servers/index.ts';
import { mondayStart } from '../../model/week.ts';
import { placeOrder } from '../../pipelines/delivery/orders.ts';
import type { FrozenLists } from '../../pipelines/lists.ts';
import { openDelivery } from '../../workers/delivery.ts';
import { outlookOf } from '../../workers/proof.ts';
import { archiveOf, frozenListsOf } from '../support/frozen-lists.ts';
import { silentLog } from '../support/servers.ts';

const week = '2014-W36';
const batchSize = 50;

async function bench(numListeners: number, home: string): Promise<void> {
  const names = Intl.supportedValuesOf('timeZone');
  const perZone = Math.ceil(numListeners / names.length);
  const plain = frozenListsOf(week, Object.fromEntries(names.map((zone) => [zone, perZone])));
  const lists: FrozenLists = {
    ...plain,
    // Their users alone: this is about the ledger.
    // eslint-disable-next-line @typescript-eslint/require-await
    async *read(zone) {
      for (let n = 0; n < perZone; n++) yield { user: userOf(zone, n) } as never;
    },
  };
  const config = { ...readConfig({ home }, {}), namespace: `t${randomUUID().slice(0, 8)}` };
  const servers = await ensureServers(config, silentLog);
  const clock = () => mondayStart(week, 'Etc/GMT+12') + 6 * 3_600_000;
  const options = { config, servers, archive: archiveOf(lists), clock, log: silentLog, batchSize };
  const delivery = await openDelivery(options);
  const timed = async <Result>(what: string, work: () => Promise<Result>): Promise<Result> => {
    const started = performance.now();
    const result = await work();
    const seconds = (performance.now() - started) / 1000;
    const memory = Math.round(process.memoryUsage.rss() / 2 ** 20);
    process.stdout.write(`${what.padEnd(52)} ${seconds.toFixed(2).padStart(8)} s ${memory} MB\n`);
    return result;
  };
  const write = async (revision: number) => {
    for (const zone of names) {
      const order = await placeOrder(delivery.orders, lists, zone, clock(), {
        ...{ batchSize, again: revision > 1, leadMs: 0 },
      });
      const at = mondayStart(week, zone) - 3_600_000;
      const entries = [];
      for (let batch = 0; batch * batchSize < perZone; batch++) {
        const from = batch * batchSize;
        const count = Math.min(batchSize, perZone - from);
        const users = Array.from({ length: count }, (_, n) => userOf(zone, from + n));
        entries.push({
          ...{ _id: `${order.id}:${batch}`, order: order.id, batch, week, zone },
          ...{ state: 'delivered', users, lists: count, late: 0, at: new Date(at) },
        });
      }
      const { db } = delivery.playlists.collection;
      await insert(db.collection('ledger'), entries);
      if (revision > 1) continue;
      const stored = entries.flatMap(({ users }) =>
        users.map((user) => ({
          ...{ _id: `${user}:${week}`, v: 1, user, week, zone, revision, order: order.id },
          ...{ validFrom: new Date(order.validFrom), storedAt: new Date(at) },
          ...{ model: 'ranker-test', cover: 'g-0' },
        })),
      );
      for (let n = 0; n < stored.length; n += 1000) {
        await insert(db.collection('playlists'), stored.slice(n, n + 1000));
      }
    }
  };
  try {
    await timed(`written: ${names.length} zones of ${perZone}`, () => write(1));
    const status = await timed('status', () => delivery.status(week));
    process.stdout.write(`${JSON.stringify(status.total)}\n`);
    await timed('status and deadlines', async () =>
      outlookOf(options, delivery, await delivery.status(week)),
    );
    await timed('status --user, stored', () => delivery.story(userOf('Asia/Jakarta', 7), week));
    await timed('status --user, nobody', () => delivery.story('nobody', week));
    await timed('status --missing, nobody is', async () => {
      for await (const missing of delivery.missing(lists, names)) throw new Error(missing.user);
    });
    const found = await timed('reconcile', () => delivery.reconcile(week));
    process.stdout.write(`${JSON.stringify(found)}\n`);
    await delivery.playlists.collection.deleteMany({ zone: 'Asia/Jakarta' });
    await delivery.ledger.forget(`${week}:Europe/Berlin:1`, [1, 2, 3]);
    const repaired = await timed('reconcile, a zone deleted and three entries', () =>
      delivery.reconcile(week),
    );
    process.stdout.write(`${JSON.stringify(repaired)}\n`);
    await timed('written: all delivered again', () => write(2));
    await timed('status of twice as many entries', () => delivery.status(week));
  } finally {
    await delivery.remove();
    await delivery.dispose();
  }
}

/** Again where the server did not answer in time: the stand-in stops to collect its garbage. */
async function insert(collection: Collection, documents: object[]): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await collection.insertMany(documents, { ordered: false });
      return;
    } catch (error) {
      if ((error as { code?: unknown }).code === 11000) return;
      if (tries === 20) throw new Error((error as Error).message, { cause: error });
      await pause(1000);
    }
  }
}

function userOf(zone: string, n: number): string {
  return `${zone}-${String(n).padStart(6, '0')}`;
}

void bench(Number(process.argv[2] ?? 100_000), process.argv[3] ?? '.mondaymix/test');
