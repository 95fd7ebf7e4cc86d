import { meanOf } from '../metrics.ts';

/**
 * Whether the second is better than the first by more than a standard error of the mean of their
 * paired differences: what is not may be so by chance.
 *
 * @param first - [numListeners], as the second
 */
export function isBeaten(first: Float64Array, second: Float64Array): boolean {
  const differences = second.map((figure, n) => figure - first[n]!);
  const mean = meanOf(differences);
  const variance = meanOf(differences.map((difference) => (difference - mean) ** 2));
  return mean > Math.sqrt(variance / differences.length);
}
