import { MISSING } from '../ranker/examples.ts';
import type { Listener } from './listener.ts';
import { numSources, sourceNames, type CandidatePool } from './pool.ts';
import type { CandidateSource } from './sources.ts';
import { audioColumns, genresPerTrack, type TrackTable } from './tracks.ts';

/** What the ranker sees of a candidate, in this order. Counts and scores enter as logarithms. */
export const featureNames = [
  ...sourceNames.map((name) => `${name} score` as const),
  ...sourceNames.map((name) => `${name} rank` as const), // 1 / log2(1 + rank), 0 where not offered
  ...sourceNames.map((name) => `${name} match` as const), // its score, offered or not
  'sources', // how many offered it
  'track listeners',
  'artist listeners',
  'track playlists',
  'catalogue popularity', // 0..1
  'place of artist', // 1 / log2(1 + rank) among the artist's tracks, 0 where unknown
  'artist plays', // the listener's own, of the lead artist
  'artist share', // of the listener's plays, 0..1
  'genre match', // cosine of the listener's genre profile and the track's genres; may be missing
  'audio distance', // mean absolute difference from the listener's mean, 0..1; may be missing
  'age', // log of the years since its release; may be missing
  'listener plays',
  'listener artists',
  'listener repeats', // plays per track
  'artist trend', // log of how much more is written about the artist than usual, 0 where no more
  'artist sentiment', // -1..1, of what is written; 0 where nothing is
] as const;
export const numFeatures = featureNames.length;

/** What is known from articles only: 0 throughout where there are none. */
export const articleFeatures: readonly (typeof featureNames)[number][] = [
  'artist trend',
  'artist sentiment',
];

/** What is known from the sound of recordings only: 0 throughout where there is none. */
export const soundFeatures: readonly (typeof featureNames)[number][] = [
  'audio score',
  'audio rank',
  'audio match',
];

/** How well known tracks and artists are at the cut-off. */
export interface Popularity {
  /** [numTracks] listeners who played it. */
  readonly trackListeners: Float32Array;
  /** [numTracks] playlists that hold it. */
  readonly trackPlaylists: Float32Array;
  /** [numArtists] listeners who played the artist. */
  readonly artistListeners: Float32Array;
  /** [numTracks] 1-based rank among the tracks of the lead artist, 0 where it has none. */
  readonly placeOfArtist: Float32Array;
  /** [numArtists] how much more than usual is written about the artist, >= 0; left out: 0 of all. */
  readonly artistTrend?: Float32Array;
  /** [numArtists] -1..1, what is written; left out: 0 of all. */
  readonly artistSentiment?: Float32Array;
  /** Days from 1970 to the cut-off. */
  readonly cutoffDay: number;
}

/** A listener's taste as far as the catalogue describes what they played. */
export class TasteProfile {
  /** [numGenres] weights of unit length, or zero where nothing is known. */
  readonly genres: Float32Array;
  /** [audioColumns] confidence-weighted mean of the tracks that have it, NaN where none has. */
  readonly audio: Float32Array;
  plays = 0;
  artists = 0;
  tracks = 0;

  readonly #tracks: TrackTable;
  readonly #audioWeight = new Float64Array(audioColumns.length);
  #hasGenres = false;

  constructor(tracks: TrackTable) {
    this.#tracks = tracks;
    this.genres = new Float32Array(tracks.genreNames.length);
    this.audio = new Float32Array(audioColumns.length);
  }

  /** Computes the profile of a listener into this object. */
  of(listener: Listener): this {
    const { genres, audio } = this.#tracks;
    this.genres.fill(0);
    this.audio.fill(0);
    this.#audioWeight.fill(0);
    this.plays = 0;
    this.artists = listener.artists.length;
    this.tracks = listener.tracks.length;
    for (let n = 0; n < listener.tracks.length; n++) {
      const track = listener.tracks[n]!;
      const weight = listener.trackConfidence[n]!;
      this.plays += weight;
      const base = track * genresPerTrack;
      for (let g = base; g < base + genresPerTrack && genres[g] !== -1; g++) {
        this.genres[genres[g]!]! += weight;
      }
      const row = track * audioColumns.length;
      for (let a = 0; a < audioColumns.length; a++) {
        const value = audio[row + a]!;
        if (value !== value) continue;
        this.audio[a]! += weight * value;
        this.#audioWeight[a]! += weight;
      }
    }
    let squares = 0;
    for (let g = 0; g < this.genres.length; g++) squares += this.genres[g]! * this.genres[g]!;
    const length = Math.sqrt(squares);
    this.#hasGenres = length > 0;
    if (length > 0) for (let g = 0; g < this.genres.length; g++) this.genres[g]! /= length;
    for (let a = 0; a < this.audio.length; a++) {
      this.audio[a]! /= this.#audioWeight[a]!; // 0 / 0 is NaN
    }
    return this;
  }

