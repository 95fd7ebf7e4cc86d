import { fold } from '../tokens.ts';

/**
 * A text as tokens: words and numbers, with what stands between them. "AC/DC" is two tokens, as is
 * "Air's"; "&" is the token "and", "P!nk" is "pink", "Ke$ha" is "kesha".
 */
export interface ScannedText {
  readonly text: string;
  readonly numTokens: number;
  /** [numTokens] folded. */
  readonly words: readonly string[];
  /** [numTokens] where the token begins and ends in the text. */
  readonly from: Int32Array;
  readonly to: Int32Array;
  /** [numTokens] bits of `TokenMark`. */
  readonly marks: Uint16Array;
  /** [numTokens] number of the sentence, from 0. */
  readonly sentence: Int32Array;
  /** Where each sentence begins, and where the last one ends: [sentences + 1]. */
  readonly sentenceFrom: Int32Array;
}

/** What is known of a token and of the gap before it. */
export const mark = {
  /** Begins with a capital, a digit, or a letter of a script without capitals. */
  capital: 1,
  /** All its letters are capitals, and it has two or more. */
  shout: 2,
  /** Begins a sentence. */
  first: 4,
  /** A quote opens before it, or closes behind it. */
  opens: 8,
  closes: 16,
  /** Nothing but one blank or hyphen is before it: a name goes on across. */
  close: 32,
  /** A comma is before it. */
  comma: 64,
  /** What is before it ends every name: a quote, bracket, colon, semicolon, line end, dash. */
  wall: 128,
  /** "s" behind an apostrophe. */
  possessive: 256,
  /** A bracket opens before it. */
  bracket: 512,
} as const;

const token = /[\p{L}\p{M}\p{N}$]+(?:!(?=[\p{L}\p{N}])[\p{L}\p{M}\p{N}]+)*|&|(?<=\s)\+(?=\s)/gu;
const ascii = /^[\x20-\x7e]*$/;
const openingQuote = /["“”„«‟「『'‘]$/;
const closingQuote = /^["”“»’'」』][^\p{L}\p{N}]|^[,.!?]?["”»」』]/u;
const sentenceEnd = /[.!?…。！？]["”’')\]]*\s|\n/;
/** Short words with a full stop that end no sentence. */
const abbreviation = /^(?:mr|mrs|ms|dr|st|jr|sr|feat|ft|vs|vol|no|prof|[a-z])$/;

/** Scans a text; one without words has no tokens. */
export function scanText(text: string): ScannedText {
  const words: string[] = [];
  const from: number[] = [];
  const to: number[] = [];
  const marks: number[] = [];
  const sentence: number[] = [];
  const sentenceFrom: number[] = [0];
  let end = 0;
  token.lastIndex = 0;
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    const word = match[0];
    const start = match.index;
    let bits = 0;
    if (words.length === 0) bits = mark.first | mark.wall;
    if (start - end !== 1 || text.charCodeAt(end) !== 32) {
      const gap = text.slice(end, start);
      bits |= marksOfGap(gap, words.at(-1));
      if (words.length > 0 && closingQuote.test(`${gap} `)) {
        marks[marks.length - 1]! |= mark.closes;
        bits |= mark.wall;
      }
      if ((gap === "'" || gap === '’') && (word === 's' || word === 'S')) {
        bits = mark.possessive;
        marks[marks.length - 1]! &= ~mark.closes;
      }
    } else {
      bits |= mark.close;
    }
    if ((bits & mark.first) !== 0 && words.length > 0) sentenceFrom.push(start);
    words.push(foldWord(word));
    from.push(start);
    end = start + word.length;
    to.push(end);
    marks.push(bits | shapeOf(word));
    sentence.push(sentenceFrom.length - 1);
  }
  if (words.length > 0 && closingQuote.test(`${text.slice(end)} `)) {
    marks[marks.length - 1]! |= mark.closes;
  }
  sentenceFrom.push(text.length);
  return {
    ...{ text, words, numTokens: words.length },
    from: Int32Array.from(from),
    to: Int32Array.from(to),
    marks: Uint16Array.from(marks),
    sentence: Int32Array.from(sentence),
    sentenceFrom: Int32Array.from(sentenceFrom),
  };
}

/** The tokens of a name, folded as those of a text. */
export function nameTokens(name: string): string[] {
  return (name.match(token) ?? []).map(foldWord);
}

function foldWord(word: string): string {
  if (word === '&' || word === '+') return 'and';
  const lower = ascii.test(word) ? word.toLowerCase() : fold(word);
  if (!lower.includes('$') && !lower.includes('!')) return lower;
  return lower.replaceAll('$', 's').replaceAll('!', 'i');
}

function marksOfGap(gap: string, before: string | undefined): number {
  let bits = 0;
  if (sentenceEnd.test(gap)) {
    const isAbbreviation = gap === '. ' && before !== undefined && abbreviation.test(before);
    bits |= isAbbreviation ? mark.close : mark.first | mark.wall;
  } else if (/["“”„«»:;()[\]\n\t—–•|…]/.test(gap) || / - /.test(gap)) bits |= mark.wall;
  else if (gap.includes(',')) bits |= mark.comma;
  else if (gap.length <= 2) bits |= mark.close;
  if (openingQuote.test(gap))
    bits |= mark.opens | (/["“”„«「『]$| ['‘]$|^['‘]$/.test(gap) ? mark.wall : 0);
  if (/[([]["“]?$/.test(gap)) bits |= mark.bracket;
  return bits;
}

function shapeOf(word: string): number {
  const code = word.charCodeAt(0);
  if (code >= 97 && code <= 122) return 0;
  if (code < 128) {
    if (code >= 65 && code <= 90) {
      return word.length > 1 && word === word.toUpperCase()
        ? mark.capital | mark.shout
        : mark.capital;
    }
    return word === '&' || word === '+' ? 0 : mark.capital;
  }
  if (!/^[\p{Lu}\p{Lo}\p{N}]/u.test(word)) return 0;
  return mark.capital;
}
