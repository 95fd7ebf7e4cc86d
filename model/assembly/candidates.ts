import { z } from 'zod';

/**
 * The candidates of one listener as parallel columns: **position** i is row i of each. The columns
 * may be longer than `size` (one set of buffers serves all listeners in turn).
 */
export interface ScoredCandidates {
  readonly size: number;
  /** [size] ties go to the lower track. */
  readonly track: Int32Array;
  /** [size] the ranker's, higher is better; finite. */
  readonly score: Float32Array;
  /** [size] lead artist. */
  readonly artist: Int32Array;
  /** [size] what all versions of a track share. */
  readonly work: Int32Array;
  /** [size] -1 where unknown: then it is the album of no other track. */
  readonly album: Int32Array;
  /** [size x genresPerTrack] genre ids, row-major, the known ones first, then -1. */
  readonly genres: Int32Array;
  readonly genresPerTrack: number;
  /** [size] 0..1, NaN where unknown. */
  readonly energy: Float32Array;
  /** [size] 0..1, NaN where unknown. */
  readonly valence: Float32Array;
  /** [size] above 0, in any unit (only ratios count), NaN where unknown. */
  readonly tempo: Float32Array;
  /** [size] 1 where the listener has played the lead artist. */
  readonly known: Uint8Array;
}

/** What is never listed, and the taste that a list is measured by. */
export interface AssemblyConstraints {
  /** Works heard, delivered in the last eight lists, or blocked. */
  readonly excludedWorks?: Pick<ReadonlySet<number>, 'has'>;
  /** [at least size] by position; other than 0: not listed. */
  readonly excluded?: Uint8Array;
  /** [numGenres] how much the listener plays each genre, >= 0, any scale; all 0: not known. */
  readonly genreTaste?: Float32Array;
}

export const assemblyOptions = z.strictObject({
  /** Tracks in a list. Default 30. */
  size: z.int().min(1).max(1000).default(30),
  /** Most tracks of one lead artist. Default 1. */
  perArtist: z.int().min(1).default(1),
  /** What genres in the listener's proportions are worth against the scores, 0 to 1. Default 0.15. */
  diversity: z.number().min(0).max(1).default(0.15),
  /**
   * Share of the genres wished for that follows what is on offer and not the listener's taste, 0
   * to 1: it shows listeners of one genre a few others. Default 0.2.
   */
  exploration: z.number().min(0).max(1).default(0.2),
  /** Share of tracks by artists that the listener has played, 0 to 1; a wish. Default 0.3. */
  familiarShare: z.number().min(0).max(1).default(0.3),
  /** What that share is worth against the scores, 0 to 1. Default 0.2. */
  familiarPull: z.number().min(0).max(1).default(0.2),
  /** Tracks that a list opens with, the best it has; further bands follow (`orderTracks`). Default 3. */
  opening: z.int().min(1).default(3),
});
export type AssemblyOptions = z.infer<typeof assemblyOptions>;

/** Candidates not listed, by the first of these reasons that holds, where a list is too short. */
export interface Shortage {
  readonly excluded: number;
  readonly sameWork: number;
  readonly sameArtist: number;
  readonly sameAlbum: number;
}

/** How many genres of a candidate are known. */
export function countGenres(
  { genres, genresPerTrack }: ScoredCandidates,
  position: number,
): number {
  const first = position * genresPerTrack;
  let count = 0;
  while (count < genresPerTrack && genres[first + count]! >= 0) count++;
  return count;
}
