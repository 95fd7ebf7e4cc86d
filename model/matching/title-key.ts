import { fold, lettersOf, wordsOf, withoutAddresses } from './fold.ts';
import { segmentsOf } from './segments.ts';
import { meaningOf } from './version.ts';
import { genericVersionWords } from './version-words.ts';

export interface TitleKeys {
  /** Equal for the recordings that listeners take for one: remaster, live, single, feat. */
  readonly track: string;
  /** Equal for all versions: also remix, acoustic, demo, instrumental, cover. */
  readonly work: string;
  /** How many brackets and tails were left out of `track`: 0 is the plainest spelling. */
  readonly stripped: number;
}

const partNumber =
  /\b(?:part|pt|pts|parts|parte)\b[.\s]*(\d+|[ivx]+\b|one\b|two\b|three\b|four\b|five\b)/g;
const numbers: Readonly<Record<string, string>> = {
  i: '1',
  ii: '2',
  iii: '3',
  iv: '4',
  v: '5',
  vi: '6',
  vii: '7',
  viii: '8',
  ix: '9',
  x: '10',
  one: '1',
  two: '2',
  three: '3',
  four: '4',
  five: '5',
};
/** "Favourite" is "favorite"; "our", "four" and "hour" stay. */
const british = /\b(fav|col|hon|neighb|behav|flav|harb|rum|lab|glam|splend|arm|sav)our/g;
/** Only then is there anything to take apart. */
const structured = /[([{【~〜]|\s-|\sf(?:ea)?t|\sw\/|:\/\/|\sprod/;
const year = /^(?:19|20)\d\d$/;

/**
 * The keys of a title as typed, under one lead artist. Rules:
 *
 * 1. Case, accents, quotes, punctuation and spacing do not count; "&", "+", "n" and "dan" are "and",
 *    "u" is "you", "favourite" is "favorite", "in'" is "ing", "Pt. II" and "Part Two" are "part 2".
 * 2. The title is cut into its main part, brackets and tails after " - ". The main part, and a
 *    bracket that begins the title, always stay: "Live Forever", "Demo", "(I Can't Get No) ...".
 * 3. `track` leaves out guests (feat., with), remaster and its year, live takes, bonus track,
 *    deluxe, explicit, mono and stereo, single, album, radio and original version, mix or edit,
 *    "From the Motion Picture", official video.
 * 4. `work` leaves out every other version too: remix, mix, edit, acoustic, demo, instrumental,
 *    karaoke, cover, session, sped up, slowed, "Taylor's Version". In `track` such a version stays
 *    by name, without "version", "mix" or "remix", after a bar.
 * 5. What says neither is part of the title: "(Part 2)", "(Reprise)", "(Interlude)", a subtitle.
 *
 * Never empty: a title without letters or digits is its own signs.
 */
export function titleKeys(title: string): TitleKeys {
  const folded = fold(title);
  if (!structured.test(folded)) {
    const key = mainKey(folded, folded);
    return { track: key, work: key, stripped: 0 };
  }
  const whole = withoutAddresses(folded) || folded;
  let main = '';
  const versions: string[] = [];
  let stripped = 0;
  const segments = segmentsOf(whole);
  for (let s = 0; s < segments.length; s++) {
    const { text, kind } = segments[s]!;
    const meaning = kind === 'main' ? 'title' : meaningOf(text, kind === 'tail');
    if (meaning === 'title' && !isRemasterYear(segments, s)) main += ` ${text}`;
    else stripped++;
    if (meaning === 'version') versions.push(versionName(text));
  }
  const work = mainKey(main, whole);
  versions.sort();
  return { track: [work, ...versions].join('|'), work, stripped };
}

/** "Autobahn - 2009 - Remaster": the year belongs to the remaster that follows. */
function isRemasterYear(segments: ReturnType<typeof segmentsOf>, at: number): boolean {
  const next = segments[at + 1];
  return (
    at > 0 &&
    next !== undefined &&
    year.test(segments[at]!.text.trim()) &&
    meaningOf(next.text, true) === 'same track'
  );
}

function mainKey(main: string, whole: string): string {
  return (
    lettersOf(spelledOut(main)) || lettersOf(spelledOut(whole)) || whole.replace(/\s+/g, '') || '-'
  );
}

function spelledOut(folded: string): string {
  let text = folded;
  if (text.includes('pa') || text.includes('pt')) {
    text = text.replace(partNumber, (_, number: string) => ` part ${numbers[number] ?? number} `);
  }
  if (text.includes("in'")) text = text.replace(/in'(?=[\s,!?)]|$)/g, 'ing');
  if (text.includes('our')) text = text.replace(british, '$1or');
  if (text.includes('ell')) text = text.replace(/ell(?=ing\b|ed\b)/g, 'el');
  return text
    .replace(/&|\s\+(?=\s)|(?<=\s)(?:'?n'?|dan)(?=\s)/g, ' and ')
    .replace(/\bur?\b(?!\.)/g, spellYou);
}

function spellYou(word: string): string {
  return word === 'u' ? 'you' : 'your';
}

function versionName(text: string): string {
  const words = wordsOf(text);
  const telling = words.filter((word) => !genericVersionWords.has(word) && !year.test(word));
  if (telling.length > 0) return telling.join('');
  return words.some((word) => word.startsWith('r') && word.includes('mix'))
    ? 'remix'
    : words.join('');
}
