import type { Factors, Listener } from './listener.ts';
import { numSources, sourceNames, type CandidatePool, type SourceName } from './pool.ts';

/**
 * Which source's word counts where several offered a track and ranked it alike: the one whose
 * evidence says most to a listener comes first. Popularity speaks only where nobody else does.
 */
const eloquence: readonly SourceName[] = ['playlists', 'text', 'artists', 'factors'];

/** The source that speaks for candidate `c`: of those that offered it, the one that ranked it best. */
export function speakingSource(pool: CandidatePool, c: number): number {
  let best = sourceNames.indexOf('popularity');
  let bestRank = Infinity;
  for (const name of eloquence) {
    const source = sourceNames.indexOf(name);
    const rank = pool.rank[c * numSources + source]!;
    if (rank > 0 && rank < bestRank) {
      best = source;
      bestRank = rank;
    }
  }
  return best;
}

/**
 * Which of the rows a listener has played is most alike to another row: the greatest
 * log(1 + confidence) x cosine of their factors. Of equal ones the first.
 *
 * @param played - rows, with the confidence of each
 * @returns -1 where none has factors, or none is alike at all
 */
export function mostAlike(
  factors: Factors,
  row: number,
  played: Listener['tracks'],
  confidence: Listener['trackConfidence'],
): number {
  const { numFactors, values } = factors;
  let best = -1;
  let bestScore = 0;
  for (let n = 0; n < played.length; n++) {
    const other = played[n]! * numFactors;
    let product = 0;
    let square = 0;
    for (let f = 0; f < numFactors; f++) {
      const value = values[other + f]!;
      product += value * values[row * numFactors + f]!;
      square += value * value;
    }
    if (square === 0) continue;
    const score = (Math.log1p(confidence[n]!) * product) / Math.sqrt(square);
    if (score > bestScore) {
      bestScore = score;
      best = played[n]!;
    }
  }
  return best;
}
