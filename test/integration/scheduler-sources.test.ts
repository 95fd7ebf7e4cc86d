import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { readConfig } from '../../infra/config.ts';
import { importFolder } from '../../infra/import-folder.ts';
import { openMetrics } from '../../infra/metrics.ts';
import { openSourceAlerts } from '../../infra/mongo/alerts.ts';
import { signedHeaders } from '../../infra/webhook/signature.ts';
import { openDelivery, type Delivery } from '../../workers/delivery.ts';
import { runScheduler } from '../../workers/scheduler.ts';
import { archiveOf, frozenListsOf } from '../support/frozen-lists.ts';
import { sharedServers, silentLog } from '../support/servers.ts';
import { temporaryFolder, writeSources } from '../support/sources.ts';

jest.setTimeout(600_000);

const week = '2014-W36';
const now = Date.parse('2014-09-02T12:00:00Z');
const lists = frozenListsOf(week, {});
const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;

let servers: Awaited<ReturnType<typeof sharedServers>>;
let home: ReturnType<typeof temporaryFolder>;
let delivery: Delivery;
let base: Parameters<typeof openDelivery>[0];

beforeEach(async () => {
  servers = await sharedServers();
  home = temporaryFolder();
  const namespace = `t${randomUUID().slice(0, 8)}`;
  base = {
    ...{ servers, log: silentLog, clock: () => now, archive: archiveOf(lists) },
    config: {
      ...readConfig({ home: home.path }, {}),
      namespace,
      staleAfterHours: { 'plain-sources': 24 },
    },
  };
  delivery = await openDelivery(base);
}, 600_000);

afterEach(async () => {
  await delivery.remove();
  await delivery.dispose();
  home.remove();
});

/** A listen at each of these times comes into the lake. */
async function bring(...times: string[]): Promise<void> {
  const folder = await writeSources(join(home.path, 'sources'), {
    'listens.csv': [
      'listened_at,listener,zone,language,artist,title',
      ...times.map((time, n) => `${time},u1,Europe/Berlin,de,Low,Song ${n}`),
    ],
  });
  await importFolder(folder, home.path);
}

async function client() {
  const got: { type: string; id: unknown; data: Record<string, unknown> }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      const { headers } = request;
      const id = String(headers['webhook-id']);
      const at = Number(headers['webhook-timestamp']) * 1000;
      const isOurs =
        headers['webhook-signature'] === signedHeaders(id, body, secret, at)['webhook-signature'];
      if (isOurs) got.push({ id, ...(JSON.parse(body) as Omit<(typeof got)[number], 'id'>) });
      response.writeHead(isOurs ? 204 : 401).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { got, url: `http://127.0.0.1:${port}/`, close: () => server.close() };
}

test('schedulers tell once that a source of data is stale, and when it is so no longer', async () => {
  await bring('2014-08-30T08:00:00Z');
  const hook = await client();
  const lines: [level: string, source: unknown, message: string][] = [];
  const note = (level: string) => (fields: Record<string, unknown>, message: string) => {
    if (message.startsWith('a source of data')) lines.push([level, fields['source'], message]);
  };
  const log = { info: note('info'), warn: note('warn'), error: note('error') };
  const metrics = openMetrics();
  const stop = new AbortController();
  const config = { ...base.config, webhook: { url: hook.url, secret } };
  const options = {
    ...base,
    ...{ config, log, sweepEveryMs: 60_000, watchEveryMs: 100 },
    runWeek: () => Promise.resolve(lists),
  };
  // Two of them look; the metrics are of one.
  const running = [
    runScheduler({ ...options, metrics }, stop.signal),
    runScheduler(options, stop.signal),
  ];
  const until = async (what: () => boolean | Promise<boolean>) => {
    while (!(await what())) await Promise.race([pause(50), ...running]);
  };
  const staleIs = async (value: number) =>
    (await metrics.registry.metrics()).includes(
      `mondaymix_source_stale{source="plain-sources",kind="import"} ${value}`,
    );
  try {
    await until(() => hook.got.length > 0);
    await until(() => staleIs(1));
    expect(hook.got[0]).toMatchObject({
      ...{ type: 'source.raised', id: 'source-raised-plain-sources_1' },
      data: { source: 'plain-sources', newest: '2014-08-30T08:00:00.000Z', staleAfterHours: 24 },
    });
    await bring('2014-08-30T08:00:00Z', '2014-09-02T08:00:00Z');
    await until(() => hook.got.length > 1);
    await until(() => staleIs(0));
  } finally {
    stop.abort();
    await Promise.all(running);
    hook.close();
  }
  expect(hook.got.map(({ id }) => id)).toEqual([
    'source-raised-plain-sources_1',
    'source-resolved-plain-sources_1',
  ]);
  expect(lines).toEqual([
    ['error', 'plain-sources', 'a source of data is stale'],
    ['info', 'plain-sources', 'a source of data is stale no longer'],
  ]);
  expect(await openSourceAlerts(delivery.db).raised()).toEqual([]);
});
