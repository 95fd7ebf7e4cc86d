import { isEnglishWord } from '../tagger.ts';
import { albumCues, functionWords, placeCues, trackCues } from './cues.ts';
import { mark, nameTokens, type ScannedText } from './scan.ts';

/** What the catalogue has of an artist. */
export interface ArtistWorks {
  readonly name: string;
  /** As the catalogue has them. */
  readonly albums: readonly string[];
  readonly tracks: readonly { readonly track: number; readonly title: string }[];
  /** Lower case. */
  readonly genres: readonly string[];
}

/** A title as a text may write it. */
interface Title {
  readonly tokens: readonly string[];
  /** The album as the catalogue has it; null for a track alone. */
  readonly album: string | null;
  /** -1 for an album alone. */
  readonly track: number;
  /** Every token is an ordinary English word. */
  readonly isCommon: boolean;
  /** Says too little to be found without quotes, or a cue or possessive right before it ("21", "Be"). */
  readonly isShort: boolean;
}

/** The works of an artist, ready to be found. */
export interface PreparedWorks {
  readonly titles: readonly Title[];
  /** Tokens of each genre. */
  readonly genres: readonly (readonly string[])[];
}

/** Where a text writes a title. */
export interface TitleSpan {
  readonly artist: number;
  readonly title: Title;
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
  readonly quoted: boolean;
  /** All tokens but function words begin with a capital. */
  readonly capital: boolean;
}

