import { resolve } from 'node:path';
import type { Config } from '../infra/config.ts';
import { importFolder } from '../infra/import-folder.ts';
import { openLake } from '../infra/lake.ts';
import { openSourceFolder } from '../infra/source-folder.ts';
import { catalogue } from '../pipelines/catalogue.ts';
import { addDays } from '../pipelines/evaluate/lake-before.ts';
import { answerPlaylists, type PlaylistsAnswer } from '../pipelines/evaluate/playlists.ts';
import { Runner } from '../pipelines/runner.ts';
import { step } from '../pipelines/step.ts';
import { createViews } from '../pipelines/views.ts';
import { lakeSource } from '../pipelines/week-plan.ts';
import { openHome } from './home.ts';
import { tell } from './tell.ts';

export interface PlaylistsRequest {
  readonly data: string;
  /** `2021-01-01` */
  readonly cutoff: string;
  /** Days after the cut-off that count; undefined: all. */
  readonly horizonDays: number | undefined;
  readonly seed: number;
}

export interface PlaylistsResult extends PlaylistsAnswer {
  readonly cutoff: string;
  readonly horizonDays: number | null;
  readonly seconds: number;
  readonly peakMemoryMb: number;
}

/** Which tracks did playlists gain after a cut-off, and who would have said so? */
export async function evaluatePlaylists(
  config: Config,
  { data, cutoff, horizonDays, seed }: PlaylistsRequest,
  signal: AbortSignal,
): Promise<PlaylistsResult> {
  const started = Date.now();
  const home = openHome(config);
  await openSourceFolder(data);
  await importFolder(resolve(data), config.home, {
    signal,
    progress: (done, total, source) => tell(`  imported ${source} (${done} of ${total})`),
  });
  const lake = await openLake(config.home).snapshot();
  const runner = new Runner({
    artifacts: home.artifacts,
    openSql: () => home.openSql(),
    clock: () => Date.now(),
    memoryMb: () => process.memoryUsage.rss() / 2 ** 20,
    signal,
    onFinish: (label, { reused, seconds: took }) => {
      if (!reused) tell(`  ${label} (${took.toFixed(1)} s)`);
    },
  });
  const made = await runner.make(step(catalogue, {}, { lake: lakeSource(lake) }));
  const sql = await home.openSql();
  try {
    await createViews(sql, { catalogue: made });
    const until = horizonDays === undefined ? null : addDays(cutoff, horizonDays);
    return {
      cutoff,
      horizonDays: horizonDays ?? null,
      ...(await answerPlaylists(sql, cutoff, until, seed)),
      seconds: (Date.now() - started) / 1000,
      peakMemoryMb: process.resourceUsage().maxRSS / 1024,
    };
  } finally {
    sql.dispose();
  }
}
