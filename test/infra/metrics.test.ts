import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { openMetrics } from '../../infra/metrics.ts';
import { serveMetrics, type MetricsServer } from '../../infra/metrics-server.ts';
import type { Ledger, LedgerEntry } from '../../pipelines/delivery/ports.ts';

const folder = join(import.meta.dirname, '../../infra/grafana');

/** Names of PromQL: words that are no function, keyword, label or string. */
function metricsOf(expression: string): string[] {
  const bare = expression.replaceAll(
    /"[^"]*"|\{[^}]*\}|\[[^\]]*\]|\b(by|without)\s*\([^)]*\)/g,
    ' ',
  );
  return [...bare.matchAll(/\b(?:mondaymix|process|nodejs)_\w+/g)].map(([name]) => name);
}

async function known(): Promise<Set<string>> {
  const metrics = await openMetrics().registry.getMetricsAsJSON();
  return new Set(
    metrics.flatMap(({ name, type }) =>
      String(type) === 'histogram' ? [`${name}_bucket`, `${name}_count`, `${name}_sum`] : [name],
    ),
  );
}

function expressions(): string[] {
  const dashboard = JSON.parse(readFileSync(join(folder, 'mondaymix.json'), 'utf8')) as {
    panels: { targets?: { expr: string }[] }[];
  };
  const rules = readFileSync(join(folder, 'alerts.yml'), 'utf8');
  return [
    ...dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
    ...[...rules.matchAll(/^\s*expr: (.+)$/gm)].map(([, expr]) => expr!),
  ];
}

test('every metric that the dashboard and the alerts name is one of ours, and each of ours is shown', async () => {
  const names = await known();
  const used = new Set(expressions().flatMap(metricsOf));
  expect([...used].filter((name) => !names.has(name))).toEqual([]);
  const shown = [...used].map((name) => name.replace(/_(bucket|count|sum)$/, ''));
  const ours = [...names]
    .filter((name) => name.startsWith('mondaymix_'))
    .map((name) => name.replace(/_(bucket|count|sum)$/, ''));
  expect([...new Set(ours)].filter((name) => !shown.includes(name))).toEqual([]);
});

test('every expression names a metric', () => {
  expect(expressions().filter((expression) => metricsOf(expression).length === 0)).toEqual([]);
});

describe('what is counted', () => {
  const entry: LedgerEntry = {
    ...{ order: 'o', batch: 0, week: '2014-W36', zone: 'Asia/Jakarta', state: 'delivered' },
    ...{ users: [], lists: 5, late: 2, at: 0 },
  };

  test('is what the ledger took, not what it refused', async () => {
    const metrics = openMetrics();
    let isAway = true;
    const ledger = {
      delivered: () => (isAway ? Promise.reject(new Error('away')) : Promise.resolve()),
      deliveredBatches: () => Promise.resolve([7]),
    } as unknown as Ledger;
    const counting = metrics.counting(ledger);
    await expect(counting.delivered(entry)).rejects.toThrow('away');
    isAway = false;
    await counting.delivered(entry);
    metrics.failed({ ...entry, zone: 'Europe/Berlin', lists: 3, late: 0, state: 'failed' });
    expect(await counting.deliveredBatches('o')).toEqual([7]);
    const text = await metrics.registry.metrics();
    expect(text).toContain('mondaymix_lists_delivered_total{zone="Asia/Jakarta"} 5\n');
    expect(text).toContain('mondaymix_lists_late_total{zone="Asia/Jakarta"} 2\n');
    expect(text).toContain('mondaymix_lists_failed_total{zone="Europe/Berlin"} 3\n');
  });

  test('of a server that does not answer is that it is down, and of its queues nothing', async () => {
    const metrics = openMetrics();
    metrics.probe({
      servers: {
        redis: () => Promise.resolve('PONG'),
        mongodb: () => new Promise(() => undefined),
        rabbitmq: () => Promise.reject(new Error('away')),
      },
      queues: () => Promise.reject(new Error('away')),
      patienceMs: 20,
    });
    const text = await metrics.registry.metrics();
    expect(text).toContain('mondaymix_server_up{server="redis"} 1\n');
    expect(text).toContain('mondaymix_server_up{server="mongodb"} 0\n');
    expect(text).toContain('mondaymix_server_up{server="rabbitmq"} 0\n');
    expect(text).toContain('mondaymix_queue_depth Nan\n');
  });

  test('of a zone is gone when its week is', async () => {
    const metrics = openMetrics();
    const counts = { listeners: 9, due: 9, delivered: 4, by00: 4, by06: 4, now: 4 };
    const zone = {
      ...{ ...counts, late: 0, failed: 1, missing: 4, zone: 'Asia/Jakarta', region: 'Asia' },
      ...{ revision: 1, backfill: false, order: 'o', publishAt: '', validFrom: '', why: [] },
    };
    const status = {
      week: '2014-W36',
      total: zone,
      regions: [],
      zones: [zone],
      why: [],
      notMade: {},
    };
    const forecast = { ...{ week: '2014-W36', zone: 'Asia/Jakarta', deadline: 5000 } };
    metrics.show({
      statuses: [status],
      forecasts: [
        { ...forecast, left: 4, failed: 1, predictedAt: Infinity, late: 4, misses: true },
      ],
      listsPerSecond: 2,
    });
    const labels = '{week="2014-W36",zone="Asia/Jakarta"}';
    const text = await metrics.registry.metrics();
    expect(text).toContain(`mondaymix_zone_missing${labels} 5\n`);
    expect(text).toContain(`mondaymix_zone_predicted_late_lists${labels} 5\n`);
    expect(text).toContain(`mondaymix_zone_predicted_lateness_seconds${labels} +Inf\n`);
    metrics.show({ statuses: [], forecasts: [], listsPerSecond: undefined });
    expect(await metrics.registry.metrics()).not.toContain('Asia/Jakarta');
  });
});

describe('metrics over HTTP', () => {
  let server: MetricsServer | undefined;
  afterEach(() => server?.dispose());

  test('are at /metrics alone, on the address that was given', async () => {
    server = await serveMetrics(openMetrics().registry, { host: '127.0.0.1', port: 0 });
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
    const answer = await fetch(server.url);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      200,
      'text/plain; version=0.0.4; charset=utf-8',
    ]);
    expect(await answer.text()).toContain('nodejs_eventloop_lag_seconds');
    expect((await fetch(new URL('/', server.url))).status).toBe(404);
    expect((await fetch(server.url, { method: 'POST' })).status).toBe(404);
  });

  test('on a port that is taken are a mistake that names it', async () => {
    server = await serveMetrics(openMetrics().registry, { host: '127.0.0.1', port: 0 });
    const port = Number(new URL(server.url).port);
    await expect(serveMetrics(openMetrics().registry, { host: '127.0.0.1', port })).rejects.toThrow(
      `expected to listen on port ${port} of 127.0.0.1`,
    );
  });
});
