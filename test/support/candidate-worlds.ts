import fc from 'fast-check';
import type { Factors, Listener, Ragged } from '../../model/candidates/listener.ts';
import { CandidatePool, numSources, sourceNames } from '../../model/candidates/pool.ts';
import type { CandidateSource } from '../../model/candidates/sources.ts';

/** A listener as a test writes one: everything left out is empty. */
export function listenerWith(known: {
  index?: number;
  tracks?: Readonly<Record<number, number>>;
  artists?: Readonly<Record<number, number>>;
  zonePlace?: number;
  countryPlace?: number;
}): Listener {
  const keys = (of: object = {}) => Int32Array.from(Object.keys(of), Number);
  const values = (of: object = {}) => Float32Array.from(Object.values(of) as number[]);
  return {
    index: known.index ?? 0,
    tracks: keys(known.tracks),
    trackConfidence: values(known.tracks),
    artists: keys(known.artists),
    artistConfidence: values(known.artists),
    zonePlace: known.zonePlace ?? -1,
    countryPlace: known.countryPlace ?? -1,
  };
}

/** Rows of [index, value]. */
export function raggedOf(rows: readonly (readonly (readonly [number, number])[])[]): Ragged {
  const start = new Int32Array(rows.length + 1);
  rows.forEach((row, r) => (start[r + 1] = start[r]! + row.length));
  return {
    start,
    indices: Int32Array.from(rows.flat(), ([index]) => index),
    values: Float32Array.from(rows.flat(), ([, value]) => value),
  };
}

export function factorsOf(rows: readonly (readonly number[])[]): Factors {
  return {
    numRows: rows.length,
    numFactors: rows[0]?.length ?? 0,
    values: Float32Array.from(rows.flat()),
  };
}

/** What a source offered to a listener, in its order. */
export interface Offer {
  readonly track: number;
  readonly score: number;
  readonly because: number;
}

/** Asks one source; each track is a work of its own unless `work` says otherwise. */
export function offersOf(
  source: CandidateSource,
  listener: Listener,
  ask: { numTracks: number; limit: number; heard?: Iterable<number>; work?: Int32Array },
): Offer[] {
  const work = ask.work ?? Int32Array.from({ length: ask.numTracks }, (_, track) => track);
  const pool = new CandidatePool(work, ask.numTracks, ask.numTracks);
  pool.begin(ask.heard ?? []);
  source.collect(listener, pool, ask.limit);
  const column = sourceNames.indexOf(source.name);
  return Array.from({ length: pool.size }, (_, c) => ({
    track: pool.track[c]!,
    rank: pool.rank[c * numSources + column]!,
    score: pool.score[c * numSources + column]!,
    because: pool.because[c * numSources + column]!,
  }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ track, score, because }) => ({ track, score, because }));
}

/** Small whole numbers, so that ties are frequent and sums are exact. */
const weight = fc.integer({ min: 0, max: 3 });

/** Some indices below `size`, each with a weight. */
export function sparseRow(size: number): fc.Arbitrary<Record<number, number>> {
  return fc.uniqueArray(fc.nat(size - 1), { maxLength: size }).chain((indices) =>
    fc
      .array(fc.integer({ min: 1, max: 4 }), {
        minLength: indices.length,
        maxLength: indices.length,
      })
      .map((values) => Object.fromEntries(indices.map((index, n) => [index, values[n]!]))),
  );
}

/** Rows of distinct neighbours below `size`, with similarities of 0 to 3. */
export function neighbourRows(numRows: number, size: number): fc.Arbitrary<[number, number][][]> {
  const row = fc.uniqueArray(fc.tuple(fc.nat(size - 1), weight), {
    selector: ([index]) => index,
    maxLength: size,
  });
  return fc.array(row, { minLength: numRows, maxLength: numRows });
}

/** [numRows x numFactors] of -2 to 2; every other row or so is zero. */
export function factorRows(numRows: number, numFactors: number): fc.Arbitrary<number[][]> {
  const row = fc.oneof(
    fc.constant(new Array<number>(numFactors).fill(0)),
    fc.array(fc.integer({ min: -2, max: 2 }), { minLength: numFactors, maxLength: numFactors }),
  );
  return fc.array(row, { minLength: numRows, maxLength: numRows });
}
