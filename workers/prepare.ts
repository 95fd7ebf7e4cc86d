import type { Config } from '../infra/config.ts';
import { openLake } from '../infra/lake.ts';
import { Runner } from '../pipelines/runner.ts';
import { catalogueOf } from '../pipelines/spelling-parts.ts';
import type { Step } from '../pipelines/step.ts';
import { openHome } from './home.ts';
import { tell } from './tell.ts';

export interface Prepared {
  /** Parts of the lake whose spellings are kept; none where no log feeds it. */
  readonly parts: number;
  /** Of these, made now. */
  readonly made: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
}

/**
 * Brings up to date what Monday's catalogue is made from. What is there is left; a day of listens
 * that has come since costs that day. May be run at any time, beside all else, and be killed.
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
  const parts = Object.values(catalogueOf(lake).inputs).filter(
    (input): input is Step => 'stage' in input,
  );
  for (const part of parts) await runner.make(part);
  const { user, system } = process.cpuUsage(before);
  return {
    parts: parts.length,
    made: runner.funnels.filter(({ funnel }) => !funnel.reused).length,
    seconds: (performance.now() - started) / 1000,
    cpuSeconds: (user + system) / 1e6,
  };
}
