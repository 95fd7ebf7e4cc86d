import { join, resolve } from 'node:path';
import type { Config } from '../infra/config.ts';
import { logForPeople } from '../infra/log.ts';
import { withLock } from '../infra/lock.ts';
import { importFolder } from '../infra/import-folder.ts';
import { openLake } from '../infra/lake.ts';
import { openWorkQueue } from '../infra/rabbit/work-queue.ts';
import { openSourceFolder } from '../infra/source-folder.ts';
import { ensureServers } from '../infra/servers/index.ts';
import { frozenLists } from '../infra/list-archive.ts';
import { defaultWeek } from '../pipelines/freeze.ts';
import { foldCutoffs, funnelTable, number } from '../pipelines/funnel.ts';
import { gateLine, type GateReport } from '../pipelines/gate-report.ts';
import type { SourceFunnel } from '../pipelines/import/import-sources.ts';
import { simulate } from '../pipelines/simulate/simulate.ts';
import type { Lake } from '../pipelines/lake.ts';
import type { StageFunnel } from '../pipelines/stage.ts';
import type { WeekOptions } from '../pipelines/week-plan.ts';
import { startDelivery, type DeliveryOptions, type DeliverySummary } from './delivery.ts';
import { mainLake, openHome, type Home } from './home.ts';
import { makeWeek, type MadeWeek, type MakingWeeks } from './make-week.ts';
import { openRegistry } from './registry.ts';
import { tell } from './tell.ts';

/** Where listens come from: a folder, or the simulator. */
export type Sources =
  | { readonly folder: string }
  | {
      readonly simulate: {
        readonly listeners: number | undefined;
        readonly tracks: number | undefined;
      };
    };

export interface WeeklyRequest {
  /** In the order to be made; undefined: the one after the newest listen. */
  readonly weeks: readonly string[] | undefined;
  readonly backfill: boolean;
  /** `lake`: nothing is imported; the week is made from what the log and imports have brought. */
  readonly data: Sources | { readonly lake: true };
  readonly asked: Partial<WeekOptions>;
  readonly from: string | undefined;
  readonly recompute: boolean;
  readonly deliver: boolean;
  readonly now: boolean;
}

export interface WeekResult {
  readonly week: string;
  readonly revision: number;
  readonly cutoff: string;
  readonly catalogue: string;
  readonly model: string;
  /** Fingerprint of the lists: equal lists have equal ones. */
  readonly lists: string;
  /** Hash of the lists' bytes. */
  readonly content: string;
  readonly listeners: number;
  /** Cut-offs whose examples an earlier week has made. */
  readonly takenOver: number;
  readonly figures: StageFunnel['figures'];
  /** What the gate found, and why. */
  readonly gate: GateReport;
  readonly funnel: readonly (StageFunnel & { label: string })[];
  readonly delivery?: DeliverySummary;
}

export interface WeeklyResult {
  readonly imported: readonly SourceFunnel[];
  readonly weeks: readonly WeekResult[];
  readonly seconds: number;
  readonly peakMemoryMb: number;
}

/** The main job: sources into the lake, the lists of each week, delivered. */
export async function runWeekly(
  config: Config,
  request: WeeklyRequest,
  signal: AbortSignal,
): Promise<WeeklyResult> {
  const clock = () => Date.now();
  const started = clock();
  const home = openHome(config);
  const log = logForPeople(config.logLevel);
  // What is not there is told at once, not after minutes of work.
  if ('folder' in request.data) await openSourceFolder(request.data.folder);
  const servers = request.deliver ? await ensureServers(config, log) : undefined;
  const { lakeName, lakeHome, dataDir } =
    'lake' in request.data
      ? { lakeName: mainLake, lakeHome: config.home, dataDir: undefined }
      : await sourcesOf(config, { data: request.data, asked: request.asked }, signal);
  const progress = (done: number, total: number, source: string) =>
    tell(`  imported ${source} (${done} of ${total})`);
  const imported =
    dataDir === undefined ? [] : await importFolder(dataDir, lakeHome, { signal, progress });
  const lake = openLake(lakeHome);
  const models = await openRegistry(config, clock, servers?.mongodbUrl);
  const results: WeekResult[] = [];
  try {
    const making: MakingWeeks = {
      home,
      folder: config.home,
      lake,
      models,
      lakeName,
      clock,
      signal,
      queue:
        servers && openWorkQueue({ url: servers.rabbitmqUrl, namespace: config.namespace, log }),
      onFinish: tellStage,
    };
    const delivering =
      servers === undefined ? undefined : { config, servers, archive: home.archive, clock, log };
    for (const week of request.weeks ?? [await newestWeek(home, lake)]) {
      results.push(await makeAndDeliver(making, request, week, delivering));
    }
  } finally {
    await models.dispose();
  }
  const seconds = (clock() - started) / 1000;
  const peakMemoryMb = process.resourceUsage().maxRSS / 1024;
  tell(`done in ${seconds.toFixed(1)} s, at most ${number(Math.round(peakMemoryMb))} MB`);
  return { imported, weeks: results, seconds, peakMemoryMb };
}

