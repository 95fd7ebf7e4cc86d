import { createRandom, type Random } from '../random.ts';
import { drawAlias, type AliasTables } from './alias.ts';
import { artistScript, pick } from './names.ts';
import { areas, stylesPerTaste, tastes, type Area } from './tastes.ts';
import type { Script } from './words.ts';

/** What an artist is, before names and tracks. */
export interface ArtistTraits {
  readonly main: number;
  readonly mainStyle: number;
  /** Share of the main taste, 0.5..1. */
  readonly mainShare: number;
  /** Equal to `main` where the artist has one taste. */
  readonly other: number;
  readonly otherStyle: number;
  readonly area: Area;
  /** A local artist is played outside its area a quarter as much. */
  readonly local: boolean;
  /** The script that the artist writes in, undefined for Latin letters. */
  readonly script: Script | undefined;
}

/** The tracks are `firstTrack` to before `endTrack`. */
export interface SimulatedArtist extends ArtistTraits {
  readonly name: string;
  readonly firstTrack: number;
  readonly endTrack: number;
  /** Popularity among artists, > 0. */
  weight: number;
}

/** Zipf exponent of the popularity of artists within a taste. */
const artistZipf = 1;
/** Zipf exponent of the tastes themselves. */
const tasteZipf = 0.35;

/** Popularity of each taste, sum 1; which taste is how popular is the seed's choice. */
export function tastePopularity(seed: number): Float64Array {
  const order = createRandom(seed, 'taste popularity').shuffle(tastes.map((_, taste) => taste));
  const popularity = new Float64Array(tastes.length);
  order.forEach((taste, rank) => (popularity[taste] = (rank + 1) ** -tasteZipf));
  const sum = popularity.reduce((total, value) => total + value, 0);
  return popularity.map((value) => value / sum);
}

/** The first artists take the tastes in turn, so that every taste has one: see `firstAlbum`. */
export function createArtist(index: number, byTaste: AliasTables, random: Random): ArtistTraits {
  const main = index < tastes.length ? index : drawAlias(byTaste, 0, random);
  const mixed = random.uniform() < 0.45;
  const step = (1 + random.int(2)) * (random.uniform() < 0.5 ? 1 : -1);
  const home = tastes[main]!.home;
  const area = random.uniform() < 0.7 ? pick(home, random) : pick(areas, random);
  return {
    main,
    mainStyle: random.int(stylesPerTaste),
    mainShare: mixed ? 0.55 + 0.35 * random.uniform() : 1,
    other: mixed ? (main + step + tastes.length) % tastes.length : main,
    otherStyle: random.int(stylesPerTaste),
    area,
    local: random.uniform() < 0.3,
    script: artistScript(area, random),
  };
}

/** An album or a single; `day` is when it came out. */
export interface Release {
  readonly numTracks: number;
  readonly day: number;
  readonly single: boolean;
}

/** One album from before the history: so few tracks that 500 hold every taste. */
export function firstAlbum(random: Random, startDay: number): Release[] {
  return [{ numTracks: 8 + random.int(7), day: startDay - 1 - random.int(4000), single: false }];
}

/** Albums of 8 to 14 tracks and singles, dated; at most `room` tracks together. */
export function releasesOf(
  random: Random,
  room: number,
  startDay: number,
  endDay: number,
): Release[] {
  const isNew = random.uniform() < 0.04;
  const u = random.uniform();
  const numAlbums = u < 0.25 ? 0 : u < 0.62 ? 1 : u < 0.84 ? 2 : u < 0.95 ? 3 : 4 + random.int(4);
  const numSingles = numAlbums === 0 ? 1 + random.int(4) : random.int(3);
  const debutYearsAgo = 1 + Math.floor(50 * random.uniform() ** 2.2);
  const releases: Release[] = [];
  let left = room;
  for (let release = 0; release < numAlbums + numSingles && left > 0; release++) {
    const single = release >= numAlbums;
    const numTracks = Math.min(left, single ? 1 : 8 + random.int(7));
    const recent = isNew || random.uniform() < 0.05;
    const day = recent
      ? startDay + random.int(endDay - startDay)
      : startDay - 1 - Math.floor(365 * debutYearsAgo * random.uniform());
    releases.push({ numTracks, day, single });
    left -= numTracks;
  }
  return releases;
}

/** Sets each artist's `weight`: Zipf within its main taste, the ranks by chance. */
export function weighArtists(
  artists: SimulatedArtist[],
  popularity: Float64Array,
  seed: number,
): void {
  const random = createRandom(seed, 'artist ranks');
  const ofTaste = tastes.map((): number[] => []);
  artists.forEach((artist, index) => ofTaste[artist.main]!.push(index));
  ofTaste.forEach((members, taste) => {
    random.shuffle(members);
    const mass = members.reduce((sum, _, rank) => sum + (rank + 2) ** -artistZipf, 0);
    members.forEach((index, rank) => {
      artists[index]!.weight = (popularity[taste]! * (rank + 2) ** -artistZipf) / mass;
    });
  });
}
