import { mkdir } from 'node:fs/promises';
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { openDuckdb } from '../../infra/duckdb.ts';
import type { InputTable } from '../../pipelines/step.ts';
import { createViews, saveParquet } from '../../pipelines/views.ts';
import type { EarlierMade, Stage, StageContext } from '../../pipelines/stage.ts';

/** What a stage reported. */
export interface StageOutcome {
  rowsIn: number;
  rowsOut: number;
  dropped: Record<string, number>;
  figures: Record<string, number | string>;
}

/**
 * Runs one stage by itself, as the runner would.
 *
 * @param inputs - name -> a folder whose Parquet files become views, or the tables themselves
 */
export async function runStage<Options extends object>(
  stage: Stage<Options>,
  run: {
    inputs: Record<string, string | readonly InputTable[]>;
    options?: unknown;
    output: string;
    threads?: number;
    earlier?: readonly EarlierMade[];
  },
): Promise<StageOutcome> {
  await mkdir(run.output, { recursive: true });
  const sql = await openDuckdb({ threads: run.threads ?? 2 });
  const outcome: StageOutcome = { rowsIn: 0, rowsOut: 0, dropped: {}, figures: {} };
  try {
    await createViews(
      sql,
      Object.fromEntries(
        Object.entries(run.inputs).map(([name, input]) => [
          name,
          { tables: typeof input === 'string' ? parquetTables(input) : input },
        ]),
      ),
    );
    const context: StageContext<Options> = {
      options: stage.options.parse(run.options ?? {}),
      fingerprint: 'f'.repeat(16),
      sql,
      inputNames: Object.keys(run.inputs).sort(),
      input: (name) => {
        const input = run.inputs[name];
        if (typeof input !== 'string') throw new Error(`input ${name} is not a folder`);
        return input;
      },
      output: run.output,
      save: (file, relation) => saveParquet(sql, join(run.output, `${file}.parquet`), relation),
      report: {
        rowsIn: (count) => (outcome.rowsIn += count),
        rowsOut: (count) => (outcome.rowsOut += count),
        dropped: (reason, count) => {
          if (count > 0) outcome.dropped[reason] = (outcome.dropped[reason] ?? 0) + count;
        },
        figure: (key, value) => (outcome.figures[key] = value),
        progress: () => undefined,
      },
      signal: new AbortController().signal,
      alone: () => Promise.resolve(true),
      ...(run.earlier === undefined ? {} : { earlier: run.earlier }),
    };
    await stage.run(context);
    return outcome;
  } finally {
    sql.dispose();
  }
}

export function parquetTables(folder: string): InputTable[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.parquet'))
    .map((file) => ({ name: basename(file, '.parquet'), file: join(folder, file) }));
}
