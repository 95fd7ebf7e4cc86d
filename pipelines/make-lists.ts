import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { z } from 'zod';
import { assemblyOptions } from '../model/assembly/candidates.ts';
import { candidateOptions } from '../model/candidates/generate.ts';
import { decodeRanker, rankerVersion } from '../model/ranker/encode.ts';
import { Mistake } from '../model/mistake.ts';
import type { Threads } from '../model/recommend/recommender.ts';
import { concatenated } from '../model/shared.ts';
import { writeBson } from './bson-file.ts';
import { addCounts, emptyCounts, type ListCounts } from './list-counts.ts';
import { readWorksNotListed } from './heard.ts';
import { readReferences, type ListReferences } from './list-encoder.ts';
import type { ListInputs, OpenListMakers } from './list-making.ts';
import { readListeners, readShard, ShardFiles, type StoredShard } from './list-shard.ts';
import { ListedTable } from './listed-table.ts';
import { ZoneFiles, zoneEntry, type ZoneEntry } from './lists-by-zone.ts';
import { Mentioned } from './mentioned.ts';
import { readArtistNames, readTrackNames } from './names.ts';
import type { Sql } from './ports.ts';
import { rankerFile } from './ranker.ts';
import { planWorld } from './retrieval.ts';
import type { Stage, StageContext } from './stage.ts';
import { nextTurn } from './turn.ts';
import { readColumns } from './world-columns.ts';

/** What lists are made with. */
export interface ListsEngines {
  readonly loadKernels: () => Promise<WebAssembly.Module>;
  readonly openListMakers: OpenListMakers;
  /** To plan on; default: the calling one. */
  readonly threads?: Threads;
}

export const listsOptions = z.object({
  week: z.string(),
  /** The cut-off of the snapshot (ISO 8601, UTC). */
  cutoff: z.iso.datetime(),
  /** Inputs `previous-0` .. with the lists of weeks before, whose works do not return. */
  previousWeeks: z.int().min(0),
  candidates: candidateOptions.prefault({}),
  assembly: assemblyOptions.prefault({}),
  /** Listeners whose lists are made at a time, 1 or more. Default 1,000. */
  shard: z.int().positive().default(1000),
});
export type ListsOptions = z.infer<typeof listsOptions>;

/** The file of the artifact that says what it holds. */
export const listsManifest = 'lists.json';

const manifestSchema = z.object({
  format: z.literal(2),
  week: z.string(),
  model: z.string(),
  zones: z.array(zoneEntry),
});
export type ListsManifest = z.infer<typeof manifestSchema>;

/** Files of the artifact with the names of all that its lists refer to. */
export const listNameFiles = { tracks: 'names/tracks.bson', artists: 'names/artists.bson' };

/** What to do about lists that cannot be read. */
export const makeListsAgain = 'make them again with --from lists';

/** @throws Mistake `ARTIFACT_CORRUPT` */
export async function readListsManifest(path: string): Promise<ListsManifest> {
  let got = 'something else';
  try {
    const manifest = JSON.parse(await readFile(path, 'utf8')) as { format?: unknown } | null;
    if (manifest?.format === 1) got = 'those of an older version';
    return manifestSchema.parse(manifest);
  } catch (cause) {
    throw new Mistake(
      'ARTIFACT_CORRUPT',
      `${path}: expected the contents of a week's lists, got ${got}; ${makeListsAgain}`,
      { cause },
    );
  }
}

/**
 * The lists of a week: for every listener candidates from all sources, scored by the ranker,
 * assembled to 30 tracks with a reason each. Files:
 *
 * - `zones/<zone>.bson`: a `WeeklyList` for each listener, in the order of the retrieval plan
 * - `names/tracks.bson`, `names/artists.bson`: `TrackName` and `ArtistName` by id, of all that the
 *   lists refer to
 * - `listed.parquet` (listener, track_id, position), in the order of the lists
 * - `lists.json`: what there is
 *
 * Works in shards of listeners, on several threads, and on several machines where a queue hands the
 * shards out; a run that was killed goes on with the shards that it was at.
 */
export function listsStage(engines: ListsEngines): Stage<ListsOptions> {
  return {
    name: 'lists',
    version: 4,
    options: listsOptions,
    resumable: true,
    isShared: true,
    async run(context) {
      const { options, sql, input, output, fingerprint, queue, alone, signal } = context;
      const inputs = await readInputs(context, join(input('gate'), rankerFile), engines);
      const listeners = await readListeners(sql);
      const order = inGroups(inputs);
      const numShards = Math.ceil(order.length / options.shard);
      const folder = join(output, 'shards');
      await mkdir(folder, { recursive: true });
      const files = new ShardFiles(folder);
      let done = 0;
      const tellDone = (shards: number): void => {
        done = shards;
        context.report.progress(Math.min(order.length, done * options.shard), order.length);
      };
      const missing = async (): Promise<number[]> => {
        const made = await files.made();
        tellDone(made.size);
        return Array.from({ length: numShards }, (_, n) => n).filter((n) => !made.has(n));
      };
      const makers = engines.openListMakers(inputs);
      try {
        const make = async (shard: number): Promise<void> => {
          signal.throwIfAborted();
          if (await files.has(shard)) return; // another has made it
          const from = shard * options.shard;
          const indices = Array.from(order.subarray(from, from + options.shard));
          const of = indices.map((index) => ({
            ...{ index, user: listeners.user[index]!, zone: listeners.zone[index]! },
          }));
          await files.write(shard, await makers.make(of));
          tellDone(done + 1);
        };
        const work = { missing, make, lanes: makers.size, signal };
        if (queue !== undefined) await queue.share({ name: `lists-${fingerprint}`, ...work });
        if (!(await alone())) return;
        const limit = pLimit(makers.size);
        await Promise.all((await missing()).map((shard) => limit(make, shard)));
      } finally {
        await makers.dispose();
      }
      await finish(context, inputs, files, numShards);
      await rm(folder, { recursive: true }); // last: until here a killed run goes on from them
    },
  };
}

