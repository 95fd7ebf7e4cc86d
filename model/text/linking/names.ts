import { isEnglishWord, isProperNoun } from '../tagger.ts';
import { nameTokens } from './scan.ts';
import { functionWords } from './cues.ts';

/** The artists of a catalogue as the linker needs them; an index is an `artist_ix`. */
export interface CatalogueNames {
  readonly artists: readonly string[];
  /** [artists] how well known each is: of two with one name the better known is meant. Default: all alike. */
  readonly renown?: ArrayLike<number>;
}

/** A way to write an artist. */
export interface NameForm {
  readonly artist: number;
  readonly numTokens: number;
  /** Bits of `nameTrait`. */
  readonly traits: number;
}

export const nameTrait = {
  /** Every token is an ordinary English word ("Girls", "Arcade Fire"). */
  common: 1,
  /** Every token is a word that says nothing by itself ("Yes", "The The", "Them"). */
  empty: 2,
  /** One token that is a proper noun of English too ("Boston", "Prince"). */
  proper: 4,
  /** Has digits, signs or capitals within ("blink-182", "OutKast"). */
  odd: 8,
  /** The catalogue's name has a "The" that this form leaves out. */
  withoutThe: 16,
  /** Written without capitals by its owner. */
  lower: 32,
  /** Has a comma ("Tyler, the Creator"). */
  comma: 64,
} as const;

/**
 * The names of a catalogue as a trie over tokens: where names begin at a token of a text, the longest
 * is found in as many steps as it has tokens. Names without letters or digits ("!!!") are not in it.
 */
export class NameTrie {
  readonly #tokens = new Map<string, number>();
  /** (node, token) -> node; the root is 0. */
  readonly #edges = new Map<number, number>();
  /** By node: index into `#forms`, -1 for none. */
  readonly #ends: number[] = [-1];
  readonly #forms: NameForm[] = [];
  readonly #lastNames = new Map<string, number[]>();

  constructor({ artists, renown }: CatalogueNames) {
    const known = (artist: number): number => renown?.[artist] ?? 0;
    artists.forEach((name, artist) => {
      const tokens = nameTokens(name);
      if (tokens.length === 0 || tokens.length > 12 || saysNothing(tokens)) return;
      this.#add(
        tokens,
        { artist, numTokens: tokens.length, traits: traitsOf(name, tokens) },
        known,
      );
      if (tokens.length > 1 && tokens[0] === 'the' && tokens[1] !== 'the') {
        const rest = tokens.slice(1);
        const traits = traitsOf(name.replace(/^the\s+/i, ''), rest) | nameTrait.withoutThe;
        this.#add(rest, { artist, numTokens: rest.length, traits }, known);
      }
      const last = tokens.at(-1)!;
      if (tokens.length < 2 || tokens.length > 4 || last.length < 3) return;
      if (tokens.includes('and') || tokens[0] === 'the' || functionWords.has(last)) return;
      const same = this.#lastNames.get(last);
      if (same === undefined) this.#lastNames.set(last, [artist]);
      else same.push(artist);
    });
    for (const same of this.#lastNames.values()) same.sort((a, b) => known(b) - known(a) || a - b);
  }

  /** The longest name that begins at a token, by `reaches` the tokens that it may go on across. */
  longest(
    words: readonly string[],
    at: number,
    reaches: (token: number) => boolean,
  ): NameForm | undefined {
    let node = 0;
    let found: NameForm | undefined;
    for (let p = at; p < words.length && (p === at || reaches(p)); p++) {
      const id = this.#tokens.get(words[p]!);
      if (id === undefined) break;
      const next = this.#edges.get(node * tokenRoom + id);
      if (next === undefined) break;
      node = next;
      const end = this.#ends[node]!;
      if (end !== -1) found = this.#forms[end];
    }
    return found;
  }

  /** Artists of two words and more whose name ends in the token, the best known first. */
  byLastName(word: string): readonly number[] {
    return this.#lastNames.get(word) ?? [];
  }

  /** Every way of writing that is found, its tokens joined by blanks, with whom it means. */
  *spellings(): Iterable<readonly [string, NameForm]> {
    const words = [...this.#tokens.keys()];
    const spelled = new Array<string>(this.#ends.length).fill('');
    // A node is made after the one before it, so that one is spelled by then.
    for (const [edge, node] of this.#edges) {
      const before = spelled[Math.floor(edge / tokenRoom)]!;
      const word = words[edge % tokenRoom]!;
      spelled[node] = before === '' ? word : `${before} ${word}`;
      const end = this.#ends[node]!;
      if (end !== -1) yield [spelled[node], this.#forms[end]!];
    }
  }

  /** Words that artists' names end in, as `byLastName` takes them. */
  lastNames(): Iterable<string> {
    return this.#lastNames.keys();
  }

  #add(tokens: readonly string[], form: NameForm, known: (artist: number) => number): void {
    let node = 0;
    for (const token of tokens) {
      let id = this.#tokens.get(token);
      if (id === undefined) this.#tokens.set(token, (id = this.#tokens.size));
      const edge = node * tokenRoom + id;
      let next = this.#edges.get(edge);
      if (next === undefined) {
        next = this.#ends.push(-1) - 1;
        this.#edges.set(edge, next);
      }
      node = next;
    }
    const end = this.#ends[node]!;
    if (end === -1) this.#ends[node] = this.#forms.push(form) - 1;
    else if (isBetter(form, this.#forms[end]!, known)) this.#forms[end] = form;
  }
}

const tokenRoom = 2 ** 24;

const empties =
  /^(?:\p{Script=Latin}|and|\d{1,2}|1[89]\d\d|20\d\d|songs?|albums?|singles?|bands?|tracks?|music|lp|ep|cd|dvd|tv|mtv|billboard|grammys?|radio|you|me|i|my|your|we|us|he|she|it|more|born|now|new|other|others|all|first|one|two|three|college|academy|january|february|march|april|may|june|july|august|september|october|november|december|american|british|english|various|artists?|unknown|singer|vocals|guitar|drums|bass|rap|hip|hop|r|b)$/u;

/** Whether no text can mean it: single letters, years, and what every text on music says. */
function saysNothing(tokens: readonly string[]): boolean {
  return tokens.every((token) => empties.test(token)) && tokens.length === 1;
}

/** A full name before one without its "The", then the better known, then the first. */
function isBetter(form: NameForm, other: NameForm, known: (artist: number) => number): boolean {
  const full = (of: NameForm): number => of.traits & nameTrait.withoutThe;
  if (full(form) !== full(other)) return full(form) === 0;
  return known(form.artist) > known(other.artist);
}

function traitsOf(name: string, tokens: readonly string[]): number {
  let traits = 0;
  const letters = tokens.filter((token) => token !== 'and');
  if (letters.every((token) => isEnglishWord(token) || functionWords.has(token))) {
    traits |= nameTrait.common;
  }
  if (letters.every((token) => functionWords.has(token))) traits |= nameTrait.empty;
  if (tokens.length === 1 && isProperNoun(tokens[0]!)) traits |= nameTrait.proper;
  if (/\d|\p{Ll}\p{Lu}|[!$*+/]|\.\p{L}/u.test(name)) traits |= nameTrait.odd;
  if (!/\p{Lu}/u.test(name) && /\p{Ll}/u.test(name)) traits |= nameTrait.lower;
  if (name.includes(',')) traits |= nameTrait.comma;
  return traits;
}
