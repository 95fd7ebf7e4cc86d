import { z } from 'zod';
import type { Factors } from '../model/candidates/listener.ts';
import {
  numTimbre,
  soundVectors,
  timbreWeight,
  type SoundQuality,
} from '../model/candidates/sounds.ts';
import type { Threads } from '../model/recommend/recommender.ts';
import { neighboursByCosine } from '../model/retrieval/neighbours.ts';
import { fromLake, type LakeSnapshot } from './lake.ts';
import type { Sql } from './ports.ts';
import type { Stage } from './stage.ts';
import { nextTurn } from './turn.ts';

export const soundsOptions = z.object({
  /**
   * Tracks that were played before this instant are nobody's neighbours: they are offered for their
   * sound to nobody at this cut-off or a later one. null: any track may be. Default null.
   */
  unplayedAt: z.iso.datetime().nullable().default(null),
  /** Nearest tracks kept for each track that was played. Default 100. */
  numNeighbours: z.int().positive().default(100),
  /**
   * Neighbours kept of all tracks together: of so many tracks that it would be more, each keeps
   * fewer. Default 20 million, which is 240 MB.
   */
  mostNeighbours: z.int().positive().default(20_000_000),
  /** Cosine that a neighbour must exceed, 0..1. Default 0.3. */
  minSimilarity: z.number().min(0).max(1).default(0.3),
  /**
   * Share of the nearest that pools are made to hold where not all tracks can be compared: above
   * 16,384 tracks and a thousand million pairs. Above 0, at most 1. Default 0.98: 93 % to 97 % were
   * found of 100,000 tracks.
   */
  recall: z.number().gt(0).max(1).default(0.98),
});
export type SoundsOptions = z.infer<typeof soundsOptions>;

/** Columns of the catalogue that say how a track sounds, beside `loudness` and `tempo`. */
const tableColumns = [
  'danceability',
  'energy',
  'speechiness',
  'acousticness',
  'instrumentalness',
  'liveness',
  'valence',
] as const;

/** Whether any recording of the lake comes with a table's word on its sound. */
export async function hasSoundTable(sql: Sql, lake: LakeSnapshot): Promise<boolean> {
  const known = [...tableColumns, 'loudness', 'tempo'].map((column) => `${column} IS NOT NULL`);
  const rows = await sql.rows(
    `SELECT 1 AS one FROM ${fromLake('recordings', lake.tables.recordings)}
     WHERE ${known.join(' OR ')} LIMIT 1`,
  );
  return rows.length > 0;
}

/**
 * Which tracks sound alike: for each that any listener has played, `sound_neighbours` (track_ix,
 * neighbour_ix, similarity), the nearest by cosine over the lake's `audio_features` and the
 * catalogue's own columns, whichever there are. Tracks of which no sound is known have no
 * neighbours and are nobody's, nor are those that no catalogue lists.
 *
 * @param threads - default: all is done on the calling one; how many does not show in the bytes
 */
export function soundsStage(
  loadKernels: () => Promise<WebAssembly.Module>,
  threads?: Threads,
): Stage<SoundsOptions> {
  return {
    name: 'sounds',
    version: 2,
    options: soundsOptions,
    async run({ options, sql, save, report, signal }) {
      const { unplayedAt, minSimilarity, recall } = options;
      const vectors = soundVectors(await readQualities(sql));
      const isKnown = rowsWithSound(vectors);
      report.rowsIn(isKnown.reduce((sum: number, one) => sum + one, 0));
      const withSound = async (tracks: string, parameters = {}): Promise<Int32Array> => {
        const { track_ix } = await sql.columns<'track_ix'>(tracks, parameters);
        return Int32Array.from(track_ix).filter((track) => isKnown[track] === 1);
      };
      const of = await withSound(
        'SELECT DISTINCT track_ix FROM catalogue.listens ORDER BY track_ix',
      );
      const among = await withSound(
        `SELECT t.track_ix FROM catalogue.tracks t
         WHERE t.known_from IS NOT NULL AND NOT EXISTS (
           FROM catalogue.listens l
           WHERE l.track_ix = t.track_ix AND l.listened_at < CAST($unplayedAt AS TIMESTAMP))
         ORDER BY t.track_ix`,
        { unplayedAt: unplayedAt?.replace('Z', '') ?? null },
      );
      const kept = Math.floor(options.mostNeighbours / Math.max(1, of.length));
      const numNeighbours = Math.max(1, Math.min(options.numNeighbours, kept));
      const search = { of, among, numNeighbours, minSimilarity, retrieval: { recall } };
      const means = {
        kernels: await loadKernels(),
        signal,
        ...(threads === undefined ? {} : { threads }),
      };
      await sql.run(
        'CREATE TEMP TABLE near (track_ix INTEGER, neighbour_ix INTEGER, similarity FLOAT)',
      );
      for await (const { done, found } of neighboursByCosine(vectors, search, means)) {
        await sql.append('near', found);
        report.progress(done, of.length);
        await nextTurn(signal);
      }
      const relation = '(SELECT * FROM near ORDER BY track_ix, similarity DESC, neighbour_ix)';
      report.rowsOut(await save('sound_neighbours', relation));
    },
  };
}

/** What is known of the sound of each track, in the order of `track_ix`. */
async function readQualities(sql: Sql): Promise<SoundQuality[]> {
  // Of several recordings of a track the first has the word.
  await sql.run(`CREATE TEMP TABLE files AS
    SELECT r.track_ix, a.timbre, a.loudness, a.tempo
    FROM lake.audio_features a JOIN catalogue.recordings r USING (recording_id)
    QUALIFY row_number() OVER (
      PARTITION BY r.track_ix ORDER BY r.recording_id, a.sha256, r.source, a.source
    ) = 1`);
  const measures: string[] = [];
  const quality = (weight: number, ...expressions: string[]) => {
    const first = measures.push(...expressions) - expressions.length;
    return { weight, columns: expressions.map((_, n) => `c${first + n}`) };
  };
  const qualities = [
    ...Array.from({ length: numTimbre }, (_, n) => quality(timbreWeight, `f.timbre[${n + 1}]`)),
    ...tableColumns.map((column) => quality(1, `t.${column}`)),
    // LUFS of files, and whatever decibels the table has: two scales.
    quality(1, 'f.loudness', 't.loudness'),
    quality(1, 'ln(coalesce(f.tempo, t.tempo))'),
  ];
  const columns = await sql.columns(
    `SELECT ${measures
      .map((one, n) => `coalesce(CAST(${one} AS FLOAT), CAST('nan' AS FLOAT)) AS c${n}`)
      .join(', ')}
     FROM catalogue.tracks t LEFT JOIN files f USING (track_ix) ORDER BY t.track_ix`,
  );
  return qualities.map(({ weight, columns: names }) => ({
    weight,
    measures: names.map((name) => columns[name]!),
  }));
}

/** [numTracks] 1 where anything is known. */
function rowsWithSound({ numRows, numFactors, values }: Factors): Uint8Array {
  return Uint8Array.from({ length: numRows }, (_, row) =>
    values.subarray(row * numFactors, (row + 1) * numFactors).some((value) => value !== 0) ? 1 : 0,
  );
}
