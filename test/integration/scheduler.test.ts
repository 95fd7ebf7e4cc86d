import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { Queue } from 'bullmq';
import { readConfig } from '../../infra/config.ts';
import { openRedis } from '../../infra/redis.ts';
import { readTracks } from '../../model/listed-tracks.ts';
import { mondayStart } from '../../model/week.ts';
import { defaultLeadMs } from '../../pipelines/delivery/lead.ts';
import { publishTime } from '../../pipelines/delivery/orders.ts';
import type { FrozenLists } from '../../pipelines/lists.ts';
import { openDelivery, type Delivery } from '../../workers/delivery.ts';
import { runScheduler, type SchedulerOptions } from '../../workers/scheduler.ts';
import { archiveOf, frozenListsOf } from '../support/frozen-lists.ts';
import { idOf, listFor } from '../support/lists.ts';
import type { SchedulerTask } from '../support/scheduler-child.ts';
import { sharedServers, silentLog } from '../support/servers.ts';

jest.setTimeout(600_000);

const week = '2014-W36';
const zones = {
  'America/New_York': 6,
  'Asia/Jakarta': 9,
  'Asia/Kathmandu': 4,
  'Etc/GMT+12': 3,
  'Europe/Berlin': 7,
  'Pacific/Kiritimati': 5,
};
const listeners = 34;
const saturday = Date.parse('2014-08-30T06:00:00Z');
/** Noon in UTC: the Monday of W36 is over in every zone but Etc/GMT+12, where it began a day ago. */
const tuesday = Date.parse('2014-09-02T12:00:00Z');
const hourMs = 3_600_000;

let servers: Awaited<ReturnType<typeof sharedServers>>;
let home: string;
let namespace: string;
/** Looks on. */
let watching: Delivery;
let running: { stop: () => Promise<void> }[];

beforeAll(async () => {
  servers = await sharedServers();
}, 600_000);

beforeEach(async () => {
  namespace = `t${randomUUID().slice(0, 8)}`;
  home = await mkdtemp(join(tmpdir(), 'scheduler-'));
  running = [];
  watching = await openDelivery({ ...base(), archive: archiveOf(), clock: () => tuesday });
});

afterEach(async () => {
  for (const { stop } of running) await stop();
  await watching.remove();
  await watching.dispose();
  await rm(home, { recursive: true });
});

function base() {
  return {
    config: { ...readConfig({ home }, {}), namespace },
    servers,
    log: silentLog,
    batchSize: 2,
    sweepEveryMs: 50,
  };
}

/** A scheduler whose clock stands at `now`. The week it makes is `lists`; `asked` notes each time. */
function scheduler(
  now: number,
  lists: FrozenLists,
  {
    archive = archiveOf(),
    ...options
  }: Partial<SchedulerOptions> & { archive?: ReturnType<typeof archiveOf> } = {},
) {
  const asked: string[] = [];
  const controller = new AbortController();
  let at = now;
  let sweeps = 0;
  const finished = runScheduler(
    {
      ...base(),
      clock: () => at,
      ...options,
      archive: {
        ...archive,
        find: (wanted) => {
          sweeps++;
          return archive.find(wanted);
        },
      },
      runWeek: (wanted) => {
        asked.push(wanted);
        if (wanted !== lists.week) return Promise.resolve(frozenListsOf(wanted, {}));
        archive.put(lists);
        return Promise.resolve(lists);
      },
    },
    controller.signal,
  );
  const handle = {
    asked,
    archive,
    setClock: (to: number) => {
      at = to;
    },
    /** Resolves when the scheduler has looked for what was missed, from beginning to end. */
    async looked() {
      // The archive is asked three times or more in each look.
      const from = sweeps;
      await until(() => sweeps >= from + 8);
    },
    async stop() {
      controller.abort();
      await finished;
    },
  };
  running.push(handle);
  return handle;
}

async function until(check: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await check())) await pause(20);
}

const storedOf = (wanted = week) =>
  watching.playlists.collection.find({ week: wanted }).sort({ _id: 1 }).toArray();

const countOf = (wanted = week) => watching.playlists.collection.countDocuments({ week: wanted });

