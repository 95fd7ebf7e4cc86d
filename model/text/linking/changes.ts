import { mostOfLastName, type Reading } from './reading.ts';
import type { NameTrie } from './names.ts';
import { mark } from './scan.ts';
import type { PreparedWorks } from './works.ts';

/**
 * What decides how a text is linked, beside the text: whom each way of writing means that is in it,
 * whom each last name may mean, and which titles and genres of those artists it holds. All of that
 * shows in its words: what a catalogue knows of words that are not in a text does not matter to it.
 */
export interface Footprint {
  /** `wordHash` of each word, ascending. */
  readonly words: readonly number[];
  /** Of the words that are taken for last names where a catalogue has such names, as `words`. */
  readonly lastNames: readonly number[];
  /** All whose works were looked for, ascending. */
  readonly candidates: readonly number[];
}

export function footprintOf({ scanned, spans, candidates }: Reading): Footprint {
  const { words, marks, numTokens } = scanned;
  const covered = new Set<number>();
  const wholeNames = new Set<string>();
  for (const { from, to } of spans) {
    if (to - from === 1) continue;
    for (let at = from; at < to; at++) covered.add(at);
    wholeNames.add(words[to - 1]!);
  }
  const times = new Map<string, number>();
  for (let at = 0; at < numTokens; at++) {
    if ((marks[at]! & mark.capital) === 0 || covered.has(at)) continue;
    times.set(words[at]!, (times.get(words[at]!) ?? 0) + 1);
  }
  // As `Linker.read` takes them: said twice, or where a whole name ends so.
  const lastNames = [...times.keys()].filter(
    (word) => times.get(word)! > 1 || wholeNames.has(word),
  );
  return { words: hashesOf(words), lastNames: hashesOf(lastNames), candidates };
}

/**
 * A word in 32 bits (FNV-1a over its UTF-16 code units). Two words may share them: then a text may
 * seem to hold what it does not, and is linked again for nothing.
 */
export function wordHash(word: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < word.length; at++) {
    hash = Math.imul(hash ^ word.charCodeAt(at), 0x01000193);
  }
  return hash | 0;
}

/** What another catalogue knows otherwise. */
export interface NameChanges {
  /** Ways of writing an artist that mean another one, or are new, or gone: their words. */
  readonly spellings: readonly (readonly string[])[];
  /** Last names that may mean others than before, or are new, or gone. */
  readonly lastNames: readonly string[];
}

/**
 * Compares what two catalogues know of names.
 *
 * @param nowOf - by artist of `before`: the index of the same artist in `now`, -1 where it is gone
 */
export function changedNames(
  before: NameTrie,
  now: NameTrie,
  nowOf: ArrayLike<number>,
): NameChanges {
  const known = new Map(before.spellings());
  const spellings: string[][] = [];
  for (const [spelling, form] of now.spellings()) {
    const old = known.get(spelling);
    known.delete(spelling);
    if (old !== undefined && nowOf[old.artist] === form.artist && old.traits === form.traits) {
      continue;
    }
    spellings.push(spelling.split(' '));
  }
  for (const spelling of known.keys()) spellings.push(spelling.split(' '));

  const lastNames: string[] = [];
  for (const word of before.lastNames()) {
    const old = before.byLastName(word).slice(0, mostOfLastName);
    const others = now.byLastName(word).slice(0, mostOfLastName);
    const isSame =
      old.length === others.length && old.every((artist, n) => nowOf[artist] === others[n]);
    if (!isSame) lastNames.push(word);
  }
  for (const word of now.lastNames()) {
    if (before.byLastName(word).length === 0) lastNames.push(word);
  }
  return { spellings, lastNames };
}

/**
 * The words of titles and genres of an artist that two catalogues know differently.
 *
 * @param trackOf - what a track of `before`, or of `now`, is known by in both
 */
export function changedWorks(
  before: PreparedWorks,
  now: PreparedWorks,
  trackOf: {
    readonly before: (track: number) => string;
    readonly now: (track: number) => string;
  },
): (readonly string[])[] {
  const changed: (readonly string[])[] = [];
  const meant = (titles: PreparedWorks['titles'], idOf: (track: number) => string) =>
    new Map(
      titles.map(({ tokens, album, track }) => [
        tokens.join(' '),
        JSON.stringify([album, track === -1 ? null : idOf(track)]),
      ]),
    );
  const old = meant(before.titles, trackOf.before);
  const own = meant(now.titles, trackOf.now);
  for (const key of new Set([...old.keys(), ...own.keys()])) {
    if (old.get(key) !== own.get(key)) changed.push(key.split(' '));
  }
  const genres = ({ genres: all }: PreparedWorks) => new Set(all.map((one) => one.join(' ')));
  const [oldGenres, ownGenres] = [genres(before), genres(now)];
  for (const key of oldGenres) if (!ownGenres.has(key)) changed.push(key.split(' '));
  for (const key of ownGenres) if (!oldGenres.has(key)) changed.push(key.split(' '));
  return changed;
}

function hashesOf(words: Iterable<string>): number[] {
  return [...new Set(Array.from(new Set(words), wordHash))].sort((a, b) => a - b);
}
