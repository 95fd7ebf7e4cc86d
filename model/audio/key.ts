export interface Key {
  /** 0 = C .. 11 = B. */
  readonly key: number;
  /** 1 major, 0 minor. */
  readonly mode: 0 | 1;
}

/** How well each note of the scale fits into C major and C minor (Krumhansl and Kessler, 1982). */
const profiles = [
  [6.33, 2.68, 3.52, 5.38, 2.6, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17],
  [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88],
] as const;

/**
 * The key whose profile correlates best with the notes of a piece (C. L. Krumhansl, "Cognitive
 * Foundations of Musical Pitch", 1990, the Krumhansl-Schmuckler algorithm). Of equals the lower key,
 * major first.
 *
 * @param chroma - [12] how much of each note there is, C first, >= 0
 * @returns undefined where all notes are alike
 */
export function keyOf(chroma: ArrayLike<number>): Key | undefined {
  let best: Key | undefined;
  let highest = 0;
  for (let key = 0; key < 12; key++) {
    for (const mode of [1, 0] as const) {
      const fit = correlation(chroma, profiles[mode], key);
      if (fit > highest + 1e-9) [best, highest] = [{ key, mode }, fit];
    }
  }
  return best;
}

/** Pearson's, of the notes from `key` on and a profile; 0 where either does not vary. */
function correlation(chroma: ArrayLike<number>, profile: readonly number[], key: number): number {
  let [sumX, sumY, sumXX, sumYY, sumXY] = [0, 0, 0, 0, 0];
  for (let n = 0; n < 12; n++) {
    const x = chroma[(key + n) % 12]!;
    const y = profile[n]!;
    sumX += x;
    sumY += y;
    sumXX += x * x;
    sumYY += y * y;
    sumXY += x * y;
  }
  const varies = (12 * sumXX - sumX * sumX) * (12 * sumYY - sumY * sumY);
  return varies <= 1e-12 ? 0 : (12 * sumXY - sumX * sumY) / Math.sqrt(varies);
}
