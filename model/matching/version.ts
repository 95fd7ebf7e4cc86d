import { wordsOf } from './fold.ts';
import {
  afterLive,
  packagingWords,
  sameTrackWords,
  versionWordsAnywhere,
  versionWordsFirst,
  versionWordsInTail,
  versionWordsLast,
} from './version-words.ts';

/** What a bracket or tail says: nothing new, another version of the work, or a part of the title. */
export type Meaning = 'same track' | 'version' | 'title';

const year = /^(?:(?:19|20)\d\d|\d{1,2})$/;
/** "(With Or Without You)" names nobody. */
const withNobody =
  /^\s*with\s+(?:you|me|us|him|her|them|u|love|my|your|out|or|added|a|no|this|that|it|strings|lyrics)\b/;
const aboutSource =
  /\b(?:soundtrack|motion picture|ost|theme (?:from|to)|eurovision|from the vault|taken from|main title from)\b/;
const spokenLive = /\b(?:ao vivo|en vivo|en directo|en concierto|dal vivo)\b/;
const officialVideo = /\b(?:official|lyrics?|music)\b.*\b(?:video|audio|visuali[sz]er|clip|mv)\b/;
const otherPerformer = /\b(?:made famous|in the style of|tribute to|cover of|covered by)\b/;
const again = /\bre-?\s?recorded\b|\bsped.up\b|\bminus one\b|\boff vocal\b|\b8d audio\b/;

/**
 * @param text - the folded text within a bracket or after a dash
 * @param tail - whether it stood after a dash, where the words may be read more freely
 */
export function meaningOf(text: string, tail: boolean): Meaning {
  const words = wordsOf(text);
  const first = words[0];
  if (first === undefined) return 'same track';
  const last = words.at(-1)!;
  if (namesGuests(text, first, words.length)) return isRemix(last) ? 'version' : 'same track';
  if (otherPerformer.test(text) || again.test(text)) return 'version';
  const otherVersion = words.some((word) => versionWordsAnywhere.has(word));
  if (otherVersion) return 'version';
  if (isPackaging(words)) return 'same track';
  if (isLive(words, text, tail)) {
    return words.includes('demo') || words.includes('cover') || words.includes('stripped')
      ? 'version'
      : 'same track';
  }
  if (words.some((word) => word.startsWith('remaster')) || /\bre-master/.test(text))
    return 'same track';
  if (aboutSource.test(text) || officialVideo.test(text) || namesSource(text, first, tail)) {
    return 'same track';
  }
  if (isVersion(words, tail)) return 'version';
  return words.includes('bonus') && (tail || last === 'track' || last === 'bonus')
    ? 'same track'
    : 'title';
}

function namesGuests(text: string, first: string, count: number): boolean {
  if (count < 2) return false;
  switch (first) {
    case 'feat':
    case 'ft':
    case 'featuring':
    case 'prod':
    case 'produced':
    case 'starring':
      return true;
    case 'with':
      return !withNobody.test(text);
    case 'w':
      return text.trimStart().startsWith('w/');
    default:
      return false;
  }
}

function isRemix(word: string): boolean {
  return word === 'remix' || word === 'mix' || word === 'rmx';
}

/** Only words about packaging, and at least one that says so or two that do together. */
function isPackaging(words: readonly string[]): boolean {
  let telling = false;
  let packaging = 0;
  for (const word of words) {
    if (sameTrackWords.has(word)) telling = true;
    else if (packagingWords.has(word)) packaging++;
    else if (!year.test(word)) return false;
  }
  return telling || packaging >= 2;
}

function isLive(words: readonly string[], text: string, tail: boolean): boolean {
  if (spokenLive.test(text)) return true;
  const at = words.indexOf('live');
  if (at < 0) return false;
  if (tail) return true;
  const next = words[at + 1];
  if (next === undefined) return at === 0 || words.length === 2;
  return (
    (at === 0 || next === 'at' || next === 'from' || next === 'lounge') &&
    (afterLive.has(next) || /^'?\d/.test(next))
  );
}

function namesSource(text: string, first: string, tail: boolean): boolean {
  if (first !== 'from') return false;
  return tail || /["']|\b(?:film|movie|series|musical|season|original|picture|game)\b/.test(text);
}

function isVersion(words: readonly string[], tail: boolean): boolean {
  if (versionWordsFirst.has(words[0]!)) return true;
  let last = words.length - 1;
  while (last > 0 && year.test(words[last]!)) last--;
  if (versionWordsLast.has(words[last]!)) return true;
  return tail && words.some((word) => versionWordsLast.has(word) || versionWordsInTail.has(word));
}
