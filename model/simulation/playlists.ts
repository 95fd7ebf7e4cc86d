import { randomNormal } from 'd3-random';
import { createRandom, type Random } from '../random.ts';
import { drawAlias } from './alias.ts';
import { tastePopularity } from './artists.ts';
import { isoDate } from './days.ts';
import { capital, pick, plural } from './names.ts';
import { recordingId } from './recordings.ts';
import { areas, stylesPerTaste, tastes, type Area, type Mood } from './tastes.ts';
import { places } from './words.ts';
import type { World } from './world.ts';

export interface Playlist {
  readonly playlistId: string;
  readonly name: string;
  readonly description: string | null;
  /** Ascending by (added, recordingId); a recording is in a playlist once. */
  readonly members: readonly Membership[];
}

export interface Membership {
  readonly recordingId: string;
  /** `YYYY-MM-DD`, not before the track was out. */
  readonly added: string;
  /** `YYYY-MM-DD`, after `added` and before the end of the history; null: still there. */
  readonly removed: string | null;
}

/** What a playlist is about: cells to draw from, and words for its title. */
interface Theme {
  readonly cells: readonly number[];
  readonly name: string;
  readonly words: readonly string[];
}

const moodWords: Readonly<Record<Mood, readonly string[]>> = {
  calm: ['Calm', 'Quiet', 'Peaceful', 'Relaxing', 'Gentle', 'Sleepy'],
  happy: ['Happy', 'Sunny', 'Cheerful', 'Feel Good', 'Joyful', 'Good Mood'],
  sad: ['Sad', 'Heartbreak', 'Lonely', 'Crying', 'Melancholy', 'Tearful'],
  energetic: ['Energy Boost', 'Workout', 'Power', 'Running', 'Adrenaline', 'Hype'],
  romantic: ['Love', 'Date Night', 'Romantic', 'Tender', 'Kisses and', 'Sweetheart'],
  dark: ['Dark', 'Haunted', 'Grim', 'Angry', 'Sinister', 'Nightmare'],
};
const occasions =
  'Morning,Evenings,Sunday,Commute,Study,Dinner,Road Trip,Night,Office,Coffee'.split(',');

/** Share of a playlist's tracks that have nothing to do with its theme but are hits. */
const strayShare = 0.12;

/** A playlist: a pure function of (seed, index). */
export function createPlaylist(world: World, index: number): Playlist {
  const { options, startDay, endDay, catalogue } = world;
  const random = createRandom(options.seed, 'playlist', index);
  const theme = drawTheme(random, options.seed);
  const size = randomNormal.source(random.uniform)(Math.log(45), 0.5)();
  const wanted = Math.min(250, Math.floor(catalogue.numTracks / 8), Math.max(8, Math.exp(size)));
  const born =
    random.uniform() < 0.8
      ? startDay - 1 - random.int(300)
      : startDay + random.int(Math.ceil((endDay - startDay) / 2));

  const members = drawTracks(world, theme, Math.round(wanted), random).map((track) => {
    const later = random.uniform() < 0.4 ? random.int(endDay - born) : 0;
    const added = Math.max(born + later, catalogue.releasedOn[track]!);
    const removed = added + 7 + random.int(120);
    const goes = random.uniform() < 0.25 && removed < endDay;
    return {
      recordingId: recordingId(track),
      added: isoDate(added),
      removed: goes ? isoDate(removed) : null,
    };
  });
  members.sort((a, b) => compare(a.added, b.added) || compare(a.recordingId, b.recordingId));
  return {
    playlistId: `p${String(index).padStart(7, '0')}`,
    name: theme.name,
    description: describe(theme, random),
    members,
  };
}

function drawTheme(random: Random, seed: number): Theme {
  const u = random.uniform();
  if (u < 0.8) return tasteTheme(drawTaste(tastePopularity(seed), random), random);
  if (u < 0.92) return moodTheme(pick(Object.keys(moodWords) as Mood[], random), random);
  return areaTheme(pick(areas, random), random);
}

function tasteTheme(taste: number, random: Random): Theme {
  const { name, styles, nouns, adjectives, moods } = tastes[taste]!;
  const style = random.int(stylesPerTaste);
  const narrow = random.uniform() < 0.5;
  const label = titleCase(narrow ? styles[style]! : name);
  const mood = pick(moodWords[pick(moods, random)], random);
  const all = cellsOf(taste);
  const names = [
    `${mood} ${label}`,
    `${mood} ${pick(occasions, random)}`,
    `${capital(pick(adjectives, random))} ${label}`,
    `${label}: ${plural(pick(nouns, random))} and ${plural(pick(nouns, random))}`,
    `${label} ${pick(occasions, random)}`,
    `"${mood}" ${label} from ${pick(places, random)}`,
  ];
  return { cells: narrow ? [all[style]!] : all, name: pick(names, random), words: adjectives };
}

function moodTheme(mood: Mood, random: Random): Theme {
  const fitting = tastes.flatMap((taste, index) => (taste.moods.includes(mood) ? [index] : []));
  const name = `${pick(moodWords[mood], random)} ${pick(occasions, random)}`;
  return { cells: fitting.flatMap(cellsOf), name, words: moodWords[mood] };
}

function areaTheme(area: Area, random: Random): Theme {
  const local = tastes.flatMap((taste, index) => (taste.home.includes(area) ? [index] : []));
  const name = `Top ${pick([40, 50, 100], random)} - ${titleCase(area)}`;
  return { cells: local.flatMap(cellsOf), name, words: ['popular', 'current'] };
}

function cellsOf(taste: number): number[] {
  return Array.from({ length: stylesPerTaste }, (_, style) => taste * stylesPerTaste + style);
}

function drawTaste(popularity: Float64Array, random: Random): number {
  let left = random.uniform();
  const found = popularity.findIndex((share) => (left -= share) < 0);
  return found < 0 ? popularity.length - 1 : found;
}

/** Distinct tracks, as many as wanted unless the theme has fewer. */
function drawTracks(world: World, theme: Theme, wanted: number, random: Random): number[] {
  const { byCell, cellTracks, byWeight } = world.catalogue;
  const chosen = new Set<number>();
  for (let attempt = 0; attempt < 4 * wanted && chosen.size < wanted; attempt++) {
    if (random.uniform() < strayShare) chosen.add(drawAlias(byWeight, 0, random));
    const cell = pick(theme.cells, random);
    const entry = drawAlias(byCell, cell, random);
    if (entry >= 0) chosen.add(cellTracks[byCell.starts[cell]! + entry]!);
  }
  return [...chosen].slice(0, wanted);
}

function describe(theme: Theme, random: Random): string | null {
  const first = pick(theme.words, random).toLowerCase();
  const others = theme.words.filter((word) => word.toLowerCase() !== first);
  const second = pick(others, random).toLowerCase();
  const u = random.uniform();
  if (u < 0.35) return null;
  if (u < 0.6) return `The ${first} side of things, updated every week.`;
  if (u < 0.8) return `${capital(first)}, ${second} and more. Made for ${pick(places, random)}.`;
  if (u < 0.95) return `"${capital(first)}", as a friend in ${pick(places, random)} put it.`;
  return `${capital(first)} tracks.\nNew ones on Fridays; write to us, and say why.`;
}

function titleCase(text: string): string {
  return text.split(' ').map(capital).join(' ');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
