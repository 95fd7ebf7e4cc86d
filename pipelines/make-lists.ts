import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { assemblyOptions } from '../model/assembly/candidates.ts';
import { candidateOptions } from '../model/candidates/generate.ts';
import { decodeRanker, rankerVersion } from '../model/ranker/encode.ts';
import type { Tensorflow } from '../model/ranker/network.ts';
import { Mistake } from '../model/mistake.ts';
import { writeBson } from './bson-file.ts';
import { addCounts, emptyCounts, type ListCounts } from './list-counts.ts';
import { ListEncoder, readReferences, type ListReferences } from './list-encoder.ts';
import { ListMaker } from './list-maker.ts';
import {
  listShard,
  readListeners,
  readShard,
  storedShard,
  type StoredShard,
} from './list-shard.ts';
import { ListedTable } from './listed-table.ts';
import { ZoneFiles, zoneEntry, type ZoneEntry } from './lists-by-zone.ts';
import { Mentioned } from './mentioned.ts';
import { readArtistNames, readTrackNames } from './names.ts';
import type { Sql } from './ports.ts';
import { rankerFile } from './ranker.ts';
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
 * - `zones/<zone>.bson`: a `WeeklyList` for each listener, in their order
 * - `names/tracks.bson`, `names/artists.bson`: `TrackName` and `ArtistName` by id, of all that the
 *   lists refer to
 * - `listed.parquet` (listener, track_id, position), ordered by listener and position
 * - `lists.json`: what there is
 *
 * Works in shards of listeners; a run that was killed goes on with the shard that it was at.
 */
export function listsStage(loadTensorflow: () => Promise<Tensorflow>): Stage<ListsOptions> {
  return {
    name: 'lists',
    version: 4,
    options: listsOptions,
    resumable: true,
    async run(context) {
      const { options, sql, input, output, report, signal } = context;
      const tf = await loadTensorflow();
      const rankerPath = join(input('gate'), rankerFile);
      const rankerBytes = await readFile(rankerPath);
      const ranker = decodeRanker(rankerBytes, rankerPath);
      const model = rankerVersion(rankerBytes);
      const world = await readWorld(sql, { factors: input('factors') }, options.cutoff);
      await readDelivered(context);
      const maker = await ListMaker.open({ ...options, sql, world, tf, ranker, model });
      const references = await readReferences(sql, world);
      const encoder = new ListEncoder(references);
      const listeners = await readListeners(sql);

      const folder = join(output, 'shards');
      await mkdir(folder, { recursive: true });
      const shards: StoredShard[] = [];
      const total = emptyCounts();
      for (let from = 0; from < world.listeners.length; from += options.shard) {
        const to = Math.min(from + options.shard, world.listeners.length);
        const shard = await storedShard(
          join(folder, String(shards.length).padStart(6, '0')),
          () => {
            const whole = maker
              .choose(world.listeners.subarray(from, to))
              .map(({ chosen }) => chosen)
              .filter(({ tracks }) => tracks.length === options.assembly.size);
            return listShard(whole, encoder, listeners);
          },
        );
        addCounts(total, shard.about.counts);
        shards.push(shard);
        report.progress(to, world.listeners.length);
        await nextTurn(signal);
      }

      if (total.lists === 0) {
        throw new Mistake(
          'SOURCE_EMPTY',
          `the lists of ${options.week}: expected 30 tracks to recommend to at least one of ${world.listeners.length} listeners, got fewer for each; import more tracks`,
        );
      }
      const zones = await partShards(context, shards, references, join(folder, 'parts'));
      const manifest: ListsManifest = { format: 2, week: options.week, model, zones };
      await writeFile(join(output, listsManifest), JSON.stringify(manifest, null, 1));
      await rm(folder, { recursive: true }); // last: until here a killed run goes on from them
      tell(context, world.listeners.length, total, model);
    },
  };
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
  for (const [source, tracks] of Object.entries(counts.tracksBySource)) {
    report.figure(`share/${source}`, tracks / Math.max(1, counts.lists * 30));
  }
}

/** `delivered` (listener_ix, work_ix): what the lists of the weeks before held, by work. */
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
    `CREATE OR REPLACE TEMP TABLE delivered AS
     SELECT DISTINCT listener_ix, work_ix
     FROM (${listed.length === 0 ? "SELECT '' AS listener, '' AS track_id WHERE false" : listed.join(' UNION ALL ')})
     JOIN catalogue.listeners USING (listener)
     JOIN catalogue.tracks USING (track_id)
     ORDER BY listener_ix, work_ix`,
  );
}
