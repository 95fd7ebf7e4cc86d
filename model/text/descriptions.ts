import { NounInflector } from 'natural/lib/natural/inflectors/index.js';
import { tagWords, type TaggedWord } from './tagger.ts';
import { describesSound, type GenreNames } from './terms.ts';
import { tagKey } from './tags.ts';
import { fold } from './tokens.ts';
import {
  ambiguousGenres,
  carrierNouns,
  describingVerbs,
  instruments,
  musicAdjectives,
  soundModifiers,
  soundNouns,
} from './vocabulary.ts';

/** What a sentence says about music; each in the order said, repeats kept. */
export interface Description {
  /** Adjectives said of sound itself, lower case: "dreamy", "lo-fi". */
  readonly adjectives: string[];
  /** Adjectives said of albums, musicians, or behind "described as": not all are about sound. */
  readonly doubtful: string[];
  /** Genres by name, instruments and what modifies sound nouns ("surf" guitar), singular. */
  readonly nouns: string[];
}

/** How many words before a noun, or behind "described as", still belong to it. */
const reach = 12;
const clauseEnd = /^[.;:!?()]$/;
const relative =
  /^(?:who|whom|whose|which|that|when|where|while|after|before|because|since|although)$/;
const copula =
  /^(?:is|are|was|were|be|been|being|sounds?|sounded|remains?|remained|became|feels?)$/;

/** How surely an adjective is about sound. */
const doubtful = 1;
const sure = 2;

/**
 * The adjectives and terms in a sentence on music. An adjective is said
 * - of sound: before a sound noun ("her haunting, husky voice") or behind one and a form of "be"
 *   ("the lyrics are bleak and witty");
 * - doubtfully: before a carrier noun ("a dreamy album", "an eclectic songwriter"), or in the
 *   clause behind "described as", "known for" and the like.
 *
 * Capitalised words count only where they begin the sentence, so that names do not.
 */
export function describe(words: readonly string[], genres: GenreNames): Description {
  const lower = words.map(fold);
  const taken = new Uint8Array(words.length);
  const nouns: string[] = [];
  matchGenres(words, lower, genres, taken, nouns);
  if (!lower.some((word) => opensDescription(word))) return { adjectives: [], doubtful: [], nouns };

  const sentence: Sentence = { words, lower, tags: tagWords(words), taken, nouns };
  const said = new Uint8Array(words.length);
  for (let at = 0; at < words.length; at++) {
    if (isName(words, at)) continue;
    const noun = singular(lower[at]!, sentence.tags[at]!.tag);
    const ofSound = soundNouns.has(noun);
    if (instruments.has(noun) && taken[at] === 0) {
      nouns.push(noun);
      taken[at] = 1;
    }
    if (ofSound || carrierNouns.has(noun)) {
      markBefore(at, ofSound, sentence, said);
      if (ofSound && copula.test(lower[at + 1] ?? '')) markBehind(at + 2, 5, sure, sentence, said);
    } else if (describingVerbs.has(lower[at]!)) {
      const bridge = lower.slice(at + 1, at + 4).findIndex((word) => /^(?:as|for|by)$/.test(word));
      if (bridge >= 0) markBehind(at + bridge + 2, reach, doubtful, sentence, said);
    }
  }
  const saidAs = (sureness: number) =>
    lower.filter(
      (word, at) =>
        said[at] === sureness && taken[at] === 0 && !isName(words, at) && describesSound(word),
    );
  return { adjectives: saidAs(sure), doubtful: saidAs(doubtful), nouns };
}

interface Sentence {
  readonly words: readonly string[];
  readonly lower: readonly string[];
  readonly tags: readonly TaggedWord[];
  /** 1 for the words that are in `nouns` already. */
  readonly taken: Uint8Array;
  readonly nouns: string[];
}

const openers = new Map<string, boolean>();
/** Whether a word, whatever its number, may be a noun or verb that adjectives go with. */
function opensDescription(word: string): boolean {
  let opens = openers.get(word);
  if (opens === undefined) {
    const noun = singular(word, 'NNS');
    opens = [soundNouns, carrierNouns, describingVerbs, instruments].some(
      (list) => list.has(noun) || list.has(word),
    );
    remember(openers, word, opens);
  }
  return opens;
}

