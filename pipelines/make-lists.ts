import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { assemblyOptions } from '../model/assembly/candidates.ts';
import { candidateOptions } from '../model/candidates/generate.ts';
import { sourceNames } from '../model/candidates/pool.ts';
import { decodeRanker, rankerVersion } from '../model/ranker/encode.ts';
import type { Tensorflow } from '../model/ranker/network.ts';
import { Mistake } from '../model/mistake.ts';
import { listsByZone, zoneEntry } from './lists-by-zone.ts';
import { ListMaker, type ListCounts } from './list-maker.ts';
import type { Sql } from './ports.ts';
import { rankerFile } from './ranker.ts';
import { quoted } from './sql.ts';
import type { Stage, StageContext } from './stage.ts';
import { nextTurn } from './turn.ts';
import { readWorld } from './world.ts';

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
  format: z.literal(1),
  week: z.string(),
  model: z.string(),
  zones: z.array(zoneEntry),
});
export type ListsManifest = z.infer<typeof manifestSchema>;

/** @throws Mistake `ARTIFACT_CORRUPT` */
export async function readListsManifest(path: string): Promise<ListsManifest> {
  try {
    return manifestSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (cause) {
    throw new Mistake(
      'ARTIFACT_CORRUPT',
      `${path}: expected the contents of a week's lists, got something else; make them again with --from lists`,
      { cause },
    );
  }
}

/**
 * The lists of a week: for every listener candidates from all sources, scored by the ranker,
 * assembled to 30 tracks with a reason each. Writes NDJSON files by zone (`WeeklyList` a line,
 * ordered by listener), `listed.parquet` (listener, track_id, position) and `lists.json`.
 *
 * Works in shards of listeners; a run that was killed goes on with the shard that it was at.
 */
export function listsStage(loadTensorflow: () => Promise<Tensorflow>): Stage<ListsOptions> {
  return {
    name: 'lists',
    version: 3,
    options: listsOptions,
    resumable: true,
    async run(context) {
      const { options, sql, input, output, save, report, signal } = context;
      const tf = await loadTensorflow();
      const rankerPath = join(input('gate'), rankerFile);
      const rankerBytes = await readFile(rankerPath);
      const ranker = decodeRanker(rankerBytes, rankerPath);
      const model = rankerVersion(rankerBytes);
      const world = await readWorld(sql, { factors: input('factors') }, options.cutoff);
      await readDelivered(context);
      const maker = await ListMaker.open({ ...options, sql, world, tf, ranker, model });

      const shards = join(output, 'shards');
      await mkdir(shards, { recursive: true });
      const files: string[] = [];
      const total = emptyCounts();
      for (let from = 0; from < world.listeners.length; from += options.shard) {
        const name = String(files.length).padStart(6, '0');
        const path = join(shards, `${name}.ndjson`);
        const countsPath = join(shards, `${name}.json`);
        if (!(await exists(path))) {
          const made = await maker.make(world.listeners.subarray(from, from + options.shard));
          await writeFile(countsPath, JSON.stringify(made.counts));
          await writeFile(`${path}.partial`, made.lines);
          await rename(`${path}.partial`, path); // the shard counts from here on
        }
        addCounts(total, JSON.parse(await readFile(countsPath, 'utf8')) as ListCounts);
        files.push(path);
        report.progress(
          Math.min(from + options.shard, world.listeners.length),
          world.listeners.length,
        );
        await nextTurn(signal);
      }

      if (total.lists === 0) {
        throw new Mistake(
          'SOURCE_EMPTY',
          `the lists of ${options.week}: expected 30 tracks to recommend to at least one of ${world.listeners.length} listeners, got fewer for each; import more tracks`,
        );
      }
      await rm(join(output, 'zones'), { recursive: true, force: true });
      const zones = await listsByZone(files, join(output, 'zones'), signal);
      // By name: a pattern would also read the folder's own name as one.
      const zoneFiles = zones.map(({ file }) => quoted(join(output, file))).join(', ');
      await save(
        'listed',
        `(SELECT user AS listener, track.trackId AS track_id, CAST(position AS INTEGER) AS position
          FROM (SELECT user, unnest(tracks) AS track, generate_subscripts(tracks, 1) AS position
                FROM read_json([${zoneFiles}], format = 'newline_delimited',
                               columns = {user: 'VARCHAR', tracks: 'STRUCT(trackId VARCHAR)[]'}))
          ORDER BY listener, position)`,
      );
      const manifest: ListsManifest = { format: 1, week: options.week, model, zones };
      await writeFile(join(output, listsManifest), JSON.stringify(manifest, null, 1));
      await rm(shards, { recursive: true }); // last: until here a killed run goes on from them
      tell(context, world.listeners.length, total, model);
    },
  };
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

function emptyCounts(): ListCounts {
  return { lists: 0, candidates: 0, candidatesLeast: 0, tracksBySource: {} };
}

function addCounts(total: ListCounts, part: ListCounts): void {
  if (part.lists === 0) return;
  total.candidatesLeast =
    total.lists === 0
      ? part.candidatesLeast
      : Math.min(total.candidatesLeast, part.candidatesLeast);
  total.lists += part.lists;
  total.candidates += part.candidates;
  for (const source of sourceNames) {
    const tracks = (total.tracksBySource[source] ?? 0) + (part.tracksBySource[source] ?? 0);
    total.tracksBySource[source] = tracks;
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
