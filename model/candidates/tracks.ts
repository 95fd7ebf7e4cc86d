/** Genres that a track can have in the kernels; a track's further ones are left out. */
export const genresPerTrack = 4;

/** Audio columns in the order of `TrackTable.audio`, each scaled to about 0..1. */
export const audioColumns = [
  'danceability',
  'energy',
  'speechiness',
  'acousticness',
  'instrumentalness',
  'liveness',
  'valence',
  'tempo',
] as const;

/** The catalogue's tracks as columns; an index is a `track_ix`. */
export interface TrackTable {
  readonly numTracks: number;
  readonly numArtists: number;
  readonly numWorks: number;
  /** Names of the genres; an index is a genre id. */
  readonly genreNames: readonly string[];
  /** [numTracks] lead artist. */
  readonly artist: Int32Array;
  /** [numTracks] */
  readonly work: Int32Array;
  /** [numTracks] album id, -1 where unknown. */
  readonly album: Int32Array;
  /** [numTracks x genresPerTrack] genre ids, row-major, -1 for none. */
  readonly genres: Int32Array;
  /** [numTracks x audioColumns.length] row-major, NaN where unknown. */
  readonly audio: Float32Array;
  /** [numTracks] 0..100 as the catalogue counts it, 0 where unknown. */
  readonly cataloguePopularity: Float32Array;
  /** [numTracks] days from 1970 to the release, NaN where unknown. */
  readonly releasedDay: Float32Array;
}
