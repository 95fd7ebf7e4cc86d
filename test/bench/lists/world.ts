import { createRandom, type Random } from '../../../model/random.ts';
import { fromTriples } from '../../../model/interactions.ts';
import type { Listener, Ragged } from '../../../model/candidates/listener.ts';
import {
  sourceNames,
  type CandidatePool,
  type SourceName,
} from '../../../model/candidates/pool.ts';
import {
  playlistsSource,
  popularitySource,
  textSource,
  type CandidateSource,
} from '../../../model/candidates/sources.ts';
import { audioColumns, genresPerTrack, type TrackTable } from '../../../model/candidates/tracks.ts';
import type { ChooserWorld } from '../../../model/assembly/list-chooser.ts';
import type { WorldColumns } from '../../../pipelines/world-columns.ts';

export interface WorldSize {
  readonly listeners: number;
  readonly tracks: number;
  readonly artists: number;
  /** Tracks beside each track in playlists. */
  readonly neighbours: number;
  /** Mean of the tracks that a listener has heard; heavy-tailed. */
  readonly heard: number;
  readonly seed: number;
}

const numScenes = 60;
const numGenres = 300;
const numPlaces = 40;
const placeLength = 1000;
const numFactors = 32;
/** What factors and artists offer, found beforehand: their search is measured elsewhere. */
const foundTracks = 80;
const foundArtists = 120;

/** A world in memory, skewed as real ones are, and what each listener is not to be given. */
export interface ListWorld extends ChooserWorld, ListedListeners {
  /** Works heard, and works listed in the last eight weeks. */
  readonly heard: Ragged;
  readonly delivered: Ragged;
}

type ListedListeners = Pick<
  WorldColumns,
  'interactions' | 'artistInteractions' | 'zonePlace' | 'countryPlace' | 'listeners' | 'places'
>;

/** The same size and seed give the same world. */
export function listWorld(size: WorldSize): ListWorld {
  const random = createRandom(size.seed, 'lists');
  const artistScene = draw(size.artists, () => skewed(random, numScenes));
  const tracks = trackTable(size, artistScene, random);
  const trackScene = Int32Array.from(tracks.artist, (artist) => artistScene[artist]!);
  const tracksOf = byGroup(trackScene, numScenes);
  const artistsOf = byGroup(artistScene, numScenes);
  const artistTracks = ragged(byGroup(tracks.artist, size.artists), () => 0);

  const near = (scene: number, of: readonly number[][]): number => {
    const own = random.uniform() < 0.85 ? of[scene]! : of[skewed(random, numScenes)]!;
    return own.length === 0 ? 0 : own[skewed(random, own.length)]!;
  };
  const neighbourRow = (count: number, scene: number, of: readonly number[][]): number[] => [
    ...new Set(Array.from({ length: count }, () => near(scene, of))),
  ];
  const trackNeighbours = ragged(
    Array.from(trackScene, (scene) => neighbourRow(size.neighbours, scene, tracksOf)),
    (n) => 1 / (1 + n / 8),
  );
  const artistNeighbours = ragged(
    Array.from(artistScene, (scene) => neighbourRow(20, scene, artistsOf)),
    (n) => 1 / (1 + n / 8),
  );

  const triples = { row: [] as number[], track: [] as number[], value: [] as number[] };
  const heard: number[][] = [];
  const delivered: number[][] = [];
  const found: number[][] = [];
  for (let listener = 0; listener < size.listeners; listener++) {
    const scenes = [skewed(random, numScenes), skewed(random, numScenes)];
    const sceneOf = (): number => scenes[random.uniform() < 0.7 ? 0 : 1]!;
    const count = Math.max(1, Math.round(-size.heard * Math.log(1 - random.uniform())));
    const played = new Set(Array.from({ length: count }, () => near(sceneOf(), tracksOf)));
    for (const track of played) {
      triples.row.push(listener);
      triples.track.push(track);
      triples.value.push(0.2 + skewed(random, 20));
    }
    heard.push([...played].map((track) => tracks.work[track]!).sort((a, b) => a - b));
    const listed = Array.from({ length: 240 }, () => tracks.work[near(sceneOf(), tracksOf)]!);
    delivered.push([...new Set(listed)].sort((a, b) => a - b));
    found.push([
      ...new Set(Array.from({ length: 3 * foundTracks }, () => near(sceneOf(), tracksOf))),
    ]);
  }
  const value = Float32Array.from(triples.value);
  const interactions = fromTriples(
    triples.row,
    triples.track,
    value,
    size.listeners,
    tracks.numTracks,
  );
  const artists = triples.track.map((track) => tracks.artist[track]!);
  const places = Array.from({ length: numPlaces }, () => [
    ...new Set(Array.from({ length: 2 * placeLength }, () => skewed(random, size.tracks))),
  ]);
  const foundRows = ragged(found, (n) => 2 / (1 + n / 20));
  return {
    tracks,
    popularity: {
      trackListeners: floats(size.tracks, () => skewed(random, 500)),
      trackPlaylists: floats(size.tracks, () => skewed(random, 50)),
      artistListeners: floats(size.artists, () => skewed(random, 5000)),
      placeOfArtist: floats(size.tracks, () => skewed(random, 30)),
      cutoffDay: 20_000,
    },
    interactions,
    artistInteractions: fromTriples(triples.row, artists, value, size.listeners, size.artists),
    zonePlace: draw(size.listeners, () => 1 + random.int(numPlaces - 1)),
    countryPlace: draw(size.listeners, () => 1 + random.int(numPlaces - 1)),
    listeners: draw(size.listeners, (n) => n),
    places: places.map((_, n) => (n === 0 ? 'world' : `place ${n}`)),
    sources: [
      foundSource('factors', foundRows, tracks, 1, foundTracks),
      foundSource('artists', foundRows, tracks, 0.7, foundArtists),
      playlistsSource(trackNeighbours, size.tracks),
      textSource(artistNeighbours, artistTracks, size.artists, tracks.artist),
      popularitySource(
        ragged(places, () => 0),
        0,
      ),
    ],
    fallback: draw(size.tracks, (n) => n),
    trackFactors: factors(size.tracks, random),
    artistFactors: factors(size.artists, random),
    heard: ragged(heard, () => 0),
    delivered: ragged(delivered, () => 0),
  };
}

