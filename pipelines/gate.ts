import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { assemblyOptions } from '../model/assembly/candidates.ts';
import { featureNames } from '../model/candidates/features.ts';
import { candidateOptions } from '../model/candidates/generate.ts';
import { byPopularity } from '../model/gate/baseline.ts';
import { decide, gateOptions } from '../model/gate/decide.ts';
import { checkGuardrails } from '../model/gate/guardrails.ts';
import { ndcgOf, ndcgOfRandom, type Holdout } from '../model/gate/judge.ts';
import { meanOf, orNull } from '../model/metrics.ts';
import { Mistake } from '../model/mistake.ts';
import { alignFeatures } from '../model/ranker/align.ts';
import { decodeRanker, rankerVersion } from '../model/ranker/encode.ts';
import type { Tensorflow } from '../model/ranker/network.ts';
import type { Ranker } from '../model/ranker/ranker.ts';
import { gateReportFile, type GateReport } from './gate-report.ts';
import { readDelivered } from './make-lists.ts';
import { priorFile, rankerFile, training, trainingFile } from './ranker.ts';
import { readExamples } from './read-examples.ts';
import type { Stage, StageContext } from './stage.ts';
import { openTrial } from './trial.ts';
import { readWorld } from './world.ts';

export const gateStageOptions = z.object({
  week: z.string(),
  /** The cut-off of the snapshot (ISO 8601, UTC): of the lists of the trial. */
  cutoff: z.iso.datetime(),
  /** Version of the champion, the input `champion`; null where there is none. */
  champion: z.string().nullable(),
  /** Versions that are not let through: they were rolled back. */
  rolledBack: z.array(z.string()).default([]),
  /** Inputs `previous-0` .. with the lists of weeks before, the latest first. */
  previousWeeks: z.int().min(0),
  gate: gateOptions.prefault({}),
  /** Listeners of the trial, 1 or more. Default 1,000. */
  trial: z.int().positive().default(1000),
  candidates: candidateOptions.prefault({}),
  assembly: assemblyOptions.prefault({}),
});
export type GateStageOptions = z.infer<typeof gateStageOptions>;

/** The file of the artifact that holds the challenger. */
export const challengerFile = 'challenger.mmrk';

interface Contestant {
  readonly version: string;
  readonly ranker: Ranker;
}

interface Model extends Contestant {
  readonly bytes: Uint8Array;
}

/**
 * Compares the challenger, the input `ranker`, with the champion on cut-offs that neither has
 * learned from, and chooses which of them makes the week's lists. Both are given the same
 * candidates, so a listener with none that was played tells nothing and is left out.
 *
 * Without a champion the challenger must beat popularity, and a random order where that is better;
 * where it does not, the prior makes the lists, for there must be some, and nobody is champion.
 *
 * Writes the chosen model as `ranker.mmrk`, `challenger.mmrk`, `gate.json` and `holdout.parquet`
 * (cutoff, listener, a number that tells them apart, challenger, rival: NDCG@30).
 */
