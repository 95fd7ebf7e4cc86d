import { MISSING } from '../ranker/examples.ts';
import { cellOf, type InputLayout } from '../ranker/inputs.ts';
import { featureNames, type Popularity, type TasteProfile } from './features.ts';
import type { Listener } from './listener.ts';
import { numSources, sourceNames, type CandidatePool } from './pool.ts';
import { readAhead } from './read-ahead.ts';
import { matchesOf, type CandidateSource } from './sources.ts';
import { audioColumns, genresPerTrack, type TrackTable } from './tracks.ts';

const feature = (name: (typeof featureNames)[number]): number => featureNames.indexOf(name);

const firstScore = feature('factors score');
const firstRank = feature('factors rank');
const firstMatch = feature('factors match');
const sourcesFeature = feature('sources');
const playsFeature = feature('artist plays');
const shareFeature = feature('artist share');
const genreFeature = feature('genre match');
const audioFeature = feature('audio distance');

/** What depends on the track alone, in the order of the columns of `#fixed`. */
const fixedFeatures = [
  'track listeners',
  'artist listeners',
  'track playlists',
  'catalogue popularity',
  'place of artist',
  'age',
  'artist trend',
  'artist sentiment',
] as const;

/**
 * Writes the features of candidates as the inputs of a network, at once: what `writeFeatures` and
 * then `standardize` give, to the bit. What depends on the track alone is computed once.
 */
export class FeatureWriter {
  readonly #tracks: TrackTable;
  readonly #layout: InputLayout;
  /** [numTracks x fixedStride], the columns in use first. */
  readonly #fixed: Float32Array;
  readonly #fixedStride: number;
  readonly #fixedColumns: Int32Array;
  /** [numSources + 1] input of a candidate that so many sources offered. */
  readonly #offering: Float32Array;
  /** [numSources x numRanks] input of a candidate of the rank. */
  #ranks = new Float32Array(0);
  #numRanks = 0;
  /** [numArtists] confidence of the artists that the listener plays. */
  readonly #own: Float32Array;
  readonly #matches: Float64Array[];
  readonly #first: Float32Array;

  constructor(tracks: TrackTable, popularity: Popularity, layout: InputLayout) {
    this.#tracks = tracks;
    this.#layout = layout;
    const { column, indicator } = layout;
    const fixed = fixedFeatures.map(feature);
    const columns = fixed.flatMap((f) => [column[f]!, indicator[f]!]);
    this.#fixedColumns = Int32Array.from(columns.filter((to) => to >= 0));
    this.#fixedStride = 8 * Math.ceil(this.#fixedColumns.length / 8);
    this.#fixed = fixedInputs(tracks, popularity, layout, this.#fixedStride);
    this.#offering = Float32Array.from({ length: numSources + 1 }, (_, count) =>
      cellOf(layout, sourcesFeature, count),
    );
    this.#own = new Float32Array(tracks.numArtists);
    this.#matches = sourceNames.map(() => new Float64Array(0));
    this.#first = new Float32Array(layout.width);
  }

  /**
   * @param sources - which collected for this listener last; of those left out every match is 0
   * @param into - [at least fromRow + pool.size x layout.width] row-major, rows in the order of the pool
   */
  write(
    pool: CandidatePool,
    listener: Listener,
    profile: TasteProfile,
    sources: readonly CandidateSource[],
    into: Float32Array,
    fromRow: number,
  ): void {
    const { size } = pool;
    if (size === 0) return;
    const { width } = this.#layout;
    this.#begin(listener, profile);
    into.set(this.#first, fromRow * width);
    for (let rows = 1; rows < size; rows *= 2) {
      const more = Math.min(rows, size - rows);
      into.copyWithin((fromRow + rows) * width, fromRow * width, (fromRow + more) * width);
    }
    this.#makeRoom(pool.capacity);
    this.#touch(pool);
    this.#writeTracks(pool, profile, into, fromRow * width);
    this.#writeOffers(pool, into, fromRow * width);
    for (const source of sources) this.#writeMatches(source, pool, into, fromRow * width);
    for (let n = 0; n < listener.artists.length; n++) this.#own[listener.artists[n]!] = 0;
  }

  /** What all candidates of a listener have in common, where nothing else is known of them. */
  #begin(listener: Listener, profile: TasteProfile): void {
    const layout = this.#layout;
    const first = this.#first;
    first.set(layout.blank);
    for (let n = 0; n < listener.artists.length; n++) {
      this.#own[listener.artists[n]!] = listener.artistConfidence[n]!;
    }
    const { plays, artists, tracks } = profile;
    put(layout, first, feature('listener plays'), Math.log1p(plays));
    put(layout, first, feature('listener artists'), Math.log1p(artists));
    put(layout, first, feature('listener repeats'), tracks === 0 ? 0 : plays / tracks);
    put(layout, first, genreFeature, MISSING);
    put(layout, first, audioFeature, MISSING);
  }

  /** Reads a little of all that is looked up of each track: see `readAhead`. */
  #touch({ track, size }: CandidatePool): void {
    const { artist, genres, audio } = this.#tracks;
    const fixed = this.#fixed;
    const stride = this.#fixedStride;
    let sum = 0;
    for (let c = 0; c < size; c++) {
      const index = track[c]!;
      sum += artist[index]! + genres[index * genresPerTrack]!;
      sum += audio[index * audioColumns.length]! + fixed[index * stride]!;
    }
    readAhead.sum = sum;
  }

  /** What depends on the track, and on what the listener plays. */
  #writeTracks(
    pool: CandidatePool,
    profile: TasteProfile,
    into: Float32Array,
    start: number,
  ): void {
    const layout = this.#layout;
    const { width } = layout;
    const { artist } = this.#tracks;
    const fixed = this.#fixed;
    const columns = this.#fixedColumns;
    const numFixed = columns.length;
    for (let c = 0, row = start; c < pool.size; c++, row += width) {
      const track = pool.track[c]!;
      const from = track * this.#fixedStride;
      for (let f = 0; f < numFixed; f++) into[row + columns[f]!] = fixed[from + f]!;
      const own = this.#own[artist[track]!]!;
      if (own !== 0) {
        putKnown(layout, into, row, playsFeature, Math.log1p(own));
        putKnown(layout, into, row, shareFeature, profile.plays === 0 ? 0 : own / profile.plays);
      }
      const genres = profile.genreMatch(track);
      if (genres === genres) putKnown(layout, into, row, genreFeature, genres);
      const distance = profile.audioDistance(track);
      if (distance === distance) putKnown(layout, into, row, audioFeature, distance);
    }
  }

  /** Score and rank of each source that offered the track, and how many did. */
  #writeOffers(pool: CandidatePool, into: Float32Array, start: number): void {
    const layout = this.#layout;
    const { width, column } = layout;
    const { rank, score } = pool;
    const toSources = column[sourcesFeature]!;
    const numRanks = this.#numRanks;
    for (let c = 0, row = start; c < pool.size; c++, row += width) {
      let offering = 0;
      const first = c * numSources;
      for (let s = 0; s < numSources; s++) {
        const ranked = rank[first + s]!;
        if (ranked === 0) continue;
        offering++;
        const toRank = column[firstRank + s]!;
        if (toRank >= 0) into[row + toRank] = this.#ranks[s * numRanks + ranked]!;
        putKnown(layout, into, row, firstScore + s, Math.log1p(score[first + s]!));
      }
      if (toSources >= 0) into[row + toSources] = this.#offering[offering]!;
    }
  }

  #writeMatches(
    source: CandidateSource,
    pool: CandidatePool,
    into: Float32Array,
    start: number,
  ): void {
    const layout = this.#layout;
    const s = sourceNames.indexOf(source.name);
    const matches = this.#matches[s]!;
    matchesOf(source, pool.track, pool.size, matches);
    for (let c = 0, row = start; c < pool.size; c++, row += layout.width) {
      const match = matches[c]!;
      if (match !== 0) putKnown(layout, into, row, firstMatch + s, Math.log1p(match));
    }
  }

  #makeRoom(capacity: number): void {
    if (this.#numRanks > capacity) return;
    this.#numRanks = capacity + 1;
    this.#ranks = new Float32Array(numSources * this.#numRanks);
    for (let s = 0; s < numSources; s++) {
      this.#matches[s] = new Float64Array(capacity);
      for (let rank = 1; rank <= capacity; rank++) {
        const cell = cellOf(this.#layout, firstRank + s, 1 / Math.log2(1 + rank));
        this.#ranks[s * this.#numRanks + rank] = cell;
      }
    }
  }
}

