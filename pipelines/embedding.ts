import { join } from 'node:path';
import { z } from 'zod';
import { embeddingOptions as kernelOptions, embedTracks } from '../model/embedding.ts';
import { fromTriples } from '../model/interactions.ts';
import { writeMatrix } from './matrix-file.ts';
import { readSql } from './sql.ts';
import type { Stage } from './stage.ts';
import { nextTurn } from './turn.ts';
import { trackNeighbours } from './track-neighbours.ts';

export const embeddingOptions = z.object({
  /** Only playlist memberships dated before this day are known; null: all. Default null. */
  asOf: z.iso.date().nullable().default(null),
  /** Tracks in a single playlist get no vector by default: it would say nothing of its own. */
  embedding: kernelOptions
    .extend({ minCount: kernelOptions.shape.minCount.default(2) })
    .prefault({}),
  /** Nearest tracks kept for each track that was played. Default 50. */
  numNeighbours: z.int().positive().default(50),
  /** Cosine that a neighbour must exceed, 0..1. Default 0.3. */
  minSimilarity: z.number().min(0).max(1).default(0.3),
});
export type EmbeddingOptions = z.infer<typeof embeddingOptions>;

/** Tracks whose neighbours are sought at a time. */
const block = 256;

/**
 * The embedding of tracks from playlists: tracks as words, playlists as sentences. Writes `vectors`
 * ([tracks x dim], zero for tracks in no playlist) and, for the tracks that any listener has
 * played, `track_neighbours` (track_ix, neighbour_ix, similarity): the nearest by cosine; beside it
 * `playlist_neighbours`, of the same columns: what stands in the same playlists.
 */
export const embedding: Stage<EmbeddingOptions> = {
  name: 'embedding',
  version: 1,
  options: embeddingOptions,
  async run({ options, sql, output, save, report, signal }) {
    const [size] = await sql.rows<{ playlists: number; tracks: number }>(
      `SELECT (SELECT count(*) FROM catalogue.playlists) AS playlists,
              (SELECT count(*) FROM catalogue.tracks) AS tracks`,
    );
    await sql.run('CREATE TEMP TABLE moment AS SELECT CAST($asOf AS DATE) AS as_of', {
      asOf: options.asOf,
    });
    await sql.run(readSql(import.meta.url, 'embedding.sql'));
    await save('playlist_neighbours', 'playlist_neighbours');
    const { playlist_ix, track_ix } = await sql.columns<'playlist_ix' | 'track_ix'>(
      'SELECT playlist_ix, track_ix FROM memberships ORDER BY ALL',
    );
    const { track_ix: played } = await sql.columns<'track_ix'>(
      'SELECT track_ix FROM played ORDER BY track_ix',
    );
    report.rowsIn(playlist_ix.length);
    const { dim, vectors, seen } = embedTracks(
      fromTriples(playlist_ix, track_ix, undefined, size!.playlists, size!.tracks),
      options.embedding,
    );
    await writeMatrix(join(output, 'vectors.matrix'), {
      rows: size!.tracks,
      columns: dim,
      values: vectors,
    });
    report.rowsOut(seen.reduce((sum: number, one) => sum + one, 0));

    await sql.run(
      'CREATE TEMP TABLE found (track_ix INTEGER, neighbour_ix INTEGER, similarity FLOAT)',
    );
    const queries = Int32Array.from(played).filter((track) => seen[track] === 1);
    for (let from = 0; from < queries.length; from += block) {
      const tracks = queries.subarray(from, from + block);
      await sql.append('found', trackNeighbours(tracks, vectors, dim, seen, options));
      report.progress(from + tracks.length, queries.length);
      await nextTurn(signal);
    }
    const neighbours = await save(
      'track_neighbours',
      '(SELECT * FROM found ORDER BY track_ix, similarity DESC, neighbour_ix)',
    );
    report.figure('neighbours', neighbours);
  },
};