async function makeAndDeliver(
  making: MakingWeeks,
  { asked, recompute, from, now }: WeeklyRequest,
  week: string,
  delivering: DeliveryOptions | undefined,
): Promise<WeekResult> {
  tell(`\nweek ${week}`);
  const made = await makeWeek(making, {
    ...{ week, asked, recompute },
    ...(from === undefined ? {} : { from }),
  });
  tell(`\n${funnelTable(foldCutoffs(made.funnels))}\n`);
  const { takenOver = [], trainingCutoffs } = made.frozen;
  if (takenOver.length > 0) {
    tell(
      `learned from ${trainingCutoffs.length} weeks; the examples of ${takenOver.length} were taken over`,
    );
  }
  tell(gateLine(made.gate, made.isPromoted));
  const delivery =
    delivering === undefined
      ? undefined
      : await deliver(delivering, made, { now, signal: making.signal });
  return { ...resultOf(made), ...(delivery === undefined ? {} : { delivery }) };
}

/** Each origin of data has a lake of its own: simulated listeners never mix with real ones. */
export async function sourcesOf(
  { home }: Config,
  { data, asked }: { readonly data: Sources } & Pick<WeeklyRequest, 'asked'>,
  signal: AbortSignal,
): Promise<{ lakeName: string; lakeHome: string; dataDir: string }> {
  if ('folder' in data) {
    return { lakeName: mainLake, lakeHome: home, dataDir: resolve(data.folder) };
  }
  const { listeners = 2000, tracks = 20_000 } = data.simulate;
  const seed = asked.seed ?? 1;
  const lakeName = `simulated-${listeners}-${tracks}-${seed}`;
  const lakeHome = join(home, 'simulated', lakeName);
  tell(`simulating ${number(listeners)} listeners of ${number(tracks)} tracks, seed ${seed}`);
  const { folder } = await withLock(
    `${lakeHome}.lock`,
    { waitMs: Infinity, what: lakeName, signal },
    () => simulate({ listeners, tracks, seed }, join(lakeHome, 'sources'), () => undefined, signal),
  );
  return { lakeName, lakeHome, dataDir: folder };
}

/** Delivers what was made, in this process, and tells how far it is. */
async function deliver(
  options: DeliveryOptions,
  { lists }: MadeWeek,
  how: { readonly now: boolean; readonly signal: AbortSignal },
): Promise<DeliverySummary> {
  const delivery = await startDelivery(options);
  try {
    const summary = await delivery.deliverWeek(await frozenLists(lists), {
      ...how,
      onProgress: (delivered, total) =>
        tell(`  delivered ${number(delivered)} of ${number(total)} lists`),
    });
    tellDelivery(summary);
    return summary;
  } finally {
    await delivery.dispose();
  }
}

function tellDelivery(summary: DeliverySummary): void {
  const { delivered, listeners, already, zones, failed, scheduled, scheduledZones } = summary;
  const parts = [
    `${number(delivered)} of ${number(listeners)} lists in ${zones} zones are delivered`,
    ...(already > 0 ? [`${number(already)} were so before`] : []),
    ...(failed > 0 ? [`${number(failed)} FAILED: see the dead-letter queue`] : []),
    ...(scheduled > 0
      ? [
          `${number(scheduled)} in ${scheduledZones} zones follow at their time: keep "npx mondaymix scheduler" running, or use --now`,
        ]
      : []),
  ];
  tell(parts.join('; '));
}

function resultOf({ frozen, lists, gate, funnels }: MadeWeek): WeekResult {
  return {
    week: frozen.week,
    revision: frozen.revision,
    cutoff: frozen.cutoff,
    catalogue: frozen.catalogue,
    model: frozen.lists!.model,
    lists: lists.fingerprint,
    content: lists.content,
    listeners: lists.funnel.rowsOut,
    takenOver: frozen.takenOver?.length ?? 0,
    figures: lists.funnel.figures,
    gate,
    funnel: foldCutoffs(funnels).map(({ label, funnel }) => ({ label, ...funnel })),
  };
}

async function newestWeek(home: Home, lake: Lake): Promise<string> {
  const sql = await home.openSql();
  try {
    return await defaultWeek(sql, await lake.snapshot());
  } finally {
    sql.dispose();
  }
}

function tellStage(label: string, funnel: StageFunnel): void {
  const how = funnel.reused ? 'reused' : `${funnel.seconds.toFixed(1)} s`;
  tell(`  ${label}: ${number(funnel.rowsIn)} -> ${number(funnel.rowsOut)} (${how})`);
}
