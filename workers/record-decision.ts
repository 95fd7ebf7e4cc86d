import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeVersion } from '../infra/code-version.ts';
import { Mistake } from '../model/mistake.ts';
import { decodeRanker, rankerVersion } from '../model/ranker/encode.ts';
import { challengerFile } from '../pipelines/gate.ts';
import { gateReportFile, readGateReport, type GateReport } from '../pipelines/gate-report.ts';
import type { ModelRecord } from '../pipelines/models.ts';
import type { Clock } from '../pipelines/ports.ts';
import { rankerFile } from '../pipelines/ranker.ts';
import type { Registry } from '../pipelines/registry.ts';
import type { StoredArtifact } from '../pipelines/runner.ts';
import type { Source } from '../pipelines/step.ts';
import type { FrozenChampion, FrozenWeek } from '../pipelines/week-plan.ts';
import type { OpenRegistry } from './registry.ts';

/**
 * The champion that a week is frozen with, as the input of a graph; its file is in this home then.
 *
 * @throws Mistake `ARTIFACT_CORRUPT` where the model or its file is gone
 */
export async function championFolder(
  { registry, folder }: OpenRegistry,
  lake: string,
  week: string,
  { version }: FrozenChampion,
): Promise<Source> {
  const known = (await registry.models(lake)).find((model) => model.version === version);
  if (known === undefined) {
    throw new Mistake(
      'ARTIFACT_CORRUPT',
      `week ${week}: expected the champion that it is frozen with, ${version}, got none in the registry; --recompute freezes it anew`,
    );
  }
  await registry.file(known);
  return { fingerprint: version, folder: join(folder, version), tables: [] };
}

interface Decided {
  readonly lake: string;
  readonly frozen: FrozenWeek;
  /** The artifact of the stage `gate`, and what it was run with. */
  readonly gate: StoredArtifact;
  readonly options: object;
  readonly clock: Clock;
}

/**
 * Registers the challenger of a week, and the prior where it makes the lists, and records who is
 * champion. Doing it again changes nothing, so a run that was killed before it is made good by the
 * next.
 */
export async function recordDecision(
  registry: Registry,
  { lake, frozen, gate, options, clock }: Decided,
): Promise<{ gate: GateReport; isPromoted: boolean }> {
  const report = await readGateReport(join(gate.folder, gateReportFile));
  const common = {
    format: 1 as const,
    lake,
    week: frozen.week,
    revision: frozen.revision,
    parent: report.champion,
    dataCutoff: frozen.cutoff,
    learnedUntil: report.learnedUntil,
    seed: frozen.options.seed,
    code: await codeVersion(),
    createdAt: new Date(clock()).toISOString(),
  };
  const register = async (file: string, rest: Pick<ModelRecord, 'metrics' | 'gate'>) => {
    const bytes = await readFile(join(gate.folder, file));
    const ranker = decodeRanker(bytes, join(gate.folder, file));
    const record: ModelRecord = {
      ...common,
      ...rest,
      version: rankerVersion(bytes),
      options: { ranker: ranker.options, week: frozen.options, gate: options },
      features: [...ranker.featureNames],
      file: {
        name: rankerFile,
        bytes: bytes.length,
        sha256: createHash('sha256').update(bytes).digest('hex'),
      },
    };
    // As JSON: what is undefined is not there, in every store.
    await registry.register(JSON.parse(JSON.stringify(record)) as ModelRecord, bytes);
  };
  await register(challengerFile, { metrics: metricsOf(report), gate: report });
  if (report.lists !== report.challenger && report.lists !== report.champion) {
    await register(rankerFile, { metrics: { 'ndcg@30': report.ndcg['prior'] ?? 0 }, gate: null });
  }
  const isPromoted =
    report.promoted &&
    (await registry.promotedByGate(lake, report.challenger, {
      week: frozen.week,
      revision: frozen.revision,
      instead: report.champion,
      why: report.reasons.join('; '),
    }));
  return { gate: report, isPromoted };
}

/** `ndcg@30` on the holdout, of the model and of what it was compared with, and the interval. */
function metricsOf({ ndcg, difference, holdout, training }: GateReport): ModelRecord['metrics'] {
  const { challenger, ...others } = ndcg;
  return {
    'ndcg@30': challenger ?? 0,
    ...Object.fromEntries(
      Object.entries(others).map(([name, value]) => [`ndcg@30/${name}`, value]),
    ),
    difference: difference.mean,
    'difference/low': difference.low,
    'difference/high': difference.high,
    listeners: holdout.listeners,
    ...Object.fromEntries(
      Object.entries(training).map(([name, value]) => [`training/${name}`, value]),
    ),
  };
}
