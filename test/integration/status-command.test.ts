import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { MongoClient } from 'mongodb';
import { readConfig } from '../../infra/config.ts';
import { runDeliver } from '../../workers/deliver.ts';
import { openDelivery } from '../../workers/delivery.ts';
import { archiveOf, frozenListsOf } from '../support/frozen-lists.ts';
import { makeHome, week, type MadeHome } from '../support/made-home.ts';
import { mistakeOf, mondaymix } from '../support/operator.ts';
import { sharedServers, silentLog } from '../support/servers.ts';

jest.setTimeout(600_000);

const namespace = `t${randomUUID().slice(0, 8)}`;
let made: MadeHome;
let client: MongoClient;
let env: Record<string, string>;
let servers: Awaited<ReturnType<typeof sharedServers>>;

beforeAll(async () => {
  servers = await sharedServers();
  made = await makeHome();
  client = await MongoClient.connect(servers.mongodbUrl);
  env = {
    ...{ MONDAYMIX_HOME: made.home, MONDAYMIX_NAMESPACE: namespace },
    ...{ RABBITMQ_URL: servers.rabbitmqUrl, REDIS_URL: servers.redisUrl },
    MONGODB_URL: servers.mongodbUrl,
  };
  const { code, errors } = await run('weekly', '--data', made.data, '--week', week);
  if (code !== 0) throw new Error(errors);
}, 600_000);

afterAll(async () => {
  const config = { ...readConfig({ home: made.home }, {}), namespace };
  const options = {
    config,
    servers,
    archive: archiveOf(),
    clock: () => Date.now(),
    log: silentLog,
  };
  const delivery = await openDelivery(options);
  await delivery.remove();
  await delivery.dispose();
  await client.close();
  made.remove();
});

const run = (...args: string[]) => mondaymix(args, env);

async function json<Result>(...args: string[]): Promise<{ code: number | null; said: Result }> {
  const { code, output } = await run(...args, '--json');
  return { code, said: JSON.parse(output) as Result };
}

interface Status {
  total: Record<string, number>;
  zones: { zone: string; listeners: number }[];
  notMade: Record<string, number>;
  deadlines: { zones: object[] };
}

test('status, who is missing, the story of a listener and reconcile agree on the command line', async () => {
  const { said: all } = await json<Status>('status');
  const { listeners } = all.total;
  expect(listeners).toBeGreaterThan(0);
  expect(all.total).toMatchObject({ delivered: listeners, now: listeners, missing: 0 });
  expect(all.deadlines.zones).toEqual([]);
  const { zone } = all.zones[0]!;
  const { said: one } = await json<Status>('status', '--zone', zone);
  expect(one.zones.map((each) => each.zone)).toEqual([zone]);
  expect(one.total['listeners']).toBe(one.zones[0]!.listeners);
  expect(await run('status', '--missing')).toMatchObject({
    ...{ code: 0, output: '', errors: expect.stringContaining('nobody is missing') },
  });

  const playlists = client.db(namespace).collection<{ _id: string; user: string }>('playlists');
  const { _id, user } = (await playlists.findOne({ zone }))!;
  const { said: story } = await json<object>('status', '--user', user);
  expect(story).toMatchObject({ user, week, zone, state: 'stored', revision: 1 });
  await playlists.deleteOne({ _id });
  const { said: lost } = await json<object>('status', '--user', user);
  expect(lost).toMatchObject({ state: 'lost' });

  const tried = await json<object>('reconcile', '--dry-run');
  expect(tried).toMatchObject({ code: 1, said: { repaired: 1, lost: 1, dryRun: true } });
  expect(await playlists.findOne({ _id })).toBeNull();
  // Behind the back of the ledger in both collections.
  await client.db(namespace).collection('ledger').deleteMany({ zone });
  const missing = await run('status', '--missing', '--ndjson');
  const lines = missing.output.trimEnd().split('\n');
  expect(lines).toHaveLength(one.zones[0]!.listeners);
  expect(lines.map((line) => JSON.parse(line) as object)).toContainEqual({
    ...{ user, week, zone, order: `${week}:${zone}:1`, batch: 0, why: 'published, not stored' },
  });
  const limited = await run('status', '--missing', '--ndjson', '--limit', '1');
  expect(limited.output).toBe(`${lines[0]}\n`);

  const repaired = await json<object>('reconcile');
  expect(repaired).toMatchObject({ code: 0, said: { delivery: { delivered: listeners } } });
  expect(await playlists.findOne({ _id })).toMatchObject({ user, zone });
  expect(await json<object>('reconcile', '--dry-run')).toMatchObject({
    ...{ code: 0, said: { repaired: 0, found: 0, missing: 0, lost: 0 } },
  });
});

test.each([
  [['status', '--limit', '3'], 'expected --limit and --ndjson with --missing, got them without'],
  [['status', '--user', 'u', '--missing'], 'expected --user alone or with --week'],
  [['status', '--zone', 'UTC', '--region', 'Asia'], 'expected exactly one of region'],
])('%j is wrong use', async (args, message) => {
  const told = await mistakeOf(args, env);
  expect(told).toMatchObject({ code: 2, message: expect.stringContaining(message) });
});

test('a deliver worker logs each batch with week, zone, order and batch, and what fails too', async () => {
  const lists = frozenListsOf('2014-W36', { 'Asia/Jakarta': 10 });
  const lines: Record<string, unknown>[] = [];
  const note = (fields: Record<string, unknown>, message: string) =>
    void lines.push({ ...fields, message });
  const options = {
    config: { ...readConfig({ home: made.home }, {}), namespace: `${namespace}-log` },
    ...{ servers, archive: archiveOf(lists), clock: () => Date.now(), batchSize: 5 },
  };
  const delivery = await openDelivery({ ...options, log: silentLog });
  const controller = new AbortController();
  const log = { info: note, warn: note, error: note };
  const finished = runDeliver({ ...options, log }, controller.signal);
  try {
    delivery.startPublishing();
    const [order] = await delivery.place(lists);
    const counts = async () => (await delivery.ledger.counts('2014-W36')).get(order!.id);
    while (lines.filter(({ message }) => message === 'batch').length < 2) await counts();
    const where = { week: '2014-W36', zone: 'Asia/Jakarta', order: order!.id };
    const batches = lines.filter(({ message }) => message === 'batch');
    expect(batches.sort((a, b) => Number(a['batch']) - Number(b['batch']))).toEqual(
      [0, 1].map((batch) => ({
        ...{ ...where, batch, lists: 5, outcome: 'delivered', message: 'batch' },
        milliseconds: expect.any(Number),
      })),
    );
    await delivery.rabbit.publish({
      ...{ v: 1, order: { ...order!, zone: 'Asia/Jakarta' }, batch: 7, batches: 8, lists: [] },
    } as never);
    while (!lines.some(({ message }) => message === 'dead letter')) await counts();
    expect(lines.find(({ message }) => message === 'dead letter')).toMatchObject({
      ...{ ...where, batch: 7 },
    });
  } finally {
    controller.abort();
    await finished;
    await delivery.remove();
    await delivery.dispose();
  }
});
