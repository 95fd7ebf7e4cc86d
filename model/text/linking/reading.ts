import { isLowered, type NameSpan } from './mentions.ts';
import { nameTrait, type NameTrie } from './names.ts';
import { mark, scanText, type ScannedText } from './scan.ts';

/** A text, with the artists that it may name. */
export interface Reading {
  readonly scanned: ScannedText;
  readonly spans: readonly NameSpan[];
  /** Words that may be last names, with where they stand and whom they may mean. */
  readonly lastNames: ReadonlyMap<string, { at: number[]; artists: readonly number[] }>;
  /** All whose works are to be known, ascending. */
  readonly candidates: readonly number[];
}

/** Artists that a last name may mean, the best known of them. */
export const mostOfLastName = 40;

/** Which names of a catalogue a text may hold; whether it means them is judged later. */
export function readNames(trie: NameTrie, text: string): Reading {
  const scanned = scanText(text);
  const spans = spansOf(trie, scanned);
  const covered = new Set<number>();
  const wholeNames = new Set<string>();
  const candidates = new Set<number>();
  for (const { form, from, to } of spans) {
    candidates.add(form.artist);
    if (to - from === 1) continue;
    for (let at = from; at < to; at++) covered.add(at);
    wholeNames.add(scanned.words[to - 1]!);
  }
  const lastNames = lastNamesOf(trie, scanned, covered, wholeNames);
  for (const { artists } of lastNames.values())
    for (const artist of artists) candidates.add(artist);
  return { scanned, spans, lastNames, candidates: [...candidates].sort((a, b) => a - b) };
}

function spansOf(trie: NameTrie, scanned: ScannedText): NameSpan[] {
  const { words, marks, numTokens } = scanned;
  const spans: NameSpan[] = [];
  const acrossCommas = (at: number) => (marks[at]! & (mark.wall | mark.first)) === 0;
  const withinCommas = (at: number) => acrossCommas(at) && (marks[at]! & mark.comma) === 0;
  for (let from = 0; from < numTokens; from++) {
    let form = trie.longest(words, from, acrossCommas);
    if (form === undefined) continue;
    if ((form.traits & nameTrait.comma) === 0 && hasComma(marks, from, form.numTokens)) {
      form = trie.longest(words, from, withinCommas);
      if (form === undefined) continue;
    }
    const to = from + form.numTokens;
    if ((form.traits & nameTrait.lower) === 0 && isLowered(scanned, from, to)) {
      if (form.numTokens === 1 || (form.traits & nameTrait.common) !== 0) continue;
    }
    if ((marks[from]! & mark.possessive) !== 0) continue;
    spans.push({ form, from, to });
    from = to - 1;
  }
  return spans;
}

function lastNamesOf(
  trie: NameTrie,
  { words, marks, numTokens }: ScannedText,
  covered: ReadonlySet<number>,
  wholeNames: ReadonlySet<string>,
): Map<string, { at: number[]; artists: readonly number[] }> {
  const found = new Map<string, { at: number[]; artists: readonly number[] }>();
  for (let at = 0; at < numTokens; at++) {
    if ((marks[at]! & mark.capital) === 0 || covered.has(at)) continue;
    const word = words[at]!;
    const known = found.get(word);
    if (known !== undefined) {
      known.at.push(at);
      continue;
    }
    const artists = trie.byLastName(word);
    if (artists.length === 0) continue;
    found.set(word, { at: [at], artists: artists.slice(0, mostOfLastName) });
  }
  // Said once, and never with the first name, it means nobody in particular.
  for (const [word, { at }] of found) {
    // Where a whole name ends so, nobody else need be looked for.
    if (wholeNames.has(word)) found.set(word, { at, artists: [] });
    else if (at.length < 2) found.delete(word);
  }
  return found;
}

function hasComma(marks: Uint16Array, from: number, numTokens: number): boolean {
  for (let at = from + 1; at < from + numTokens; at++) {
    if ((marks[at]! & mark.comma) !== 0) return true;
  }
  return false;
}
