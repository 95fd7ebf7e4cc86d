import { createRandom, type Random } from '../random.ts';
import type { SimulatedArtist } from './artists.ts';
import { isoDate } from './days.ts';
import { capital, personName, pick } from './names.ts';
import { tastes } from './tastes.ts';
import { places } from './words.ts';
import type { World } from './world.ts';

/** A line of `texts.jsonl`. */
export interface ArtistText {
  readonly text_id: string;
  /** The artist as the catalogue names them. */
  readonly artist: string;
  /** `YYYY-MM-DD`, before the end of the history. */
  readonly published: string;
  /** 2 to 6 sentences. */
  readonly body: string;
}

/** Share of the adjectives and nouns that come from another taste than the artist's own. */
const noiseShare = 0.12;

/**
 * The order in which artists are written about: text `i` is about artist `order[i % length]`, so
 * with fewer texts than artists some have none.
 */
export function textOrder(world: World): Int32Array {
  const order = Int32Array.from(world.catalogue.artists, (_, index) => index);
  return createRandom(world.options.seed, 'text order').shuffle(order);
}

/** A text about an artist: a pure function of (seed, index, artist). */
export function createText(world: World, index: number, artistIndex: number): ArtistText {
  const random = createRandom(world.options.seed, 'text', index);
  const artist = world.catalogue.artists[artistIndex]!;
  const debut = debutOf(world, artist);
  const earliest = Math.min(Math.max(debut, world.startDay - 700), world.endDay - 1);
  const count = 2 + random.int(5);
  const sentences = [opening(artist, random)];
  while (sentences.length < count) {
    const about = random.uniform() < 0.6;
    sentences.push(about ? praise(world, artist, random) : decoy(artist, random));
  }
  return {
    text_id: `x${String(index).padStart(7, '0')}`,
    artist: artist.name,
    published: isoDate(earliest + random.int(world.endDay - earliest)),
    body: sentences.join(' '),
  };
}

function debutOf(world: World, artist: SimulatedArtist): number {
  const days = world.catalogue.releasedOn.subarray(artist.firstTrack, artist.endTrack);
  return days.reduce((least, day) => Math.min(least, day));
}

/** A taste of the artist in its share, or now and then any other. */
function drawTaste(artist: SimulatedArtist, random: Random): (typeof tastes)[number] {
  if (random.uniform() < noiseShare) return pick(tastes, random);
  return tastes[random.uniform() < artist.mainShare ? artist.main : artist.other]!;
}

/** Two that differ. */
function adjectives(artist: SimulatedArtist, random: Random): [string, string] {
  const first = pick(drawTaste(artist, random).adjectives, random);
  for (;;) {
    const second = pick(drawTaste(artist, random).adjectives, random);
    if (second !== first) return [first, second];
  }
}

function withArticle(word: string): string {
  return `${/^[aeiou]/.test(word) ? 'an' : 'a'} ${word}`;
}

function noun(artist: SimulatedArtist, random: Random): string {
  return pick(drawTaste(artist, random).nouns, random).toLowerCase();
}

function opening(artist: SimulatedArtist, random: Random): string {
  const [first, second] = adjectives(artist, random);
  const genre = tastes[artist.main]!.styles[artist.mainStyle]!;
  switch (random.int(3)) {
    case 0:
      return `${artist.name} makes ${first}, ${second} ${genre}.`;
    case 1:
      return `The music of ${artist.name} is ${first} and ${second}.`;
    default:
      return `${artist.name} is known for ${first} ${genre} with ${withArticle(second)} streak.`;
  }
}

function praise(world: World, artist: SimulatedArtist, random: Random): string {
  const { albumOf, albums } = world.catalogue;
  const track = artist.firstTrack + random.int(artist.endTrack - artist.firstTrack);
  const album = albumOf[track]!;
  const [first, second] = adjectives(artist, random);
  if (album >= 0 && random.uniform() < 0.5) {
    return `The album ${albums[album]!} is ${first}, full of ${second} songs about the ${noun(artist, random)}.`;
  }
  switch (random.int(3)) {
    case 0:
      return `On stage the songs turn ${first}.`;
    case 1:
      return `${capital(first)} arrangements meet ${second} singing and ${withArticle(noun(artist, random))} in every chorus.`;
    default:
      return `Critics call the sound ${first}, sometimes ${second}.`;
  }
}

/** True of anybody: says nothing about the taste. */
function decoy(artist: SimulatedArtist, random: Random): string {
  const year = 1970 + random.int(50);
  const place = pick(places, random);
  switch (random.int(5)) {
    case 0:
      return `The story begins in ${place} in ${year}.`;
    case 1:
      return `${personName(random)} joined in ${year} and left two years later.`;
    case 2:
      return `Tickets for the concert in ${place} go on sale on Friday.`;
    case 3:
      return `${artist.name} signed with a new label from ${place}.`;
    default:
      return `The first recordings were made in a public school near ${place}.`;
  }
}
