import { createRandom, type Random } from '../random.ts';
import {
  createArtist,
  firstAlbum,
  releasesOf,
  tastePopularity,
  weighArtists,
  type ArtistTraits,
  type SimulatedArtist,
} from './artists.ts';
import { buildAliasTables, type AliasTables } from './alias.ts';
import { dayOf } from './days.ts';
import { albumName, artistName, pick, trackTitle, uniqueName } from './names.ts';
import type { SimulationOptions } from './options.ts';
import { stylesPerTaste, tastes } from './tastes.ts';

/**
 * Everything that can be played, in columns; memory grows with the tracks. A **cell** is one style
 * of one taste: `taste * stylesPerTaste + style`. Artists and tracks are indices from 0; the tracks
 * of an artist are neighbours, in the order of its albums.
 */
export interface Catalogue {
  readonly artists: readonly SimulatedArtist[];
  readonly numTracks: number;
  /** `[numTracks]` */
  readonly artistOf: Int32Array;
  readonly titles: readonly string[];
  /** `[numTracks]`: index in `albums`, -1 for a single. */
  readonly albumOf: Int32Array;
  readonly albums: readonly string[];
  /** `[numTracks]`: a second credited artist, or -1. */
  readonly guestOf: Int32Array;
  /** `[numTracks]`: the day it came out; from then on it is known and can be played. */
  readonly releasedOn: Int32Array;
  /** `[numTracks]`: seconds. */
  readonly lengthS: Int16Array;
  /** `[numTracks]`: the cell that it belongs to most, and how much (0.5..1). */
  readonly mainCell: Uint8Array;
  readonly mainShare: Float32Array;
  /** `[numTracks]`: the cell of the rest; equal to `mainCell` where there is none. */
  readonly otherCell: Uint8Array;
  /** `[numTracks]`: how popular it is among all, > 0, not normalized. */
  readonly weight: Float32Array;
  /** The least and the greatest `weight`. */
  readonly weightRange: readonly [number, number];
  /** One segment for each cell, over `cellTracks`. */
  readonly byCell: AliasTables;
  readonly cellTracks: Int32Array;
  /** One segment for each artist, over its tracks. */
  readonly byArtist: AliasTables;
  /** A single segment over all tracks, by `weight`: the hits. */
  readonly byWeight: AliasTables;
  /** The most popular track that was out before the history began. */
  readonly anchor: number;
}

/** Zipf exponent of the popularity of tracks within an artist. */
const trackZipf = 0.8;

export function createCatalogue(options: SimulationOptions): Catalogue {
  const { seed, tracks: numTracks } = options;
  const popularity = tastePopularity(seed);
  const byTaste = buildAliasTables(popularity);
  const endDay = dayOf(options.endsOn);
  const startDay = endDay - 7 * options.weeks;

  const columns = {
    artistOf: new Int32Array(numTracks),
    albumOf: new Int32Array(numTracks).fill(-1),
    guestOf: new Int32Array(numTracks).fill(-1),
    releasedOn: new Int32Array(numTracks),
    lengthS: new Int16Array(numTracks),
    mainCell: new Uint8Array(numTracks),
    mainShare: new Float32Array(numTracks),
    otherCell: new Uint8Array(numTracks),
    weight: new Float32Array(numTracks),
  };
  const artists: SimulatedArtist[] = [];
  const titles: string[] = [];
  const albums: string[] = [];
  const names = new Set<string>();

  while (titles.length < numTracks) {
    const index = artists.length;
    const random = createRandom(seed, 'artist', index);
    const chosen = createArtist(index, byTaste, random);
    const taste = tastes[chosen.main]!;
    const name = uniqueName(() => artistName(taste, chosen.script, random), names);
    const firstTrack = titles.length;
    const releases =
      index < tastes.length
        ? firstAlbum(random, startDay)
        : releasesOf(random, numTracks - firstTrack, startDay, endDay);
    const titlesTaken = new Set<string>();
    for (const { numTracks: length, day, single } of releases) {
      if (!single) albums.push(albumName(taste, chosen.script, random));
      for (let k = 0; k < length; k++) {
        const track = titles.length;
        columns.artistOf[track] = index;
        columns.releasedOn[track] = day;
        if (!single) columns.albumOf[track] = albums.length - 1;
        titles.push(uniqueName(() => trackTitle(taste, chosen.script, random), titlesTaken));
        columns.lengthS[track] = Math.round(
          95 + 210 * (random.uniform() + random.uniform()) * 0.75,
        );
        inheritTaste(chosen, track, columns, random);
      }
    }
    artists.push({ ...chosen, name, firstTrack, endTrack: titles.length, weight: 0 });
  }

  weighArtists(artists, popularity, seed);
  const byArtist = weighTracks(artists, columns.weight, seed);
  addGuests(artists, columns.guestOf, seed);
  return {
    ...columns,
    artists,
    numTracks,
    titles,
    albums,
    ...tablesByCell(columns),
    byArtist,
    weightRange: rangeOf(columns.weight),
    byWeight: buildAliasTables(columns.weight),
    anchor: mostPopularBefore(startDay, columns),
  };
}