/** The listeners known at the cut-off, in the order in which they are retrieved for. */
function inGroups({ world, retrieval }: ListInputs): Int32Array {
  const known = new Uint8Array(world.interactions.numRows);
  for (const listener of world.listeners) known[listener] = 1;
  const { order } = retrieval.tracks;
  const grouped = order.filter((listener) => known[listener] === 1);
  for (const listener of grouped) known[listener] = 0;
  // Who has no row of factors at all.
  const others = world.listeners.filter((listener) => known[listener] === 1);
  return concatenated([grouped, others]);
}

/** Reads what lists are made from. */
async function readInputs(
  { sql, options, input, signal }: StageContext<ListsOptions>,
  rankerPath: string,
  { loadKernels, threads }: ListsEngines,
): Promise<ListInputs> {
  const bytes = await readFile(rankerPath);
  const world = await readColumns(sql, { factors: input('factors') }, options.cutoff);
  await readDelivered({ sql, options });
  const { candidates, assembly } = options;
  return {
    ...{ world, candidates, assembly },
    retrieval: await planWorld(world, {
      kernels: await loadKernels(),
      signal,
      ...(threads === undefined ? {} : { threads }),
    }),
    notListed: await readWorksNotListed(sql, world),
    references: await readReferences(sql, world),
    ranker: decodeRanker(bytes, rankerPath),
    model: rankerVersion(bytes),
  };
}

/** Makes the artifact from the shards. */
async function finish(
  context: StageContext<ListsOptions>,
  { world, references, model }: ListInputs,
  files: ShardFiles,
  numShards: number,
): Promise<void> {
  const { options, output } = context;
  const shards = await Promise.all(
    Array.from({ length: numShards }, (_, shard) => files.read(shard)),
  );
  const total = emptyCounts();
  for (const { about } of shards) addCounts(total, about.counts);
  if (total.lists === 0) {
    throw new Mistake(
      'SOURCE_EMPTY',
      `the lists of ${options.week}: expected 30 tracks to recommend to at least one of ${world.listeners.length} listeners, got fewer for each; import more tracks`,
    );
  }
  const zones = await partShards(context, shards, references, join(output, 'shards', 'parts'));
  const manifest: ListsManifest = { format: 2, week: options.week, model, zones };
  await writeFile(join(output, listsManifest), JSON.stringify(manifest, null, 1));
  tell(context, world.listeners.length, total, model);
}

/** Makes the files of the artifact from the shards. */
async function partShards(
  { sql, output, save, signal }: StageContext<ListsOptions>,
  shards: readonly StoredShard[],
  references: ListReferences,
  scratch: string,
): Promise<ZoneEntry[]> {
  for (const folder of [join(output, 'zones'), join(output, 'names'), scratch]) {
    await rm(folder, { recursive: true, force: true });
  }
  const files = await ZoneFiles.open(join(output, 'zones'));
  const listed = await ListedTable.open(sql, scratch);
  const mentioned = new Mentioned(references);
  for (const shard of shards) {
    for (const { zone, document, list } of await readShard(shard)) {
      mentioned.add(list);
      await files.add(zone, document);
      await listed.add(list);
    }
    await nextTurn(signal);
  }
  // Rows are written in order: with more threads more of them would wait in memory, up to a gigabyte.
  await sql.run('SET threads = 1');
  await save('listed', await listed.finish());
  await mkdir(join(output, 'names'));
  await writeBson(
    join(output, listNameFiles.tracks),
    readTrackNames(sql, mentioned.tracks()),
    signal,
  );
  await writeBson(
    join(output, listNameFiles.artists),
    readArtistNames(sql, mentioned.artists()),
    signal,
  );
  return files.finish();
}

function tell(
  { report }: StageContext<ListsOptions>,
  listeners: number,
  counts: ListCounts,
  model: string,
): void {
  report.rowsIn(listeners);
  report.rowsOut(counts.lists);
  report.dropped('fewer than 30 admissible tracks', listeners - counts.lists);
  report.figure('model', model);
  report.figure('candidatesMean', counts.lists === 0 ? 0 : counts.candidates / counts.lists);
  report.figure('candidatesLeast', counts.candidatesLeast);
  for (const [step, seconds] of Object.entries(counts.seconds)) {
    if (seconds > 0) report.figure(`seconds/${step}`, seconds);
  }
  for (const [source, tracks] of Object.entries(counts.tracksBySource)) {
    report.figure(`share/${source}`, tracks / Math.max(1, counts.lists * 30));
  }
}

/**
 * The view `delivered` (listener_ix, work_ix): what the lists of the weeks before held, by work. Not
 * a table: a million listeners have 240 million rows.
 */
export async function readDelivered({
  sql,
  options,
}: {
  readonly sql: Sql;
  readonly options: Pick<ListsOptions, 'previousWeeks'>;
}): Promise<void> {
  const listed = Array.from(
    { length: options.previousWeeks },
    (_, n) => `SELECT listener, track_id FROM "previous-${n}".listed`,
  );
  await sql.run(
    `CREATE OR REPLACE TEMP VIEW delivered AS
     SELECT listener_ix, work_ix
     FROM (${listed.length === 0 ? "SELECT '' AS listener, '' AS track_id WHERE false" : listed.join(' UNION ALL ')})
     JOIN catalogue.listeners USING (listener)
     JOIN catalogue.tracks USING (track_id)`,
  );
}
