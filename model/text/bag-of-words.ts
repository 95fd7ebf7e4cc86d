import { wordsOf } from './minhash.ts';

/**
 * A text as its words with counts, `word count` a line, in the order of code units: what may be kept
 * of lyrics. The text cannot be had back from it. Words are runs of letters and digits in lower case;
 * an apostrophe within a word divides it. No words: empty.
 */
export function bagOfWords(text: string): string {
  const counts = new Map<string, number>();
  for (const word of wordsOf(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([word, count]) => `${word} ${count}`)
    .join('\n');
}
