import { SentimentAnalyzer } from 'natural/lib/natural/sentiment/index.js';

const afinn = new SentimentAnalyzer('English', undefined, 'afinn');

/** What music writing says without praise or blame: names of genres, moods and things. */
const neutral = new Set(
  'like cool hard dark death dead kill killing black metal rage hell pain cut fire blue bitter lost war crazy wild sad mad sick weird bloody heavy attack alone doubt escape fight fighting broken love loves loved'.split(
    ' ',
  ),
);

/**
 * The sentiment of a sentence, -1..1: the sum of AFINN's valences (natural's, negations heeded within
 * a clause) v as v / sqrt(v^2 + 15), as VADER scales them; 0 where no word has one. Words that are
 * names or genres in music writing as often as judgements ("death", "love") do not count.
 * F. A. Nielsen (2011), "A new ANEW"; C. J. Hutto, E. Gilbert (2014), "VADER".
 *
 * @param words - and marks, see `wordsOf`
 */
export function sentimentOf(words: readonly string[]): number {
  let sum = 0;
  let clause: string[] = [];
  const finish = (): void => {
    // natural gives the mean over the words that it is given.
    if (clause.length > 0) sum += Math.round(afinn.getSentiment(clause) * clause.length);
    clause = [];
  };
  for (const word of words) {
    if (/^(?:[,;:()–—]|but|and)$/.test(word)) finish();
    else if (!neutral.has(word.toLowerCase())) clause.push(word);
  }
  finish();
  return sum / Math.sqrt(sum * sum + 15);
}
