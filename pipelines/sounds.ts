import { z } from 'zod';
import { numTimbre, soundVectors } from '../model/candidates/sounds.ts';
import type { Stage } from './stage.ts';
import { nextTurn } from './turn.ts';
import { trackNeighbours } from './track-neighbours.ts';

export const soundsOptions = z.object({
  /** Nearest tracks kept for each track that was played. Default 100. */
  numNeighbours: z.int().positive().default(100),
  /** Cosine that a neighbour must exceed, 0..1. Default 0.3. */
  minSimilarity: z.number().min(0).max(1).default(0.3),
});
export type SoundsOptions = z.infer<typeof soundsOptions>;

/** Columns of the catalogue that say how a track sounds. */
const tableColumns = [
  'danceability',
  'energy',
  'speechiness',
  'acousticness',
  'instrumentalness',
  'liveness',
  'valence',
] as const;
/** Tracks whose neighbours are sought at a time. */
const block = 256;

/**
 * Which tracks sound alike: for each that any listener has played, `sound_neighbours` (track_ix,
 * neighbour_ix, similarity), the nearest by cosine over the lake's `audio_features` and, where the
 * catalogue has them, its own columns. Tracks of which no sound is known have no neighbours and are
 * nobody's.
 */
export const sounds: Stage<SoundsOptions> = {
  name: 'sounds',
  version: 1,
  options: soundsOptions,
  async run({ options, sql, save, report, signal }) {
    const nan = "CAST('nan' AS FLOAT)";
    const orNan = (expression: string) => `coalesce(CAST(${expression} AS FLOAT), ${nan})`;
    const timbre = Array.from({ length: numTimbre }, (_, n) => `f.timbre[${n + 1}]`);
    const expressions = [
      ...timbre,
      ...tableColumns.map((column) => `t.${column}`),
      'coalesce(f.loudness, t.loudness)',
      'ln(coalesce(f.tempo, t.tempo))',
    ];
    // Of several recordings of a track the first has the word.
    await sql.run(`CREATE TEMP TABLE files AS
      SELECT r.track_ix, a.timbre, a.loudness, a.tempo
      FROM lake.audio_features a JOIN catalogue.recordings r USING (recording_id)
      QUALIFY row_number() OVER (
        PARTITION BY r.track_ix ORDER BY r.recording_id, a.sha256, r.source, a.source
      ) = 1`);
    const columns = await sql.columns(
      `SELECT ${expressions.map((one, n) => `${orNan(one)} AS c${n}`).join(', ')}
       FROM catalogue.tracks t LEFT JOIN files f USING (track_ix) ORDER BY t.track_ix`,
    );
    const found = expressions.map((_, n) => columns[`c${n}`]!);
    const vectors = soundVectors(found, numTimbre);
    const dim = expressions.length;
    const numTracks = vectors.length / dim;
    const isKnown = Uint8Array.from({ length: numTracks }, (_, track) =>
      vectors.subarray(track * dim, (track + 1) * dim).some((value) => value !== 0) ? 1 : 0,
    );
    const { track_ix: played } = await sql.columns<'track_ix'>(
      'SELECT DISTINCT track_ix FROM catalogue.listens ORDER BY track_ix',
    );
    const queries = Int32Array.from(played).filter((track) => isKnown[track] === 1);
    report.rowsIn(isKnown.reduce((sum: number, one) => sum + one, 0));
    await sql.run(
      'CREATE TEMP TABLE near (track_ix INTEGER, neighbour_ix INTEGER, similarity FLOAT)',
    );
    for (let from = 0; from < queries.length; from += block) {
      const tracks = queries.subarray(from, from + block);
      await sql.append('near', trackNeighbours(tracks, vectors, dim, isKnown, options));
      report.progress(from + tracks.length, queries.length);
      await nextTurn(signal);
    }
    const relation = '(SELECT * FROM near ORDER BY track_ix, similarity DESC, neighbour_ix)';
    report.rowsOut(await save('sound_neighbours', relation));
  },
};
