import type { ScoredCandidates } from '../../model/assembly/candidates.ts';

/** A candidate as a test writes it; everything left out is unknown or of its own. */
export interface CandidateRow {
  readonly score: number;
  readonly track?: number;
  readonly artist?: number;
  readonly work?: number;
  readonly album?: number;
  readonly genres?: readonly number[];
  readonly energy?: number;
  readonly valence?: number;
  readonly tempo?: number;
  readonly known?: boolean;
}

/** Rows to columns. Track, artist and work default to the row's number. */
export function candidatesOf(rows: readonly CandidateRow[], genresPerTrack = 4): ScoredCandidates {
  const genres = new Int32Array(rows.length * genresPerTrack).fill(-1);
  for (const [at, row] of rows.entries()) genres.set(row.genres ?? [], at * genresPerTrack);
  return {
    size: rows.length,
    track: Int32Array.from(rows, (row, at) => row.track ?? at),
    score: Float32Array.from(rows, (row) => row.score),
    artist: Int32Array.from(rows, (row, at) => row.artist ?? at),
    work: Int32Array.from(rows, (row, at) => row.work ?? at),
    album: Int32Array.from(rows, (row) => row.album ?? -1),
    genres,
    genresPerTrack,
    energy: Float32Array.from(rows, (row) => row.energy ?? NaN),
    valence: Float32Array.from(rows, (row) => row.valence ?? NaN),
    tempo: Float32Array.from(rows, (row) => row.tempo ?? NaN),
    known: Uint8Array.from(rows, (row) => (row.known ? 1 : 0)),
  };
}
