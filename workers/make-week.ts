import { join } from 'node:path';
import { withLock } from '../infra/lock.ts';
import { weekBookFolder } from '../infra/list-archive.ts';
import { openWeekBook, type WeekBook } from '../infra/week-book.ts';
import { loadKernels } from '../infra/kernels.ts';
import { openListMakers } from '../infra/list-makers.ts';
import { loadTensorflow } from '../infra/tensorflow.ts';
import { openThreads } from '../infra/threads.ts';
import { Mistake } from '../model/mistake.ts';
import { mentionsHelp } from '../pipelines/article-days.ts';
import { freezeWeek } from '../pipelines/freeze.ts';
import type { Lake } from '../pipelines/lake.ts';
import type { Clock, WorkQueue } from '../pipelines/ports.ts';
import { Runner, type StoredArtifact } from '../pipelines/runner.ts';
import type { Source, Step } from '../pipelines/step.ts';
import type { StageFunnel } from '../pipelines/stage.ts';
import { weekOptions, type FrozenWeek, type WeekOptions } from '../pipelines/week-plan.ts';
import { examplesMethod, examplesOf, weekGraph } from '../pipelines/weekly.ts';
import type { GateReport } from '../pipelines/gate-report.ts';
import type { Home } from './home.ts';
import { lakeMadeBefore } from './made-before.ts';
import { championFolder, recordDecision } from './record-decision.ts';
import type { OpenRegistry } from './registry.ts';

export interface WeekRequest {
  readonly week: string;
  readonly asked: Partial<WeekOptions>;
  readonly recompute: boolean;
  /** Stage from which on everything is made again; nothing is taken over from weeks before. */
  readonly from?: string;
}

export interface MakingWeeks {
  readonly home: Home;
  /** Absolute path of the home. */
  readonly folder: string;
  readonly lake: Lake;
  readonly models: OpenRegistry;
  /** Name of the lake: the folder of its frozen weeks, and whose models they are. */
  readonly lakeName: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Shares the making of lists with other processes. */
  readonly queue?: WorkQueue | undefined;
  readonly onFinish: (label: string, funnel: StageFunnel) => void;
}

export interface MadeWeek {
  readonly frozen: FrozenWeek;
  readonly lists: StoredArtifact;
  readonly gate: GateReport;
  /** Whether the model that the gate let through is champion, or was: another one may be by now. */
  readonly isPromoted: boolean;
  /** What has run or was reused, in the order of finishing. */
  readonly funnels: readonly { label: string; funnel: StageFunnel }[];
}

/**
 * Freezes a week, makes its lists, and remembers them. Several processes may do so in one home at
 * the same time: each artifact is made by one of them, the lists by all of them together where
 * there is a queue.
 */
export async function makeWeek(making: MakingWeeks, request: WeekRequest): Promise<MadeWeek> {
  const { home, lakeName, models, clock, signal, onFinish, queue } = making;
  const weeks = openWeekBook(weekBookFolder(making.folder, lakeName));
  const replaced = await weeks.find(request.week);
  let frozen = await inTurn(making, () => freeze(making, request));
  const previous = await Promise.all(frozen.previous.map((lists) => previousLists(home, lists)));
  const champion =
    frozen.champion && (await championFolder(models, lakeName, frozen.week, frozen.champion));
  const runner = new Runner({
    artifacts: home.artifacts,
    openSql: () => home.openSql(),
    clock,
    memoryMb: () => process.memoryUsage.rss() / 2 ** 20,
    ...(queue === undefined ? {} : { queue }),
    signal,
    onFinish,
  });
  const takenOver = await examplesTaken(home, frozen);
  const threads = openThreads();
  const help = request.from === undefined ? await helpOf(home, weeks, frozen, replaced) : [];
  const goal = weekGraph(
    frozen,
    previous,
    { loadTensorflow, loadKernels, openListMakers, threads },
    champion,
    takenOver,
    help,
  );
  const gateStep = goal.inputs['gate'] as Step;
  let gate: StoredArtifact;
  let lists: StoredArtifact;
  try {
    if (request.from !== undefined) await runner.discardFrom(goal, request.from);
    gate = await runner.make(gateStep);
    lists = await runner.make(goal);
  } finally {
    await threads.dispose();
  }
  await home.artifacts.removeUnfinished();
  const model = String(lists.funnel.figures['model']);
  const examples = examplesOf(frozen, goal);
  frozen = {
    ...frozen,
    lists: { fingerprint: lists.fingerprint, model },
    ...(examples && { examples }),
  };
  // At every run, so that what a killed one had decided and not recorded is recorded now.
  const decision = await inTurn(making, async () => {
    const recorded = await recordDecision(models.registry, {
      ...{ lake: lakeName, frozen, gate, options: gateStep.options, clock },
    });
    const written = await weeks.find(frozen.week);
    // Another process may have frozen a newer revision meanwhile.
    if (written?.revision === frozen.revision && written.lists?.fingerprint !== lists.fingerprint) {
      // An erasure may have changed the names of its segments.
      await weeks.write({ ...written, lists: frozen.lists, ...(examples && { examples }) });
    }
    return recorded;
  });
  return { frozen, lists, ...decision, funnels: runner.funnels };
}

