import { randomNormal } from 'd3-random';
import { createRandom, type Random } from '../random.ts';
import type { Catalogue } from './catalogue.ts';
import { isoDate, yearOf } from './days.ts';
import { stylesPerTaste, tastes } from './tastes.ts';
import type { World } from './world.ts';

/** A row of `recordings.csv`; null where the source does not know. */
export interface Recording {
  readonly recordingId: string;
  readonly title: string;
  /** The lead artist first. */
  readonly artists: readonly string[];
  readonly album: string | null;
  readonly albumId: string | null;
  readonly lengthS: number | null;
  /** `YYYY-MM-DD`; of some only the year is known, given as 1 January. */
  readonly released: string | null;
  /** 0..100 */
  readonly popularity: number | null;
  readonly genres: readonly string[];
  readonly audio: AudioFeatures | null;
  /** `YYYY-MM-DD`, never after the first listen. */
  readonly knownFrom: string;
}

/** Units as in `Taste.audio`; key 0..11, mode 1 major. */
export interface AudioFeatures {
  readonly danceability: number;
  readonly energy: number;
  readonly speechiness: number;
  readonly acousticness: number;
  readonly instrumentalness: number;
  readonly liveness: number;
  readonly valence: number;
  readonly loudness: number;
  readonly tempo: number;
  readonly musicalKey: number;
  readonly mode: number;
}

/** Share of tracks of which the catalogue has a second recording: a remaster or a live take. */
const secondShare = 0.02;
/** Shares of what a source does not know. */
const missing = { length: 0.02, released: 0.02, popularity: 0.03, genres: 0.08, audio: 0.03 };

/** The id under which `recordings.csv` and the playlists know a track. */
export function recordingId(track: number): string {
  return `t${String(track).padStart(8, '0')}`;
}

/** A track's recordings, one or two: a pure function of (seed, track). */
export function recordingsOf(world: World, track: number): Recording[] {
  const { catalogue, startDay, options } = world;
  const random = createRandom(options.seed, 'recording', track);
  const artist = catalogue.artists[catalogue.artistOf[track]!]!;
  const guest = catalogue.guestOf[track]!;
  const album = catalogue.albumOf[track]!;
  const day = catalogue.releasedOn[track]!;
  const guestName = guest < 0 ? undefined : catalogue.artists[guest]!.name;
  const title = catalogue.titles[track]!;
  const yearOnly = day < startDay && random.uniform() < 0.2;
  const unless = <Value>(share: number, value: Value): Value | null =>
    random.uniform() < share ? null : value;

  const first: Recording = {
    recordingId: recordingId(track),
    title:
      guestName !== undefined && random.uniform() < 0.5 ? `${title} (feat. ${guestName})` : title,
    artists: guestName === undefined ? [artist.name] : [artist.name, guestName],
    album: album < 0 ? null : catalogue.albums[album]!,
    albumId: album < 0 ? null : `a${String(album).padStart(7, '0')}`,
    lengthS: unless(missing.length, catalogue.lengthS[track]!),
    released: unless(missing.released, yearOnly ? `${yearOf(day)}-01-01` : isoDate(day)),
    popularity: unless(missing.popularity, popularityOf(catalogue, track, random)),
    genres: unless(missing.genres, genresOf(catalogue, track)) ?? [],
    audio: unless(missing.audio, audioOf(catalogue, track, random)),
    knownFrom: isoDate(Math.max(day, startDay - 365)),
  };
  if (day >= startDay || random.uniform() >= secondShare) return [first];
  const year = Math.min(yearOf(startDay) - 1, yearOf(day) + 5 + random.int(20));
  const second: Recording = {
    ...first,
    recordingId: `${first.recordingId}v`,
    title: random.uniform() < 0.5 ? `${title} - Remastered ${year}` : `${title} (Live)`,
    album: first.album === null ? null : `${first.album} (Deluxe Edition)`,
    albumId: first.albumId === null ? null : `${first.albumId}v`,
    released: `${Math.max(year, yearOf(day))}-01-01`,
  };
  return [first, second];
}

/** 0 for the least, 100 for the most popular track, by the logarithm of the weight; some noise. */
function popularityOf(catalogue: Catalogue, track: number, random: Random): number {
  const [least, most] = catalogue.weightRange;
  const scale = Math.log(catalogue.weight[track]! / least) / Math.log(most / least);
  return Math.round(Math.min(100, Math.max(0, 100 * scale + 8 * (random.uniform() - 0.5))));
}

/** Genre and style of each taste that holds a quarter of the track or more. */
function genresOf(catalogue: Catalogue, track: number): string[] {
  const genresOfCell = (cell: number): string[] => {
    const taste = tastes[Math.floor(cell / stylesPerTaste)]!;
    return [taste.name, taste.styles[cell % stylesPerTaste]!];
  };
  const main = genresOfCell(catalogue.mainCell[track]!);
  return catalogue.mainShare[track]! > 0.75
    ? main
    : [...main, ...genresOfCell(catalogue.otherCell[track]!)];
}

/** The tastes' means in the track's shares, the style's shade and noise. */
function audioOf(catalogue: Catalogue, track: number, random: Random): AudioFeatures {
  const cell = catalogue.mainCell[track]!;
  const share = catalogue.mainShare[track]!;
  const main = tastes[Math.floor(cell / stylesPerTaste)]!.audio;
  const other = tastes[Math.floor(catalogue.otherCell[track]! / stylesPerTaste)]!.audio;
  const shade = (cell % stylesPerTaste) - 1;
  const normal = randomNormal.source(random.uniform)(0, 1);
  const mean = (feature: number): number => share * main[feature]! + (1 - share) * other[feature]!;
  const unit = (feature: number, spread: number, shift = 0): number =>
    rounded(Math.min(1, Math.max(0, mean(feature) + shift + spread * normal())), 3);
  return {
    danceability: unit(0, 0.08),
    energy: unit(1, 0.09, 0.06 * shade),
    speechiness: unit(2, 0.03),
    acousticness: unit(3, 0.12, -0.04 * shade),
    instrumentalness: unit(4, 0.1),
    liveness: unit(5, 0.07),
    valence: unit(6, 0.12),
    loudness: rounded(Math.min(0, Math.max(-60, mean(7) + shade + 1.8 * normal())), 2),
    tempo: rounded(Math.max(40, mean(8) + 5 * shade + 12 * normal()), 1),
    musicalKey: random.int(12),
    mode: random.uniform() < 0.62 ? 1 : 0,
  };
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
