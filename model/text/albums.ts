import { fold, wordsOf } from './tokens.ts';

/** An album as prose may name it. */
interface AlbumName {
  /** As the catalogue has it. */
  readonly album: string;
  /** Folded words, at least one. */
  readonly words: readonly string[];
}

/** The albums of one artist, ready to be found in sentences about the artist. */
export interface AlbumNames {
  /** By first word, the longest name first. */
  readonly byFirstWord: ReadonlyMap<string, readonly AlbumName[]>;
}

/** "(Deluxe Edition)", "[Remastered]", "- 2011 Remaster" and the like are no part of a name. */
const edition =
  /\s*[([][^)\]]*[)\]]\s*$|\s+[-–—:]\s+(?:[\w\s']*\b(?:remaster(?:ed)?|edition|version|deluxe|bonus|ep|single|live|mono|stereo|soundtrack)\b.*)$|\s+(?:ep|lp|single)$/i;

/** Names that say what an album is instead of which. */
const generic = new Set(
  'best of|the best of|greatest hits|hits|live|singles|the singles|collection|the collection|essential|the essential|anthology|ep|demo|demos|remixes|acoustic|unplugged|christmas|debut|music|love|new|soundtrack|christmas album|gold|the album|covers|b-sides|mixtape|home|one|two|i|ii|iii|single|unreleased'.split(
    '|',
  ),
);

/**
 * The names by which prose may call an artist's albums. Left out are names equal to the artist's
 * and generic ones ("Greatest Hits"), for a sentence that holds those need not mean the album, and
 * single words of fewer than four characters or without a letter ("21", "1989").
 * Of two albums with one name the first in the given order is meant.
 */
export function albumNames(artist: string, albums: Iterable<string>): AlbumNames {
  const byFirstWord = new Map<string, AlbumName[]>();
  const artistKey = nameWords(artist).join(' ');
  const seen = new Set<string>();
  for (const album of albums) {
    const words = nameWords(withoutEdition(album));
    const key = words.join(' ');
    if (key === '' || key === artistKey || seen.has(key) || generic.has(key)) continue;
    if (words.length === 1 && (key.length < 4 || !/\p{L}/u.test(key))) continue;
    seen.add(key);
    const list = byFirstWord.get(words[0]!) ?? [];
    list.push({ album, words });
    byFirstWord.set(words[0]!, list);
  }
  for (const list of byFirstWord.values()) list.sort((a, b) => b.words.length - a.words.length);
  return { byFirstWord };
}

function withoutEdition(album: string): string {
  let name = album.trim();
  for (let shorter = name.replace(edition, ''); shorter !== '' && shorter !== name;) {
    name = shorter;
    shorter = name.replace(edition, '');
  }
  return name;
}

function nameWords(name: string): string[] {
  return wordsOf(fold(name)).filter((word) => /[\p{L}\p{N}]/u.test(word));
}

/**
 * The albums that a sentence names, each once, in order. Whole words only, the longest name first,
 * without regard to accents; the first and last word must begin with a capital or a digit, and a
 * name of one word must not be part of a longer run of capitalised words ("Music" in "Video Music
 * Awards") nor begin the sentence.
 * @param words - see `wordsOf`
 */
export function albumsIn(words: readonly string[], names: AlbumNames): string[] {
  const found: string[] = [];
  for (let at = 0; at < words.length; at++) {
    if (!mayBeginName(words[at]!)) continue;
    const candidates = names.byFirstWord.get(fold(words[at]!));
    if (candidates === undefined) continue;
    for (const { album, words: name } of candidates) {
      const end = endOfName(words, at, name);
      if (end < 0 || !mayBeginName(words[end - 1]!)) continue;
      if (name.length === 1 && (at === 0 || isCapital(words[at - 1]) || isCapital(words[end])))
        continue;
      if (!found.includes(album)) found.push(album);
      at = end - 1;
      break;
    }
  }
  return found;
}

/** Where the name that starts at `at` ends, marks within it skipped; -1 if it is not there. */
function endOfName(words: readonly string[], at: number, name: readonly string[]): number {
  let p = at;
  for (const part of name) {
    while (p < words.length && p > at && !/[\p{L}\p{N}]/u.test(words[p]!)) p++;
    if (p >= words.length || fold(words[p]!) !== part) return -1;
    p++;
  }
  return p;
}

function mayBeginName(word: string): boolean {
  return /^[\p{Lu}\p{Lo}\p{N}]/u.test(word);
}

function isCapital(word: string | undefined): boolean {
  return word !== undefined && /^\p{Lu}/u.test(word);
}
