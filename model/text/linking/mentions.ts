import {
  afterCues,
  beforeCues,
  determiners,
  functionWords,
  makers,
  musicWords,
  placeCues,
} from './cues.ts';
import { nameTrait, type NameForm } from './names.ts';
import { mark, type ScannedText } from './scan.ts';

/** Where a text writes what may be an artist's name. */
export interface NameSpan {
  readonly form: NameForm;
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
}

/** What the whole text says about one artist's being meant. */
export interface TextContext {
  /** Distinct titles of the artist that it writes. */
  readonly titles: number;
  /** Whether it names one of the artist's genres. */
  readonly genre: boolean;
  /** Other artists of names that can hardly mean anything else. */
  readonly plainOthers: number;
  /** Places where the name stands with a capital within a sentence. */
  readonly repeats: number;
  /** Places where it stands without. */
  readonly lowered: number;
  /** Music words in 100 words. */
  readonly density: number;
}

/** Inputs of the regression that says whether an artist is meant. */
export const mentionFeatureNames = [
  'bias',
  'one word',
  'three words',
  'common word',
  'common words',
  'empty word',
  'proper noun',
  'odd spelling',
  'name without The',
  'name without capitals',
  'without capitals',
  'common without capitals',
  'common begins the sentence',
  'capital before',
  'capital behind',
  'capital before one word',
  'capital behind one word',
  'in quotes',
  'within quotes',
  'within a title',
  'maker before',
  'maker behind',
  'cue behind',
  'possessive and cue',
  'possessive',
  'cue before',
  'music words of the sentence',
  'music words around a common word',
  'music words of the text',
  'titles',
  'genre',
  'listed with names',
  'other artists',
  'repeats',
  'common repeats',
  'lowered elsewhere',
  'determiner before',
  'place before',
  'place before a word',
  'empty before a comma',
  'number or month behind',
  'verb behind',
  'common and verb behind',
] as const;

const units =
  /^(?:january|february|march|april|may|june|july|august|september|october|november|december|street|avenue|road|city|university|county|island|river|air|school|company|magazine|times|records|news|war|day|week|month|lanka|kong|park|hall|museum|hotel|church|force|club|theatre|theater|stadium|airport|festival|awards|award)$/;

/** What artists do; "is" and "was" are said of all things. */
const verbs =
  /^(?:are|were|have|made|make|makes|wrote|write|writes|sing|come|came|went|took|take|won|met|began|split|grew|found|built|spent|left|came|sold|set|cut|put|bring|brought|get|got|\p{L}{2,}ed)$/u;

