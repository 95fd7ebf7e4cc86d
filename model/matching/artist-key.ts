import { fold, lettersOf, withoutAddresses } from './fold.ts';

const latin = /[a-z]/;
const otherScript = /[\p{L}](?<![a-z])/u;
const joining = /&|\s\+(?=\s)|(?<=[\s-])'?n'?(?=[\s-])|(?<=\S\s)(?:dan|und|y|e|et)(?=\s)/g;
const bracketed = /^(.*?)\s*\((.+)\)$/;

/**
 * The key of an artist's name. Rules, in order:
 *
 * 1. Web addresses go, unless the name is nothing else.
 * 2. Case, accents, letter variants, quotes and dashes are folded (`fold`).
 * 3. A name given in two scripts, one in brackets, is its Latin one: "VIXX (빅스)", "악동뮤지션 (AKMU)".
 * 4. "$" beside a letter is an s ("Ke$ha"), "!" between letters an i ("P!nk").
 * 5. "&", "+" between spaces, "n" and the "and" of other languages (dan, y, e, et, und) between
 *    words are "and"; a leading "The" (or ", The" at the
 *    end) goes, except from The The.
 * 6. Only letters and digits remain, joined: "AC/DC" is "acdc", "Ne-Yo" "neyo", "Mute Math"
 *    "mutemath".
 *
 * A name without letters or digits ("!!!") keeps its signs. Never empty unless the name is blank.
 */
export function artistKey(name: string): string {
  const folded = fold(withoutAddresses(name) || name).trim();
  const plain = lettersOf(withoutThe(withAnd(withSigns(partedScripts(folded)?.latin ?? folded))));
  return plain !== '' ? plain : folded.replace(/\s+/g, '');
}

/** A name that was given in two scripts, one in brackets: the key of each. */
export interface TwoScripts {
  readonly latin: string;
  readonly other: string;
}

/** The two scripts of "VIXX (빅스)" or "빅스(VIXX)"; undefined where there is but one. */
export function twoScripts(name: string): TwoScripts | undefined {
  if (!name.includes('(') && !name.includes('（')) return undefined;
  const parts = partedScripts(fold(withoutAddresses(name) || name).trim());
  return parts && { latin: artistKey(parts.latin), other: artistKey(parts.other) };
}

function partedScripts(folded: string): TwoScripts | undefined {
  const match = folded.endsWith(')') ? bracketed.exec(folded) : null;
  if (match === null) return undefined;
  const outside = match[1]!;
  const inside = match[2]!;
  if (isLatin(inside) && isOther(outside)) return { latin: inside, other: outside };
  if (isLatin(outside) && isOther(inside)) return { latin: outside, other: inside };
  return undefined;
}

function isLatin(text: string): boolean {
  return latin.test(text) && !otherScript.test(text);
}

function isOther(text: string): boolean {
  return otherScript.test(text) && !latin.test(text);
}

function withSigns(folded: string): string {
  if (!folded.includes('$') && !folded.includes('!')) return folded;
  return folded.replace(/\$(?=[a-z])|(?<=[a-z])\$/g, 's').replace(/(?<=[a-z])!(?=[a-z])/g, 'i');
}

function withAnd(folded: string): string {
  return folded.replace(joining, ' and ');
}

function withoutThe(folded: string): string {
  return folded.replace(/^[^\p{L}\p{N}]*the\s+(?!the$)(?=.*[\p{L}\p{N}])|,\s*the$/u, '');
}