export function gateStage(loadTensorflow: () => Promise<Tensorflow>): Stage<GateStageOptions> {
  return {
    name: 'gate',
    version: 3,
    options: gateStageOptions,
    async run(context) {
      const { options, sql, input, output, report, signal } = context;
      const tf = await loadTensorflow();
      const challenger = await readModel(join(input('ranker'), rankerFile));
      const prior = await readModel(join(input('ranker'), priorFile));
      const said = training.parse(
        JSON.parse(await readFile(join(input('ranker'), trainingFile), 'utf8')),
      );
      const first = said.learned.length;
      const holdout = await readExamples(sql, input, first, first + said.heldOut.length);
      report.rowsIn(holdout.labels.length);
      const world = await readWorld(sql, { factors: input('factors') }, options.cutoff);
      await readDelivered({ sql, options });
      const trial = await openTrial({
        ...options,
        sql,
        world,
        tf,
        most: options.trial,
        hasLast: options.previousWeeks > 0,
        signal,
      });

      const judge = ({ ranker, version }: Contestant) => ndcgOf(tf, ranker, holdout, version);
      const popularity = {
        version: 'popularity',
        ranker: byPopularity(prior.ranker),
      };
      const byModel: Record<string, Float64Array> = {
        challenger: judge(challenger),
        prior: judge(prior),
        popularity: judge(popularity),
        random: ndcgOfRandom(holdout),
      };
      const notes: string[] = [];
      const champion = await championOf(context, notes);
      if (champion !== undefined) byModel['champion'] = judge(champion);
      const rival =
        champion !== undefined
          ? 'champion'
          : meanOf(byModel['random']!) > meanOf(byModel['popularity']!)
            ? 'random'
            : 'popularity';
      const rivalNdcg = byModel[rival]!;
      const isChampion = champion?.version === challenger.version;
      const reference = champion ?? popularity;
      const guardrails = isChampion
        ? []
        : checkGuardrails(
            await trial.figuresOf(reference.ranker, reference.version),
            await trial.figuresOf(challenger.ranker, challenger.version),
            options.gate.limits,
          );
      const { promote, reasons, difference } = decide(
        {
          rival: champion === undefined ? rival : `champion ${champion.version}`,
          rivalNdcg,
          challengerNdcg: byModel['challenger']!,
          listeners: holdout.listeners,
          guardrails,
        },
        options.gate,
      );
      const isRolledBack = options.rolledBack.includes(challenger.version);
      const promoted = promote && !isChampion && !isRolledBack;
      const verdict = isChampion
        ? ['the challenger is the champion']
        : isRolledBack
          ? ['the challenger was rolled back; only models promote brings it back']
          : reasons;
      const chosen = promoted ? challenger : (champion ?? prior);
      const found: GateReport = {
        format: 1,
        week: options.week,
        cutoff: options.cutoff,
        challenger: challenger.version,
        champion: options.champion,
        lists: chosen.version,
        promoted,
        reasons: [...notes, ...verdict],
        rival,
        learnedUntil: said.learnedUntil,
        holdout: {
          cutoffs: said.heldOut,
          listeners: new Set(holdout.listeners).size,
          groups: holdout.listeners.length,
        },
        ndcg: Object.fromEntries(
          Object.entries(byModel).map(([name, values]) => [name, meanOf(values) || 0]),
        ),
        difference,
        guardrails,
        trial: trial.listeners.length,
        training: { ...challenger.ranker.metrics, trainedOn: challenger.ranker.trainedOn },
      };
      await writeFile(join(output, rankerFile), chosen.bytes);
      await writeFile(join(output, challengerFile), challenger.bytes);
      await writeFile(join(output, gateReportFile), JSON.stringify(found, null, 1));
      await saveHoldout(context, holdout, (n) => said.heldOut[n - first]!, {
        challenger: byModel['challenger']!,
        rival: rivalNdcg,
      });
      tell(context, found);
    },
  };
}

async function readModel(path: string): Promise<Model> {
  const bytes = await readFile(path);
  return { bytes, version: rankerVersion(bytes), ranker: decodeRanker(bytes, path) };
}

/** Undefined where there is none, and where it cannot score what there is today: told as a note. */
async function championOf(
  { options, input }: StageContext<GateStageOptions>,
  notes: string[],
): Promise<Model | undefined> {
  if (options.champion === null) return undefined;
  try {
    const champion = await readModel(join(input('champion'), rankerFile));
    const none = { featureNames, features: new Float32Array(0) };
    alignFeatures(champion.ranker, none, champion.version);
    return champion;
  } catch (error) {
    if (!(error instanceof Mistake)) throw error;
    notes.push(`the champion cannot be used: ${error.message}`);
    return undefined;
  }
}

async function saveHoldout(
  { sql, save, report }: StageContext<GateStageOptions>,
  { listeners, cutoffs }: Holdout,
  cutoffOf: (n: number) => string,
  ndcg: { readonly challenger: Float64Array; readonly rival: Float64Array },
): Promise<void> {
  await sql.run(
    'CREATE TEMP TABLE holdout (cutoff VARCHAR, listener INTEGER, challenger DOUBLE, rival DOUBLE)',
  );
  const rows = Array.from(
    listeners,
    (listener, group) =>
      [
        cutoffOf(cutoffs![group]!),
        listener,
        orNull(ndcg.challenger[group]!),
        orNull(ndcg.rival[group]!),
      ] as const,
  );
  await sql.append('holdout', rows);
  await save('holdout', '(SELECT * FROM holdout ORDER BY cutoff, listener)');
  report.rowsOut(rows.length);
}

function tell({ report }: StageContext<GateStageOptions>, found: GateReport): void {
  const { challenger, champion, lists, promoted, reasons, holdout, ndcg, difference } = found;
  report.figure('model', lists);
  report.figure('challenger', challenger);
  report.figure('champion', champion ?? 'none');
  report.figure('promoted', promoted ? 1 : 0);
  report.figure('why', reasons.join('; '));
  report.figure('listeners', holdout.listeners);
  for (const [name, value] of Object.entries(ndcg)) report.figure(`ndcg@30/${name}`, value);
  report.figure('difference', difference.mean);
  report.figure('difference/low', difference.low);
  report.figure('difference/high', difference.high);
  for (const { name, challenger: value } of found.guardrails) report.figure(name, value);
}
