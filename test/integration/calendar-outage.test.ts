import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { openRedis } from '../../infra/redis.ts';
import { addWeeks, mondayStart, weekCutoffUtc } from '../../model/week.ts';
import { publishTime } from '../../pipelines/delivery/orders.ts';
import type { FrozenLists } from '../../pipelines/lists.ts';
import type { Delivery } from '../../workers/delivery.ts';
import { runScheduler } from '../../workers/scheduler.ts';
import { calendarStage, listsOfPeople, type CalendarStage } from '../support/calendar-stage.ts';
import { frozenListsOf } from '../support/frozen-lists.ts';
import type { SchedulerTask } from '../support/scheduler-child.ts';
import { silentLog } from '../support/servers.ts';

jest.setTimeout(600_000);

const hourMs = 3_600_000;
const week = '2026-W47';
/** It has begun in every zone. */
const tuesday = weekCutoffUtc(week) + 36 * hourMs;
const zones = {
  'Asia/Jakarta': 30,
  'Etc/GMT+12': 8,
  'Europe/Berlin': 12,
  'Pacific/Kiritimati': 30,
};
const listeners = 80;

let stage: CalendarStage;
let watching: Delivery;
let running: (() => Promise<void>)[];

beforeEach(async () => {
  stage = await calendarStage(tuesday);
  watching = await stage.watch();
  running = [];
}, 600_000);

afterEach(async () => {
  for (const stop of running) await stop();
  await stage.clear();
});

async function until(check: () => Promise<boolean>): Promise<void> {
  while (!(await check())) await pause(20);
}

/** A scheduler in this process; `made` are the lists of the weeks that it can make. */
function scheduler(...made: (FrozenLists & { whileMade?: () => Promise<void> })[]) {
  const asked: string[] = [];
  const warnings: unknown[] = [];
  const controller = new AbortController();
  const finished = runScheduler(
    {
      ...stage.options,
      log: { ...silentLog, warn: (fields) => void warnings.push(fields) },
      sweepEveryMs: 50,
      async runWeek(wanted) {
        asked.push(wanted);
        const lists = made.find((each) => each.week === wanted) ?? frozenListsOf(wanted, {});
        await made.find((each) => each.week === wanted)?.whileMade?.();
        stage.archive.put(lists);
        return lists;
      },
    },
    controller.signal,
  );
  const stop = async () => {
    controller.abort();
    await finished;
  };
  running.push(stop);
  return { asked, warnings, stop };
}

async function delivered(of: string, count: number): Promise<void> {
  await until(async () => {
    const counts = [...(await watching.ledger.counts(of)).values()];
    return counts.reduce((sum, order) => sum + order.delivered, 0) >= count;
  });
}

/** Each listener has one list of the week, of the first order, and the ledger says the same. */
async function expectWhole(of = week, lists: Record<string, number> = zones): Promise<void> {
  const stored = await watching.playlists.collection.find({ week: of }).sort({ _id: 1 }).toArray();
  const expected = Object.entries(lists).flatMap(([zone, count]) =>
    Array.from({ length: count }, (_, i) => `${zone}-${String(i).padStart(6, '0')}:${of}`),
  );
  expect(stored.map(({ _id }) => _id)).toEqual(expected.sort());
  expect(new Set(stored.map(({ revision }) => revision))).toEqual(new Set([1]));
  const counts = [...(await watching.ledger.counts(of)).values()];
  expect(counts.reduce((sum, order) => sum + order.delivered, 0)).toBe(expected.length);
  expect((await watching.status(of)).total).toMatchObject({
    ...{ delivered: expected.length, failed: 0, missing: 0 },
  });
}

test('after three weeks without a scheduler this week is made and delivered, what was made before too, and the rest is told', async () => {
  const made = (back: number) => frozenListsOf(addWeeks(week, -back), zones);
  // Four weeks back all was well.
  const before = await stage.start();
  stage.archive.put(made(4));
  stage.setClock(weekCutoffUtc(addWeeks(week, -4)));
  await before.deliverWeek(made(4), { now: true });
  // Then a week was made and ordered, the next one only made, and two not even that.
  stage.archive.put(made(3));
  await before.dispose();
  stage.setClock(weekCutoffUtc(addWeeks(week, -3)) - 40 * hourMs);
  await watching.place(made(3));
  stage.archive.put(made(2));

  stage.setClock(tuesday);
  const run = scheduler(made(0));
  for (const back of [0, 2, 3]) await delivered(addWeeks(week, -back), listeners);
  expect(run.asked).toEqual([week]);
  expect(run.warnings).toContainEqual({ weeks: [addWeeks(week, -1)] });
  for (const back of [0, 2, 3, 4]) await expectWhole(addWeeks(week, -back));
  expect(await watching.playlists.collection.countDocuments()).toBe(4 * listeners);
  const late = async (back: number) => (await watching.status(addWeeks(week, -back))).total.late;
  // Ordered in its time and late; ordered when it was over, and a backfill.
  expect([await late(0), await late(2), await late(3)]).toEqual([listeners, 0, listeners]);
});

test('after half a year without anything the week is made all the same, and nothing of long ago', async () => {
  const old = addWeeks(week, -26);
  stage.archive.put(frozenListsOf(old, zones));
  const run = scheduler(frozenListsOf(week, zones));
  await delivered(week, listeners);
  await expectWhole();
  expect(run.warnings).toContainEqual({
    weeks: Array.from({ length: 25 }, (_, i) => addWeeks(old, i + 1)),
  });
  expect(await watching.playlists.collection.countDocuments()).toBe(listeners);
});

