import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import type { Config } from '../infra/config.ts';
import { openWeek } from '../infra/opened-week.ts';
import { renderModelReport } from '../infra/report/model-report.ts';
import { loadKernels } from '../infra/kernels.ts';
import { loadTensorflow } from '../infra/tensorflow.ts';
import { Mistake } from '../model/mistake.ts';
import { judgeModel } from '../pipelines/judge-model.ts';
import type { ModelReport } from '../pipelines/model-report.ts';
import type { Clock } from '../pipelines/ports.ts';
import type { Registry } from '../pipelines/registry.ts';
import { mongodbAtHand, openRegistry } from './registry.ts';
import { tell } from './tell.ts';

export interface ReportRequest {
  /** May be the beginning of one. */
  readonly version: string;
  readonly lake: string | undefined;
  /** Default `report.html` beside the model's file. */
  readonly out: string | undefined;
}

/**
 * Judges a model on the holdout of the week that it was trained for, and writes its page.
 *
 * @throws Mistake `UNKNOWN_MODEL`; `UNKNOWN_WEEK` where this home has not made that week, or has
 *   made it anew since
 */
export async function reportModel(
  config: Config,
  { version, lake, out }: ReportRequest,
  clock: Clock,
): Promise<{ readonly file: string; readonly report: ModelReport }> {
  const { registry, folder, dispose } = await openRegistry(
    config,
    clock,
    await mongodbAtHand(config),
  );
  try {
    const model = await registry.find(version, lake);
    const week = await openWeek(config.home, { week: model.week, lake: model.lake });
    try {
      const { challenger, champion, lists } = week.gate;
      if (model.version !== challenger && model.version !== lists) {
        throw new Mistake(
          'UNKNOWN_WEEK',
          `model ${model.version}: expected ${model.week} as it was when the model was trained for its revision ${model.revision}, got one made anew, with ${challenger}`,
        );
      }
      const report = await judgeModel({
        ...week,
        model,
        bytes: await registry.file(model),
        champion: champion === null ? undefined : await fileAtHand(registry, champion, model.lake),
        tf: await loadTensorflow(),
        kernels: await loadKernels(),
      });
      const file = resolve(out ?? join(folder, model.version, 'report.html'));
      await mkdir(dirname(file), { recursive: true });
      await writeFileAtomic(file, renderModelReport(report));
      return { file, report };
    } finally {
      week.dispose();
    }
  } finally {
    await dispose();
  }
}

/** A model's file; undefined, and told, where it is gone: the report then does without it. */
async function fileAtHand(
  registry: Registry,
  version: string,
  lake: string,
): Promise<Uint8Array | undefined> {
  try {
    return await registry.file(await registry.find(version, lake));
  } catch (error) {
    if (!(error instanceof Mistake && error.code === 'ARTIFACT_CORRUPT')) throw error;
    tell(`the report does without the champion: ${error.message}`);
    return undefined;
  }
}
