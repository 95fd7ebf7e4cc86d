import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { TfIdf } from 'natural/lib/natural/tfidf/index.js';
import { cosineNeighbours, strongestShared } from '../../model/text/neighbours.ts';
import {
  countTerms,
  inverseDocumentFrequencies,
  keepTerms,
  mergeRows,
  TermRowsBuilder,
  tfIdf,
  type TermRows,
} from '../../model/text/tfidf.ts';

function rowsOf(documents: readonly (readonly number[])[], numTerms: number): TermRows {
  const builder = new TermRowsBuilder();
  for (const terms of documents) builder.add(countTerms(terms));
  return builder.build(numTerms);
}

function dense(rows: TermRows, row: number): number[] {
  const values = new Array<number>(rows.numTerms).fill(0);
  for (let at = rows.offsets[row]!; at < rows.offsets[row + 1]!; at++) {
    values[rows.terms[at]!] = rows.values[at]!;
  }
  return values;
}

const anyDocuments = fc.array(fc.array(fc.nat(11), { maxLength: 12 }), {
  minLength: 1,
  maxLength: 20,
});

describe('tf-idf', () => {
  // dreamy = 0, guitar = 1, loud = 2, once = 3
  const documents = [
    [0, 0, 0, 1],
    [0, 1, 2],
    [1, 2, 3],
  ];

  test('three documents weigh as computed by hand', () => {
    const rows = rowsOf(documents, 4);
    const idf = inverseDocumentFrequencies(rows, { maxShare: 1 });
    const inTwo = 1 + Math.log(3 / 3); // 1
    const inThree = 1 + Math.log(3 / 4); // 0.712
    expect([...idf]).toEqual([inTwo, inThree, inTwo, 0]);

    const weights = tfIdf(rows, idf);
    const dreamy = (1 + Math.log(3)) * inTwo; // 2.099
    const guitar = 1 * inThree;
    const length = Math.hypot(dreamy, guitar);
    const first = dense(weights, 0);
    expect(first[0]).toBeCloseTo(dreamy / length, 6);
    expect(first[1]).toBeCloseTo(guitar / length, 6);
    expect(first.slice(2)).toEqual([0, 0]);
    expect(dense(weights, 2)[3]).toBe(0); // only one document has it
  });

  test("idf is that of natural's TfIdf", () => {
    const oracle = new TfIdf();
    for (const terms of documents) oracle.addDocument(terms.map((term) => `term${term}`));
    const idf = inverseDocumentFrequencies(rowsOf(documents, 4), { minDocuments: 1, maxShare: 1 });
    for (let term = 0; term < 4; term++) {
      expect(idf[term]).toBeCloseTo(oracle.idf(`term${term}`), 12);
    }
  });

  test('terms of too many documents tell nothing', () => {
    const idf = inverseDocumentFrequencies(rowsOf(documents, 4), { maxShare: 0.7 });
    expect(idf[1]).toBe(0);
    expect(idf[0]).toBeGreaterThan(0);
  });

  test('of each document the heaviest terms are kept', () => {
    const rows = rowsOf([[0, 0, 1], [0, 1], []], 2);
    const weights = tfIdf(rows, Float64Array.of(1, 1), { termsPerDocument: 1 });
    expect([dense(weights, 0), dense(weights, 1), dense(weights, 2)]).toEqual([
      [1, 0],
      [1, 0],
      [0, 0],
    ]);
  });

  test('rows have length 1 or are empty', () => {
    fc.assert(
      fc.property(anyDocuments, (terms) => {
        const rows = rowsOf(terms, 12);
        const weights = tfIdf(rows, inverseDocumentFrequencies(rows));
        for (let row = 0; row < terms.length; row++) {
          const length = Math.hypot(...dense(weights, row));
          expect(length === 0 || Math.abs(length - 1) < 1e-6).toBe(true);
        }
      }),
    );
  });

  test('merging adds the counts of each id, and keeping drops terms only', () => {
    const a = { ids: [2, 5], rows: rowsOf([[0, 0], [1]], 3) };
    const b = { ids: [1, 5], rows: rowsOf([[2], [1, 2]], 3) };
    const merged = mergeRows([a, b], 3);
    expect([...merged.ids]).toEqual([1, 2, 5]);
    expect([0, 1, 2].map((row) => dense(merged.rows, row))).toEqual([
      [0, 0, 1],
      [2, 0, 0],
      [0, 2, 1],
    ]);
    const kept = keepTerms(merged.rows, (term) => term !== 2);
    expect([0, 1, 2].map((row) => dense(kept, row))).toEqual([
      [0, 0, 0],
      [2, 0, 0],
      [0, 2, 0],
    ]);
  });
});

describe('neighbours', () => {
  test('the inverted index finds what brute force finds', () => {
    fc.assert(
      fc.property(anyDocuments, fc.integer({ min: 1, max: 6 }), (terms, numNeighbours) => {
        const rows = rowsOf(terms, 12);
        const weights = tfIdf(rows, inverseDocumentFrequencies(rows, { maxShare: 1 }));
        const vectors = terms.map((_, row) => dense(weights, row));
        const found = cosineNeighbours(weights, { numNeighbours, minSimilarity: 0.05 });
        vectors.forEach((vector, row) => {
          const all = vectors
            .map((other, ix) => ({
              ix,
              cosine: Math.min(
                1,
                Math.fround(other.reduce((sum, x, t) => sum + x * vector[t]!, 0)),
              ),
            }))
            .filter(({ ix, cosine }) => ix !== row && cosine > 0.05)
            .sort((a, b) => b.cosine - a.cosine || a.ix - b.ix)
            .slice(0, numNeighbours);
          const from = found.offsets[row]!;
          const to = found.offsets[row + 1]!;
          expect([...found.neighbours.subarray(from, to)]).toEqual(all.map(({ ix }) => ix));
          expect([...found.similarities.subarray(from, to)]).toEqual(all.map((n) => n.cosine));
        });
      }),
    );
  });

  test('the shared term is the best kind, then the largest product, then the lowest id', () => {
    const builder = new TermRowsBuilder();
    builder.add(
      new Map([
        [0, 0.9],
        [1, 0.3],
        [2, 0.3],
      ]),
    );
    builder.add(
      new Map([
        [0, 0.9],
        [1, 0.2],
        [2, 0.4],
      ]),
    );
    builder.add(
      new Map([
        [0, 0.9],
        [1, 0.4],
        [2, 0.4],
      ]),
    );
    builder.add(new Map([[3, 1]]));
    const rows = builder.build(4);
    const adjectivesLast = Uint8Array.of(1, 0, 0, 0);
    expect(strongestShared(rows, 0, 1, adjectivesLast)).toBe(2);
    expect(strongestShared(rows, 0, 2, adjectivesLast)).toBe(1);
    expect(strongestShared(rows, 0, 1, Uint8Array.of(0, 0, 0, 0))).toBe(0);
    expect(strongestShared(rows, 0, 3, adjectivesLast)).toBe(-1);
  });
});
