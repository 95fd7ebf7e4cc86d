import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { openArtifacts } from '../../infra/artifacts.ts';
import { openDuckdb } from '../../infra/duckdb.ts';
import { importFolder } from '../../infra/import-folder.ts';
import { openLake } from '../../infra/lake.ts';
import { mentionsHelp, mentionsOf, newDays } from '../../pipelines/article-days.ts';
import type { LakeSnapshot } from '../../pipelines/lake.ts';
import { Runner, type StoredArtifact } from '../../pipelines/runner.ts';
import { catalogueOf } from '../../pipelines/spelling-parts.ts';
import type { Step } from '../../pipelines/step.ts';
import { articleRows } from '../support/articles-lake.ts';
import { writeLog } from '../support/log-rows.ts';
import { articlesOf } from './prose.ts';

/**
 * What linking costs a week, with and without what was linked before: the real data, its text cut to
 * articles of 5,000 characters over eight weeks; the last week's articles and listens are new, so the
 * catalogue is another one.
 *
 *     node --no-warnings --import tsx test/bench/increments.ts --articles 4000
 *
 * In seconds of processor, so that other work on the machine does not show.
 */
const { values } = parseArgs({
  options: {
    articles: { type: 'string', default: '4000' },
    data: { type: 'string', default: '../shared/data' },
    home: { type: 'string', default: '.mondaymix/bench-increments' },
    json: { type: 'boolean', default: false },
  },
});
const weeks = 8;
/** Monday of the last week with listens. */
const monday = Date.UTC(2014, 7, 25);
const dayMs = 86_400_000;

const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10);

async function main(): Promise<void> {
  const home = resolve(values.home);
  await rm(home, { recursive: true, force: true });
  await importFolder(resolve(values.data), home);
  const first = monday - (weeks - 1) * 7 * dayMs;
  const bodies = articlesOf(values.data, Number(values.articles));
  const articles = bodies.map((body, n) => {
    const day = dayOf(first + Math.floor((n * weeks * 7) / bodies.length) * dayMs);
    return { id: `article-${n}`, body, published: `${day} 10:00:00` };
  });
  const isNew = ({ published }: { published: string }) => published >= dayOf(monday);
  await writeLog(home, 1, { articles: articleRows(articles.filter((one) => !isNew(one))) });
  const old = await openLake(home).snapshot();
  const before: LakeSnapshot = {
    id: `before-${old.id}`,
    tables: {
      ...old.tables,
      listens: old.tables.listens.filter(
        (file) => !isNew({ published: /day=([\d-]+)/.exec(file)![1]! }),
      ),
    },
  };
  await writeLog(home, 2, { articles: articleRows(articles.filter(isNew)) });
  const now = await openLake(home).snapshot();

  const sql = await openDuckdb({ threads: 2 });
  const figures: Record<string, number> = {};
  const make = async (what: string, goal: Step, artifacts = 'artifacts') => {
    const began = process.cpuUsage();
    const made = await new Runner({
      artifacts: openArtifacts(join(home, artifacts)),
      openSql: () => openDuckdb({ threads: 2, memoryMb: 1024, spillTo: join(home, 'spill') }),
      clock: () => performance.now(),
      memoryMb: () => 0,
      signal: new AbortController().signal,
    }).make(goal);
    const { user, system } = process.cpuUsage(began);
    figures[what] = (figures[what] ?? 0) + (user + system) / 1e6;
    const { documentsLinked = 0, documentsKept = 0 } = made.funnel.figures;
    process.stdout.write(
      `${what.padEnd(46)} ${((user + system) / 1e6).toFixed(1).padStart(7)} s` +
        `   ${documentsLinked} linked, ${documentsKept} kept\n`,
    );
    return made;
  };
  await make('catalogue before', catalogueOf(before));
  await make('mentions before', mentionsOf(before));
  await make('catalogue now', catalogueOf(now));
  const alone = await make('mentions now, from nothing', mentionsOf(now));
  const again = async (what: string) => {
    await rm(alone.folder, { recursive: true });
    return make(what, mentionsOf(now, await mentionsHelp(sql, before, now)));
  };
  const helped: StoredArtifact[] = [await again('mentions now, from the week before')];
  for (const part of (await newDays(sql, before, now)).values()) await make('days, prepared', part);
  helped.push(await again('mentions now, from the week before and days'));
  sql.dispose();
  const isSame = helped.every(({ content }) => content === alone.content);
  process.stdout.write(`the bytes are ${isSame ? 'the same' : 'NOT THE SAME'}\n`);
  if (!isSame) process.exitCode = 1;
  if (values.json)
    process.stdout.write(`${JSON.stringify({ articles: bodies.length, ...figures })}\n`);
}

main().catch((error: unknown) => {
  throw error;
});
