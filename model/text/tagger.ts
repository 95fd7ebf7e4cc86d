import {
  BrillPOSTagger,
  Lexicon,
  RuleSet,
  type Sentence,
} from 'natural/lib/natural/brill_pos_tagger/index.js';
import { musicAdjectives, musicNounsUnknown } from './vocabulary.ts';

/** A word with its Penn Treebank part of speech: JJ adjective, NN noun, NNP name, VBG participle. */
export type TaggedWord = Sentence['taggedWords'][number];

const adjectiveEnding =
  /.{2}(?:ic|al|ous|ful|less|ish|esque|ive|able|ible|like|y|driven|based|tinged|inspired|infused|heavy|laden)$/;

/** The English lexicon with the words of music writing that newspapers of 1990 lacked. */
class MusicLexicon extends Lexicon {
  constructor() {
    super('EN', 'NN', 'NNP');
    for (const word of musicAdjectives) this.addWord(word, ['JJ']);
    for (const word of musicNounsUnknown) this.addWord(word, ['NN']);
  }

  /** A word that the lexicon lacks: hyphenated ones and those with such an ending are adjectives. */
  override tagWordWithDefaults(word: string): string {
    if (/^\p{Lu}/u.test(word)) return 'NNP';
    if (/^\d/.test(word)) return 'CD';
    if (!/^\p{L}/u.test(word)) return word;
    return word.includes('-') || adjectiveEnding.test(word) ? 'JJ' : 'NN';
  }

  knows(word: string): boolean {
    return Array.isArray(this.lexicon[word]);
  }
}

const lexicon = new MusicLexicon();
const tagger = new BrillPOSTagger(lexicon, englishRules());

/**
 * Tags the words of one sentence with Brill's tagger: first each word's most frequent tag in the
 * lexicon, then the transformation rules.
 * E. Brill (1992), "A simple rule-based part of speech tagger".
 */
export function tagWords(words: readonly string[]): TaggedWord[] {
  return tagger.tag(words as string[]).taggedWords;
}

/** Whether the lexicon knows the lower-case word as an adjective, among its uses at all. */
export function mayBeAdjective(word: string): boolean {
  return lexicon.knows(word) && (lexicon.lexicon[word] ?? []).includes('JJ');
}

/**
 * Whether the lexicon knows the lower-case word first of all as an adjective. Words that are
 * known only with a capital ("icelandic") are not.
 */
export function isMainlyAdjective(word: string): boolean {
  return lexicon.knows(word) && lexicon.lexicon[word]?.[0] === 'JJ';
}

/** Whether the lexicon knows the lower-case word, as whatever part of speech. */
export function isEnglishWord(word: string): boolean {
  return lexicon.knows(word);
}

/** Whether the lexicon knows the lower-case word with a capital only: "boston", "prince" is not. */
export function isProperNoun(word: string): boolean {
  return !lexicon.knows(word) && lexicon.knows(word.charAt(0).toUpperCase() + word.slice(1));
}

function englishRules(): RuleSet {
  const rules = new RuleSet('EN');
  // The rule that makes every noun in -al an adjective is wrong for "festival" and "recital";
  // for unknown words the lexicon above does what it is for.
  const kept = rules
    .getRules()
    .filter((rule) => !/^NNS?,JJ,CURRENT-WORD-ENDS-WITH,al\b/.test(rule.key()));
  // `getRules` copies the list for every word otherwise.
  rules.getRules = () => kept;
  return rules;
}