/** Waits until the ledger knows of all lists. */
async function delivered(wanted: string, count: number): Promise<void> {
  await until(async () => {
    const counts = [...(await watching.ledger.counts(wanted)).values()];
    return counts.reduce((sum, order) => sum + order.delivered, 0) >= count;
  });
}

test('the week is made on Saturday, and each zone has its lists before its Monday, not sooner', async () => {
  const lists = frozenListsOf(week, zones);
  const early = archiveOf(frozenListsOf('2014-W35', {}));
  const run = scheduler(saturday - 2 * hourMs, lists, { archive: early });
  await run.looked();
  expect(run.asked).toEqual([]);
  run.setClock(saturday);
  await until(async () => (await watching.orders.ofWeek(week)).length === lists.zones.length);
  expect(run.asked).toEqual([week]);

  const byTime = lists.zones
    .map(({ zone, listeners: ofZone }) => ({ zone, ofZone, at: publishTime(week, zone) }))
    .sort((a, b) => a.at - b.at);
  expect(byTime.map(({ zone }) => zone)).toEqual([
    'Pacific/Kiritimati',
    'Asia/Jakarta',
    'Asia/Kathmandu',
    'Europe/Berlin',
    'America/New_York',
    'Etc/GMT+12',
  ]);
  let due = 0;
  for (const { zone, ofZone, at } of byTime) {
    // Not by a millisecond: a job that waits so little starts while the clock stands still.
    run.setClock(at - hourMs / 2);
    await run.looked();
    expect([zone, await countOf()]).toEqual([zone, due]);
    run.setClock(at);
    due += ofZone;
    await delivered(week, due);
    expect([zone, await countOf()]).toEqual([zone, due]);
  }
  for (const { zone, storedAt, validFrom } of await storedOf()) {
    expect(validFrom.getTime()).toBe(mondayStart(week, zone));
    expect(validFrom.getTime() - storedAt.getTime()).toBeGreaterThanOrEqual(defaultLeadMs);
  }
  expect(run.asked).toEqual([week]);
  expect((await watching.status(week)).total).toMatchObject({
    listeners,
    due: listeners,
    delivered: listeners,
    late: 0,
    failed: 0,
    missing: 0,
  });
});

test('a zone is published by its job at its time, without anybody looking for it', async () => {
  const lists = frozenListsOf(week, { 'Asia/Jakarta': 5, 'Europe/Berlin': 4 });
  const publishAt = publishTime(week, 'Asia/Jakarta');
  // A clock that goes, from two seconds before.
  const offset = publishAt - 2000 - Date.now();
  scheduler(0, lists, { clock: () => Date.now() + offset, sweepEveryMs: hourMs });
  await until(async () => (await countOf()) === 5);
  for (const { storedAt } of await storedOf()) {
    expect(storedAt.getTime()).toBeGreaterThanOrEqual(publishAt);
    expect(storedAt.getTime()).toBeLessThan(mondayStart(week, 'Asia/Jakarta'));
  }
});

test('the batch has its time on Saturday at six in UTC, every week', async () => {
  const run = scheduler(saturday, frozenListsOf(week, {}));
  await run.looked();
  const redis = await openRedis(servers.redisUrl);
  const queue = new Queue('weekly', { connection: redis.client, prefix: namespace });
  const schedulers = await queue.getJobSchedulers();
  expect(schedulers).toHaveLength(1);
  const next = new Date(schedulers[0]!.next!);
  expect([next.getUTCDay(), next.toISOString().slice(11)]).toEqual([6, '06:00:00.000Z']);
  expect(next.getTime() - Date.now()).toBeLessThanOrEqual(7 * 24 * hourMs);
  await queue.close();
  await redis.dispose();
});

test('the calendar has the week made again and again, for the Monday that comes', async () => {
  const lists = frozenListsOf(week, { 'Asia/Jakarta': 3 });
  const archive = archiveOf(lists);
  const run = scheduler(saturday, lists, { archive, cron: '* * * * * *' });
  await until(() => run.asked.length >= 2);
  expect(new Set(run.asked)).toEqual(new Set([week]));
  run.setClock(saturday + 7 * 24 * hourMs);
  await until(() => run.asked.includes('2014-W37'));
});