/** What was linked for the week before, and since. */
async function helpOf(
  home: Home,
  weeks: WeekBook,
  frozen: FrozenWeek,
  replaced: FrozenWeek | undefined,
): Promise<readonly Step[]> {
  const before = await lakeMadeBefore(home, weeks, { frozen, replaced });
  if (before === undefined) return [];
  const sql = await home.openSql();
  try {
    return await mentionsHelp(sql, before, frozen.lake);
  } finally {
    sql.dispose();
  }
}

/** Runs a short step that changes records of the home: one process at a time. */
function inTurn<Result>(
  { folder, signal }: MakingWeeks,
  work: () => Promise<Result>,
): Promise<Result> {
  const path = join(folder, 'weekly.lock');
  return withLock(path, { waitMs: 10_000, what: `the weeks of ${folder}`, signal }, work);
}

async function freeze(
  { home, folder, lake, lakeName, models, clock }: MakingWeeks,
  { week, asked, recompute }: WeekRequest,
): Promise<FrozenWeek> {
  const sql = await home.openSql();
  try {
    return await freezeWeek({
      week,
      asked,
      defaults: weekOptions.parse({}),
      recompute,
      lake: await lake.snapshot(),
      weeks: openWeekBook(weekBookFolder(folder, lakeName)),
      championBefore: (cutoffMs) => models.registry.championBefore(lakeName, cutoffMs),
      examples: {
        methodOf: (frozen) => examplesMethod(frozen, { loadTensorflow, loadKernels }),
        has: async (fingerprint) =>
          (await home.artifacts.origin('examples', fingerprint)) !== undefined,
      },
      sql,
      clock,
    });
  } finally {
    sql.dispose();
  }
}

function previousLists(
  home: Home,
  { week, fingerprint }: FrozenWeek['previous'][number],
): Promise<Source> {
  const remedy = `make that week again with --week ${week} --from lists`;
  return madeBefore(home, `the lists of ${week}`, { stage: 'lists', fingerprint }, remedy);
}

async function examplesTaken(home: Home, frozen: FrozenWeek): Promise<Map<string, Source>> {
  const remedy = '--recompute makes a new revision that takes nothing over';
  const taken = (frozen.takenOver ?? []).map(async ({ cutoff, fingerprint }) => {
    const what = `what ${frozen.week} learns of ${cutoff.slice(0, 10)}`;
    return [
      cutoff,
      await madeBefore(home, what, { stage: 'examples', fingerprint }, remedy),
    ] as const;
  });
  return new Map(await Promise.all(taken));
}

/** What an earlier week has made. @throws Mistake `ARTIFACT_CORRUPT` with the remedy where it is not whole */
async function madeBefore(
  { artifacts }: Home,
  what: string,
  { stage, fingerprint }: { readonly stage: string; readonly fingerprint: string },
  remedy: string,
): Promise<Source> {
  const found = await artifacts.find(stage, fingerprint).catch((cause: unknown) => {
    if (!(cause instanceof Mistake)) throw cause;
    const [why] = cause.message.split('; ', 1);
    throw new Mistake(cause.code, `${what}: ${why}; ${remedy}`, { cause });
  });
  if (found !== undefined) return found;
  throw new Mistake(
    'ARTIFACT_CORRUPT',
    `${what}: expected artifact ${stage}/${fingerprint}, got none; ${remedy}`,
  );
}
