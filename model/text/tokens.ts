import { removeDiacritics } from 'natural/lib/natural/normalizers/index.js';
import { RegexpTokenizer, SentenceTokenizer } from 'natural/lib/natural/tokenizers/index.js';

/**
 * Only abbreviations that end no ordinary word: the tokenizer looks for them without regard to
 * word boundaries, so "St." would join every sentence that ends in "artist." to the next.
 */
const sentenceTokenizer = new SentenceTokenizer(['U.S.', 'U.K.', ' Jr.', ' Dr.', ' Mr.', ' Mrs.']);

/** A word with its inner hyphens, apostrophes and ampersands, a number, or one mark. */
const wordTokenizer = new RegexpTokenizer({
  pattern: /[\p{L}\p{M}\p{N}]+(?:['’&\-‐‑][\p{L}\p{M}\p{N}]+)*|[,;:.!?()"“”–—/]/gu,
  gaps: false,
});

const heading = /^\s*=+[^=]+=+\s*$/;
/** A full stop with no space behind it, as where a source joined two paragraphs. */
const missingSpace = /([\p{Ll}\d)"”][.!?]["”]?)(?=\p{Lu}\p{Ll})/gu;

/** The paragraphs of a text: its lines without headings (`== Career ==`) and empty lines. */
export function paragraphsOf(body: string): string[] {
  return body
    .split('\n')
    .filter((line) => line.trim() !== '' && !heading.test(line))
    .map((line) => line.replace(missingSpace, '$1 ').trim());
}

/** The sentences of a paragraph, trimmed. An initial ("J. Cole") ends one; nothing here minds. */
export function sentencesOf(paragraph: string): string[] {
  return sentenceTokenizer.tokenize(paragraph).filter((sentence) => sentence !== '');
}

/**
 * Words, numbers and punctuation marks in order, as typed. "lo-fi", "R&B" and "don't" are one word
 * each; a possessive `'s` is cut off. Empty for a text without any.
 */
export function wordsOf(sentence: string): string[] {
  // The type says otherwise, but without a match the tokenizer gives null.
  const words = wordTokenizer.tokenize(sentence) as string[] | null;
  return (words ?? []).map((word) => (/['’]s$/.test(word) ? word.slice(0, -2) : word));
}

const ascii = /^[\x20-\x7e]*$/;

/** Lower case, without accents; hyphens and apostrophes are plain ones. */
export function fold(text: string): string {
  if (ascii.test(text)) return text.toLowerCase();
  const lower = text.normalize('NFKC').toLowerCase();
  return removeDiacritics(lower).replace(/[‐‑]/g, '-').replace(/’/g, "'");
}