test('a week that could not be made is tried again by the next look, without a restart', async () => {
  const lists = frozenListsOf(week, { 'Asia/Jakarta': 3 });
  const archive = archiveOf();
  let tries = 0;
  const controller = new AbortController();
  const finished = runScheduler(
    {
      ...base(),
      archive,
      clock: () => tuesday,
      runWeek() {
        tries++;
        if (tries === 1) {
          // As after the last retry: the job is gone, and the archive still has nothing.
          return Promise.resolve(frozenListsOf('2014-W20', {}));
        }
        archive.put(lists);
        return Promise.resolve(lists);
      },
    },
    controller.signal,
  );
  running.push({
    stop: async () => {
      controller.abort();
      await finished;
    },
  });
  await delivered(week, 3);
  expect(tries).toBe(2);
});

test('a process that is killed while it makes, places or delivers loses nothing', async () => {
  const few = { 'Asia/Jakarta': 30, 'Etc/GMT+12': 5, 'Pacific/Kiritimati': 30 };
  const file = join(home, 'lists');
  const task = { namespace, home, servers, week, zones: few, file };
  const sunday = publishTime(week, 'Asia/Jakarta') + hourMs;

  const making = child({ ...task, now: saturday, makingMs: 600_000 });
  await making.says('making');
  await making.kill();
  expect(existsSync(file)).toBe(false);

  const placing = child({ ...task, now: saturday + hourMs, makingMs: 0 });
  await placing.says('made');
  await placing.kill();

  const waiting = child({ ...task, now: saturday + 2 * hourMs, makingMs: 0 });
  await until(async () => (await watching.orders.ofWeek(week)).length === 3);
  await waiting.kill();
  expect(await countOf()).toBe(0);

  const delivering = child({ ...task, now: sunday, makingMs: 0 });
  await until(async () => (await countOf()) > 0);
  await delivering.kill();
  expect(waiting.said() + delivering.said()).toBe('');

  const lists = frozenListsOf(week, few);
  const run = scheduler(sunday + hourMs, lists, { archive: archiveOf(lists) });
  await delivered(week, 60);
  expect(new Set((await storedOf()).map(({ zone }) => zone))).toEqual(
    new Set(['Asia/Jakarta', 'Pacific/Kiritimati']),
  );
  run.setClock(publishTime(week, 'Etc/GMT+12'));
  await delivered(week, 65);
  expect(run.asked).toEqual([]);
  const stored = await storedOf();
  expect(stored).toHaveLength(65);
  expect(stored.every(({ revision }) => revision === 1)).toBe(true);
  expect((await watching.status(week)).total).toMatchObject({
    delivered: 65,
    failed: 0,
    missing: 0,
  });
  // Kiritimati's Monday had begun when its lists came; the others had theirs in time.
  const late = stored.filter(({ storedAt, validFrom }) => storedAt > validFrom);
  expect((await watching.status(week)).total.late).toBe(late.length);
  expect(new Set(late.map(({ zone }) => zone))).toEqual(new Set(['Pacific/Kiritimati']));
});

test('after a Monday without a scheduler everybody gets their list at once, and it counts as late', async () => {
  const lists = frozenListsOf(week, zones);
  const archive = archiveOf(lists);
  const before = scheduler(saturday, lists, { archive });
  await until(async () => (await watching.orders.ofWeek(week)).length === lists.zones.length);
  await before.stop();
  expect(await countOf()).toBe(0);

  const after = scheduler(tuesday, lists, { archive });
  await delivered(week, listeners);
  expect(after.asked).toEqual([]);
  expect((await watching.status(week)).total).toMatchObject({
    delivered: listeners,
    late: listeners,
    missing: 0,
  });
});

test('after a weekend without a scheduler the week is made on start, and counts as late', async () => {
  const run = scheduler(tuesday, frozenListsOf(week, zones));
  await delivered(week, listeners);
  expect(run.asked).toEqual([week]);
  expect((await watching.status(week)).total).toMatchObject({
    delivered: listeners,
    late: listeners,
  });
});