  /** Cosine of the profile and a track's genres; NaN where either is unknown. */
  genreMatch(track: number): number {
    const { genres } = this.#tracks;
    const base = track * genresPerTrack;
    let sum = 0;
    let count = 0;
    for (; count < genresPerTrack && genres[base + count] !== -1; count++) {
      sum += this.genres[genres[base + count]!]!;
    }
    return count === 0 || !this.#hasGenres ? NaN : sum / Math.sqrt(count);
  }

  /**
   * Mean absolute difference of the track's audio from the listener's mean, over the columns that
   * are known of both; NaN where there is none.
   */
  audioDistance(track: number): number {
    const row = track * audioColumns.length;
    let sum = 0;
    let count = 0;
    for (let a = 0; a < audioColumns.length; a++) {
      const difference = Math.abs(this.#tracks.audio[row + a]! - this.audio[a]!);
      if (difference !== difference) continue;
      sum += difference;
      count++;
    }
    return sum / count; // 0 / 0 is NaN
  }
}

/**
 * Writes the features of every candidate of the pool: what they are, row by row. `FeatureWriter`
 * writes the same for many listeners in turn, and faster.
 *
 * @param sources - which collected for this listener last; of those left out every match is 0
 * @param into - [at least pool.size x numFeatures] row-major, rows in the order of the pool
 */
export function writeFeatures(
  pool: CandidatePool,
  listener: Listener,
  profile: TasteProfile,
  tracks: TrackTable,
  popularity: Popularity,
  sources: readonly CandidateSource[],
  into: Float32Array,
  fromRow = 0,
): void {
  const artistConfidence = new Map<number, number>();
  for (let n = 0; n < listener.artists.length; n++) {
    artistConfidence.set(listener.artists[n]!, listener.artistConfidence[n]!);
  }
  const bySource = sourceNames.map((name) => sources.find((source) => source.name === name));
  for (let c = 0; c < pool.size; c++) {
    const track = pool.track[c]!;
    const artist = tracks.artist[track]!;
    let at = (fromRow + c) * numFeatures;
    let offering = 0;
    const first = c * numSources;
    for (let s = first; s < first + numSources; s++) into[at++] = Math.log1p(pool.score[s]!);
    for (let s = first; s < first + numSources; s++) {
      const rank = pool.rank[s]!;
      if (rank > 0) offering++;
      into[at++] = rank === 0 ? 0 : 1 / Math.log2(1 + rank);
    }
    for (const source of bySource) into[at++] = Math.log1p(source?.match(track) ?? 0);
    const own = artistConfidence.get(artist) ?? 0;
    const distance = profile.audioDistance(track);
    const released = tracks.releasedDay[track]!;
    into[at++] = offering;
    into[at++] = Math.log1p(popularity.trackListeners[track]!);
    into[at++] = Math.log1p(popularity.artistListeners[artist]!);
    into[at++] = Math.log1p(popularity.trackPlaylists[track]!);
    into[at++] = tracks.cataloguePopularity[track]! / 100;
    const place = popularity.placeOfArtist[track]!;
    into[at++] = place === 0 ? 0 : 1 / Math.log2(1 + place);
    into[at++] = Math.log1p(own);
    into[at++] = profile.plays === 0 ? 0 : own / profile.plays;
    into[at++] = orMissing(profile.genreMatch(track));
    into[at++] = orMissing(distance);
    into[at++] = orMissing(Math.log1p(Math.max(0, popularity.cutoffDay - released) / 365.25));
    into[at++] = Math.log1p(profile.plays);
    into[at++] = Math.log1p(profile.artists);
    into[at++] = profile.tracks === 0 ? 0 : profile.plays / profile.tracks;
    into[at++] = Math.log1p(popularity.artistTrend?.[artist] ?? 0);
    into[at] = popularity.artistSentiment?.[artist] ?? 0;
  }
}

function orMissing(value: number): number {
  return Number.isNaN(value) ? MISSING : value;
}
