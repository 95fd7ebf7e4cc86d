import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { readConfig } from '../../infra/config.ts';
import { openMetrics } from '../../infra/metrics.ts';
import { signedHeaders } from '../../infra/webhook/signature.ts';
import { mondayStart } from '../../model/week.ts';
import type { PlacedOrder } from '../../pipelines/delivery/ports.ts';
import { watchDeadlines, type Webhook } from '../../pipelines/delivery/watch.ts';
import { openDelivery, type Delivery } from '../../workers/delivery.ts';
import { runScheduler } from '../../workers/scheduler.ts';
import { archiveOf, frozenListsOf } from '../support/frozen-lists.ts';
import { sharedServers, silentLog } from '../support/servers.ts';

jest.setTimeout(600_000);

const week = '2014-W36';
const jakarta = 'Asia/Jakarta';
const hourMs = 3_600_000;
const minuteMs = 60_000;
const midnight = mondayStart(week, jakarta);

let servers: Awaited<ReturnType<typeof sharedServers>>;
let home: string;
let namespace: string;
let now: number;
let delivery: Delivery;

beforeAll(async () => {
  servers = await sharedServers();
}, 600_000);

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'deadline-'));
  namespace = `t${randomUUID().slice(0, 8)}`;
  delivery = await openDelivery(base());
});

afterEach(async () => {
  await delivery.remove();
  await delivery.dispose();
  await rm(home, { recursive: true });
});

/** Berlin's Monday begins five hours later. */
const lists = frozenListsOf(week, { [jakarta]: 7200, 'Europe/Berlin': 3600 });

function base() {
  return {
    ...{ servers, log: silentLog, clock: () => now, batchSize: 10, archive: archiveOf(lists) },
    config: { ...readConfig({ home }, {}), namespace },
  };
}

/** A worker that stores so many batches a minute, an order after the other, as the ledger sees it. */
function worker(orders: readonly PlacedOrder[]) {
  const next = new Map(orders.map(({ id }) => [id, 0]));
  return async (batches: number) => {
    for (const order of orders) {
      while (batches > 0 && order.publishAt < now && next.get(order.id)! < order.batches) {
        const batch = next.get(order.id)!;
        next.set(order.id, batch + 1);
        batches--;
        const late = now > Date.parse(order.validFrom) ? 10 : 0;
        const entry = {
          order: order.id,
          batch,
          week,
          zone: order.zone,
          users: [],
          lists: 10,
          late,
        };
        await delivery.ledger.delivered({ ...entry, state: 'delivered', at: now });
      }
    }
  };
}

test('a zone that a slow worker will miss is told hours before, once, and when the worker is fast again', async () => {
  const lines: [level: string, zone: unknown, message: string][] = [];
  const note = (level: string) => (fields: Record<string, unknown>, message: string) =>
    void lines.push([level, fields['zone'], message]);
  const log = { info: note('info'), warn: note('warn'), error: note('error') };
  const events: Parameters<Webhook['send']>[0][] = [];
  const webhook: Webhook = {
    send: (event) => {
      events.push(event);
      return Promise.resolve();
    },
  };
  now = midnight - 6 * hourMs;
  const orders = await delivery.place(lists);
  const work = worker(orders);
  const { alerts, ledger, orders: book } = delivery;
  const watching = { orders: book, ledger, archive: archiveOf(lists), clock: () => now, alerts };
  // A second scheduler looks as well.
  const look = () =>
    Promise.all([
      watchDeadlines({ ...watching, webhook, log }, [week]),
      watchDeadlines({ ...watching, webhook, log }, [week]),
    ]);
  const minutes = async (count: number, batches: number) => {
    for (let n = 0; n < count; n++) {
      now += minuteMs;
      await work(batches);
      await look();
    }
  };

  // Jakarta's 7,200 lists take twelve hours at ten a minute: there are six.
  now -= minuteMs / 2;
  await minutes(15, 1);
  expect(lines.filter(([, zone]) => zone === jakarta)).toEqual([
    ['error', jakarta, 'a zone will miss its Monday'],
  ]);
  const told = events.filter(({ data }) => data['zone'] === jakarta);
  expect(new Set(told.map(({ id }) => id))).toEqual(
    new Set([`deadline-raised-${week}_${jakarta}_1`]),
  );
  expect(told[0]).toMatchObject({ type: 'deadline.raised', data: { week, failed: 0 } });
  expect(told[0]!.at).toBeLessThan(midnight - 5 * hourMs);
  expect(Date.parse(String(told[0]!.data['predictedAt']))).toBeGreaterThan(midnight);
  expect(told[0]!.data['late']).toBeGreaterThan(0);

  await minutes(15, 20);
  expect(lines.filter(([, zone]) => zone === jakarta).map(([level]) => level)).toEqual([
    'error',
    'info',
  ]);
  expect(events.map(({ id }) => id)).toContain(`deadline-resolved-${week}_${jakarta}_1`);
  expect(await alerts.raised()).toEqual([]);
  await minutes(30, 20);
  // Berlin was in danger too while it was behind Jakarta in the queue.
  expect(lines.map(([level, zone]) => `${level} ${String(zone)}`).sort()).toEqual([
    'error Asia/Jakarta',
    'error Europe/Berlin',
    'info Asia/Jakarta',
    'info Europe/Berlin',
  ]);
  expect((await delivery.status(week)).zones[0]).toMatchObject({ by00: 7200, late: 0 });
});