test('lists of a week that is over are delivered as a backfill: neither on time nor late', async () => {
  const now = frozenListsOf(week, { 'Asia/Jakarta': 3 });
  const over = frozenListsOf('2014-W35', { 'Asia/Jakarta': 4, 'Europe/Berlin': 2 });
  scheduler(tuesday, now, { archive: archiveOf(now, over) });
  await delivered('2014-W35', 6);
  await delivered(week, 3);
  const status = await watching.status('2014-W35');
  expect(status.total).toMatchObject({ delivered: 6, late: 0, missing: 0 });
  expect(status.zones.every(({ backfill }) => backfill)).toBe(true);
  expect((await watching.status(week)).total).toMatchObject({ delivered: 3, late: 3 });
});

test('a listener who moves gets one list a week, each for their Monday there', async () => {
  const first = oneListener('2014-W35', 'Asia/Jakarta', 'a');
  const second = oneListener(week, 'America/New_York', 'b');
  const archive = archiveOf(first);
  const run = scheduler(saturday - 7 * 24 * hourMs, second, { archive });
  run.setClock(publishTime('2014-W35', 'Asia/Jakarta'));
  await delivered('2014-W35', 1);
  run.setClock(saturday);
  await until(async () => (await watching.orders.ofWeek(week)).length === 1);
  // Monday in Jakarta: nothing comes there any more.
  run.setClock(publishTime(week, 'Asia/Jakarta'));
  await run.looked();
  expect(await countOf()).toBe(0);
  run.setClock(publishTime(week, 'America/New_York'));
  await delivered(week, 1);
  const all = await watching.playlists.collection.find().sort({ week: 1 }).toArray();
  expect(all.map(({ _id, zone, validFrom }) => ({ _id, zone, at: validFrom.getTime() }))).toEqual([
    { _id: 'ana:2014-W35', zone: 'Asia/Jakarta', at: mondayStart('2014-W35', 'Asia/Jakarta') },
    { _id: `ana:${week}`, zone: 'America/New_York', at: mondayStart(week, 'America/New_York') },
  ]);
});

test('a listener who moves while the week is made anew has the newer list alone', async () => {
  const archive = archiveOf(oneListener(week, 'Asia/Jakarta', 'a'));
  const run = scheduler(
    publishTime(week, 'Asia/Jakarta'),
    oneListener(week, 'Europe/Berlin', 'b'),
    {
      archive,
    },
  );
  await delivered(week, 1);
  archive.put(oneListener(week, 'Europe/Berlin', 'b'));
  run.setClock(publishTime(week, 'Europe/Berlin'));
  await until(async () => (await storedOf())[0]?.revision === 2);
  const stored = await storedOf();
  expect(stored.map((list) => [list._id, list.zone, readTracks(list)[0]!.trackId])).toEqual([
    [`ana:${week}`, 'Europe/Berlin', idOf('t', 'b-0')],
  ]);
});

test('a scheduler that is stopped while it makes a week leaves that to the next', async () => {
  const lists = frozenListsOf(week, { 'Asia/Jakarta': 3 });
  const archive = archiveOf();
  const controller = new AbortController();
  let making = 0;
  const finished = runScheduler(
    {
      ...base(),
      archive,
      clock: () => tuesday,
      async runWeek() {
        making++;
        await pause(600_000, undefined, { signal: controller.signal });
        return lists;
      },
    },
    controller.signal,
  );
  await until(() => making === 1);
  controller.abort();
  await finished;
  const run = scheduler(tuesday, lists, { archive });
  await delivered(week, 3);
  expect(run.asked).toEqual([week]);
});

function oneListener(ofWeek: string, zone: string, flavour: string): FrozenLists {
  return {
    ...frozenListsOf(ofWeek, { [zone]: 1 }, flavour),
    // eslint-disable-next-line @typescript-eslint/require-await
    async *read(asked) {
      if (asked === zone) yield listFor('ana', flavour);
    },
  };
}

function child(task: SchedulerTask) {
  const script = join(import.meta.dirname, '../support/scheduler-child.ts');
  const args = ['--no-warnings', '--import', 'tsx', script, JSON.stringify(task)];
  const started = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(started, 'close');
  let said = '';
  started.stdout.on('data', (text: Buffer) => {
    said += text.toString();
  });
  const handle = {
    said: () => said,
    says: (word: string) => until(() => said.includes(word)),
    async kill() {
      started.kill('SIGKILL');
      await closed;
    },
  };
  running.push({ stop: () => handle.kill() });
  return handle;
}