/** Writes a value that may be missing to the columns of a feature, in a row from 0. */
function put(layout: InputLayout, row: Float32Array, f: number, value: number): void {
  if (layout.column[f]! >= 0) row[layout.column[f]!] = cellOf(layout, f, value);
  if (layout.indicator[f]! >= 0) row[layout.indicator[f]!] = value === MISSING ? 1 : 0;
}

/** Writes a value that is known over one that was missing or 0. */
function putKnown(
  layout: InputLayout,
  into: Float32Array,
  row: number,
  f: number,
  value: number,
): void {
  const column = layout.column[f]!;
  if (column >= 0) into[row + column] = cellOf(layout, f, value);
  const indicator = layout.indicator[f]!;
  if (indicator >= 0) into[row + indicator] = 0;
}

/** [numTracks x stride] the columns of `fixedFeatures` and their indicators, as far as there are. */
function fixedInputs(
  tracks: TrackTable,
  popularity: Popularity,
  layout: InputLayout,
  stride: number,
): Float32Array {
  const { trackListeners, artistListeners, trackPlaylists, placeOfArtist, cutoffDay } = popularity;
  const into = new Float32Array(tracks.numTracks * stride);
  const { artistTrend, artistSentiment } = popularity;
  const ofTrend = artistTrend && Float64Array.from(artistTrend, (trend) => Math.log1p(trend));
  const ofArtist = Float64Array.from(artistListeners, (count) => Math.log1p(count));
  let at = 0;
  const add = (name: (typeof fixedFeatures)[number], value: number): void => {
    const f = feature(name);
    const known = value === value ? value : MISSING;
    if (layout.column[f]! >= 0) into[at++] = cellOf(layout, f, known);
    if (layout.indicator[f]! >= 0) into[at++] = known === MISSING ? 1 : 0;
  };
  for (let track = 0; track < tracks.numTracks; track++) {
    const place = placeOfArtist[track]!;
    at = track * stride;
    const days = Math.max(0, cutoffDay - tracks.releasedDay[track]!);
    add('track listeners', Math.log1p(trackListeners[track]!));
    add('artist listeners', ofArtist[tracks.artist[track]!]!);
    add('track playlists', Math.log1p(trackPlaylists[track]!));
    add('catalogue popularity', tracks.cataloguePopularity[track]! / 100);
    add('place of artist', place === 0 ? 0 : 1 / Math.log2(1 + place));
    add('age', Math.log1p(days / 365.25));
    add('artist trend', ofTrend?.[tracks.artist[track]!] ?? 0);
    add('artist sentiment', artistSentiment?.[tracks.artist[track]!] ?? 0);
  }
  return into;
}
