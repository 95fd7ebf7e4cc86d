import type { Factors } from './listener.ts';

/** Length of what describes a file's timbre. */
export const numTimbre = 26;

/** How much a quality of timbre counts: they are many, and say much the same. */
export const timbreWeight = 0.5;

/** One quality of sound, such as loudness. */
export interface SoundQuality {
  /**
   * [numTracks] each, NaN where unknown. Each has a scale of its own, such as that of another
   * origin; of a track that has several the first counts.
   */
  readonly measures: readonly ArrayLike<number>[];
  /** Default 1. */
  readonly weight?: number;
}

/**
 * Sounds as vectors that can be compared: each measure standardized to mean 0 and deviation 1 over
 * the tracks that have it, since what is loud by one scale need not be by another; what is unknown
 * of a track is the mean. A measure that does not vary says nothing, and a quality without any that
 * says something is left out.
 *
 * @returns [numTracks x numFactors] row-major; zero for a track of which nothing is known
 */
export function soundVectors(qualities: readonly SoundQuality[]): Factors {
  const numRows = qualities[0]?.measures[0]?.length ?? 0;
  const columns: Float32Array[] = [];
  for (const { measures, weight = 1 } of qualities) {
    const column = new Float32Array(numRows);
    const isKnown = new Uint8Array(numRows);
    let says = false;
    for (const measure of measures) {
      const { mean, deviation } = spreadOf(measure);
      if (!(deviation > 1e-9)) continue;
      says = true;
      for (let track = 0; track < numRows; track++) {
        const value = measure[track]!;
        if (isKnown[track] === 1 || Number.isNaN(value)) continue;
        isKnown[track] = 1;
        column[track] = (weight * (value - mean)) / deviation;
      }
    }
    if (says) columns.push(column);
  }
  const numFactors = columns.length;
  const values = new Float32Array(numRows * numFactors);
  columns.forEach((column, f) => {
    for (let track = 0; track < numRows; track++) values[track * numFactors + f] = column[track]!;
  });
  return { numRows, numFactors, values };
}

/** Mean and deviation of what is known; NaN where nothing is. */
function spreadOf(measure: ArrayLike<number>): { mean: number; deviation: number } {
  let [count, sum, squares] = [0, 0, 0];
  for (let track = 0; track < measure.length; track++) {
    const value = measure[track]!;
    if (Number.isNaN(value)) continue;
    count++;
    sum += value;
  }
  const mean = sum / count;
  for (let track = 0; track < measure.length; track++) {
    const value = measure[track]!;
    if (!Number.isNaN(value)) squares += (value - mean) ** 2;
  }
  return { mean, deviation: Math.sqrt(squares / count) };
}
