/** Letters that have no decomposition in Unicode but that people type as others. */
const plainLetters: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ł: 'l',
  ħ: 'h',
  ŧ: 't',
  ı: 'i',
  ĸ: 'k',
  ŋ: 'n',
  ə: 'e',
};

/** Cyrillic letters that look like Latin ones; they stray into Latin words ("Paniс"). */
const latinLookalikes: Readonly<Record<string, string>> = {
  а: 'a',
  в: 'b',
  е: 'e',
  к: 'k',
  м: 'm',
  н: 'h',
  о: 'o',
  р: 'p',
  с: 'c',
  т: 't',
  у: 'y',
  х: 'x',
  і: 'i',
};

const ascii = /^[\0-\x7f]*$/;
const mixedWord = /\p{L}*(?:[a-z][\u0430-\u045f]|[\u0430-\u045f][a-z])\p{L}*/gu;

/**
 * Folds case, accents, letter variants (ø, ß, full-width, ligatures), quotes and dashes. Letters of
 * every script are kept; only Latin, Greek and Cyrillic lose their marks, since elsewhere a mark is
 * part of the letter (が is not か). Idempotent.
 */
export function fold(text: string): string {
  const lower = text.toLowerCase();
  if (ascii.test(lower)) return lower;
  return lower
    .replace(/[‘’‚‛´ʼ′]/g, "'")
    .replace(/[“”„‟«»″]/g, '"')
    .replace(/[™®©]/g, '')
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]+/g, '')
    .replace(/[ßæœøđðþłħŧıĸŋə]/g, (letter) => plainLetters[letter]!)
    .replace(/[\u2010-\u2015\u2212]/g, '-')
    .replace(mixedWord, (word) =>
      word.replace(/[авекмнорстухі]/g, (letter) => latinLookalikes[letter]!),
    )
    .normalize('NFC')
    .toLowerCase();
}

/** The letters and digits of a folded text, joined; empty where it has none. */
export function lettersOf(folded: string): string {
  return ascii.test(folded)
    ? folded.replace(/[^a-z0-9]+/g, '')
    : folded.replace(/[^\p{L}\p{N}\p{M}]+/gu, '');
}

/** The words of a folded text: letters and digits, apostrophes and dots within a word dropped. */
export function wordsOf(folded: string): string[] {
  return (
    folded.replace(/(?<=[\p{L}\p{N}])['.](?=[\p{L}\p{N}])/gu, '').match(/[\p{L}\p{N}\p{M}]+/gu) ??
    []
  );
}

/** Web addresses that were typed or pasted into a name; what is left may be empty. */
export function withoutAddresses(text: string): string {
  return text.includes('://')
    ? text.replace(/[-–|,;(\s]*\bhttps?:\/\/[^\s)]*\)?/gi, ' ').trim()
    : text;
}
