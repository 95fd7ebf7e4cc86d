import { expect, test } from '@jest/globals';
import { stateOf } from '../../pipelines/crawl/course.ts';
import type { SourceState } from '../../pipelines/crawl/ports.ts';
import type { CrawlSource } from '../../pipelines/crawl/sources-file.ts';
import type { AlertBook, KeptAlert } from '../../pipelines/delivery/watch.ts';
import { sourceStatuses, type KnownSources } from '../../pipelines/sources/status.ts';
import { watchSources, type SourceAlert } from '../../pipelines/sources/watch.ts';
import { duration, sourceLines } from '../../workers/commands/sources-text.ts';

const hourMs = 3_600_000;
const now = Date.UTC(2026, 10, 16, 12);
const source: CrawlSource = {
  ...{ name: 'pitch', url: 'https://news.example/feed', kind: 'feed', everyMinutes: 60 },
  ...{ depth: 1, maxArticles: 50, lyrics: false, staleAfterHours: 168 },
};

function known(change: Partial<KnownSources> = {}): KnownSources {
  return {
    lake: [
      { source: 'nowplaying', rows: 10, tables: { listens: 10 }, newest: now - 5 * hourMs },
      { source: 'log', rows: 3, tables: { articles: 3 }, newest: now - hourMs },
    ],
    ...{ logName: 'log', articles: new Map([['pitch', 3]]), lagError: null },
    ...{ lag: { entries: 0, seconds: 0 }, crawled: [], staleAfterHours: {} },
    ...change,
  };
}

const staleOf = (change: Partial<KnownSources>) =>
  sourceStatuses(known(change), now)
    .filter(({ isStale }) => isStale)
    .map(({ name }) => name);

test('every importer, the log and what is crawled have their freshness and counts', () => {
  const state = { ...stateOf(undefined, source), visitedAt: now, newestAt: now - 2 * hourMs };
  const statuses = sourceStatuses(known({ crawled: [{ source, state }] }), now);
  expect(
    statuses.map(({ kind, name, rows, ageSeconds }) => [kind, name, rows, ageSeconds]),
  ).toEqual([
    ['import', 'nowplaying', 10, 5 * 3600],
    ['log', 'log', 3, 3600],
    ['crawl', 'pitch', 3, 2 * 3600],
  ]);
  expect(statuses[2]).toMatchObject({ newest: '2026-11-16T10:00:00.000Z', staleAfterHours: 168 });
});

test('an importer is stale beyond its threshold, and never without one', () => {
  expect(staleOf({})).toEqual([]);
  expect(staleOf({ staleAfterHours: { nowplaying: 5 } })).toEqual([]);
  expect(staleOf({ staleAfterHours: { nowplaying: 4.9 } })).toEqual(['nowplaying']);
});

test('the log is stale when the lake is behind it, not when nobody listens', () => {
  expect(staleOf({ lag: { entries: 5, seconds: 900 } })).toEqual([]);
  expect(staleOf({ lag: { entries: 5, seconds: 901 } })).toEqual(['log']);
  expect(staleOf({ lag: { entries: 5, seconds: 901 }, staleAfterHours: { log: 1 } })).toEqual([]);
  const [, log] = sourceStatuses(known({ lag: null, lagError: 'no answer' }), now);
  expect(log).toMatchObject({ isStale: false, lastError: { reason: 'no answer', at: null } });
});

test.each<[string, Partial<SourceState>, boolean]>([
  ['was never visited', {}, false],
  ['brought nothing ever', { visitedAt: now }, true],
  ['brought something lately', { visitedAt: now, newestAt: now - 168 * hourMs }, false],
  ['brought nothing lately', { visitedAt: now, newestAt: now - 168 * hourMs - 1 }, true],
  ['is parked', { visitedAt: now, newestAt: now, parked: { at: now, reason: 'status 410' } }, true],
])('whether a source that %s is stale', (_, change, isStale) => {
  const state = { ...stateOf(undefined, source), ...change };
  expect(staleOf({ crawled: [{ source, state }] })).toEqual(isStale ? ['pitch'] : []);
});

