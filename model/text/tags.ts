import { ambiguousGenres, emptyAdjectives, personalTagWords, plainGenres } from './vocabulary.ts';
import { fold } from './tokens.ts';

/** What people typed for one tag, all spellings together. */
export interface Tag {
  /** The spelling most people used; ties go to the first in code-unit order. */
  readonly name: string;
  /** How many people gave it in any spelling, counted once for each artist (and day). */
  readonly taggers: number;
}

/**
 * What all spellings of a tag share: "dream pop", "dream-pop" and "Dreampop" give "dreampop", and
 * so do singular and plural of a long word. Empty where a tag holds no letter or digit.
 */
export function tagKey(tag: string): string {
  const letters = fold(tag)
    .replace(/\brhythm (?:and|&|n) blues\b/g, 'rnb')
    .replace(/\br\s*(?:&|'n'|n'|and)\s*b\b/g, 'rnb')
    .replace(/\s*(?:&|\+|'n'|\bn'|'n\b|\band\b)\s*/g, ' n ')
    .replace(/[^\p{L}\p{N}]+/gu, '');
  return letters.length > 6 && /[^suic]s$/.test(letters) ? letters.slice(0, -1) : letters;
}

const personalPattern =
  /^\d+$|^(?:19|20)\d\d\b|<3|\b(?:i|my|me|im|ive|you|your|love at|love it|to see|love to|to listen|seen|stars?|hear(?:d|ing)?|albums?|heard (?:on|in)|sex(?:iest)?|all time|at first)\b|[!?]/;

/**
 * Whether a tag says something about its owner ("seen live", "favourites", "albums I own",
 * "<3") or only praises, instead of the music. Bare years and numbers are personal too.
 */
export function isPersonalTag(tag: string): boolean {
  const folded = fold(tag).trim();
  if (personalPattern.test(folded)) return true;
  const words = folded.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== '');
  if (words.length === 0 || words.length > 4) return true;
  if (words.length === 1 && words[0]!.length < 2) return true;
  if (words.some((word) => personalTagWords.has(word))) return true;
  return words.length === 1 && praise.has(words[0]!);
}

/** Empty adjectives are no loss as tags, unless they name a genre or a scene as well. */
const scenes = new Set(
  'african asian european french english oldies world independent alternative classical country electronic indie industrial instrumental latin british christian modern urban underground traditional vocal musical gay lesbian jewish celtic'.split(
    ' ',
  ),
);
const praise: ReadonlySet<string> = new Set(
  [...emptyAdjectives].filter((word) => !scenes.has(word)),
);

/**
 * Merges spellings. Personal tags must be gone before.
 * @param spellings - each spelling and how many people used it
 * @returns tags by `tagKey`; spellings without letters are left out
 */
export function mergeTags(spellings: Iterable<readonly [string, number]>): Map<string, Tag> {
  const bestOf = new Map<string, { name: string; most: number; taggers: number }>();
  for (const [spelling, taggers] of spellings) {
    const name = fold(spelling)
      .replace(/[\s_]+/g, ' ')
      .trim();
    const key = tagKey(name);
    if (key === '') continue;
    const best = bestOf.get(key);
    if (best === undefined) {
      bestOf.set(key, { name, most: taggers, taggers });
      continue;
    }
    best.taggers += taggers;
    if (taggers > best.most || (taggers === best.most && name < best.name)) {
      best.name = name;
      best.most = taggers;
    }
  }
  return new Map([...bestOf].map(([key, { name, taggers }]) => [key, { name, taggers }]));
}

const genreKeys: ReadonlySet<string> = new Set([...plainGenres, ...ambiguousGenres].map(tagKey));

/** Whether a tag, by its key, is a genre that needs no second person to agree. */
export function isKnownGenre(key: string): boolean {
  return genreKeys.has(key);
}
