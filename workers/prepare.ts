import { weekBookFolder } from '../infra/list-archive.ts';
import type { Config } from '../infra/config.ts';
import { openLake } from '../infra/lake.ts';
import { openWeekBook } from '../infra/week-book.ts';
import { newDays } from '../pipelines/article-days.ts';
import type { LakeSnapshot } from '../pipelines/lake.ts';
import { Runner } from '../pipelines/runner.ts';
import { catalogueOf } from '../pipelines/spelling-parts.ts';
import type { Step } from '../pipelines/step.ts';
import { mainLake, openHome, type Home } from './home.ts';
import { lakeMadeBefore } from './made-before.ts';
import { tell } from './tell.ts';

export interface Prepared {
  /**
   * Parts of the lake whose spellings are kept, none where no log feeds it; and days of articles that
   * came since the newest week.
   */
  readonly parts: number;
  /** Of these, made now. */
  readonly made: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
}

/**
 * Brings up to date what Monday's catalogue is made from, and who is named in the articles since the
 * week before. What is there is left; a day that is over, or that something late has changed, costs
 * that day. The day that goes on is left for later. May be run at any time, beside all else, and be
 * killed.
 */
export async function prepare(config: Config, signal: AbortSignal): Promise<Prepared> {
  const started = performance.now();
  const before = process.cpuUsage();
  const home = openHome(config);
  const lake = await openLake(config.home).snapshot();
  const runner = new Runner({
    artifacts: home.artifacts,
    openSql: () => home.openSql(),
    clock: () => Date.now(),
    memoryMb: () => process.memoryUsage.rss() / 2 ** 20,
    // One at a time: nobody waits for it.
    concurrency: 1,
    signal,
    onFinish: (label, { reused, rowsIn, rowsOut }) => {
      if (!reused) tell(`  ${label}: ${rowsIn} -> ${rowsOut}`);
    },
  });
  const today = new Date(Date.now()).toISOString().slice(0, 10);
  const parts = [...spellingParts(lake, today), ...(await articleDays(config, home, lake, today))];
  let made = 0;
  for (const part of parts) if (!(await runner.make(part)).funnel.reused) made++;
  const { user, system } = process.cpuUsage(before);
  return {
    parts: parts.length,
    made,
    seconds: (performance.now() - started) / 1000,
    cpuSeconds: (user + system) / 1e6,
  };
}

function spellingParts(lake: LakeSnapshot, today: string): Step[] {
  return Object.entries(catalogueOf(lake).inputs).flatMap(([name, input]) =>
    'stage' in input && name !== `spellings-${today}` ? [input] : [],
  );
}

async function articleDays(
  config: Config,
  home: Home,
  lake: LakeSnapshot,
  today: string,
): Promise<Step[]> {
  const weeks = openWeekBook(weekBookFolder(config.home, mainLake));
  const before = await lakeMadeBefore(home, weeks);
  if (before === undefined || lake.tables.articles.length === 0) return [];
  const sql = await home.openSql();
  try {
    const days = await newDays(sql, before, lake);
    return [...days].flatMap(([day, part]) => (day < today ? [part] : []));
  } finally {
    sql.dispose();
  }
}