type TasteColumns = Pick<Catalogue, 'mainCell' | 'mainShare' | 'otherCell'>;

/** A track has its artist's tastes, with noise; now and then one strays to a taste nearby. */
function inheritTaste(
  artist: ArtistTraits,
  track: number,
  columns: TasteColumns,
  random: Random,
): void {
  const strays = artist.other === artist.main && random.uniform() < 0.07;
  const other = strays ? (artist.main + 1) % tastes.length : artist.other;
  const centre = strays ? 0.7 : artist.mainShare;
  const noise = 0.2 * (random.uniform() - 0.5);
  const share = other === artist.main ? 1 : Math.min(1, Math.max(0.5, centre + noise));
  columns.mainShare[track] = share;
  columns.mainCell[track] = artist.main * stylesPerTaste + artist.mainStyle;
  columns.otherCell[track] =
    share === 1 ? columns.mainCell[track] : other * stylesPerTaste + artist.otherStyle;
}

/** Fills `weight` and gives the tables to draw a track of an artist. */
function weighTracks(
  artists: readonly SimulatedArtist[],
  weight: Float32Array,
  seed: number,
): AliasTables {
  const random = createRandom(seed, 'track ranks');
  const starts = new Int32Array(artists.length + 1);
  artists.forEach(({ firstTrack, endTrack, weight: mass }, index) => {
    starts[index + 1] = endTrack;
    const order = random.shuffle(Array.from({ length: endTrack - firstTrack }, (_, k) => k));
    const sum = order.reduce((total, _, rank) => total + (rank + 1) ** -trackZipf, 0);
    order.forEach((k, rank) => {
      weight[firstTrack + k] = (mass * (rank + 1) ** -trackZipf) / sum;
    });
  });
  return buildAliasTables(weight, starts);
}

/** One track in twelve has a guest, of the same taste where there is another artist of it. */
function addGuests(artists: readonly SimulatedArtist[], guestOf: Int32Array, seed: number): void {
  const random = createRandom(seed, 'guests');
  const ofTaste = tastes.map((): number[] => []);
  artists.forEach((artist, index) => ofTaste[artist.main]!.push(index));
  artists.forEach((artist, index) => {
    for (let track = artist.firstTrack; track < artist.endTrack; track++) {
      const guest = pick(ofTaste[artist.main]!, random);
      if (random.uniform() < 1 / 12 && guest !== index) guestOf[track] = guest;
    }
  });
}

function tablesByCell(
  columns: TasteColumns & Pick<Catalogue, 'weight'>,
): Pick<Catalogue, 'byCell' | 'cellTracks'> {
  const { mainCell, otherCell, mainShare, weight } = columns;
  const numCells = tastes.length * stylesPerTaste;
  const starts = new Int32Array(numCells + 1);
  for (let track = 0; track < weight.length; track++) {
    starts[mainCell[track]! + 1]!++;
    if (otherCell[track] !== mainCell[track]) starts[otherCell[track]! + 1]!++;
  }
  for (let cell = 0; cell < numCells; cell++) starts[cell + 1]! += starts[cell]!;
  const next = starts.slice(0, numCells);
  const cellTracks = new Int32Array(starts[numCells]!);
  const weights = new Float32Array(cellTracks.length);
  const put = (cell: number, track: number, share: number): void => {
    const at = next[cell]!++;
    cellTracks[at] = track;
    weights[at] = weight[track]! * share;
  };
  for (let track = 0; track < weight.length; track++) {
    put(mainCell[track]!, track, mainShare[track]!);
    if (otherCell[track] !== mainCell[track]) put(otherCell[track]!, track, 1 - mainShare[track]!);
  }
  return { cellTracks, byCell: buildAliasTables(weights, starts) };
}

function mostPopularBefore(day: number, columns: Pick<Catalogue, 'weight' | 'releasedOn'>): number {
  let best = -1;
  columns.weight.forEach((weight, track) => {
    if (columns.releasedOn[track]! >= day) return;
    if (best < 0 || weight > columns.weight[best]!) best = track;
  });
  return Math.max(best, 0);
}

function rangeOf(weight: Float32Array): [number, number] {
  let least = Infinity;
  let most = 0;
  for (const value of weight) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return [least, most];
}
