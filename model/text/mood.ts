import { SentimentAnalyzer } from 'natural/lib/natural/sentiment/index.js';
import { words as stopwords } from 'natural/lib/natural/util/stopwords.js';
import { isJapanese, japanesePieces } from './moodwords-japanese.ts';
import { moodOfWord, moods, valenceOfMood, type Mood, type SpokenMood } from './moodwords.ts';
import { fold } from './tokens.ts';

export const spokenMoods = moods.slice(0, -1) as SpokenMood[];

/** What some text says of mood, as counts that add up over texts. */
export interface MoodCounts {
  /** [spokenMoods] Words of each mood. */
  readonly words: readonly number[];
  /** Sum of the words' valences, each -5..5 (AFINN's scale). */
  readonly valence: number;
  /** Words that have a valence. */
  readonly valued: number;
  /** Words that have a mood or a valence. */
  readonly telling: number;
  /** All words but stop words. */
  readonly total: number;
}

export interface PlaylistMood {
  readonly mood: Mood;
  /** -1..1, 0 where no word has a valence. */
  readonly valence: number;
  /** 0..1: share of words that said anything, the mean over title, description and tracks. */
  readonly confidence: number;
}

/** What title, description and track titles weigh against each other. */
const sourceWeights = { title: 6, description: 2, tracks: 2 } as const;
/** Excess, over all playlists, of track titles with words of a mood, at which tracks alone decide. */
const tellingExcess = 0.12;

const afinn = new SentimentAnalyzer('English', undefined, 'afinn');
const stops: ReadonlySet<string> = new Set(stopwords);
const token = /\p{Extended_Pictographic}|[\p{L}\p{M}\p{N}]+(?:[-'][\p{L}\p{M}\p{N}]+)*/gu;
const markup = /<[^>]*>|&[a-z#0-9]+;|\bcover\s*[-:].*$/gi;

/** Reads a title or description: its mood words, and AFINN's valences with negations heeded. */
export function readMood(text: string): MoodCounts {
  const tokens: string[] = fold(text.replace(markup, ' ')).match(token) ?? [];
  const words = new Array<number>(spokenMoods.length).fill(0);
  let valence = Math.round(afinnSum(tokens));
  let valued = 0;
  let telling = 0;
  let total = 0;
  for (let at = 0; at < tokens.length; at++) {
    const word = tokens[at]!;
    if (isJapanese(word)) {
      for (const piece of japanesePieces(word)) {
        total++;
        if (piece.mood === undefined) continue;
        words[spokenMoods.indexOf(piece.mood)]!++;
        valence += valenceOfMood[piece.mood];
        valued++;
        telling++;
      }
      continue;
    }
    if (stops.has(word) && !moodOfWord.has(word)) continue;
    total++;
    const pair = at + 1 < tokens.length ? moodOfWord.get(`${word} ${tokens[at + 1]}`) : undefined;
    const mood = pair ?? moodOfWord.get(word);
    const known = afinnSum([word]) !== 0;
    if (mood !== undefined) {
      words[spokenMoods.indexOf(mood)]!++;
      if (!known) valence += valenceOfMood[mood];
      if (pair !== undefined) at++;
    }
    if (mood !== undefined || known) {
      valued++;
      telling++;
    }
  }
  return { words, valence, valued, telling, total };
}

const afinnCache = new Map<string, number>();

function afinnSum(tokens: readonly string[]): number {
  if (tokens.length === 0) return 0;
  if (tokens.length > 1) return afinn.getSentiment([...tokens]) * tokens.length;
  let score = afinnCache.get(tokens[0]!);
  if (score === undefined) {
    score = afinn.getSentiment([...tokens]);
    if (afinnCache.size > 200_000) afinnCache.clear();
    afinnCache.set(tokens[0]!, score);
  }
  return score;
}

/**
 * The mood of a playlist. Its title counts most; the titles of its tracks count by how many more
 * of their words carry a mood than those of all playlists do, for "love" is in song titles
 * everywhere. Ties go to the mood that comes first in `moods`. It is `neutral` where no mood has a word of
 * the title, two words of the description, or clearly more than its usual share of the tracks'.
 * @param tracks - counts over the titles of its tracks
 * @param typical - [spokenMoods] share of words of each mood in the track titles of all playlists
 */
export function moodOf(
  title: MoodCounts,
  description: MoodCounts,
  tracks: MoodCounts,
  typical: readonly number[],
): PlaylistMood {
  const scores = spokenMoods.map((_, m) => {
    const excess = tracks.total === 0 ? 0 : tracks.words[m]! / tracks.total - (typical[m] ?? 0);
    return (
      sourceWeights.title * title.words[m]! +
      sourceWeights.description * Math.min(description.words[m]!, 3) +
      (sourceWeights.tracks * Math.max(0, excess)) / tellingExcess
    );
  });
  const best = Math.max(...scores);
  const mood = best <= sourceWeights.tracks ? 'neutral' : spokenMoods[scores.indexOf(best)]!;
  const sources = [
    [sourceWeights.title, title],
    [sourceWeights.description, description],
    [sourceWeights.tracks, tracks],
  ] as const;
  return {
    mood,
    valence: mean(
      sources.map(([weight, c]) => [weight * Math.sign(c.valued), c.valence / (5 * c.valued)]),
    ),
    confidence: mean(
      sources.map(([weight, c]) => [weight * Math.sign(c.total), c.telling / c.total]),
    ),
  };
}

/** Mean of the values with a weight above 0, clamped to -1..1; 0 without any. */
function mean(weighted: readonly (readonly [weight: number, value: number])[]): number {
  const counted = weighted.filter(([weight]) => weight > 0);
  const total = counted.reduce((sum, [weight]) => sum + weight, 0);
  if (total === 0) return 0;
  const sum = counted.reduce((all, [weight, value]) => all + weight * value, 0);
  return Math.max(-1, Math.min(1, sum / total));
}