describe('when Redis is emptied', () => {
  /** All at once, as FLUSHALL does: no job is left by half. */
  async function emptyRedis(): Promise<void> {
    const redis = await openRedis(stage.options.servers.redisUrl);
    const script = `for _, key in ipairs(redis.call('KEYS', ARGV[1])) do redis.call('DEL', key) end`;
    await redis.client.eval(script, 0, `${stage.options.config.namespace}:*`);
    await redis.dispose();
  }

  test('while all orders wait for their time, each is published at its time', async () => {
    const lists = frozenListsOf(week, zones);
    stage.archive.put(lists);
    stage.setClock(publishTime(week, 'Pacific/Kiritimati') - hourMs);
    scheduler(lists);
    await until(async () => (await watching.orders.ofWeek(week)).length === 4);
    await emptyRedis();
    let due = 0;
    for (const [zone, count] of [
      ['Pacific/Kiritimati', 30],
      ['Asia/Jakarta', 30],
      ['Europe/Berlin', 12],
      ['Etc/GMT+12', 8],
    ] as const) {
      stage.setClock(publishTime(week, zone));
      due += count;
      await delivered(week, due);
      expect(await watching.playlists.collection.countDocuments()).toBe(due);
      for (const { storedAt } of await watching.playlists.collection.find({ zone }).toArray()) {
        expect(storedAt.getTime()).toBeLessThan(mondayStart(week, zone));
      }
    }
    await expectWhole();
  });

  test('again and again while lists are under way, all are delivered, none twice', async () => {
    const lists = frozenListsOf(week, zones);
    stage.archive.put(lists);
    scheduler(lists);
    for (const share of [0, 0.1, 0.3, 0.6, 0.9]) {
      await delivered(week, share * listeners);
      await emptyRedis();
    }
    await delivered(week, listeners);
    await expectWhole();
  });

  test('while the week is made, it is delivered all the same, and the next one is made', async () => {
    const lists = frozenListsOf(week, zones);
    const next = frozenListsOf(addWeeks(week, 1), zones);
    const run = scheduler({ ...lists, whileMade: emptyRedis }, next);
    await delivered(week, listeners);
    await expectWhole();
    // The batch of Saturday is gone with Redis.
    await emptyRedis();
    stage.setClock(tuesday + 7 * 24 * hourMs);
    await delivered(next.week, listeners);
    await expectWhole(next.week);
    expect(new Set(run.asked)).toEqual(new Set([week, next.week]));
  });
});

test('an order whose lists were made anew without its zone is closed, and its listener has the new list', async () => {
  const people = (zone: string, flavour: string) =>
    listsOfPeople(week, { ana: zone, ben: 'UTC' }, flavour);
  stage.archive.put(people('Asia/Jakarta', 'a'));
  await watching.place(people('Asia/Jakarta', 'a'));
  stage.archive.put(people('Europe/Berlin', 'b'));
  scheduler();
  await until(async () => (await watching.orders.open(tuesday)).length === 0);
  const stored = await watching.playlists.collection.find().sort({ _id: 1 }).toArray();
  expect(stored.map(({ user, zone, revision }) => [user, zone, revision])).toEqual([
    ['ana', 'Europe/Berlin', 2],
    ['ben', 'UTC', 2],
  ]);
});

test('two schedulers at once deliver everything once', async () => {
  const lists = frozenListsOf(week, zones);
  const [first, second] = [scheduler(lists), scheduler(lists)];
  await delivered(week, listeners);
  // Let both look once more.
  await until(async () => (await watching.orders.ofWeek(week)).every((o) => o.completedAt));
  await expectWhole();
  expect(new Set([...first.asked, ...second.asked])).toEqual(new Set([week]));
});

test.each([1, 2])(
  'a scheduler that is killed with a second one beside it leaves nothing out, and nothing double (seed %d)',
  async (seed) => {
    const random = xoroshiro128plus(seed);
    const upTo = (most: number) => uniformInt(random, 0, most);
    const { namespace } = stage.options.config;
    const task: SchedulerTask = {
      ...{ namespace, home: stage.options.config.home, week, zones, now: tuesday },
      servers: stage.options.servers as SchedulerTask['servers'],
      file: join(stage.options.config.home, 'lists'),
      makingMs: upTo(1) * 200,
    };
    const [first, second] = [child(task), child(task)];
    // Killed while it starts, makes, places or delivers.
    const stored = upTo(listeners - 1);
    await until(async () => (await watching.playlists.collection.countDocuments()) >= stored);
    await first.kill();
    const third = child(task);
    await delivered(week, Math.min(listeners, stored + upTo(20)));
    await second.kill();
    await delivered(week, listeners);
    stage.archive.put(frozenListsOf(week, zones));
    await until(async () => (await watching.orders.ofWeek(week)).every((o) => o.completedAt));
    await expectWhole();
    await third.kill();
  },
);

function child(task: SchedulerTask) {
  const script = join(import.meta.dirname, '../support/scheduler-child.ts');
  const args = ['--no-warnings', '--import', 'tsx', script, JSON.stringify(task)];
  const started = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const closed = once(started, 'close');
  const kill = async () => {
    started.kill('SIGKILL');
    await closed;
  };
  running.push(kill);
  return { kill };
}
