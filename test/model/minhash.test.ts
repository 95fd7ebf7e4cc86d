import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { bagOfWords } from '../../model/text/bag-of-words.ts';
import {
  bandsOf,
  minHash,
  signatureLength,
  similarity,
  wordsOf,
} from '../../model/text/minhash.ts';

/** An article of so many made-up words, drawn from a seed. */
function article(seed: number, numWords: number): string[] {
  let state = seed * 7919 + 1;
  const next = (below: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % below;
  };
  return Array.from({ length: numWords }, () => `w${next(5000)}`);
}

/** Share of the shingles of both that one has and the other too: the oracle. */
function jaccard(one: string, other: string): number {
  const shingles = (text: string) => {
    const words = wordsOf(text);
    return new Set(words.slice(2).map((_, at) => words.slice(at, at + 3).join(' ')));
  };
  const [a, b] = [shingles(one), shingles(other)];
  const both = [...a].filter((shingle) => b.has(shingle)).length;
  return both / (a.size + b.size - both);
}

function shareBand(one: Uint32Array, other: Uint32Array): boolean {
  const bands = new Set(bandsOf(one));
  return bandsOf(other).some((band) => bands.has(band));
}

const edits: Record<string, (words: string[], seed: number) => string[]> = {
  'a word of each hundred corrected': (words, seed) =>
    words.map((word, at) => (at % 100 === seed % 100 ? `${word}x` : word)),
  'a note put before it': (words, seed) => [...article(seed + 1000, 20), ...words],
  'its last twentieth cut off': (words) => words.slice(0, -Math.ceil(words.length / 20)),
  'other case and punctuation': (words) => words.map((word) => `${word.toUpperCase()},`),
};

test.each(Object.keys(edits))('of 12 articles, each is found again with %s', (name) => {
  for (let seed = 0; seed < 12; seed++) {
    const words = article(seed, 200 + 30 * seed);
    const [before, after] = [words, edits[name]!(words, seed)].map((one) => minHash(one.join(' ')));
    expect(similarity(before!, after!)).toBeGreaterThanOrEqual(0.8);
    expect(shareBand(before!, after!)).toBe(true);
  }
});

test('of 60 articles of one vocabulary none is taken for another', () => {
  const signatures = Array.from({ length: 60 }, (_, seed) => minHash(article(seed, 200).join(' ')));
  let most = 0;
  for (let a = 0; a < signatures.length; a++) {
    for (let b = 0; b < a; b++) most = Math.max(most, similarity(signatures[a]!, signatures[b]!));
  }
  expect(most).toBeLessThan(0.2);
});

test('the estimate is within four standard errors of the similarity itself', () => {
  for (let seed = 0; seed < 12; seed++) {
    const words = article(seed, 200);
    const share = seed / 12;
    const other = words.map((word, at) => (at < share * 200 ? word : `o${word}`));
    const [one, two] = [words.join(' '), other.join(' ')];
    const real = jaccard(one, two);
    const error = Math.sqrt((real * (1 - real)) / signatureLength);
    expect(Math.abs(similarity(minHash(one), minHash(two)) - real)).toBeLessThanOrEqual(
      4 * error + 1e-9,
    );
  }
});

test('texts without spaces between words are told apart by their characters', () => {
  const one = '東京の夜に新しい音楽が生まれた。彼らの最初のアルバムは静かで美しい。';
  expect(similarity(minHash(one), minHash(one.replace('静か', '重厚')))).toBeGreaterThan(0.5);
  expect(similarity(minHash(one), minHash('大阪の小さなクラブで演奏する若いバンドの物語。'))).toBe(
    0,
  );
});

test('a text is as similar to itself as can be, of whatever length', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 100 }), (text) => {
      const signature = minHash(text);
      expect(signature).toHaveLength(signatureLength);
      expect(similarity(signature, minHash(text))).toBe(1);
      expect(bandsOf(signature)).toHaveLength(20);
      expect(new Set(bandsOf(signature)).size).toBe(20);
    }),
    { numRuns: 20 },
  );
});

test('lyrics are kept as words with counts, in the order of code units', () => {
  expect(bagOfWords('Oh, the moon\nthe MOON — Évora the')).toBe('moon 2\noh 1\nthe 3\névora 1');
  expect(bagOfWords(' … ')).toBe('');
});

test('a bag of words says nothing of the order of the words', () => {
  const word = fc.constantFrom('sea', 'moon', 'love', 'rain', 'go', 'é');
  fc.assert(
    fc.property(fc.array(word, { minLength: 1 }), fc.nat(), (words, by) => {
      const cut = by % words.length;
      const shuffled = [...words.slice(cut), ...words.slice(0, cut)].reverse();
      const bag = bagOfWords(words.join(' '));
      expect(bagOfWords(shuffled.join('\n'))).toBe(bag);
      const total = bag.split('\n').reduce((sum, line) => sum + Number(line.split(' ')[1]), 0);
      expect(total).toBe(words.length);
    }),
  );
});
