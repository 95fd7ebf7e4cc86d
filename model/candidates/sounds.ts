/** What is known of the sound of tracks, in the order of the columns of `soundVectors`. */
export const numTimbre = 26;

/** How much a column counts; those of timbre are many, and say much the same. */
const timbreWeight = 0.5;

/**
 * Sounds as vectors that can be compared: each column standardized to mean 0 and deviation 1 over
 * the tracks that have it; what is unknown of a track is the mean. A column that does not vary is 0.
 *
 * @param columns - one [numTracks] array each, NaN where unknown, those of timbre first
 * @param timbreColumns - how many of them are of timbre
 * @returns [numTracks x columns.length] row-major; zero for a track of which nothing is known
 */
export function soundVectors(
  columns: readonly ArrayLike<number>[],
  timbreColumns: number,
): Float32Array {
  const numTracks = columns[0]?.length ?? 0;
  const dim = columns.length;
  const vectors = new Float32Array(numTracks * dim);
  for (const [d, column] of columns.entries()) {
    let [count, sum, squares] = [0, 0, 0];
    for (let t = 0; t < numTracks; t++) {
      const value = column[t]!;
      if (value !== value) continue;
      count++;
      sum += value;
    }
    const mean = sum / count;
    for (let t = 0; t < numTracks; t++) {
      const value = column[t]!;
      if (value === value) squares += (value - mean) ** 2;
    }
    const deviation = Math.sqrt(squares / count);
    if (!(deviation > 1e-9)) continue;
    const weight = d < timbreColumns ? timbreWeight : 1;
    for (let t = 0; t < numTracks; t++) {
      const value = column[t]!;
      if (value === value) vectors[t * dim + d] = (weight * (value - mean)) / deviation;
    }
  }
  return vectors;
}
