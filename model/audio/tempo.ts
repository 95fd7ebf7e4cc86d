/** Beats a minute that are looked for; a tempo beyond is given as its double or half. */
export const slowestTempo = 60;
export const fastestTempo = 200;

/** Where listeners tap to what could be felt as several tempi, and how wide, in octaves. */
const preferredTempo = 120;
const preferenceOctaves = 1;
/** Beats over which a period is measured. */
const maxBeats = 8;

/**
 * Tempo from the strength of onsets: the period, in 60..200 beats a minute, at whose multiples the
 * autocorrelation is highest, weighted towards 120 as listeners tap (D. Ellis, "Beat Tracking by
 * Dynamic Programming", 2007, equation 7). What repeats in two, or half, of a period may come out an
 * octave off: that is the one error to be expected.
 *
 * @param onsets - how much begins in each frame, >= 0
 * @param framesPerSecond - > 0
 * @returns beats a minute; undefined where nothing repeats, or for less than four seconds
 */
export function tempoOf(onsets: Float32Array, framesPerSecond: number): number | undefined {
  if (onsets.length < 4 * framesPerSecond) return undefined;
  const centred = withoutMean(onsets);
  const longest = Math.min(
    Math.floor(((60 * framesPerSecond) / slowestTempo) * maxBeats) + 2,
    Math.floor(onsets.length * 0.75),
  );
  const correlation = autocorrelation(centred, longest);
  if (!(correlation[0]! > 1e-12)) return undefined;
  let best = 0;
  let bestScore = 0;
  // Steps finer than a frame, for the multiples of a period tell them apart.
  const steps = 600;
  for (let s = 0; s <= steps; s++) {
    const tempo = slowestTempo * (fastestTempo / slowestTempo) ** (s / steps);
    const lag = (60 * framesPerSecond) / tempo;
    const strength = comb(correlation, lag);
    const octaves = Math.log2(tempo / preferredTempo) / preferenceOctaves;
    const score = strength * Math.exp(-0.5 * octaves * octaves);
    if (score > bestScore) [best, bestScore] = [tempo, score];
  }
  if (bestScore <= 0.02 * correlation[0]!) return undefined;
  const strengthOf = (tempo: number) => comb(correlation, (60 * framesPerSecond) / tempo);
  // Where as much happens at each half of the period, the half is the period.
  const isHalf = 2 * best <= fastestTempo * 1.005 && strengthOf(2 * best) >= 0.9 * strengthOf(best);
  return isHalf ? 2 * best : best;
}

/** Mean of the autocorrelation at the first multiples of a lag; multiples beyond its end are left out. */
function comb(correlation: Float64Array, lag: number): number {
  let sum = 0;
  let count = 0;
  for (let beat = 1; beat <= maxBeats; beat++) {
    const at = lag * beat;
    const floor = Math.floor(at);
    if (floor + 1 >= correlation.length) break;
    const share = at - floor;
    sum += correlation[floor]! * (1 - share) + correlation[floor + 1]! * share;
    count++;
  }
  return count === 0 ? 0 : sum / count;
}

/** [longest] of each lag from 0 on, each divided by the number of its products. */
function autocorrelation(values: Float64Array, longest: number): Float64Array {
  const correlation = new Float64Array(longest);
  for (let lag = 0; lag < longest; lag++) {
    let sum = 0;
    for (let i = lag; i < values.length; i++) sum += values[i]! * values[i - lag]!;
    correlation[lag] = sum / (values.length - lag);
  }
  return correlation;
}

/** Spread over three frames, so that a beat between two frames counts in both; around zero. */
function withoutMean(onsets: Float32Array): Float64Array {
  const spread = new Float64Array(onsets.length);
  let sum = 0;
  for (let i = 0; i < onsets.length; i++) {
    spread[i] = 0.25 * (onsets[i - 1] ?? 0) + 0.5 * onsets[i]! + 0.25 * (onsets[i + 1] ?? 0);
    sum += spread[i]!;
  }
  for (let i = 0; i < spread.length; i++) spread[i]! -= sum / spread.length;
  return spread;
}