/** Alerts as they are kept, in memory: the law is that of `openSourceAlerts`. */
function book(): AlertBook<SourceAlert> {
  const kept = new Map<string, KeptAlert<SourceAlert> & { told: boolean }>();
  const into = (state: KeptAlert['state'], alert: SourceAlert, at: number) => {
    const before = kept.get(alert.source);
    if ((before?.state ?? 'resolved') === state) return Promise.resolve(false);
    const times = (before?.times ?? 0) + (state === 'raised' ? 1 : 0);
    kept.set(alert.source, { alert, state, at, times, told: false });
    return Promise.resolve(true);
  };
  return {
    raise: (alert, at) => into('raised', alert, at),
    resolve: (alert, at) => into('resolved', alert, at),
    raised: () => Promise.resolve([...kept.values()].filter(({ state }) => state === 'raised')),
    untold: () => Promise.resolve([...kept.values()].filter(({ told }) => !told)),
    told: ({ alert }) => Promise.resolve(void (kept.get(alert.source)!.told = true)),
  };
}

test('a stale source is told once, again when it is fresh, and again when it is stale anew', async () => {
  const told: string[] = [];
  const logged: string[] = [];
  const watching = {
    alerts: book(),
    webhook: { send: ({ id }: { id: string }) => Promise.resolve(void told.push(id)) },
    clock: () => now,
    knowsCrawled: true,
    log: {
      info: (_: unknown, message: string) => void logged.push(message),
      warn: () => undefined,
      error: (_: unknown, message: string) => void logged.push(message),
    },
  };
  const look = (hours: number) =>
    watchSources(watching, sourceStatuses(known({ staleAfterHours: { nowplaying: hours } }), now));
  for (const hours of [1, 1, 9, 9, 1]) await look(hours);
  const [stale, fresh] = ['a source of data is stale', 'a source of data is stale no longer'];
  expect(logged).toEqual([stale, fresh, stale]);
  expect(told).toEqual([
    'source-raised-nowplaying_1',
    'source-resolved-nowplaying_1',
    'source-raised-nowplaying_2',
  ]);
  await watchSources(watching, []);
  expect(told.at(-1)).toBe('source-resolved-nowplaying_2');
});

test('a process without a file of sources leaves the alerts of what is crawled alone', async () => {
  const alerts = book();
  const parked = { at: now, reason: 'status 410' };
  const state = { ...stateOf(undefined, source), visitedAt: now, parked };
  const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const look = (knowsCrawled: boolean, change: Partial<KnownSources>) =>
    watchSources(
      { alerts, clock: () => now, log: silent, knowsCrawled },
      sourceStatuses(known(change), now),
    );
  const raised = async () => (await alerts.raised()).map(({ alert }) => alert.source).sort();
  await look(true, { crawled: [{ source, state }], staleAfterHours: { nowplaying: 1 } });
  expect(await raised()).toEqual(['nowplaying', 'pitch']);
  await look(false, {});
  expect(await raised()).toEqual(['pitch']);
  await look(true, {});
  expect(await raised()).toEqual([]);
});

test('the table marks what is stale and says why', () => {
  const parked = { at: now, reason: 'status 410' };
  const state = { ...stateOf(undefined, source), visitedAt: now, parked, lastError: parked };
  const lines = sourceLines(sourceStatuses(known({ crawled: [{ source, state }] }), now));
  expect(lines.filter((line) => line.startsWith('!'))).toEqual([
    expect.stringMatching(/^! {2}pitch +crawl/),
    '! 1 of 3 are stale',
  ]);
  expect(lines).toContain('  pitch: parked: status 410');
  expect([5, 600, 36_000, 864_000].map(duration)).toEqual(['5 s', '10 min', '10 h', '10 d']);
});
