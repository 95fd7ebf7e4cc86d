import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, jest, test } from '@jest/globals';
import getPort from 'get-port';
import { openSourceAlerts } from '../../infra/mongo/alerts.ts';
import { openMetrics } from '../../infra/metrics.ts';
import { openRedis, removeKeys } from '../../infra/redis.ts';
import type { SourceStatus } from '../../pipelines/sources/status.ts';
import { runCrawl, type CrawlReport } from '../../workers/crawl.ts';
import { openCommandLine, type Finished } from '../support/command-line.ts';
import { hourMs, openCrawlStage } from '../support/crawl-stage.ts';
import { writeSources } from '../support/sources.ts';
import { gives, openNewsroom, pageOf, prose, rssOf, type Newsroom } from '../support/newsroom.ts';

jest.setTimeout(600_000);

function publish(room: Newsroom): object {
  for (const n of [1, 2, 3]) room.on(`/${n}`, gives('text/html', pageOf(`Record ${n}`, prose(n))));
  room.on('/feed', gives('application/rss+xml', rssOf(['/1', '/2', '/3'])));
  room.on('/gone', (response) => void response.writeHead(410).end());
  return {
    sources: [
      { name: 'news', url: `${room.url}/feed` },
      { name: 'gone', url: `${room.url}/gone` },
    ],
    privateHosts: [room.host],
    delaySeconds: 0,
  };
}

/** What Prometheus reads, once it says this. */
async function metricsOf(port: string, until: RegExp, ended: Promise<Finished>): Promise<string> {
  let isOver = false;
  void ended.then(() => (isOver = true));
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => undefined);
    const text = (await answer?.text()) ?? '';
    if (until.test(text)) return text;
    if (isOver) throw new Error(`it ended: ${(await ended).errors}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

test('what is crawled comes through the log into the lake once, and sources shows it', async () => {
  const room = await openNewsroom();
  const commands = await openCommandLine();
  const file = join(commands.home, 'crawl.json');
  writeFileSync(file, JSON.stringify(publish(room)));
  process.env['CRAWL_SOURCES'] = file;
  process.env['CRAWL_CONTACT'] = 'mailto:crawler@service.example';
  process.env['STALE_AFTER_HOURS'] = '{"plain-sources":24}';
  const line = await openCommandLine(commands.home);
  try {
    const folder = await writeSources(join(commands.home, 'sources'), {
      'listens.csv': [
        'listened_at,listener,zone,language,artist,title',
        '2026-01-05T08:00:00Z,u1,Europe/Berlin,de,Low,Lullaby',
        '2026-01-04T08:00:00Z,u1,Europe/Berlin,de,Low,Words',
      ],
    });
    await line.run('import', folder);
    expect(await line.json<CrawlReport>('crawl', '--once')).toMatchObject({
      ...{ sources: 2, articles: 3, failures: 1, parked: 1 },
    });
    const before = await line.json<{ sources: SourceStatus[] }>('sources');
    expect(before.sources.find(({ kind }) => kind === 'log')!.lag!.entries).toBeGreaterThan(0);
    expect(await line.json('ingest', '--once')).toMatchObject({ added: 3 });
    expect(await line.json<CrawlReport>('crawl', '--once')).toMatchObject({ articles: 0 });
    const { sources, stale } = await line.json<{ sources: SourceStatus[]; stale: number }>(
      'sources',
    );
    expect(stale).toBe(2);
    expect(sources).toMatchObject([
      { kind: 'import', rows: 2, newest: '2026-01-05T08:00:00.000Z', isStale: true },
      {
        kind: 'log',
        rows: 3,
        counts: { articles: 3 },
        lag: { entries: 0, seconds: 0 },
        isStale: false,
      },
      { name: 'gone', rows: 0, parked: 'status 410', isStale: true },
      { name: 'news', rows: 3, counts: { articles: 3, failures: 0 }, isStale: false },
    ]);
    const { output } = await line.run('sources');
    expect(output).toMatch(/^! {2}gone +crawl/m);
    expect(output).toContain('! 2 of 4 are stale');
    for (const command of ['crawl', 'ingest']) {
      const port = String(await getPort());
      const running = line.start([command, '--metrics', port]);
      const shown = await metricsOf(port, /^mondaymix_log_lag_entries 0$/m, running.ended);
      expect(shown).toMatch(/^mondaymix_source_rows\{source="news",kind="crawl"\} 3$/m);
      expect(shown).toMatch(/^mondaymix_source_stale\{source="gone",kind="crawl"\} 1$/m);
      process.kill(running.pid, 'SIGTERM');
      expect(await running.ended).toMatchObject({ code: 0 });
    }
  } finally {
    delete process.env['CRAWL_SOURCES'];
    delete process.env['CRAWL_CONTACT'];
    delete process.env['STALE_AFTER_HOURS'];
    await room.close();
    await line.dispose();
    await commands.dispose();
  }
});

test('a crawler that runs visits by its schedule, raises alerts, shows metrics, and stops', async () => {
  const [room, stage] = await Promise.all([openNewsroom(), openCrawlStage()]);
  const redis = await openRedis(stage.servers.redisUrl);
  const path = join(stage.config.home, `${stage.config.namespace}.json`);
  const content = publish(room);
  writeFileSync(path, JSON.stringify(content));
  const metrics = openMetrics();
  const config = { ...stage.config, crawl: { ...stage.config.crawl!, sources: path } };
  const stop = new AbortController();
  const alerts = openSourceAlerts(stage.mongo.db);
  try {
    const options = { ...stage.options(content, { config }), metrics };
    const running = runCrawl({ ...options, watchEveryMs: 200, sweepEveryMs: 200 }, stop.signal);
    for (;;) {
      const raised = (await alerts.raised()).map(({ alert }) => alert.source);
      if (stage.taken.length >= 3 && raised.includes('gone')) break;
      await Promise.race([running, new Promise((resolve) => setTimeout(resolve, 100))]);
    }
    // Redis is emptied: what matters is elsewhere.
    await removeKeys(redis.client, config.namespace);
    room.on('/4', gives('text/html', pageOf('Record 4', prose(4))));
    room.on('/feed', gives('application/rss+xml', rssOf(['/4', '/3'])));
    stage.pass(2 * hourMs);
    while (stage.taken.length < 4) {
      await Promise.race([running, new Promise((resolve) => setTimeout(resolve, 100))]);
    }
    const shown = await metrics.registry.metrics();
    expect(shown).toMatch(/mondaymix_source_stale\{source="gone",kind="crawl"\} 1/);
    expect(shown).toMatch(/mondaymix_source_parked\{source="gone",kind="crawl"\} 1/);
    stop.abort(new Error('enough'));
    await running;
    expect(stage.taken.map(({ url }) => url).sort()).toEqual(
      [1, 2, 3, 4].map((n) => `${room.url}/${n}`),
    );
  } finally {
    stop.abort();
    await removeKeys(redis.client, config.namespace);
    await Promise.all([redis.dispose(), room.close(), stage.dispose()]);
  }
});
