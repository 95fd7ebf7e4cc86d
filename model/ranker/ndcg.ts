/**
 * Mean NDCG@k over groups that hold a positive; 0 where there is none. See `ndcgByGroup`.
 */
export function groupedNdcg(
  scores: Float32Array,
  labels: ArrayLike<number>,
  groups: Int32Array,
  k: number,
): number {
  let sum = 0;
  let counted = 0;
  for (const ndcg of ndcgByGroup(scores, labels, groups, k)) {
    if (Number.isNaN(ndcg)) continue;
    counted++;
    sum += ndcg;
  }
  return counted === 0 ? 0 : sum / counted;
}

/**
 * NDCG@k of each group; NaN for a group without a positive.
 *
 * DCG@k = sum over ranks r = 1..k of gain / log2(r + 1), gains 0 or 1; the ideal list is cut at
 * min(k, number of positives). Tied scores count with the expectation over their orders (McSherry
 * and Najork, ECIR 2008), so a constant score earns what a random order would and the order of the
 * rows never shows.
 *
 * @param scores - [numRows]
 * @param labels - [numRows], 0 or 1
 * @param groups - [numGroups + 1] row offsets
 * @returns [numGroups]
 */
export function ndcgByGroup(
  scores: Float32Array,
  labels: ArrayLike<number>,
  groups: Int32Array,
  k: number,
): Float64Array {
  return Float64Array.from({ length: groups.length - 1 }, (_, group) => {
    const [first, last] = [groups[group]!, groups[group + 1]!];
    let positives = 0;
    for (let row = first; row < last; row++) positives += labels[row]!;
    if (positives === 0) return NaN;
    return tiedDcg(scores, labels, first, last, k) / idealDcg(positives, k);
  });
}

function tiedDcg(
  scores: Float32Array,
  labels: ArrayLike<number>,
  first: number,
  last: number,
  k: number,
): number {
  const order = Int32Array.from({ length: last - first }, (_, at) => first + at);
  order.sort((a, b) => scores[b]! - scores[a]! || a - b);
  let dcg = 0;
  for (let start = 0; start < order.length && start < k;) {
    let end = start;
    let gains = 0;
    let discounts = 0;
    while (end < order.length && scores[order[end]!] === scores[order[start]!]) {
      gains += labels[order[end]!]!;
      if (end < k) discounts += 1 / Math.log2(end + 2);
      end++;
    }
    dcg += (gains / (end - start)) * discounts;
    start = end;
  }
  return dcg;
}

function idealDcg(positives: number, k: number): number {
  let dcg = 0;
  for (let rank = 0; rank < Math.min(k, positives); rank++) dcg += 1 / Math.log2(rank + 2);
  return dcg;
}
