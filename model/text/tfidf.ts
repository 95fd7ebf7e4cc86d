/** Rows of (term, value): row d is `offsets[d]` to `offsets[d + 1]`, terms ascending in each. */
export interface TermRows {
  /** [numDocuments + 1] */
  readonly offsets: Int32Array;
  readonly terms: Int32Array;
  readonly values: Float32Array;
  /** Term ids are below it. */
  readonly numTerms: number;
}

export interface TfIdfOptions {
  /** Documents that must hold a term, 1 or more. Default 2. */
  readonly minDocuments?: number;
  /** Share of the documents, 0..1, above which a term tells nothing. Default 0.5. */
  readonly maxShare?: number;
  /** Terms kept for each document, the heaviest; ties go to the lower id. Default 40. */
  readonly termsPerDocument?: number;
}

/** Collects rows one document after the other. */
export class TermRowsBuilder {
  #offsets: number[] = [0];
  #terms: number[] = [];
  #values: number[] = [];

  /** Adds the next document; an empty one is a row too. Values must be above 0. */
  add(document: ReadonlyMap<number, number>): void {
    const terms = [...document.keys()].sort((a, b) => a - b);
    for (const term of terms) {
      this.#terms.push(term);
      this.#values.push(document.get(term)!);
    }
    this.#offsets.push(this.#terms.length);
  }

  build(numTerms: number): TermRows {
    return {
      offsets: Int32Array.from(this.#offsets),
      terms: Int32Array.from(this.#terms),
      values: Float32Array.from(this.#values),
      numTerms,
    };
  }
}

/**
 * Adds up documents of several sources, which stand in ascending order of an id in each.
 * @param sources - `ids[d]` is whom row d of `rows` is about
 * @returns a row for each id of any source, the values of a term added
 */
export function mergeRows(
  sources: readonly { readonly ids: ArrayLike<number>; readonly rows: TermRows }[],
  numTerms: number,
): { ids: Int32Array; rows: TermRows } {
  const builder = new TermRowsBuilder();
  const ids: number[] = [];
  const next = sources.map(() => 0);
  for (;;) {
    const id = Math.min(...sources.map((source, s) => source.ids[next[s]!] ?? Infinity));
    if (id === Infinity) return { ids: Int32Array.from(ids), rows: builder.build(numTerms) };
    const sum = new Map<number, number>();
    sources.forEach(({ ids: own, rows }, s) => {
      if (own[next[s]!] !== id) return;
      const row = next[s]!++;
      for (let at = rows.offsets[row]!; at < rows.offsets[row + 1]!; at++) {
        const term = rows.terms[at]!;
        sum.set(term, (sum.get(term) ?? 0) + rows.values[at]!);
      }
    });
    builder.add(sum);
    ids.push(id);
  }
}

/** The rows with only the terms that pass; their number stays. */
export function keepTerms(rows: TermRows, keep: (term: number) => boolean): TermRows {
  const builder = new TermRowsBuilder();
  for (let row = 0; row + 1 < rows.offsets.length; row++) {
    const kept = new Map<number, number>();
    for (let at = rows.offsets[row]!; at < rows.offsets[row + 1]!; at++) {
      if (keep(rows.terms[at]!)) kept.set(rows.terms[at]!, rows.values[at]!);
    }
    builder.add(kept);
  }
  return builder.build(rows.numTerms);
}

/** [numTerms] The number of rows that hold each term. */
export function documentFrequencies(rows: TermRows): Int32Array {
  const frequency = new Int32Array(rows.numTerms);
  for (const term of rows.terms) frequency[term]!++;
  return frequency;
}

/** How often each term occurs. */
export function countTerms(terms: Iterable<number>): Map<number, number> {
  const counts = new Map<number, number>();
  for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1);
  return counts;
}

/**
 * Inverse document frequency as natural's `TfIdf` has it: `1 + ln(N / (1 + df))`, N being the
 * documents that hold any term. 0 for terms that are in too few or too many documents.
 * @returns [numTerms]
 */
export function inverseDocumentFrequencies(
  counts: TermRows,
  options: TfIdfOptions = {},
): Float64Array {
  const { minDocuments = 2, maxShare = 0.5 } = options;
  let numDocuments = 0;
  for (let d = 0; d + 1 < counts.offsets.length; d++) {
    if (counts.offsets[d + 1]! > counts.offsets[d]!) numDocuments++;
  }
  return Float64Array.from(documentFrequencies(counts), (df) =>
    df < minDocuments || df > maxShare * numDocuments ? 0 : 1 + Math.log(numDocuments / (1 + df)),
  );
}

/**
 * Sublinear TF-IDF, `(1 + ln tf) * idf`, for counts of 1 or more; of each document the heaviest
 * terms, scaled to a Euclidean length of 1. Documents without a term that counts stay empty.
 * C. D. Manning, P. Raghavan, H. Schütze (2008), "Introduction to Information Retrieval", 6.4.
 */
export function tfIdf(
  counts: TermRows,
  idf: Float64Array,
  { termsPerDocument = 40 }: TfIdfOptions = {},
): TermRows {
  const builder = new TermRowsBuilder();
  for (let d = 0; d + 1 < counts.offsets.length; d++) {
    const weighed: [term: number, weight: number][] = [];
    for (let at = counts.offsets[d]!; at < counts.offsets[d + 1]!; at++) {
      const term = counts.terms[at]!;
      const weight = (1 + Math.log(counts.values[at]!)) * idf[term]!;
      if (weight > 0) weighed.push([term, weight]);
    }
    weighed.sort((a, b) => b[1] - a[1] || a[0] - b[0]);
    const kept = weighed.slice(0, termsPerDocument);
    const length = Math.sqrt(kept.reduce((sum, [, weight]) => sum + weight * weight, 0));
    builder.add(new Map(kept.map(([term, weight]) => [term, weight / length])));
  }
  return builder.build(counts.numTerms);
}
