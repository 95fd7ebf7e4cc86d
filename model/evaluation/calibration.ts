/**
 * Does a score mean what it says? Scores of a listwise model are log odds within a group, so the
 * softmax over a group says how the plays of that listener should fall on its candidates.
 */
export interface CalibrationBin {
  /** 1 holds the lowest scores. */
  readonly bin: number;
  readonly candidates: number;
  /** Mean chance, as predicted, that the candidate is the one played, 0..1. */
  readonly predicted: number;
  /** Share of the plays that fell on it, mean over its candidates, 0..1: on the diagonal, `predicted`. */
  readonly played: number;
  /** One standard error of `played` either way, not below 0. */
  readonly low: number;
  readonly high: number;
}

/**
 * Predicted and observed chance by bins of equally many candidates. For a group with p positives
 * the prediction of a row is softmax(scores)[row] and what is observed is label / p, so both sum to
 * 1 over the group and to the number of groups over all bins. Groups without a positive are left out.
 *
 * @param scores - [numRows]
 * @param labels - [numRows], 0 or 1
 * @param groups - [numGroups + 1] row offsets
 * @param numBins - 1 or more, default 10: deciles; fewer where there are fewer candidates. Equal
 *   predictions may be parted, by row.
 * @returns lowest predictions first; empty where no group has a positive
 */
export function calibrationOf(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  groups: ArrayLike<number>,
  numBins = 10,
): CalibrationBin[] {
  const rows: { predicted: number; played: number }[] = [];
  for (let group = 0; group + 1 < groups.length; group++) {
    const [first, last] = [groups[group]!, groups[group + 1]!];
    let positives = 0;
    let top = -Infinity;
    for (let row = first; row < last; row++) {
      positives += labels[row]!;
      top = Math.max(top, scores[row]!);
    }
    if (positives === 0) continue;
    let total = 0;
    for (let row = first; row < last; row++) total += Math.exp(scores[row]! - top);
    for (let row = first; row < last; row++) {
      rows.push({
        predicted: Math.exp(scores[row]! - top) / total,
        played: labels[row]! / positives,
      });
    }
  }
  rows.sort((a, b) => a.predicted - b.predicted); // stable: equal ones by row
  const count = Math.min(numBins, rows.length);
  return Array.from({ length: count }, (_, bin) => {
    const held = rows.slice(
      Math.round((bin * rows.length) / count),
      Math.round(((bin + 1) * rows.length) / count),
    );
    const played = mean(held.map((row) => row.played));
    const variance = mean(held.map((row) => (row.played - played) ** 2));
    const error = Math.sqrt(variance / held.length);
    return {
      bin: bin + 1,
      candidates: held.length,
      predicted: mean(held.map((row) => row.predicted)),
      played,
      low: Math.max(0, played - error),
      high: played + error,
    };
  });
}

/** Mean distance from the diagonal, weighted by candidates (expected calibration error); 0 for none. */
export function calibrationError(bins: readonly CalibrationBin[]): number {
  let sum = 0;
  let candidates = 0;
  for (const bin of bins) {
    sum += bin.candidates * Math.abs(bin.played - bin.predicted);
    candidates += bin.candidates;
  }
  return candidates === 0 ? 0 : sum / candidates;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