test('an alert that the webhook did not take is told until it does', async () => {
  now = midnight + hourMs;
  const sent: string[] = [];
  let isAway = true;
  const webhook: Webhook = {
    send({ id }) {
      if (isAway) return Promise.reject(new Error('away'));
      sent.push(id);
      return Promise.resolve();
    },
  };
  const { alerts, ledger, orders } = delivery;
  const watching = { orders, ledger, archive: archiveOf(lists), clock: () => now, alerts, webhook };
  const look = () => watchDeadlines({ ...watching, log: silentLog }, [week]);
  await expect(look()).rejects.toThrow('away');
  isAway = false;
  await look();
  await look();
  expect(sent).toEqual([`deadline-raised-${week}_${jakarta}_1`]);
});

test('a scheduler that starts on Monday tells a signed webhook of who is late, and when they are not', async () => {
  const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
  const got: { type: string; zone: unknown; id: unknown }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      const { headers } = request;
      const id = String(headers['webhook-id']);
      const at = Number(headers['webhook-timestamp']) * 1000;
      const signed = signedHeaders(id, body, secret, at);
      const { type, data } = JSON.parse(body) as { type: string; data: { zone: unknown } };
      const isOurs = headers['webhook-signature'] === signed['webhook-signature'];
      if (isOurs && type.startsWith('deadline.')) got.push({ type, zone: data.zone, id });
      response.writeHead(isOurs ? 204 : 401).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

  now = midnight + hourMs;
  const few = frozenListsOf(week, { [jakarta]: 40 });
  const metrics = openMetrics();
  const controller = new AbortController();
  const finished = runScheduler(
    {
      ...base(),
      ...{ archive: archiveOf(few), metrics, sweepEveryMs: 100, watchEveryMs: 50 },
      config: { ...base().config, webhook: { url, secret } },
      runWeek: () => Promise.resolve(few),
    },
    controller.signal,
  );
  const expected = ['raised', 'resolved'].map((state) => ({
    ...{ type: `deadline.${state}`, zone: jakarta, id: `deadline-${state}-${week}_${jakarta}_1` },
  }));
  while (got.length < expected.length) await pause(50);
  const byType = [...got].sort((a, b) => (a.type < b.type ? -1 : 1));
  expect(byType).toEqual(expected);
  const text = await metrics.registry.metrics();
  const valueOf = (name: string) =>
    Number(new RegExp(`^${name}\\{[^}]*${jakarta}[^}]*\\} (.+)$`, 'm').exec(text)?.[1]);
  expect(valueOf('mondaymix_lists_delivered_total')).toBe(40);
  expect(valueOf('mondaymix_lists_late_total')).toBe(40);
  expect(valueOf('mondaymix_zone_missing')).toBe(0);
  expect(valueOf('mondaymix_zone_now')).toBe(40);
  for (const name of ['mongodb', 'redis', 'rabbitmq']) {
    expect(text).toContain(`mondaymix_server_up{server="${name}"} 1`);
  }
  expect(text).toMatch(/^mondaymix_publish_to_stored_seconds_count 4$/m);
  expect(text).toMatch(/^mondaymix_dead_letters 0$/m);
  expect(text).toMatch(/^mondaymix_queue_depth 0$/m);
  controller.abort();
  await finished;
  server.close();
});