export function mentionFeatures(
  scanned: ScannedText,
  span: NameSpan,
  context: TextContext,
  /** [numTokens] 1 for the tokens of names, 2 for those of names that can hardly mean anything else. */
  covered: Uint8Array,
  /** [numTokens] 1 within a longer quote, 2 within a title. */
  within: Uint8Array,
): number[] {
  const { words, marks, sentence, numTokens } = scanned;
  const { form, from, to } = span;
  const { traits } = form;
  const has = (bit: number) => (traits & bit) !== 0;
  const here = (at: number) => at >= 0 && at < numTokens && sentence[at] === sentence[from];
  const is = (at: number, bits: number) => (marks[at]! & bits) !== 0;

  const one = form.numTokens === 1;
  const common = has(nameTrait.common) && one;
  const first = is(from, mark.first);
  const lowered = !has(nameTrait.lower) && isLowered(scanned, from, to);
  const capitalBefore =
    here(from - 1) &&
    is(from, mark.close) &&
    is(from - 1, mark.capital) &&
    covered[from - 1] === 0 &&
    !(is(from - 1, mark.first) && functionWords.has(words[from - 1]!)) &&
    !makers.has(words[from - 1]!) &&
    words[from - 1] !== 'the';
  let behind = to;
  const possessive = here(to) && is(to, mark.possessive);
  if (possessive) behind++;
  const capitalBehind =
    here(to) &&
    is(to, mark.close) &&
    is(to, mark.capital) &&
    covered[to] === 0 &&
    !musicWords.has(words[to]!);

  let maker = 0;
  for (let at = from - 1, left = 3; here(at) && left > 0; at--, left--) {
    if (makers.has(words[at]!)) maker = 1;
    if (is(at, mark.wall) || is(at + 1, mark.wall)) break;
  }
  let makerBehind = 0;
  for (let at = to; here(at) && at < to + 5; at++) if (makers.has(words[at]!)) makerBehind = 1;
  const cueBehind =
    here(behind) &&
    !is(behind, mark.wall | mark.comma) &&
    (afterCues.has(words[behind]!) ||
      (here(behind + 1) && possessive && afterCues.has(words[behind + 1]!)));
  let near = 0;
  for (let at = from - 12; at < to + 12; at++) {
    if ((at >= from && at < to) || !here(at)) continue;
    if (musicWords.has(words[at]!) && !(is(at, mark.capital) && covered[at] !== 0)) near++;
  }
  const music = Math.log1p(near);
  const joins = (at: number) => is(at, mark.comma) || words[at] === 'and';
  const listed =
    (here(to) &&
      joins(to) &&
      (covered[to] === 2 || covered[to + 1] === 2 || covered[to + 2] === 2)) ||
    (here(from - 1) &&
      (joins(from) || joins(from - 1)) &&
      (covered[from - 1] === 2 || covered[from - 2] === 2));
  const acts =
    here(to) &&
    !is(to, mark.wall | mark.comma | mark.capital) &&
    !determiners.has(here(from - 1) ? words[from - 1]! : '') &&
    verbs.test(words[to]!);
  const before = here(from - 1) && !is(from, mark.wall) ? words[from - 1]! : '';
  const place = placeCues.has(before);
  return [
    1,
    +one,
    +(form.numTokens >= 3),
    +common,
    +(has(nameTrait.common) && !one),
    +has(nameTrait.empty),
    +has(nameTrait.proper),
    +has(nameTrait.odd),
    +has(nameTrait.withoutThe),
    +has(nameTrait.lower),
    +lowered,
    +(lowered && has(nameTrait.common)),
    +(first && common),
    +capitalBefore,
    +capitalBehind,
    +(capitalBefore && one),
    +(capitalBehind && one),
    +(is(from, mark.opens) && is(to - 1, mark.closes)),
    +(within[from] === 1),
    +(within[from] === 2),
    maker,
    makerBehind,
    +cueBehind,
    +(possessive && cueBehind),
    +possessive,
    +beforeCues.has(before),
    music,
    common ? music : 0,
    Math.log1p(context.density),
    Math.log1p(context.titles),
    +context.genre,
    +listed,
    Math.log1p(context.plainOthers),
    Math.log1p(context.repeats),
    common ? Math.log1p(context.repeats) : 0,
    Math.log1p(context.lowered),
    +(determiners.has(before) && words[from] !== 'the'),
    +place,
    +(place && (common || has(nameTrait.proper))),
    +(first && here(to) && is(to, mark.comma) && common),
    +(here(to) && (units.test(words[to]!) || (/^\d+$/.test(words[to]!) && one))),
    +acts,
    +(acts && common),
  ];
}

/** Whether a word of the name that is no function word stands without a capital. */
export function isLowered({ words, marks }: ScannedText, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    if ((marks[at]! & (mark.capital | mark.possessive)) !== 0) continue;
    if (at > from && functionWords.has(words[at]!)) continue;
    if (words[at] === 'the' || words[at] === 'and') continue;
    return true;
  }
  return false;
}

/** Whether a name can hardly mean anything but the artist. */
export function isPlain({ form }: NameSpan): boolean {
  const { traits, numTokens } = form;
  if ((traits & (nameTrait.common | nameTrait.empty | nameTrait.proper)) !== 0) return false;
  return numTokens > 1 || (traits & nameTrait.withoutThe) === 0;
}
