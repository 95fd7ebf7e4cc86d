import type { Random } from '../random.ts';
import type { Area, Taste } from './tastes.ts';
import {
  accentedFamilyEnds,
  accentedGivenNames,
  accentedWordEnds,
  colours,
  familyEnds,
  givenNames,
  places,
  scripts,
  stems,
  things,
  verbs,
  wordEnds,
  type Script,
} from './words.ts';

/** What is left of a name when case, accents, spaces, punctuation and a leading "the" do not count. */
export function foldedName(name: string): string {
  return name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/^the /, '')
    .replace(/[^\p{L}\p{N}]/gu, '');
}

/** One of the values, each as likely. */
export function pick<Value>(values: readonly Value[], random: Random): Value {
  return values[random.int(values.length)]!;
}

/**
 * Tries names until one is new, at the eighth try with a number added to it.
 *
 * @param taken - folded names in use; the new one is added
 */
export function uniqueName(make: () => string, taken: Set<string>): string {
  let name = make();
  for (let attempt = 1; ; attempt++) {
    const key = foldedName(name);
    if (key !== '' && !taken.has(key)) {
      taken.add(key);
      return name;
    }
    name = attempt < 8 ? make() : `${make()} ${attempt - 6}`;
  }
}

/** The script in which an artist of an area is named, or undefined for Latin letters. */
export function artistScript(area: Area, random: Random): Script | undefined {
  const candidates = scripts[area];
  return candidates.length > 0 && random.uniform() < 0.35 ? pick(candidates, random) : undefined;
}

export function artistName(taste: Taste, own: Script | undefined, random: Random): string {
  if (own !== undefined) return phrase(own, random);
  const u = random.uniform();
  if (u < 0.22) return `${pick(colours, random)} ${plural(pick(things, random))}`;
  if (u < 0.32) return `The ${pick(colours, random)} ${plural(pick(things, random))}`;
  if (u < 0.38) return `${pick(taste.nouns, random)} ${pick(things, random)}`;
  if (u < 0.74) return personName(random);
  if (u < 0.88) return inventedWord(random, wordEnds);
  if (u < 0.92) return inventedWord(random, accentedWordEnds);
  if (u < 0.94) return `${pick(givenNames, random)} and the ${plural(pick(things, random))}`;
  if (u < 0.965) return `${pick(colours, random)}, ${pick(things, random)}`;
  if (u < 0.99) {
    return `${pick(givenNames, random)} "${pick(things, random)}" ${familyName(random, familyEnds)}`;
  }
  return `${pick(things, random).toUpperCase()}${1 + random.int(99)}`;
}

export function albumName(taste: Taste, own: Script | undefined, random: Random): string {
  if (own !== undefined && random.uniform() < 0.6) return phrase(own, random);
  const u = random.uniform();
  if (u < 0.4) return `${pick(colours, random)} ${pick(taste.nouns, random)}`;
  if (u < 0.6) return `${pick(taste.nouns, random)} and ${pick(things, random)}`;
  if (u < 0.75) return `Songs from ${pick(places, random)}`;
  if (u < 0.9) return `The ${pick(things, random)} ${pick(taste.nouns, random)}`;
  return capital(pick(taste.adjectives, random));
}

export function trackTitle(taste: Taste, own: Script | undefined, random: Random): string {
  if (own !== undefined && random.uniform() < 0.6) return phrase(own, random);
  const noun = pick(taste.nouns, random);
  const thing = pick(things, random);
  const colour = pick(colours, random);
  const u = random.uniform();
  if (u < 0.14) return `${colour} ${noun}`;
  if (u < 0.24) return `${noun} of the ${thing}`;
  if (u < 0.34) return `${pick(verbs, random)} the ${noun}`;
  if (u < 0.44) return `${pick(verbs, random)} Me, ${noun}`;
  if (u < 0.54) return `${noun} in ${pick(places, random)}`;
  if (u < 0.62) return `Don't ${pick(verbs, random)} My ${thing}`;
  if (u < 0.7) return `${capital(pick(taste.adjectives, random))} ${noun}`;
  if (u < 0.78) return `${plural(noun)} Never ${pick(verbs, random)}`;
  if (u < 0.86) return `${colour} ${thing}`;
  if (u < 0.93) return `${pick(verbs, random)}, ${pick(verbs, random)}, ${pick(verbs, random)}`;
  return u < 0.94 ? `"${noun}"` : noun;
}

/** A person: "Mara Lindberg", now and then with marks or an initial. */
export function personName(random: Random): string {
  const marked = random.uniform() < 0.12;
  const given = pick(marked ? accentedGivenNames : givenNames, random);
  const initial = random.uniform() < 0.08 ? ` ${String.fromCharCode(65 + random.int(26))}.` : '';
  return `${given}${initial} ${familyName(random, marked ? accentedFamilyEnds : familyEnds)}`;
}

export function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

export function plural(noun: string): string {
  if (/[^aeiou]y$/.test(noun)) return `${noun.slice(0, -1)}ies`;
  return /(s|x|z|ch|sh)$/.test(noun) ? `${noun}es` : `${noun}s`;
}

function familyName(random: Random, ends: readonly string[]): string {
  return pick(stems, random) + pick(ends, random);
}

/** "Velenza", "Marumira". */
function inventedWord(random: Random, ends: readonly string[]): string {
  const middle = random.uniform() < 0.5 ? pick(stems, random).toLowerCase() : '';
  return pick(stems, random) + middle + pick(ends, random);
}

/** One to three words, or one or two of two to four syllables each. */
function phrase(own: Script, random: Random): string {
  const run = (count: number): string =>
    capital(Array.from({ length: count }, () => pick(own.parts, random)).join(own.joint));
  if (own.joint === ' ') return run(1 + random.int(3));
  const first = run(2 + random.int(3));
  return random.uniform() < 0.5 ? first : `${first} ${run(2 + random.int(2))}`;
}