const edition =
  /\s*[([][^)\]]*[)\]]\s*$|\s+[-–—]\s+(?:[\w\s']*\b(?:remaster(?:ed)?|edition|version|deluxe|bonus|ep|single|live|mono|stereo|soundtrack|mix|edit|remix)\b.*)$|\s+(?:ep|lp)$/i;
const generic = new Set(
  'best of|the best of|greatest hits|hits|live|singles|the singles|the collection|collection|essential|the essential|anthology|ep|demo|demos|remixes|acoustic|unplugged|christmas|debut|music|soundtrack|the album|intro|outro|interlude|untitled|album|single|band|song|tour|home|one|two|now|video|the band|the songs'.split(
    '|',
  ),
);

/** Titles that are the artist's own name, and generic ones ("Greatest Hits"), are left out. */
export function prepareWorks({ name, albums, tracks, genres }: ArtistWorks): PreparedWorks {
  const own = nameTokens(name).join(' ');
  const byKey = new Map<string, { tokens: string[]; album: string | null; track: number }>();
  const add = (written: string, album: string | null, track: number): void => {
    const tokens = nameTokens(withoutEdition(written));
    const key = tokens.join(' ');
    if (key === '' || key === own || tokens.length > 12) return;
    if (generic.has(key) && tokens.length > 1) return;
    const known = byKey.get(key);
    if (known === undefined) byKey.set(key, { tokens, album, track });
    else {
      known.album ??= album;
      if (known.track === -1) known.track = track;
    }
  };
  for (const album of albums) add(album, album, -1);
  for (const { title, track } of tracks) add(title, null, track);
  const titles = [...byKey.values()].map((title) => ({
    ...title,
    isCommon: title.tokens.every((token) => isEnglishWord(token) || functionWords.has(token)),
    isShort: isShort(title.tokens),
  }));
  return { titles, genres: genres.map(nameTokens).filter((tokens) => tokens.length > 0) };
}

function isShort(tokens: readonly string[]): boolean {
  const [only] = tokens;
  return (
    tokens.every((token) => functionWords.has(token)) ||
    (tokens.length === 1 && (only!.length < 3 || /^\d+$/.test(only!) || generic.has(only!)))
  );
}

function withoutEdition(written: string): string {
  let name = written.trim();
  for (let shorter = name.replace(edition, ''); shorter !== '' && shorter !== name;) {
    name = shorter;
    shorter = name.replace(edition, '');
  }
  return name;
}

/** Where each word of a text stands. */
export class Positions {
  readonly #first = new Map<string, number>();
  readonly #next: Int32Array;

  constructor({ words }: ScannedText) {
    this.#next = new Int32Array(words.length).fill(-1);
    for (let at = words.length - 1; at >= 0; at--) {
      this.#next[at] = this.#first.get(words[at]!) ?? -1;
      this.#first.set(words[at]!, at);
    }
  }

  /** -1 where it does not. */
  first(word: string): number {
    return this.#first.get(word) ?? -1;
  }

  next(at: number): number {
    return this.#next[at]!;
  }

  /** Whether the tokens stand together anywhere. */
  holds(tokens: readonly string[], { words }: ScannedText): boolean {
    for (let at = this.first(tokens[0]!); at !== -1; at = this.next(at)) {
      if (tokens.every((token, n) => words[at + n] === token)) return true;
    }
    return false;
  }
}

/**
 * Finds titles of an artist: in quotes, or with capitals. A single word without quotes must not
 * begin the sentence, nor stand in a run of capitals.
 */
export function findTitles(
  scanned: ScannedText,
  positions: Positions,
  artist: number,
  { titles }: PreparedWorks,
): TitleSpan[] {
  const { words, marks } = scanned;
  const found: TitleSpan[] = [];
  for (const title of titles) {
    const { tokens } = title;
    for (let from = positions.first(tokens[0]!); from !== -1; from = positions.next(from)) {
      const to = from + tokens.length;
      if (to > words.length || !isTitleAt(scanned, from, tokens)) continue;
      const quoted = (marks[from]! & mark.opens) !== 0 && (marks[to - 1]! & mark.closes) !== 0;
      const capital = hasCapitals(scanned, from, to);
      if (!quoted && !capital) continue;
      if (title.isShort && !quoted && !isAnnounced(scanned, from)) continue;
      if (!quoted && tokens.length === 1 && !standsAlone(scanned, from)) continue;
      found.push({ artist, title, from, to, quoted, capital });
    }
  }
  // Of overlapping ones the longest counts.
  found.sort((a, b) => b.to - b.from - (a.to - a.from) || a.from - b.from);
  const taken = new Set<number>();
  const kept = found.filter(({ from, to }) => {
    for (let at = from; at < to; at++) if (taken.has(at)) return false;
    for (let at = from; at < to; at++) taken.add(at);
    return true;
  });
  return kept.sort((a, b) => a.from - b.from);
}

function isTitleAt(
  { words, marks }: ScannedText,
  from: number,
  tokens: readonly string[],
): boolean {
  for (let n = 1; n < tokens.length; n++) {
    if (words[from + n] !== tokens[n]) return false;
    if ((marks[from + n]! & mark.first) !== 0) return false;
  }
  return true;
}

function hasCapitals({ words, marks }: ScannedText, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const inner = at > from && at < to - 1;
    if ((marks[at]! & (mark.capital | mark.possessive)) !== 0) continue;
    if (inner && functionWords.has(words[at]!)) continue;
    if (words[at] === 'and') continue;
    return false;
  }
  return true;
}

function standsAlone({ words, marks }: ScannedText, at: number): boolean {
  if ((marks[at]! & mark.first) !== 0) return false;
  const before = marks[at - 1];
  if (
    before !== undefined &&
    (marks[at]! & mark.close) !== 0 &&
    (before & mark.capital) !== 0 &&
    (before & mark.first) === 0 &&
    !isCue(words[at - 1]!)
  ) {
    return false;
  }
  const after = marks[at + 1];
  return after === undefined || (after & mark.close) === 0 || (after & mark.capital) === 0;
}

/** Whether a cue or a possessive is right before it: "Adele's 21", "the album Be". */
function isAnnounced({ words, marks }: ScannedText, from: number): boolean {
  if (from === 0 || (marks[from]! & mark.first) !== 0) return false;
  return (marks[from - 1]! & mark.possessive) !== 0 || isCue(words[from - 1]!);
}

function isCue(word: string): boolean {
  return albumCues.has(word) || trackCues.has(word);
}

/** Names of the inputs of the regression that says whether a title is meant. */
export const titleFeatureNames = [
  'bias',
  'quoted',
  'one word',
  'three words',
  'common',
  'one common word without quotes',
  'with capitals',
  'cue before',
  'cue behind',
  'artist in the sentence',
  'possessive before',
  'by behind',
  'bracket behind',
  'begins the sentence',
  'in a run of capitals',
  'one word between capitals',
  'place before',
] as const;

/** @param artistSentences - in which the artist is named */
export function titleFeatures(
  scanned: ScannedText,
  span: TitleSpan,
  artistSentences: ReadonlySet<number>,
): number[] {
  const { words, marks, sentence } = scanned;
  const { from, to, quoted, capital, title } = span;
  const one = title.tokens.length === 1;
  const near = (at: number) => sentence[at] === sentence[from];
  let cueBefore = 0;
  for (let at = from - 1; at >= 0 && at >= from - 3 && near(at); at--) {
    if (isCue(words[at]!)) cueBefore = 1;
  }
  let cueBehind = 0;
  for (let at = to; at < words.length && at < to + 3 && near(at); at++) {
    if (isCue(words[at]!)) cueBehind = 1;
  }
  const isCapital = (at: number) =>
    at >= 0 && at < words.length && (marks[at]! & mark.capital) !== 0;
  const run =
    (isCapital(from - 1) &&
      (marks[from]! & mark.close) !== 0 &&
      (marks[from - 1]! & mark.first) === 0) ||
    (isCapital(to) && (marks[to]! & mark.close) !== 0);
  return [
    1,
    +quoted,
    +one,
    +(title.tokens.length >= 3),
    +title.isCommon,
    +(one && title.isCommon && !quoted),
    +capital,
    cueBefore,
    cueBehind,
    +artistSentences.has(sentence[from]!),
    +(from > 0 && (marks[from - 1]! & mark.possessive) !== 0),
    +(words[to] === 'by'),
    +(to < words.length && (marks[to]! & mark.bracket) !== 0),
    +((marks[from]! & mark.first) !== 0),
    +run,
    +(run && one),
    +(from > 0 && placeCues.has(words[from - 1]!)),
  ];
}

/** Whether a title that is an album's and a track's is meant as the album: by the cue nearest to it; in quotes a track. */
export function isAlbumAt(
  { words, sentence }: ScannedText,
  { from, to, quoted, title }: TitleSpan,
): boolean {
  if (title.album === null) return false;
  if (title.track === -1) return true;
  for (let away = 1; away <= 4; away++) {
    for (const at of [from - away, to + away - 1]) {
      if (at < 0 || at >= words.length || sentence[at] !== sentence[from]) continue;
      if (albumCues.has(words[at]!)) return true;
      if (trackCues.has(words[at]!)) return false;
    }
  }
  return !quoted;
}
