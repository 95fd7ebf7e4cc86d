import { join } from 'node:path';
import { z } from 'zod';
import {
  candidateOptions,
  generateCandidates,
  poolCapacity,
} from '../model/candidates/generate.ts';
import {
  featureNames,
  numFeatures,
  TasteProfile,
  writeFeatures,
} from '../model/candidates/features.ts';
import { CandidatePool } from '../model/candidates/pool.ts';
import { writeMatrix } from './matrix-file.ts';
import { heardWorks, worksOf } from './heard.ts';
import { nextTurn } from './turn.ts';
import { listenerOf, readWorld } from './world.ts';
import type { Stage } from './stage.ts';

export const examplesOptions = z.object({
  /** The cut-off of the snapshot (ISO 8601, UTC): labels are of the seven days from it on. */
  cutoff: z.iso.datetime(),
  candidates: candidateOptions.prefault({}),
  /** Listeners that are drawn on at most, by lot; of cut-off and name the lot is a hash. Default 5,000. */
  listeners: z.int().positive().default(5000),
});
export type ExamplesOptions = z.infer<typeof examplesOptions>;

/**
 * What the ranker learns from one cut-off: for each listener who played something for the first
 * time in the week after, skips apart, the candidates that they would have been given, their
 * features, and which of them were played. Written as `examples.matrix`, [rows x (features + label)], and
 * `groups.parquet` (listener, rows), in the same order. Neither holds an index of the catalogue, so
 * weeks with another catalogue can learn from them too.
 */
export const examples: Stage<ExamplesOptions> = {
  name: 'examples',
  version: 8,
  options: examplesOptions,
  async run({ options, sql, input, output, save, report, signal }) {
    const world = await readWorld(sql, { factors: input('factors') }, options.cutoff);
    const known = new Set(world.listeners);
    const first = await sql.rows<{ listener_ix: number; works: number[] }>(
      `SELECT listener_ix, list(DISTINCT work_ix ORDER BY work_ix) AS works
       FROM catalogue.listens l
       ANTI JOIN catalogue.skipped_listens USING (listener_ix, track_ix, listened_at)
       JOIN catalogue.tracks USING (track_ix)
       JOIN catalogue.listeners USING (listener_ix)
       WHERE listened_at >= CAST($from AS TIMESTAMP)
         AND listened_at < CAST($from AS TIMESTAMP) + INTERVAL 7 DAY
         AND NOT EXISTS (FROM snapshot.heard h
                         WHERE h.listener_ix = l.listener_ix AND h.work_ix = tracks.work_ix)
       GROUP BY listener_ix, listener ORDER BY sha256($from || ' ' || listener)`,
      { from: options.cutoff.replace('Z', '') },
    );
    const heard = await heardWorks(sql, world);
    const pool = new CandidatePool(
      world.tracks.work,
      world.tracks.numWorks,
      poolCapacity(options.candidates),
    );
    const profile = new TasteProfile(world.tracks);
    const width = numFeatures + 1;
    const groups: { readonly listener: number; readonly block: Float32Array }[] = [];
    const features = new Float32Array(pool.capacity * numFeatures);
    let rows = 0;
    for (const [n, { listener_ix, works }] of first.entries()) {
      if (n % 256 === 0) {
        report.progress(n, first.length);
        await nextTurn(signal);
      }
      report.rowsIn(works.length);
      if (!known.has(listener_ix)) {
        report.dropped('listener without listens before the cut-off', works.length);
        continue;
      }
      if (groups.length === options.listeners) {
        report.dropped('beyond the listeners drawn on', works.length);
        continue;
      }
      const listener = listenerOf(world, listener_ix);
      generateCandidates(
        pool,
        listener,
        worksOf(heard, listener_ix),
        world.sources,
        world.fallback,
        options.candidates,
      );
      const played = new Set(works);
      const worksOffered = Array.from({ length: pool.size }, (_, c) => {
        return world.tracks.work[pool.track[c]!]!;
      });
      const labels = Uint8Array.from(worksOffered, (work) => (played.has(work) ? 1 : 0));
      const found = new Set(worksOffered.filter((work) => played.has(work))).size;
      report.dropped('not among the candidates', works.length - found);
      if (found === 0) continue;
      report.rowsOut(found);
      writeFeatures(
        pool,
        listener,
        profile.of(listener),
        world.tracks,
        world.popularity,
        world.sources,
        features,
      );
      const block = new Float32Array(pool.size * width);
      for (let c = 0; c < pool.size; c++) {
        block.set(features.subarray(c * numFeatures, (c + 1) * numFeatures), c * width);
        block[c * width + numFeatures] = labels[c]!;
      }
      groups.push({ listener: listener_ix, block });
      rows += pool.size;
    }
    groups.sort((a, b) => a.listener - b.listener);
    const values = new Float32Array(rows * width);
    let at = 0;
    for (const { block } of groups) {
      values.set(block, at);
      at += block.length;
    }
    await writeMatrix(join(output, 'examples.matrix'), { rows, columns: width, values });
    await sql.run('CREATE TEMP TABLE groups (listener_ix INTEGER, rows INTEGER)');
    await sql.append(
      'groups',
      groups.map(({ listener, block }) => [listener, block.length / width]),
    );
    await save(
      'groups',
      '(SELECT listener, rows FROM groups JOIN catalogue.listeners USING (listener_ix) ORDER BY listener)',
    );
    report.figure('groups', groups.length);
    report.figure('features', featureNames.length);
  },
};