function trackTable(size: WorldSize, artistScene: Int32Array, random: Random): TrackTable {
  const artist = draw(size.tracks, () => skewed(random, size.artists));
  const genres = new Int32Array(size.tracks * genresPerTrack).fill(-1);
  for (let track = 0; track < size.tracks; track++) {
    const count = random.uniform() < 0.2 ? 0 : 1 + random.int(genresPerTrack);
    const scene = artistScene[artist[track]!]!;
    const own = new Set(
      Array.from({ length: count }, () => (scene * 5 + skewed(random, 15)) % numGenres),
    );
    [...own].forEach((genre, at) => (genres[track * genresPerTrack + at] = genre));
  }
  const described = draw(size.tracks, () => (random.uniform() < 0.7 ? 1 : 0));
  return {
    numTracks: size.tracks,
    numArtists: size.artists,
    numWorks: size.tracks,
    genreNames: Array.from({ length: numGenres }, (_, n) => `genre ${n}`),
    artist,
    work: draw(size.tracks, (track) => (random.uniform() < 0.05 ? random.int(track + 1) : track)),
    album: draw(size.tracks, (track) =>
      random.uniform() < 0.3 ? -1 : artist[track]! * 4 + random.int(4),
    ),
    genres,
    audio: floats(size.tracks * audioColumns.length, (at) =>
      described[Math.floor(at / audioColumns.length)] === 1 ? random.uniform() : NaN,
    ),
    cataloguePopularity: floats(size.tracks, () => skewed(random, 101)),
    releasedDay: floats(size.tracks, () => (random.uniform() < 0.1 ? NaN : random.int(20_100))),
  };
}

/** A source that offers what was found for each listener beforehand, at no cost worth measuring. */
function foundSource(
  name: SourceName,
  found: Ragged,
  { numTracks }: TrackTable,
  scale: number,
  atMost: number,
): CandidateSource {
  const source = sourceNames.indexOf(name);
  const score = new Float64Array(numTracks);
  let from = 0;
  let to = 0;
  const collect = (listener: Listener, pool: CandidatePool, limit: number): void => {
    for (let n = from; n < to; n++) score[found.indices[n]!] = 0;
    from = found.start[listener.index]!;
    to = found.start[listener.index + 1]!;
    for (let n = from; n < to; n++) score[found.indices[n]!] = scale * found.values[n]!;
    // The second half of what was found is for the artists.
    const first = name === 'artists' ? Math.floor((from + to) / 2) : from;
    for (let n = first; n < to && pool.offeredBy(source) < Math.min(limit, atMost); n++) {
      pool.offer(source, found.indices[n]!, score[found.indices[n]!]!, -1);
    }
  };
  return { name, collect, match: (track) => score[track]! };
}

/** 0 .. below - 1, small ones far more often. */
function skewed(random: Random, below: number): number {
  return Math.floor(below * random.uniform() ** 2.5);
}

function draw(length: number, value: (n: number) => number): Int32Array {
  return Int32Array.from({ length }, (_, n) => value(n));
}

function floats(length: number, value: (n: number) => number): Float32Array {
  return Float32Array.from({ length }, (_, n) => value(n));
}

function factors(numRows: number, random: Random): WorldColumns['trackFactors'] {
  const values = floats(numRows * numFactors, () => random.uniform() - 0.4);
  return { numRows, numFactors, values };
}

function byGroup(group: Int32Array, numGroups: number): number[][] {
  const rows = Array.from({ length: numGroups }, (): number[] => []);
  group.forEach((of, member) => rows[of]!.push(member));
  return rows;
}

function ragged(rows: readonly (readonly number[])[], value: (n: number) => number): Ragged {
  const start = new Int32Array(rows.length + 1);
  rows.forEach((row, r) => (start[r + 1] = start[r]! + row.length));
  const indices = new Int32Array(start.at(-1)!);
  const values = new Float32Array(indices.length);
  rows.forEach((row, r) => {
    row.forEach((index, n) => {
      indices[start[r]! + n] = index;
      values[start[r]! + n] = value(n);
    });
  });
  return { start, indices, values };
}
