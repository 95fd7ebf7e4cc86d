/**
 * Which groups a ranker is shown where there are more than it can hold: of each cut-off as many as of
 * every other, all where there are fewer, and within a cut-off at equal distances. What does not come
 * out even goes to the newest cut-offs.
 *
 * @param counts - [numCutoffs] groups of each, oldest first
 * @param most - groups in all, 0 or more; may be Infinity
 * @returns [numCutoffs] positions, ascending: `most` in all, or every one where there are not more
 */
export function groupsShown(counts: readonly number[], most: number): number[][] {
  const shown = counts.map(() => 0);
  let left = most;
  // The smallest first: what it leaves is shared by the others. Ties: the oldest first.
  const ascending = counts.map((_, n) => n).sort((a, b) => counts[a]! - counts[b]! || a - b);
  ascending.forEach((n, at) => {
    shown[n] = Math.min(counts[n]!, Math.floor(left / (counts.length - at)));
    left -= shown[n];
  });
  return counts.map((count, n) =>
    Array.from({ length: shown[n]! }, (_, at) => Math.floor((at * count) / shown[n]!)),
  );
}
