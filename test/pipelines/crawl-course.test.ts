import { execFileSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import {
  failed,
  failuresToPark,
  moved,
  parkedMs,
  rests,
  stateOf,
  succeeded,
} from '../../pipelines/crawl/course.ts';
import { publishedAt } from '../../pipelines/crawl/published.ts';
import type { SourceState } from '../../pipelines/crawl/ports.ts';
import type { CrawlSource } from '../../pipelines/crawl/sources-file.ts';

const minute = 60_000;
const source: CrawlSource = {
  ...{ name: 'pitch', url: 'https://news.example/feed', kind: 'feed', everyMinutes: 60 },
  ...{ depth: 1, maxArticles: 50, lyrics: false, staleAfterHours: 168 },
};
const now = Date.UTC(2026, 10, 16);

test('a source that fails is tried after one, two, four hours and so on, then it is parked', () => {
  let state: SourceState = stateOf(undefined, source);
  const pauses: number[] = [];
  for (let n = 1; n <= failuresToPark; n++) {
    expect(state.parked).toBeNull();
    state = failed(state, source, now, `status ${n}`, false);
    pauses.push((state.dueAt - now) / (60 * minute));
  }
  expect(pauses).toEqual([1, 2, 4, 8, 16, 24, 24, parkedMs / (60 * minute)]);
  expect(state).toMatchObject({
    parked: { at: now, reason: 'status 8' },
    lastError: { at: now, reason: 'status 8' },
  });
  expect(failed(state, source, now + 1, 'status 9', false).parked).toEqual({
    at: now,
    reason: 'status 9',
  });
  const again = succeeded(state, source, now);
  expect(again).toMatchObject({ parked: null, failures: 0, dueAt: now + 60 * minute });
  expect(again.lastError).not.toBeNull();
});

test('a source that is gone is parked at once', () => {
  const state = failed(stateOf(undefined, source), source, now, 'status 410', true);
  expect(state).toMatchObject({ failures: 1, parked: { at: now, reason: 'status 410' } });
});

test('a host that asks for a rest has it, and that is no failure', () => {
  const state = rests(stateOf(undefined, source), now + 5 * minute, now, 'status 429');
  expect(state).toMatchObject({ failures: 0, parked: null, dueAt: now + 5 * minute });
});

test('a source that moved keeps its new address until the file names another', () => {
  const known = moved(
    { ...stateOf(undefined, source), etag: '"1"', newestAt: now },
    'https://other.example/feed',
  );
  expect(known).toMatchObject({ url: 'https://other.example/feed', etag: null });
  expect(stateOf(known, source)).toBe(known);
  const renamed = { ...source, url: 'https://third.example/feed' };
  expect(stateOf(known, renamed)).toMatchObject({ url: renamed.url, dueAt: 0, newestAt: now });
});

test.each<[string | null, string]>([
  ['Mon, 09 Nov 2026 08:00:00 GMT', '2026-11-09T08:00:00.000Z'],
  ['Mon, 09 Nov 2026 08:00:00 +0200', '2026-11-09T06:00:00.000Z'],
  ['2026-11-09T08:00:00+01:00', '2026-11-09T07:00:00.000Z'],
  ['2026-11-09T08:00:00', '2026-11-09T08:00:00.000Z'],
  ['2026-11-09 08:00', '2026-11-09T08:00:00.000Z'],
  ['2026-11-09', '2026-11-09T00:00:00.000Z'],
  ['2031-01-01T00:00:00Z', '2026-11-16T00:00:00.000Z'],
  ['1970-01-01T00:00:00Z', '2026-11-16T00:00:00.000Z'],
  ['yesterday', '2026-11-16T00:00:00.000Z'],
  ['', '2026-11-16T00:00:00.000Z'],
  [null, '2026-11-16T00:00:00.000Z'],
])('what is dated %p was published at %s', (date, published) => {
  expect(publishedAt([date], now)).toBe(published);
});

test('dates without a zone are taken as UTC wherever the crawler runs', () => {
  const dates = ['Nov 12, 2026 10:00 AM', '11-12-2026', '12-Nov-2026', '2026-11-12 10:00:00'];
  const said = `
    import { publishedAt } from './pipelines/crawl/published.ts';
    const dates = ${JSON.stringify(dates)};
    console.log(JSON.stringify(dates.map((date) => publishedAt([date], ${now}))));`;
  const answer = execFileSync(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', said],
    { env: { ...process.env, TZ: 'Asia/Jakarta' }, encoding: 'utf8' },
  );
  const [ten, midnight] = ['2026-11-12T10:00:00.000Z', '2026-11-12T00:00:00.000Z'];
  expect(JSON.parse(answer)).toEqual([ten, midnight, midnight, ten]);
});

test('the next date counts where the first is none', () => {
  expect(publishedAt(['soon', '2026-11-01T00:00:00Z'], now)).toBe('2026-11-01T00:00:00.000Z');
});
