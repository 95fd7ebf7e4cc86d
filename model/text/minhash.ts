/**
 * Near-duplicates: the same article under another address, with another heading, a note added or a
 * word corrected.
 *
 * A text is the set of its runs of three words. MinHash (Broder 1997, "On the resemblance and
 * containment of documents") keeps of it 120 numbers; the share of equal ones estimates the Jaccard
 * similarity of two sets, with a standard error of at most .046. Cut into 20 bands of 6, two texts of
 * similarity s share a band with probability 1 - (1 - s^6)^20: .998 at .8, .015 at .3.
 */

/** Numbers in a signature. */
export const signatureLength = 120;
const rowsPerBand = 6;
const wordsPerShingle = 3;

const seeds = Int32Array.from({ length: signatureLength }, (_, n) => mix(n + 1));

/** Scripts that put no spaces between words: each character counts as a word. */
const unspaced =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

/** Letters and digits, lower case, in NFKC: in the order of the text. */
export function wordsOf(text: string): string[] {
  const runs =
    text
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  return runs.flatMap((run) => (unspaced.test(run) ? [...run] : [run]));
}

/**
 * The signature of a text: unsigned, `signatureLength` of them. A text of fewer than three words is
 * one shingle; one without words has a signature that is alike to no other but that of its kind.
 */
export function minHash(text: string): Uint32Array {
  const words = wordsOf(text);
  // Signed while they are compared: small integers are what engines count fast with.
  const least = new Int32Array(signatureLength).fill(0x7fffffff);
  const numShingles = Math.max(1, words.length - wordsPerShingle + 1);
  for (let at = 0; at < numShingles; at++) {
    const hash = hashOf(words.slice(at, at + wordsPerShingle).join(' '));
    for (let n = 0; n < signatureLength; n++) {
      const value = mix(hash ^ seeds[n]!);
      if (value < least[n]!) least[n] = value;
    }
  }
  return new Uint32Array(least.buffer);
}

/** Share of equal numbers, 0..1: estimates the Jaccard similarity of the shingles. */
export function similarity(one: ArrayLike<number>, other: ArrayLike<number>): number {
  let equal = 0;
  for (let n = 0; n < signatureLength; n++) if (one[n] === other[n]) equal++;
  return equal / signatureLength;
}

/** Keys, each with its place in the signature: texts without a common one are not held together. */
export function bandsOf(signature: ArrayLike<number>): string[] {
  const bands: string[] = [];
  for (let at = 0; at < signatureLength; at += rowsPerBand) {
    let band = at;
    for (let n = at; n < at + rowsPerBand; n++) band = mix(Math.imul(band, 31) ^ signature[n]!);
    bands.push(`${at / rowsPerBand}-${(band >>> 0).toString(36)}`);
  }
  return bands;
}

/** FNV-1a over UTF-16 units; signed. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5 | 0;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return hash;
}

/** The finalizer of MurmurHash3: a bijection of 32 bits; signed. */
function mix(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