/** Marks the adjectives of the noun phrase that ends at `at`, and collects its nouns. */
function markBefore(at: number, ofSound: boolean, sentence: Sentence, said: Uint8Array): void {
  const { words, lower, tags, taken, nouns } = sentence;
  let joined = false; // a comma or "and" must have an adjective before it
  for (let p = at - 1; p >= 0 && p >= at - reach; p--) {
    const { tag } = tags[p]!;
    const word = lower[p]!;
    if (isAdjective(word, tag)) {
      said[p] = Math.max(said[p]!, ofSound ? sure : doubtful);
      joined = false;
    } else if (joined) {
      return;
    } else if (/^(?:,|and|but|yet|or)$/.test(word)) {
      joined = true;
    } else if (tag === 'NN' || tag === 'NNS') {
      const noun = singular(word, tag);
      if (ofSound && taken[p] === 0 && soundModifiers.has(noun) && !isName(words, p)) {
        nouns.push(noun);
        taken[p] = 1;
      }
    } else if (tag !== 'RB' && taken[p] === 0) {
      return;
    }
  }
}

/** Marks the adjectives from `from` to the end of the clause, `most` words on at the furthest. */
function markBehind(
  from: number,
  most: number,
  sureness: number,
  { lower, tags }: Sentence,
  said: Uint8Array,
): void {
  for (let p = from; p < tags.length && p < from + most; p++) {
    const word = lower[p]!;
    if (clauseEnd.test(word) || relative.test(word)) return;
    if (isAdjective(word, tags[p]!.tag)) said[p] = Math.max(said[p]!, sureness);
  }
}

function isAdjective(word: string, tag: string): boolean {
  return tag === 'JJ' || (/^(?:VB[GND]|NN|RB)$/.test(tag) && musicAdjectives.has(word));
}

/** A word with a capital, unless it begins the sentence; "Beatles-esque" is none. */
function isName(words: readonly string[], at: number): boolean {
  const word = words[at]!;
  if (!/^\p{Lu}/u.test(word)) return false;
  if (/-(?:like|esque|tinged|inspired|influenced|inflected)$/.test(word)) return false;
  return at > 0 || /^\p{Lu}/u.test(words[1] ?? '');
}

/** Finds genre names, the longest first, and marks their words as taken. */
function matchGenres(
  words: readonly string[],
  lower: readonly string[],
  genres: GenreNames,
  taken: Uint8Array,
  found: string[],
): void {
  let lastEnd = -9;
  for (let at = 0; at < words.length; at++) {
    const first = lower[at]!;
    if (!/^\p{L}/u.test(first) || !genres.firstWords.has(keyOf(first))) continue;
    for (let length = Math.min(genres.longest, words.length - at); length > 0; length--) {
      const last = words[at + length - 1]!;
      if (!/^\p{Ll}|-\p{Ll}|^[\p{Lu}&]+$/u.test(last)) continue;
      const spelling = length === 1 ? first : lower.slice(at, at + length).join(' ');
      const key = length === 1 ? keyOf(first) : tagKey(spelling);
      const name = genres.nameOf.get(key);
      if (name === undefined) continue;
      const end = at + length;
      if (length === 1 && ambiguousGenres.has(name)) {
        const listed =
          (lastEnd >= at - 2 && isJoint(lower[at - 1])) ||
          (isJoint(lower[end]) && genres.nameOf.has(keyOf(lower[end + 1] ?? '')));
        if (!listed && !isMusicWord(lower[end])) break;
      }
      found.push(name);
      taken.fill(1, at, end);
      lastEnd = end;
      at = end - 1;
      break;
    }
  }
}

function isMusicWord(word: string | undefined): boolean {
  if (word === undefined) return false;
  const noun = singular(word, word.endsWith('s') ? 'NNS' : 'NN');
  return soundNouns.has(noun) || carrierNouns.has(noun);
}

function isJoint(word: string | undefined): boolean {
  return word === ',' || word === 'and' || word === '/' || word === '–' || word === 'or';
}

const keys = new Map<string, string>();
/** `tagKey` of single words, remembered: there are few different ones. */
function keyOf(word: string): string {
  let key = keys.get(word);
  if (key === undefined) {
    key = tagKey(word);
    remember(keys, word, key);
  }
  return key;
}

const inflector = new NounInflector();
const singulars = new Map<string, string>();
function singular(word: string, tag: string): string {
  if (tag !== 'NNS' || !/[^sui]s$/.test(word) || keepPlural.has(word)) return word;
  let noun = singulars.get(word);
  if (noun === undefined) {
    noun = inflector.singularize(word);
    remember(singulars, word, noun);
  }
  return noun;
}
const keepPlural = new Set(['strings', 'blues']);

function remember<Value>(cache: Map<string, Value>, word: string, value: Value): void {
  if (cache.size >= 200_000) cache.clear();
  cache.set(word, value);
}
