import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, jest, test } from '@jest/globals';
import type { ArticleRow } from '../../pipelines/crawl/ports.ts';
import { lakeIdentity } from '../../pipelines/lake.ts';
import type { CrawlTask } from '../support/crawl-child.ts';
import { openCrawlStage } from '../support/crawl-stage.ts';
import { gives, openNewsroom, pageOf, prose, rssOf } from '../support/newsroom.ts';
import { temporaryFolder } from '../support/sources.ts';

jest.setTimeout(600_000);

const project = resolve(import.meta.dirname, '..', '..');
const numArticles = 24;

/** Runs until it ends, or until the log was given so many rows: then it is killed. */
async function run(task: CrawlTask, killAfter: number): Promise<{ ended: boolean }> {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', join(project, 'test/support/crawl-child.ts'), JSON.stringify(task)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let [taken, ended] = [0, false];
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line === 'done') ended = true;
    else if (++taken === killAfter) child.kill('SIGKILL');
  });
  await once(child, 'close');
  return { ended };
}

test('a crawler that is killed again and again loses no article and takes none twice', async () => {
  const [room, stage] = await Promise.all([openNewsroom(), openCrawlStage()]);
  const folder = temporaryFolder();
  const numbers = Array.from({ length: numArticles }, (_, n) => n + 1);
  for (const n of numbers) room.on(`/${n}`, gives('text/html', pageOf(`Record ${n}`, prose(n))));
  room.on(
    '/feed',
    gives('application/rss+xml', rssOf(numbers.map((n) => `/${n}`)), { etag: '"1"' }),
  );
  const rows = join(folder.path, 'rows.ndjson');
  writeFileSync(rows, '');
  const task: CrawlTask = {
    ...{ config: stage.config, servers: stage.servers, rows, confirmMs: 5 },
    file: {
      sources: [{ name: 'news', url: `${room.url}/feed` }],
      privateHosts: [room.host],
      delaySeconds: 0,
    },
  };
  let kills = 0;
  // The killed one dies between the row in the log and its confirm, where it hurts most.
  for (const killAfter of [1, 4, 7, Infinity]) {
    const { ended } = await run(task, killAfter);
    if (!ended) kills++;
  }
  expect(kills).toBe(3);
  const lines = readFileSync(rows, 'utf8').trimEnd().split('\n');
  const taken = lines.map((line) => JSON.parse(line) as ArticleRow);
  // What the lake takes as one: see `lakeIdentity`.
  expect(lakeIdentity.articles).toEqual(['article_id', 'fetched']);
  const inLake = new Map(taken.map((row) => [`${row.article_id} ${row.fetched}`, row]));
  const urls = [...inLake.values()].map(({ url }) => url);
  expect(urls.sort()).toEqual(numbers.map((n) => `${room.url}/${n}`).sort());
  // A row that came twice is the same to the byte, and there is at most one for each kill.
  expect(new Set(lines).size).toBe(numArticles);
  expect(lines.length - numArticles).toBeLessThanOrEqual(kills);
  await Promise.all([room.close(), stage.dispose()]);
  folder.remove();
});
