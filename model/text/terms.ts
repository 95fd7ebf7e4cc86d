import { isMainlyAdjective } from './tagger.ts';
import { tagKey, type Tag } from './tags.ts';
import {
  ambiguousGenres,
  demonyms,
  emptyAdjectives,
  genreAdjectives,
  musicAdjectives,
  plainGenres,
} from './vocabulary.ts';

export const termKinds = ['adjective', 'tag', 'noun'] as const;
/**
 * A property of the term, the same for all artists: an `adjective` describes sound ("dreamy"),
 * whether prose or listeners said it; a `tag` is what listeners and catalogues tag with ("shoegaze");
 * a `noun` comes from prose only ("falsetto").
 */
export type TermKind = (typeof termKinds)[number];

/**
 * The terms of a corpus: every spelling of a term is one term with a dense id from 0, in the order
 * of first sight, shown in its most frequent spelling.
 */
export class TermIndex {
  readonly #tags: ReadonlyMap<string, Tag>;
  readonly #idOf = new Map<string, number>();
  readonly #names: string[] = [];
  readonly #kinds: TermKind[] = [];

  /** @param tags - the tags of the corpus by `tagKey`, see `mergeTags` */
  constructor(tags: ReadonlyMap<string, Tag>) {
    this.#tags = tags;
  }

  get size(): number {
    return this.#names.length;
  }

  /** The id of a term in any spelling; a new one at first sight. */
  idOf(spelling: string): number {
    const key = tagKey(spelling);
    const known = this.#idOf.get(key);
    if (known !== undefined) return known;
    const id = this.#names.length;
    const tag = this.#tags.get(key);
    const name = tag?.name ?? spelling;
    this.#idOf.set(key, id);
    this.#names.push(name);
    this.#kinds.push(describesSound(name) ? 'adjective' : tag === undefined ? 'noun' : 'tag');
    return id;
  }

  /** The id of a term in any spelling, if it was seen. */
  find(spelling: string): number | undefined {
    return this.#idOf.get(tagKey(spelling));
  }

  nameOf(id: number): string {
    return this.#names[id]!;
  }

  /** Whether listeners tag with it, too. */
  isTag(id: number): boolean {
    return this.#tags.has(tagKey(this.#names[id]!));
  }

  kindOf(id: number): TermKind {
    return this.#kinds[id]!;
  }
}

/**
 * Whether a lower-case word is an adjective that can say how music sounds: known to the tagger
 * first of all as one, or a compound that ends in one ("razor-sharp", "folk-tinged"), and neither
 * empty ("new", "best-selling"), nor a people's ("swedish"), nor a genre's name ("industrial").
 */
export function describesSound(word: string): boolean {
  if (emptyAdjectives.has(word) || demonyms.has(word) || genreAdjectives.has(word)) return false;
  if (musicAdjectives.has(word)) return true;
  if (plainGenres.has(word) || ambiguousGenres.has(word)) {
    return word === 'experimental' || word === 'psychedelic' || word === 'atmospheric';
  }
  if (/[^a-z-]/.test(word) || word.length < 3) return false;
  if (isMainlyAdjective(word)) return !emptyBeginning.test(word);
  const hyphen = word.lastIndexOf('-');
  if (hyphen < 0 || emptyBeginning.test(word)) return false;
  const last = word.slice(hyphen + 1);
  return describesSound(last) || musicalEnding.test(last);
}

/** "two-hour", "all-new", "self-taught", "co-lead"; but a "four-octave" voice. */
const emptyBeginning =
  /^(?:one|two|three|four|five|six|seven|eight|nine|ten|multi|all|most|best|highest|self|co|pre|re|non|anti|ex|now|then|well|long|so|much|first|second|third)-(?!octave)/;
const musicalEnding =
  /^(?:like|driven|tinged|inspired|infused|inflected|influenced|heavy|laden|voiced|minded|edged|flavored|flavoured|esque)$/;

/**
 * What `matchGenres` looks for in prose: spelling keys of genres, with the names to show, and how
 * they may begin.
 */
export interface GenreNames {
  readonly nameOf: ReadonlyMap<string, string>;
  /** Keys of the first words. */
  readonly firstWords: ReadonlySet<string>;
  /** Words in the longest name. */
  readonly longest: number;
}

/**
 * @param genres - names of several words and any of one word from the built-in lists are used;
 *   other names of one word are not, since prose may mean something else by them
 */
export function genreNames(genres: Iterable<string>): GenreNames {
  const nameOf = new Map<string, string>();
  const firstWords = new Set<string>();
  let longest = 1;
  const add = (name: string) => {
    const words = name.split(/[\s/]+/);
    const key = tagKey(name);
    if (key.length < 2) return;
    if (!nameOf.has(key)) nameOf.set(key, name);
    // "synth-pop" may be written "synth pop": each piece before a hyphen may be a first word.
    firstWords.add(tagKey(words[0]!));
    firstWords.add(tagKey(words[0]!.split('-')[0]!));
    firstWords.add(key);
    longest = Math.max(longest, name.split(/[\s/-]+/).length);
  };
  for (const genre of [...plainGenres, ...ambiguousGenres]) add(genre);
  for (const genre of genres) if (/[\s/-]/.test(genre)) add(genre);
  return { nameOf, firstWords, longest: Math.min(longest, 4) };
}
